"""Command and response APDUs of the kernel. See EMV 4.4 Book 1, 9.4 and Book 3, 6."""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.emv.errors import CardError

RESPONSE_MAX = 256 + 2


class Ins(enum.IntEnum):
    """Instruction bytes, named as the Books name the commands. See EMV 4.4 Book 3, 6.3.2."""

    VERIFY = 0x20
    EXTERNAL_AUTHENTICATE = 0x82
    GET_CHALLENGE = 0x84
    INTERNAL_AUTHENTICATE = 0x88
    SELECT = 0xA4
    GET_PROCESSING_OPTIONS = 0xA8
    GENERATE_AC = 0xAE
    READ_RECORD = 0xB2
    GET_DATA = 0xCA


class Sw:
    """Status words the kernel acts on. See EMV 4.4 Book 3, 6.3.5."""

    OK = 0x9000
    DEACTIVATED = 0x6283  # selected file invalidated: application or PSE blocked
    AUTHENTICATION_FAILED = 0x6300
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    REFERENCE_DATA_INVALIDATED = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NO_TRY_LEFT = 0x63C0  # the last digit counts the tries that are left


class Command(Struct, frozen=True):
    """A command APDU of short length; `le` 0 asks for all there is, None for nothing."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    def __repr__(self) -> str:
        return f"Command({self.cla:02X}{self.ins:02X}{self.p1:02X}{self.p2:02X})"  # data: a PIN

    @property
    def name(self) -> str:
        """The command's name in the Books, or its instruction byte."""
        try:
            return Ins(self.ins).name.replace("_", " ")
        except ValueError:
            return f"INS {self.ins:02X}"

    def to_bytes(self) -> bytes:
        """The APDU as sent. See EMV 4.4 Book 1, 9.4.1."""
        if len(self.data) > 255:
            raise CardError(f"{self.name}: {len(self.data)} bytes do not fit a command")
        body = bytes([len(self.data)]) + self.data if self.data else b""
        tail = b"" if self.le is None else bytes([self.le & 0xFF])
        return bytes([self.cla, self.ins, self.p1, self.p2]) + body + tail


class Response(Struct, frozen=True):
    """A response APDU: data and status word."""

    data: bytes
    sw: int

    def __repr__(self) -> str:
        return f"Response({len(self.data)} bytes, {self.sw:04X})"

    @classmethod
    def parse(cls, raw: bytes) -> Response:
        """Split a response; raises CardError when it is too short or too long."""
        if not 2 <= len(raw) <= RESPONSE_MAX:
            raise CardError(f"a response of {len(raw)} bytes")
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    @property
    def ok(self) -> bool:
        return self.sw == Sw.OK

    @property
    def warning(self) -> bool:
        """SW1 is '62' or '63': done, with a warning."""
        return self.sw >> 8 in (0x62, 0x63)


def select(name: bytes, *, next_occurrence: bool = False) -> Command:
    """SELECT by name. See EMV 4.4 Book 1, 11.3.2."""
    return Command(0x00, Ins.SELECT, 0x04, 0x02 if next_occurrence else 0x00, name, 0)


def read_record(sfi: int, record: int) -> Command:
    """READ RECORD. See EMV 4.4 Book 3, 6.5.11.2."""
    return Command(0x00, Ins.READ_RECORD, record, sfi << 3 | 0x04, b"", 0)


def get_processing_options(data: bytes) -> Command:
    """GET PROCESSING OPTIONS with its command template. See EMV 4.4 Book 3, 6.5.8.2."""
    return Command(0x80, Ins.GET_PROCESSING_OPTIONS, 0x00, 0x00, data, 0)


def get_data(tag: int) -> Command:
    """GET DATA of a primitive object outside the records. See EMV 4.4 Book 3, 6.5.7.2."""
    return Command(0x80, Ins.GET_DATA, tag >> 8, tag & 0xFF, b"", 0)


def internal_authenticate(data: bytes) -> Command:
    """INTERNAL AUTHENTICATE with the DDOL's data. See EMV 4.4 Book 3, 6.5.9.2."""
    return Command(0x00, Ins.INTERNAL_AUTHENTICATE, 0x00, 0x00, data, 0)


def external_authenticate(data: bytes) -> Command:
    """EXTERNAL AUTHENTICATE with the issuer authentication data. See EMV 4.4 Book 3, 6.5.4.2."""
    return Command(0x00, Ins.EXTERNAL_AUTHENTICATE, 0x00, 0x00, data)


def get_challenge() -> Command:
    """GET CHALLENGE. See EMV 4.4 Book 3, 6.5.6.2."""
    return Command(0x00, Ins.GET_CHALLENGE, 0x00, 0x00, b"", 0)


def verify(data: bytes, *, enciphered: bool) -> Command:
    """VERIFY a plaintext or enciphered PIN. See EMV 4.4 Book 3, 6.5.12.2."""
    return Command(0x00, Ins.VERIFY, 0x00, 0x88 if enciphered else 0x80, data)


def generate_ac(reference_control: int, data: bytes) -> Command:
    """GENERATE APPLICATION CRYPTOGRAM. See EMV 4.4 Book 3, 6.5.5.2."""
    return Command(0x80, Ins.GENERATE_AC, reference_control, 0x00, data, 0)
