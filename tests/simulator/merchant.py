"""A merchant and the people at the counter: what they do next, by what stands on the glass.

Everything is drawn from one random source and said in lines of the scenario language, so that a
day can be written down, played again and shortened. Most of what they do makes sense; some does
not: keys at random, the wrong card, the wrong PIN, a card pulled, a plug pulled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from firmware.scenario.language import FAULTS
from firmware.ui import screens
from firmware.ui.texts import Text
from hw.sim.cards import tray_accounts
from tests.crash.rig import Rig

SUPERVISOR, CASHIER = "246810", "1357"
PINS = {one.name.removesuffix("-1").removesuffix("-2"): one.pin or "" for one in tray_accounts()}
USUAL = (
    "unionpay-debit",
    "unionpay-credit",
    "visa-credit",
    "visa-debit",
    "mastercard-cda",
    "offline-ok",
)
KEYS = (*"0123456789", "00", "CANCEL", "BACK", "MENU", "ENTER", "UP", "DOWN")
SETTINGS = (
    "void.pin true",
    "refund.pin true",
    "general.language en",
    "printer.qr false",
    "printer.width_mm 80",
    "sale.double_check_over 20000",
    "sale.unusual_min_history 2",
    "sale.duplicate_window_s 0",
    "refund.window_days 1",
    "host.test_amounts true",
    "batch.warn_at 3",
    "sale.undo_s 0",
    "sale.day_limit 100000",
    "refund.supervisor_limit 9000",
)
MENU_DIGITS = {
    "sale": "1",
    "void": "2",
    "refund": "3",
    "query": "4",
    "reprint": "5",
    "settle": "6",
    "manage": "7",
}
ERRANDS = (
    ("sale",) * 12 + ("void",) * 3 + ("refund",) * 4 + ("query", "reprint", "settle", "manage")
)
REACTIONS_MAX = 14
BACK_OFFS_MAX = 5  # by then every reversal has been tried again
AT_REST = "expect books balanced"
AFTER_APPROVAL = ("press CANCEL", "remove", "wait 40s")
AFTER_REFUSAL = ("remove", "wait 20s")
# what is done at a screen: mostly the first
USUALLY = {
    screens.AmountCheck: ("press ENTER", "press CANCEL", "press ENTER ENTER"),
    screens.Original: ("press ENTER", "press CANCEL"),
    screens.Notice: ("press ENTER", "press CANCEL", "wait 11s"),
    screens.Listing: ("press ENTER", "press CANCEL"),
}


def settings_of(chance: Random) -> list[str]:
    """A few settings that differ from one merchant to the next."""
    return [f"set {words}" for words in SETTINGS if chance.random() < 0.12]


@dataclass
class Merchant:
    """Yields the lines of days; reads the glass of `rig` and numbers off its slips."""

    rig: Rig
    chance: Random
    faults_p: float = 0.03
    screen: object = None
    _faulty: set[str] = field(default_factory=set)
    _errand: str = ""
    _card: str = ""
    _dark: bool = False

    def __post_init__(self) -> None:
        self.rig.on_screen = self._see

    def day(self, errands: int) -> Iterator[str]:
        """A day's lines, the last of which set everything right and let the night pass."""
        for _ in range(errands):
            yield f"wait {self.chance.choice((1, 1, 2, 6, 15))}m"
            yield from self._errand_lines()
        yield from self._close_up()

    def _see(self, screen: object) -> None:
        self.screen = screen

    # --- what they are up to ---

    def _errand_lines(self) -> Iterator[str]:
        self._errand = self.chance.choice(ERRANDS)
        self._card = self._any_card()
        for _ in range(REACTIONS_MAX):
            yield from self._mishaps()
            if self._dark:
                self._dark = False
                yield "power on"
            yield self._react()
            if isinstance(self.screen, screens.Idle) and self.chance.random() < 0.8:
                break
        if self.chance.random() < 0.9:
            yield "remove"

    def _close_up(self) -> Iterator[str]:
        """Everything is put right, and the terminal is left alone until nothing is owed."""
        for device in sorted(self._faulty):
            yield f"clear {device}"
        self._faulty.clear()
        yield "remove"
        yield "press CANCEL"
        yield "wait 3m"
        for _ in range(BACK_OFFS_MAX):
            if self._owes():
                yield "wait 30m"
        yield AT_REST
        yield "power cut"
        yield "wait 12h"
        yield "power on"

    def _owes(self) -> bool:
        terminal = self.rig.terminal
        if terminal is None:
            return False
        journal = terminal.ledger.journal
        return bool(journal.reversals() or journal.uploads())

    def _mishaps(self) -> Iterator[str]:
        for device in sorted(self._faulty):
            if self.chance.random() < 0.3:
                self._faulty.discard(device)
                yield f"clear {device}"
        if self.chance.random() < self.faults_p:
            yield self._fault()
        if self.chance.random() < self.faults_p / 3:
            self._dark = True
            yield "power cut"
        if self.chance.random() < self.faults_p / 3:
            yield "remove"

    def _fault(self) -> str:
        device = self.chance.choice(sorted(FAULTS))
        kind = self.chance.choice(sorted(FAULTS[device]))
        self._faulty.add(device)
        arguments = {
            "dies-after": str(self.chance.randrange(1, 1_500)),
            "pull-at": str(self.chance.randrange(1, 20)),
            "stuck": self.chance.choice(KEYS[:-2]),
            "jump": self.chance.choice(("+1d", "-1d", "+2h", "-40m", "+400d")),
        }
        return f"fault {device} {kind} {arguments.get(kind, '')}".rstrip()

    # --- what they do about what they see ---

    def _react(self) -> str:
        if self.chance.random() < 0.06:
            count = self.chance.randrange(1, 6)
            return "press " + " ".join(self.chance.choice(KEYS) for _ in range(count))
        match self.screen:
            case screens.Idle():
                return self._begin()
            case screens.Menu(title=title, items=items):
                return f"press {self._item(title, items)}"
            case screens.TextEntry(title=title):
                return self._fill_in(title.text)
            case screens.AmountEntry(kind=kind):
                return self._amount(kind.value)
            case screens.CardPrompt():
                return self._mostly(f"insert {self._card}", "press CANCEL", "wait 2m")
            case screens.PinEntry():
                return self._pin()
            case screens.Outcome(approved=approved):
                return self._mostly("press ENTER", *(AFTER_APPROVAL if approved else AFTER_REFUSAL))
        return self._mostly(*USUALLY.get(type(self.screen), ("wait 3s", "press ENTER")))

    def _mostly(self, usual: str, *others: str) -> str:
        return usual if self.chance.random() < 0.8 else self.chance.choice(others)

    def _begin(self) -> str:
        if self._errand == "sale":
            quick = " ENTER" if self.chance.random() < 0.1 else ""
            return f"press {self._price()} ENTER{quick}"
        return "press MENU"

    def _item(self, title: screens.Phrase, items: tuple[screens.Phrase, ...]) -> str:
        if title.text is Text.MENU:
            return MENU_DIGITS[self._errand]
        return str(self.chance.randrange(1, len(items) + 1))

    def _fill_in(self, title: object) -> str:
        if title is Text.OPERATOR_NUMBER:
            return f"press {self._mostly('01', '00', '07')} ENTER"
        if title is Text.SUPERVISOR_PASSWORD:
            return f"press {self._mostly(SUPERVISOR, '111111')} ENTER"
        if title is Text.OPERATOR_PASSWORD:
            return f"press {self._mostly(CASHIER, SUPERVISOR, '9999')} ENTER"
        if title is Text.ORIGINAL_DATE:
            return self._mostly("press ENTER", "press BACK ENTER")
        return f"press {self._voucher()} ENTER"

    def _amount(self, kind: str) -> str:
        if kind == "refund":
            part = f"press {self.chance.randrange(1, 8_000)} ENTER"
            return self._mostly("press ENTER", part, part)
        return f"press {self._price()} ENTER"

    def _pin(self) -> str:
        pin = PINS.get(self._card, "")
        if not pin:
            return self._mostly("press ENTER", "press CANCEL")
        return self._mostly(
            f"press {pin} ENTER", "press 9999 ENTER", f"press {pin}", "press CANCEL"
        )

    def _price(self) -> int:
        chance = self.chance.random()
        if chance < 0.03:
            return 0
        if chance < 0.06:
            return self.chance.randrange(4_000_000, 99_999_999)
        return self.chance.randrange(1, self.chance.choice((500, 5_000, 60_000)))

    def _any_card(self) -> str:
        names = USUAL if self.chance.random() < 0.8 else tuple(PINS)
        return self.chance.choice(names)

    def _voucher(self) -> str:
        """A number from a slip; now and then one that is on none. Its card is fetched, mostly."""
        terminal = self.rig.terminal
        found = terminal.ledger.journal.list_transactions(None, 0, 12) if terminal else []
        if not found or self.chance.random() < 0.1:
            return str(self.chance.randrange(1, 999_999))
        chosen = self.chance.choice(found)
        names = self.rig.host.names_by_hash(terminal.ledger.keys.card)
        name = names.get(chosen.card.hash, "").removesuffix("-1").removesuffix("-2")
        if name in PINS and self.chance.random() < 0.9:
            self._card = name
        return f"{chosen.stan:06d}"
