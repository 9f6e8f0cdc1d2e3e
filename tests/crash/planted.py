"""A stage whose cards, people and keys are canaries: every secret on it can be looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from firmware.acquirer.booking import Kept
from firmware.acquirer.books import Books
from firmware.core.config import Config
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.acquirers import Embedded
from firmware.lab.scenario.stage import CASHIER, SUPERVISOR
from firmware.terminal.assembly import embedded_host
from hw.ports import Clock
from hw.sim.cards import Card
from hw.sim.cards.personalisation import TRAY
from tests.crash.canaries import Canary, pan_canaries
from tests.crash.rig import Rig

SUPERVISOR_PASSWORD, CASHIER_PASSWORD, WRONG_PASSWORD = "739164", "8317", "918273"
PASSWORDS = {SUPERVISOR: SUPERVISOR_PASSWORD, CASHIER: CASHIER_PASSWORD}
# card of the tray → the number (its check digit holds) and the PIN that it gets
PLANTED = {
    "unionpay-debit": ("6250947382915649", "901827364509"),  # PIN to the host
    "visa-debit": ("4761735839274166", "564738291074"),  # PIN enciphered to the card
    "store-card": ("9999123496827134", "283746591820"),  # PIN in clear to the card
    "no-funds": ("6250948293746156", "192837465564"),
    "offline-ok": ("5413338291746059", ""),  # sealed in the journal until the host has heard of it
}
KEY_FILES = ("host-master.key", "signing.key", "card.key", "pepper.key")


class PlantedRig(Rig):
    """A rig with canaries in place of its cards' numbers and PINs, passwords and keys."""

    def __init__(
        self,
        directory: Path,
        config: Config,
        open_books: Callable[[Path, Kept | None], Books] = Books,
    ) -> None:
        self.cards = _cards(directory.with_name("tray"))
        self.frames: list[str] = []  # what has stood on the display

        def acquirer(config: Config, directory: Path, clock: Clock) -> Embedded:
            books, now = tray_books(self.cards), clock.now
            self._host = embedded_host(config, directory, books, now, open_books=open_books)
            return Embedded(config, self._host)

        super().__init__(
            directory,
            config,
            on_frame=lambda frame: self.frames.append(frame.text),
            fresh=True,
            acquirer=acquirer,
        )
        self.provision(PASSWORDS)
        self.bench.tray.update(
            {name: Card.from_file(self.cards / f"{name}.toml") for name in PLANTED}
        )

    def canaries(self) -> tuple[Canary, ...]:
        """Every secret on this stage, the keys of the open batch among them."""
        return tuple(self._canaries())

    def _canaries(self) -> Iterable[Canary]:
        for name, (pan, pin) in PLANTED.items():
            yield from pan_canaries(name, pan)
            if not pin:
                continue
            yield Canary(f"PIN of {name}", pin)
            block = int(f"0C{pin}FF", 16) ^ int(f"0000{pan[-13:-1]}", 16)
            yield Canary(f"PIN block of {name}", key=block.to_bytes(8, "big"))
        yield Canary("the supervisor's password", SUPERVISOR_PASSWORD)
        yield Canary("the cashier's password", CASHIER_PASSWORD)
        yield Canary("a mistyped password", WRONG_PASSWORD)
        for name in KEY_FILES:
            clear = (self.directory / name).read_bytes()
            yield Canary(name, key=clear, at_home=(name,))
        session = self._host.session
        for name, key in (("MAC", session.mac), ("PIN", session.pin), ("AES", session.pin_aes)):
            yield Canary(f"{name} key of the session", key=key.reveal())
        for one in tray_books(self.cards):
            yield Canary(f"issuer's key of {one.name}", key=one.imk_ac.reveal())


def _cards(folder: Path) -> Path:
    """The tray's files with other numbers and PINs in them."""
    folder.mkdir()
    for name, (pan, pin) in PLANTED.items():
        words = (TRAY / f"{name}.toml").read_text("utf-8").splitlines()
        own = {"pan": pan, "pin": pin}
        changed = [
            f'{key} = "{own[key]}"' if (key := line.split(" = ")[0]) in own else line
            for line in words
        ]
        (folder / f"{name}.toml").write_text("\n".join(changed), "utf-8")
    return folder
