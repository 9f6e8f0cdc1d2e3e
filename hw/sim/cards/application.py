"""One EMV application on a card: its memory, its state within a transaction, its commands.

Selected → GET PROCESSING OPTIONS → first GENERATE AC → (online) → second GENERATE AC: a command out
of this order is refused with 6985. See EMV 4.4 Book 3, 6.3.1 and 6.5, and Book 3, annex C8 for the
commands of the closed-loop application.
"""

from __future__ import annotations

import enum
import hashlib
from collections import deque
from dataclasses import dataclass, field

from hw.sim.cards import des, tlv
from hw.sim.cards.certificates import sha1, signed_dynamic_data
from hw.sim.cards.commands import Answer, Command, Refused, Sw
from hw.sim.cards.cryptogram import UNPREDICTABLE, VERSIONS, CardFindings, session_key
from hw.sim.cards.files import LOG_FORMAT, LOG_SFI, ApplicationFiles
from hw.sim.cards.personalisation import ApplicationFile

LOG_RECORDS = 10
ATC_LAST = 0xFFFF


class Phase(enum.Enum):
    """Where a transaction stands."""

    SELECTED = "selected"
    INITIATED = "initiated"
    ONLINE = "online"  # an ARQC was given, the second GENERATE AC is awaited
    COMPLETE = "complete"


@dataclass
class Memory:
    """What outlives power: counters, the PIN, blocks, the log."""

    pin: str | None = field(repr=False)
    pin_tries_left: int
    atc: int = 0
    last_online_atc: int = 0
    last_online_incomplete: bool = False
    offline_in_a_row: int = 0
    blocked: bool = False
    log: deque[bytes] = field(default_factory=lambda: deque(maxlen=LOG_RECORDS), repr=False)


@dataclass
class Transaction:
    """What lasts from SELECT to the next SELECT or reset."""

    phase: Phase = Phase.SELECTED
    heard: bytes = b""  # the terminal's data by PDOL, CDOL1 and CDOL2: what CDA signs
    sent: dict[int, bytes] = field(default_factory=dict)  # the terminal's data by tag
    first_cryptogram: bytes = b""
    challenge: bytes = b""
    issuer_authentication_tried: bool = False
    issuer_approves: bool = True
    findings: CardFindings = field(default_factory=CardFindings)


class Application:
    """An application on a card: its files, what it remembers, and the commands that read them."""

    def __init__(self, files: ApplicationFiles, *, copied: bool = False) -> None:
        own = files.personalisation
        self.files = files
        self.copied = copied  # a copy has what can be read, and no key
        self.wrong_signature = copied
        self.card_block_asked = False
        tries = own.account.pin_tries
        self.memory = Memory(own.account.pin, tries, blocked=own.blocked)
        self.transaction = Transaction()
        self._random = 0

    @property
    def own(self) -> ApplicationFile:
        return self.files.personalisation

    @property
    def invalidated(self) -> bool:
        """Whether it, or the whole card, was blocked: then it declines. See Book 3, 6.5.1.1."""
        return self.memory.blocked or self.card_block_asked

    @property
    def atc(self) -> bytes:
        return self.memory.atc.to_bytes(2, "big")

    def select(self) -> Answer:
        """Begin anew; gives the FCI. See EMV 4.4 Book 1, 11.3."""
        self.transaction = Transaction()
        self.transaction.findings.pin_tries_left = self.memory.pin_tries_left
        status = Sw.APPLICATION_BLOCKED if self.memory.blocked else Sw.OK
        return Answer(self.files.fci, status)

    def require(self, *phases: Phase) -> None:
        """Refuse a command out of order."""
        if self.transaction.phase not in phases:
            raise Refused(Sw.CONDITIONS)

    def random(self, count: int) -> bytes:
        """Unpredictable to the terminal, the same in every run of a test."""
        self._random += 1
        seed = f"{self.own.aid}/{self.own.account.pan}/{self.memory.atc}/{self._random}"
        return hashlib.sha256(seed.encode()).digest()[:count]

    def master_key(self, issuer_key: str) -> bytes:
        """The card's own key under one of the issuer's. A copy never had it."""
        account = self.own.account
        key = des.icc_master_key(bytes.fromhex(issuer_key), account.pan, account.sequence)
        return des.xor(key, b"\x5a" * 16) if self.copied else key

    def cryptogram_key(self) -> bytes:
        """The key of this transaction's application cryptogram."""
        master = self.master_key(self.own.account.imk_ac)
        number = self.transaction.sent.get(UNPREDICTABLE, b"")
        return session_key(self.own.cvn, master, self.atc, number)

    def arpc_key(self) -> bytes:
        """The key the issuer answers with."""
        if VERSIONS[self.own.cvn].arpc_by_master_key:
            return self.master_key(self.own.account.imk_ac)
        return self.cryptogram_key()

    def get_processing_options(self, command: Command) -> Answer:
        """Start the transaction: ATC up, AIP and AFL out. See EMV 4.4 Book 3, 6.5.8."""
        command.require_p1_p2(0)
        self.require(Phase.SELECTED)
        wanted = tlv.dol(self.own.pdol)
        sent = _template_83(command.data)
        if len(sent) != tlv.dol_length(wanted):
            raise Refused(Sw.WRONG_LENGTH)
        if self.own.refuses_gpo or self.memory.atc == ATC_LAST:
            raise Refused(Sw.CONDITIONS)
        self.memory.atc += 1
        transaction = self.transaction
        transaction.phase = Phase.INITIATED
        transaction.heard = sent
        transaction.sent |= tlv.dol_values(wanted, sent)
        transaction.findings.last_online_incomplete = self.memory.last_online_incomplete
        if self.own.gpo_format == 1:
            return Answer(tlv.tlv(0x80, self.own.aip + self.files.afl))
        inner = tlv.tlv(0x82, self.own.aip) + tlv.tlv(0x94, self.files.afl)
        return Answer(tlv.tlv(0x77, inner))

    def read_record(self, command: Command) -> Answer:
        """One record of a linear file. See EMV 4.4 Book 3, 6.5.11."""
        sfi, number = command.p2 >> 3, command.p1
        if command.p2 & 0x07 != 0x04 or not number or not sfi:
            raise Refused(Sw.P1_P2_WRONG)
        if sfi == LOG_SFI:
            if number > len(self.memory.log):
                raise Refused(Sw.RECORD_NOT_FOUND)
            return Answer(self.memory.log[number - 1])
        self.require(Phase.INITIATED, Phase.ONLINE, Phase.COMPLETE)
        records = self.files.records
        if not any(sfi == file for file, _ in records):
            raise Refused(Sw.FILE_NOT_FOUND)
        if (sfi, number) not in records:
            raise Refused(Sw.RECORD_NOT_FOUND)
        return Answer(records[sfi, number])

    def get_data(self, command: Command) -> Answer:
        """Counters and the log's format. See EMV 4.4 Book 3, 6.5.7."""
        values = {
            0x9F36: self.atc,
            0x9F13: self.memory.last_online_atc.to_bytes(2, "big"),
            0x9F4F: LOG_FORMAT,
        }
        if self.memory.pin is not None:
            values[0x9F17] = bytes([self.memory.pin_tries_left])
        if command.p1_p2 not in values:
            raise Refused(Sw.DATA_NOT_FOUND)
        return Answer(tlv.tlv(command.p1_p2, values[command.p1_p2]))

    def get_challenge(self, command: Command) -> Answer:
        """8 unpredictable bytes for an enciphered PIN. See EMV 4.4 Book 3, 6.5.6."""
        command.require_p1_p2(0)
        self.transaction.challenge = self.random(8)
        return Answer(self.transaction.challenge)

    def internal_authenticate(self, command: Command) -> Answer:
        """Dynamic data authentication. See EMV 4.4 Book 2, 6.5.1."""
        command.require_p1_p2(0)
        key = self.files.icc_key
        if key is None or self.own.authentication not in ("dda", "cda"):
            raise Refused(Sw.INS_UNKNOWN)
        self.require(Phase.INITIATED)
        wanted = tlv.dol_length(tlv.dol([self.own.ddol or "9F37 04"]))
        if len(command.data) != wanted:
            raise Refused(Sw.WRONG_LENGTH)
        number = self.random(8)
        signed = self.sign(bytes([len(number)]) + number, command.data)
        self.transaction.findings.dda_performed = True
        if self.own.ac_format == 1:
            return Answer(tlv.tlv(0x80, signed))
        return Answer(tlv.tlv(0x77, tlv.tlv(0x9F4B, signed)))

    def sign(self, dynamic: bytes, terminal_data: bytes) -> bytes:
        """Signed dynamic application data (9F4B), or what a card without the key can offer."""
        key = self.files.icc_key
        assert key is not None
        signed = signed_dynamic_data(key, dynamic, terminal_data)
        if self.wrong_signature:  # below the modulus, as long as the real one, and wrong
            noise = b"".join(sha1(signed + bytes([count])) for count in range(key.size // 20 + 1))
            return b"\x3b" + noise[: key.size - 1]
        return signed

    def note_in_log(self) -> None:
        """Add the transaction to the card's log, newest first."""
        own = {0x9F36: self.atc}
        values = self.transaction.sent | own
        record = b"".join(
            values.get(tag, b"")[:length].rjust(length, b"\0")
            for tag, length in tlv.dol_entries(LOG_FORMAT)
        )
        self.memory.log.appendleft(record)


def _template_83(data: bytes) -> bytes:
    """The value of the command template; an empty PDOL is 83 00."""
    try:
        objects = list(tlv.parse(data))
    except tlv.TlvError as error:
        raise Refused(Sw.DATA_WRONG) from error
    if len(objects) != 1 or objects[0][0] != 0x83:
        raise Refused(Sw.DATA_WRONG)
    return objects[0][1]
