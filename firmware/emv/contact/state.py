"""What a card session knows while it runs: data objects, TVR, TSI, and the way to the card.

Every step takes the state and leaves its marks in it. Commands go through `send`, which counts
them against the session's cap, writes the trace and ends the session when the card is gone.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware.core.masked import Pin
from firmware.emv.apdu import Command, Response, get_data
from firmware.emv.ca_keys import CaKeys
from firmware.emv.certificates import CertifiedKey, PublicKey
from firmware.emv.codes import CVM_NOT_PERFORMED, AcType, Aip, TerminalCapabilities, Tsi, Tvr
from firmware.emv.contact.applications import Application
from firmware.emv.contact.dialogue import Candidate, CardFailure, Dialogue
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import CardData, CvmResult, EndReason
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import EmvTransaction, TerminalData
from firmware.emv.tlv import TlvError, parse_one
from firmware.emv.trace import Trace

COMMANDS_MAX = 300
Objects = Sequence[tuple[int, bytes]]

ENDS = {
    CardFailure.GONE: EndReason.CARD_GONE,
    CardFailure.MUTE: EndReason.CARD_MUTE,
    CardFailure.READER_LOST: EndReason.READER_LOST,
}


class OdaMethod(enum.Enum):
    """The one kind of offline data authentication a session does. See Book 3, 10.3."""

    NONE = "none"
    SDA = "SDA"
    DDA = "DDA"
    CDA = "CDA"


@dataclass(slots=True)
class SessionState:
    """One card session's memory; never kept after it."""

    dialogue: Dialogue
    terminal: TerminalData
    transaction: EmvTransaction
    ca_keys: CaKeys
    trace: Trace = field(repr=False)
    step: str = ""
    commands_sent: int = 0
    application: Application | None = None
    candidate: Candidate | None = None
    selected: dict[int, bytes] = field(default_factory=dict, repr=False)  # from the FCI
    card: dict[int, bytes] = field(default_factory=dict, repr=False)
    objects: dict[int, bytes] = field(default_factory=dict, repr=False)  # the terminal's
    tvr: Tvr = field(default_factory=lambda: Tvr(0))
    tsi: Tsi = field(default_factory=lambda: Tsi(0))
    tvr_in_cryptogram: Tvr = field(default_factory=lambda: Tvr(0))
    signature_wrong: bool = False  # a CDA signature that was asked for did not verify
    cvm_results: bytes = bytes([CVM_NOT_PERFORMED, 0, 0])
    cvm: CvmResult = field(default_factory=CvmResult)
    online_pin: Pin | None = field(default=None, repr=False)
    pin_bypassed: bool = False
    pin_tries_left: int | None = None
    pin_tries_known: bool = False
    static_data: bytes = field(default=b"", repr=False)
    static_data_broken: bool = False
    oda_method: OdaMethod = OdaMethod.NONE
    issuer_key: CertifiedKey | None = None
    icc_key: PublicKey | None = None
    pdol_data: bytes = field(default=b"", repr=False)
    cdol1_data: bytes = field(default=b"", repr=False)
    card_data: CardData | None = None
    approved_before_minor: int = 0  # on the same card, against split sales
    ac_type: AcType = AcType.AAC
    script_results: bytes = b""

    def restart(self) -> None:
        """Forget an application's data: another one is about to be selected."""
        self.card = {}
        self.selected = {}
        self.objects = {**self.terminal.objects(), **self.transaction.objects()}
        self.tvr, self.tsi = Tvr(0), Tsi(0)
        self.static_data, self.static_data_broken = b"", False

    async def send(self, command: Command, sent: Objects = ()) -> Response:
        """Send a command; raises SessionEnded when no response comes, CardError on a bad one.

        `sent` are the command's data objects, for the trace.
        """
        self.commands_sent += 1
        if self.commands_sent > COMMANDS_MAX:
            raise CardError(f"more than {COMMANDS_MAX} commands in a session")
        raw = await self.dialogue.exchange(command.to_bytes())
        if isinstance(raw, CardFailure):
            self.trace.apdu(self.step, command, None, sent)
            raise SessionEnded(ENDS[raw], f"{self.step}, {command.name}")
        response = Response.parse(raw)
        self.trace.apdu(self.step, command, response, sent)
        return response

    async def send_ok(self, command: Command, sent: Objects = ()) -> bytes:
        """Send a command that must succeed; gives the data, raises CardError on another SW."""
        response = await self.send(command, sent)
        if not response.ok:
            raise CardError(f"{self.step}: {command.name} answered {response.sw:04X}")
        return response.data

    async def counter(self, tag: Tag) -> int | None:
        """A counter by GET DATA; None when the card does not give it. See Book 3, 6.5.7."""
        response = await self.send(get_data(tag))
        if not response.ok:
            return None
        try:
            value = parse_one(response.data, tag).value
        except TlvError:
            return None
        if len(value) != tag.length_max:
            return None
        self.card[tag] = value
        return int.from_bytes(value, "big")

    def begin(self, step: str) -> None:
        """Name the step that commands and decisions are traced under."""
        self.step = step

    def note(self, text: str, source: str) -> None:
        """Trace a decision with its place in the Books."""
        self.trace.decision(self.step, text, source)

    def raise_tvr(self, bit: Tvr, source: str, why: str = "") -> None:
        """Set a bit of the TVR and trace it."""
        self.tvr |= bit
        self.note(f"TVR {bit.name}{f': {why}' if why else ''}", source)

    @property
    def config(self) -> Application:
        """The selected application's parameters."""
        assert self.application is not None, "no application is selected"
        return self.application

    @property
    def aip(self) -> Aip:
        """The Application Interchange Profile, once initiated."""
        return Aip(int.from_bytes(self.card[Tag.APPLICATION_INTERCHANGE_PROFILE], "big"))

    @property
    def capabilities(self) -> TerminalCapabilities:
        """The terminal's capabilities for this application."""
        return self.config.capabilities(self.terminal.capabilities)

    @property
    def identity(self) -> CardData:
        """Who the card is, once its records are read."""
        assert self.card_data is not None, "no card is identified"
        return self.card_data

    def value(self, tag: int) -> bytes | None:
        """A data object for a DOL: the terminal's own first, so that no card can replace it."""
        match tag:
            case Tag.TERMINAL_VERIFICATION_RESULTS:
                return self.tvr.to_bytes(5, "big")
            case Tag.TRANSACTION_STATUS_INFORMATION:
                return self.tsi.to_bytes(2, "big")
            case Tag.CVM_RESULTS:
                return self.cvm_results
            case Tag.TERMINAL_CAPABILITIES:
                return self.capabilities.to_bytes(3, "big")
        if tag in self.objects:
            return self.objects[tag]
        if tag in self.card:
            return self.card[tag]
        return self.selected.get(tag)
