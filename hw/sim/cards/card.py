"""A modelled EMV contact card: power, application selection, and the way to its applications.

It answers the bytes of its protocol (T=0 TPDUs or T=1 APDUs) as the card of its file would, behind
a modelled slot in process or behind a real `pcscd` by vpcd.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hw.sim.cards import commands, generate_ac, pin, scripts
from hw.sim.cards.application import Application
from hw.sim.cards.commands import SCRIPT_CLASS, Answer, Command, Refused, Sw
from hw.sim.cards.faults import Faults
from hw.sim.cards.files import PSE_NAME, PSE_SFI, ApplicationFiles, pse_fci, pse_records
from hw.sim.cards.personalisation import TRAY, CardFile, TestKeys, load_card, load_keys
from hw.sim.cards.transport import T0, T1

FIRST, NEXT = 0x00, 0x02
SHORTEST_NAME = 5  # a RID
COMMANDS: dict[tuple[int, int], Callable[[Application, Command], Answer]] = {
    (0x80, commands.GET_PROCESSING_OPTIONS): Application.get_processing_options,
    (0x00, commands.READ_RECORD): Application.read_record,
    (0x80, commands.GET_DATA): Application.get_data,
    (0x00, commands.GET_CHALLENGE): Application.get_challenge,
    (0x00, commands.INTERNAL_AUTHENTICATE): Application.internal_authenticate,
    (0x00, commands.VERIFY): pin.verify,
    (0x80, commands.GENERATE_AC): generate_ac.generate_ac,
    (0x00, commands.EXTERNAL_AUTHENTICATE): generate_ac.external_authenticate,
}
"""What an application carries out, by class and instruction."""


class Card:
    """One card. What its memory holds (counters, PIN, blocks) outlives power and the slot."""

    def __init__(self, personalisation: CardFile, keys: TestKeys) -> None:
        self.personalisation = personalisation
        self.name = personalisation.name
        self.atr = bytes.fromhex(personalisation.atr)
        self.protocol = personalisation.protocol
        self.blocked = personalisation.card_blocked
        self.faults = Faults()
        self.applications = [
            Application(
                ApplicationFiles(application, keys, personalisation.language),
                copied=personalisation.wrong_signature,
            )
            for application in personalisation.application
        ]
        transport: type[T0 | T1] = T0 if self.protocol == "T=0" else T1
        self._transport = transport(self._execute)
        self._selected: Application | None = None
        self._in_pse = False
        self._last_name = b""
        self._last_found = -1

    @classmethod
    def from_file(cls, path: Path, keys: TestKeys | None = None) -> Card:
        """Personalise a card. Raises PersonalisationError."""
        return cls(load_card(path), keys or load_keys())

    def __repr__(self) -> str:
        return f"Card({self.name!r})"

    def power_on(self) -> bytes:
        """Power it up, or reset it; gives the ATR. Raises CardSilent when the card is mute."""
        self.faults.check_alive()
        self._transport.reset()
        self._selected, self._in_pse = None, False
        self._last_name, self._last_found = b"", -1
        return self.atr

    def answer(self, command: bytes) -> bytes:
        """The raw response to a command of the card's protocol. Raises CardPulled, CardSilent."""
        told = self.faults.before(command)
        if told is not None:
            return told
        try:
            response = self._transport.answer(command).raw
        except Refused as refused:
            response = refused.status.to_bytes(2, "big")
        self.faults.after(command, response)
        return response

    def pull_at(self, n: int) -> None:
        """Have the card pulled in the middle of the `n`th command from now."""
        self.faults.pull_at(n)

    def wrong_signature(self) -> None:
        """Let every dynamic signature from now on be a wrong one."""
        for application in self.applications:
            application.wrong_signature = True

    def _execute(self, command: Command) -> Answer:
        if command.ins == commands.SELECT:
            return self._select(command)
        if self._in_pse and command.ins == commands.READ_RECORD:
            return self._read_directory(command)
        application = self._selected
        if application is None:
            raise Refused(Sw.CONDITIONS)
        try:
            return _in_application(application, command)
        finally:
            self.blocked = self.blocked or application.card_block_asked

    def _select(self, command: Command) -> Answer:
        """SELECT by name, whole or in part, first or next. See EMV 4.4 Book 1, 11.3 and 12.3."""
        if command.p1 != 0x04 or command.p2 not in (FIRST, NEXT):
            raise Refused(Sw.P1_P2_WRONG)
        if self.blocked:
            raise Refused(Sw.NOT_SUPPORTED)
        if command.data == PSE_NAME and self.personalisation.pse and command.p2 == FIRST:
            self._selected, self._in_pse = None, True
            return Answer(pse_fci(self.personalisation))
        after = self._last_found if command.p2 == NEXT and command.data == self._last_name else -1
        for index, application in enumerate(self.applications):
            if index > after and _fits(application.files.aid, command.data):
                self._last_name, self._last_found = command.data, index
                self._selected, self._in_pse = application, False
                return application.select()
        self._last_name, self._last_found = b"", -1
        raise Refused(Sw.FILE_NOT_FOUND)

    def _read_directory(self, command: Command) -> Answer:
        if command.p2 & 0x07 != 0x04 or not command.p1:
            raise Refused(Sw.P1_P2_WRONG)
        if command.p2 >> 3 != PSE_SFI:
            raise Refused(Sw.FILE_NOT_FOUND)
        record = pse_records(self.personalisation).get((PSE_SFI, command.p1))
        if record is None:
            raise Refused(Sw.RECORD_NOT_FOUND)
        return Answer(record)


def _fits(aid: bytes, name: bytes) -> bool:
    return SHORTEST_NAME <= len(name) <= len(aid) and aid.startswith(name)


def _in_application(application: Application, command: Command) -> Answer:
    if command.ins != commands.VERIFY:  # a challenge serves the next command alone, 6.5.6.1
        application.transaction.challenge = b""
    if command.cla == SCRIPT_CLASS:
        return scripts.script_command(application, command)
    return COMMANDS[command.cla, command.ins](application, command)


def tray() -> Mapping[str, Card]:
    """A fresh card of every file, by name, in the order of the names."""
    cards = [Card.from_file(path) for path in sorted(TRAY.glob("*.toml"))]
    return {card.name: card for card in cards}
