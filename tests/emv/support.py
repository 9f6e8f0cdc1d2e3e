"""What the kernel's tests share: a driver, a scripted dialogue, a state to start a step from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from firmware.core.masked import Pan, Pin
from firmware.emv.ca_keys import CaKeys
from firmware.emv.codes import Aip, TerminalCapabilities, Tvr
from firmware.emv.contact.applications import Application
from firmware.emv.contact.dialogue import (
    Cancelled,
    Candidate,
    CardFailure,
    PinAnswer,
    PinBypassed,
    PinPrompt,
)
from firmware.emv.contact.state import SessionState
from firmware.emv.outcomes import CardData, EndReason
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import EmvTransaction, TerminalData
from firmware.emv.trace import Trace
from firmware.lab.cards.transaction import driven
from tests.payment import yuan

AID = bytes.fromhex("A0000000031010")
PAN = "4761739001010010"
NOON = datetime(2026, 5, 1, 12, 30, 15)  # noqa: DTZ001 - a card knows no zone
TERMINAL = TerminalData("156", "10000001", "123456789012345", "HAPPY STORE", "POS00001")
SALE_OF_100 = EmvTransaction(amount=yuan(10000), at=NOON, sequence_counter=7)
APPLICATION = Application(
    aid=AID,
    name="Test",
    scheme="Test",
    versions=(bytes.fromhex("0096"),),
    tac_denial=Tvr(0),
    tac_online=Tvr(0),
    tac_default=Tvr(0),
    floor_limit_minor=20000,
)


run = driven
Answer = bytes | CardFailure
Card = Callable[[bytes], Answer]


class ScriptedDialogue:
    """A dialogue that follows a script of commands and responses, and counts what is left."""

    def __init__(
        self,
        exchanges: Sequence[tuple[str, str | CardFailure]] = (),
        pins: Sequence[str | PinAnswer] = (),
        choices: Sequence[int | None] = (),
        drawn: bytes = b"",
        card: Card | None = None,
    ) -> None:
        self.exchanges = list(exchanges)
        self.pins = [Pin(pin) if isinstance(pin, str) else pin for pin in pins]
        self.choices = list(choices)
        self.drawn = drawn
        self.card = card
        self.prompts: list[PinPrompt] = []
        self.offered: list[list[str]] = []

    async def exchange(self, command: bytes) -> Answer:
        if self.card is not None:
            return self.card(command)
        assert self.exchanges, f"unexpected command {command.hex().upper()}"
        expected, response = self.exchanges.pop(0)
        assert command.hex().upper() == expected.replace(" ", "")
        return bytes.fromhex(response) if isinstance(response, str) else response

    async def choose_application(self, candidates: Sequence[Candidate]) -> int | None:
        self.offered.append([each.name for each in candidates])
        return self.choices.pop(0)

    async def ask_pin(self, prompt: PinPrompt) -> PinAnswer:
        self.prompts.append(prompt)
        return self.pins.pop(0)

    async def random(self, count: int) -> bytes:
        drawn, self.drawn = self.drawn[:count], self.drawn[count:]
        return drawn.ljust(count, b"\x55")

    def done(self) -> None:
        """Assert that the whole script was played."""
        assert not self.exchanges
        assert not self.pins
        assert not self.choices


BYPASS, CANCEL = PinBypassed(), Cancelled()
FAILURES = [  # of a card, and how the session ends
    (CardFailure.GONE, EndReason.CARD_GONE),
    (CardFailure.MUTE, EndReason.CARD_MUTE),
    (CardFailure.READER_LOST, EndReason.READER_LOST),
]

CARD_DATA = CardData(
    pan=Pan(PAN),
    psn="01",
    expiry="311231",
    effective=None,
    track2=None,
    aid=AID,
    label="TEST",
    preferred_name=None,
    languages=("zh",),
    service_code="201",
    country="156",
    currency="156",
)
CANDIDATE = Candidate(
    aid=AID, label="TEST", preferred_name=None, priority=1, confirm=False, languages=("zh",)
)


def state_of(
    dialogue: ScriptedDialogue | None = None,
    *,
    aip: Aip = Aip(0),  # noqa: B008 - flags are immutable
    card: dict[int, str] | None = None,
    identity: CardData = CARD_DATA,
    terminal: TerminalData = TERMINAL,
    transaction: EmvTransaction = SALE_OF_100,
    application: Application = APPLICATION,
    ca_keys: CaKeys | None = None,
) -> SessionState:
    """A state after the records are read; `card` gives data objects in hex."""
    state = SessionState(
        dialogue or ScriptedDialogue(), terminal, transaction, ca_keys or CaKeys(), Trace()
    )
    state.restart()
    state.application, state.candidate, state.card_data = application, CANDIDATE, identity
    state.card = {tag: bytes.fromhex(value) for tag, value in (card or {}).items()}
    state.card[Tag.APPLICATION_INTERCHANGE_PROFILE] = aip.to_bytes(2, "big")
    state.objects[Tag.UNPREDICTABLE_NUMBER] = bytes.fromhex("11223344")
    return state


def tvr_hex(state: SessionState) -> str:
    """The TVR of a state in hex."""
    return state.tvr.to_bytes(5, "big").hex().upper()


def tsi_hex(state: SessionState) -> str:
    """The TSI of a state in hex."""
    return state.tsi.to_bytes(2, "big").hex().upper()


def terminal_without(missing: TerminalCapabilities) -> TerminalData:
    """The terminal, less some capabilities."""
    return replace(TERMINAL, capabilities=TERMINAL.capabilities & ~missing)
