"""The other side of a modelled card, for its tests: a bare terminal, and an issuer by pyemv.

Written from the Books apart from both the cards and the kernel: plain `pow`, plain slicing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from pyemv import cvn as pyemv_cvn

from hw.sim.cards import TEST_CA_KEYS, Card
from hw.sim.cards.tlv import dol_entries, parse
from hw.t0 import exchange

TERMINAL = {
    0x9F02: bytes.fromhex("000000012850"),
    0x9F03: bytes(6),
    0x9F1A: bytes.fromhex("0156"),
    0x95: bytes(5),
    0x5F2A: bytes.fromhex("0156"),
    0x9A: bytes.fromhex("260501"),
    0x9C: b"\x00",
    0x9F37: bytes.fromhex("1A2B3C4D"),
    0x9F21: bytes.fromhex("123000"),
    0x9F33: bytes.fromhex("E0F8C8"),
    0x8A: b"00",
}
AAC, TC, ARQC, CDA = 0x00, 0x40, 0x80, 0x10
CONSTRUCTED = {0x6F, 0xA5, 0xBF0C, 0x70, 0x77, 0x61}


def flat(data: bytes) -> dict[int, bytes]:
    """All primitive data objects by tag, templates opened."""
    found: dict[int, bytes] = {}
    for tag, value in parse(data):
        if tag in CONSTRUCTED:
            found |= flat(value)
        else:
            found[tag] = value
    return found


def filled(listed: bytes, values: dict[int, bytes]) -> bytes:
    """The data a list asks for. See EMV 4.4 Book 3, 5.4."""
    return b"".join(
        values.get(tag, b"")[:length].ljust(length, b"\0") for tag, length in dol_entries(listed)
    )


def ca_keys() -> dict[tuple[str, int], tuple[int, int]]:
    """(RID, index) → (modulus, exponent), of the published file of test keys."""
    rows = [
        line.split("\t")
        for line in TEST_CA_KEYS.read_text().splitlines()
        if line and not line.startswith(("#", "rid"))
    ]
    return {(row[0], int(row[1], 16)): (int(row[3], 16), int(row[2], 16)) for row in rows}


def recover(modulus: int, exponent: int, signature: bytes, extra: bytes) -> bytes | None:
    """The signed message, or None when header, trailer or hash are wrong. See Book 2, A2.1."""
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return None
    clear = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    message, digest = clear[1:-21], clear[-21:-1]
    if clear[0] != 0x6A or clear[-1] != 0xBC or hashlib.sha1(message + extra).digest() != digest:
        return None
    return message


@dataclass
class BareTerminal:
    """A terminal that does what it is told, step by step; `data` is all it was sent."""

    card: Card
    data: dict[int, bytes] = field(default_factory=dict)
    static: bytes = b""
    pdol_data: bytes = b""
    cdol1_data: bytes = b""

    def send(self, command: str | bytes) -> bytes:
        """One APDU, put together as a driver would; the response with its status word."""
        raw = bytes.fromhex(command) if isinstance(command, str) else command
        return exchange(self.card.answer, raw, t0=self.card.protocol == "T=0")

    def status(self, command: str | bytes) -> str:
        return self.send(command)[-2:].hex().upper()

    def build(self, header: str, data: bytes, *, answer: bool = True) -> bytes:
        return bytes.fromhex(header) + bytes([len(data)]) + data + b"\0" * answer

    def select(self, name: bytes | None = None, *, following: bool = False) -> bytes:
        own = bytes.fromhex(self.card.applications[0].own.aid)
        aid = own if name is None else name
        response = self.send(self.build("00A40402" if following else "00A40400", aid))
        self.data = flat(response[:-2]) if len(response) > 2 else {}
        return response

    def initiate(self, values: dict[int, bytes] = TERMINAL) -> bytes:
        self.pdol_data = filled(self.data.get(0x9F38, b""), values)
        template = bytes([0x83, len(self.pdol_data)]) + self.pdol_data
        response = self.send(self.build("80A80000", template))
        if response[0] == 0x80:
            self.data |= {0x82: response[2:4], 0x94: response[4:-2]}
        else:
            self.data |= flat(response[:-2])
        return response

    def read(self) -> None:
        """All records of the AFL, and what of them is authenticated offline."""
        for at in range(0, len(self.data[0x94]), 4):
            sfi, first, last, signed = self.data[0x94][at : at + 4]
            for number in range(first, last + 1):
                record = self.send(bytes([0x00, 0xB2, number, sfi | 0x04, 0x00]))
                assert record[-2:] == b"\x90\x00"
                self.data |= flat(record[:-2])
                if number < first + signed:
                    ((_, content),) = parse(record[:-2])
                    self.static += content
        if 0x9F4A in self.data:
            self.static += self.data[0x82]

    def start(self) -> BareTerminal:
        """Power, SELECT, GET PROCESSING OPTIONS, READ RECORD."""
        self.card.power_on()
        self.select()
        self.initiate()
        self.read()
        return self

    def generate_ac(self, kind: int, values: dict[int, bytes] | None = None) -> dict[int, bytes]:
        """GENERATE AC with CDOL1, or CDOL2 once an ARQC was had; the answer by tag."""
        known = TERMINAL | (values or {})
        listed = self.data[0x8D if self.cdol1_data else 0x8C]
        sent = filled(listed, known)
        response = self.send(self.build(f"80AE{kind:02X}00", sent))
        assert response[-2:] == b"\x90\x00", response.hex()
        self.cdol1_data = self.cdol1_data or sent
        if response[0] == 0x80:
            body = response[2:-2]
            answer = {0x9F27: body[:1], 0x9F36: body[1:3], 0x9F26: body[3:11], 0x9F10: body[11:]}
        else:
            answer = flat(response[:-2])
        self.data |= answer
        return answer


def issuer_of(card: Card) -> Any:
    """pyemv's view of the card's issuer, by the card's cryptogram version."""
    own = card.applications[0].own
    account = own.account
    known: Any = {
        0x0A: pyemv_cvn.VisaCVN10,
        0x10: pyemv_cvn.MasterCardCVN16,
        0x12: pyemv_cvn.VisaCVN18,
        0x14: pyemv_cvn.MasterCardCVN20,
    }[own.cvn]
    keys = (bytes.fromhex(key) for key in (account.imk_ac, account.imk_smi, account.imk_smc))
    return known(*keys, account.pan, f"{account.sequence:02d}")


def cryptogram_by_issuer(card: Card, data: dict[int, bytes], values: dict[int, bytes]) -> bytes:
    """What 9F26 has to be, for what the card said and the terminal sent."""
    issuer, iad = issuer_of(card), data[0x9F10]
    sent = [values[tag] for tag in (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37)]
    tail = {0x0A: iad[3:7], 0x10: iad[2:8], 0x12: iad, 0x14: iad[2:8]}
    cvn = card.applications[0].own.cvn
    made: bytes = issuer.generate_ac(*sent, data[0x82], data[0x9F36], tail[cvn])
    return made


def authentication_by_issuer(card: Card, data: dict[int, bytes]) -> bytes:
    """Tag 91 that approves, in answer to the cryptogram in `data`, by the card's ARPC method."""
    issuer, own, code = issuer_of(card), card.applications[0].own, b"00"
    arqc, atc = data[0x9F26], data[0x9F36]
    if own.arpc_method == 2:
        return bytes(issuer.generate_arpc(arqc, atc, b"\0\x80\0\0")) + b"\0\x80\0\0"
    if own.cvn in (0x0A, 0x10):
        return bytes(issuer.generate_arpc(arqc, code)) + code
    from pyemv import ac, kd  # noqa: PLC0415 - pyemv knows CVN 18 with method 2 alone

    session = kd.derive_common_sk(issuer.icc_mk_ac, atc + bytes(6))
    return bytes(ac.generate_arpc_1(session, arqc, code)) + code
