"""A small card for whole sessions, with one application and no secrets worth keeping.

It knows no card risk management: what it answers to GENERATE AC is set by the test, and any
command can be given another answer. Its signatures are real.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware.emv.codes import Aip
from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.tags import Tag
from firmware.emv.tlv import encode
from tests.emv.issuer import (
    CA,
    CA_INDEX,
    ICC,
    ISSUER,
    PAN,
    bcd_pan,
    certify_icc,
    certify_issuer,
    sign_dynamic,
    sign_static,
)

Answer = bytes | CardFailure
OK = b"\x90\x00"
AID = bytes.fromhex("A0000000031010")
CDOL1 = "9F02069F03069F1A0295055F2A029A039C019F3704"
CDOL2 = "8A02 91 0A 9505 9F3704".replace(" ", "")
AC = bytes.fromhex("AC01020304050607")
IAD = bytes.fromhex("06010A03A00000")


def tlv(**objects: str | bytes) -> bytes:
    """Data objects by the tag table's names: `tlv(cdol1="9F0206")`."""
    return b"".join(
        encode(Tag[name.upper()], bytes.fromhex(value) if isinstance(value, str) else value)
        for name, value in objects.items()
    )


@dataclass
class FakeCard:
    """The card; `commands` is all it was sent, `override` answers before it does."""

    aip: Aip = Aip.TERMINAL_RISK_MANAGEMENT_REQUIRED
    acs: Sequence[int] = (0x80, 0x40)  # the CIDs it answers, in order
    cvm_list: str | None = None
    pin: str = "1234"
    tries_left: int = 3
    pdol: str | None = None
    records: dict[str, str | bytes] = field(default_factory=dict)  # more, or other, data objects
    absent: Sequence[str] = ()  # data objects that are left out
    format_1: bool = False
    override: Callable[[bytes], Answer | None] = lambda _command: None
    spoil_signature: bool = False
    commands: list[bytes] = field(default_factory=list)
    decisions: int = 0
    challenge: bytes = bytes(8)
    sent: bytes = b""  # PDOL and CDOL data so far, for CDA

    def __call__(self, command: bytes) -> Answer:
        """Answer one command APDU."""
        self.commands.append(command)
        other = self.override(command)
        if other is not None:
            return other
        answer = {
            0xA4: self._select,
            0xA8: self._get_processing_options,
            0xB2: self._read_record,
            0x88: self._internal_authenticate,
            0xCA: self._get_data,
            0x84: lambda _command: self.challenge + OK,
            0x20: self._verify,
            0x82: lambda _command: OK,
            0xAE: self._generate_ac,
        }.get(command[1])
        return answer(command) if answer else b"\x6d\x00"

    def sent_ins(self) -> list[int]:
        """The instruction bytes of the commands so far."""
        return [command[1] for command in self.commands]

    def _select(self, command: bytes) -> bytes:
        name = command[5:-1]
        if not AID.startswith(name) or command[3] == 0x02:
            return b"\x6a\x82"
        fields = {"application_label": b"TEST", "language_preference": b"zhEN"}
        if self.pdol is not None:
            fields["pdol"] = bytes.fromhex(self.pdol)
        proprietary = encode(0xA5, tlv(**fields))
        return encode(0x6F, tlv(df_name=AID) + proprietary) + OK

    def _get_processing_options(self, command: bytes) -> bytes:
        self.sent = command[7:-1]
        aip = self.aip.to_bytes(2, "big")
        afl = bytes.fromhex("0801010110010300")
        if self.format_1:
            return encode(0x80, aip + afl) + OK
        return encode(0x77, encode(0x82, aip) + encode(0x94, afl)) + OK

    def static_record(self) -> bytes:
        """The content of the record that the issuer signs."""
        fields: dict[str, str | bytes] = {
            "application_pan": bcd_pan(PAN, 8),
            "application_pan_sequence_number": "01",
            "application_expiration_date": "311231",
            "cdol1": CDOL1,
            "cdol2": CDOL2,
            "issuer_country_code": "0156",
            "application_currency_code": "0156",
        }
        if self.cvm_list is not None:
            fields["cvm_list"] = self.cvm_list
        fields.update({k: v for k, v in self.records.items() if k not in _KEY_NAMES})
        return tlv(**{k: v for k, v in fields.items() if k not in self.absent})

    def _read_record(self, command: bytes) -> bytes:
        sfi, number = command[3] >> 3, command[2]
        if (sfi, number) == (1, 1):
            return encode(0x70, self.static_record()) + OK
        if not self.aip & _SIGNING:
            return encode(0x70, b"") + OK
        objects = {**_key_objects(self.static_record()), **self.records}
        names = [name for name in _KEY_RECORDS[number - 1] if name not in self.absent]
        return encode(0x70, tlv(**{name: objects[name] for name in names})) + OK

    def _internal_authenticate(self, command: bytes) -> bytes:
        signed = sign_dynamic(ICC, b"\x04\x01\x02\x03\x04", self._seen(command[5:-1]))
        return encode(0x80, signed) + OK

    def _seen(self, data: bytes) -> bytes:
        return data + b"!" if self.spoil_signature else data

    def _get_data(self, command: bytes) -> bytes:
        if command[2:4] == b"\x9f\x17":
            return encode(0x9F17, bytes([self.tries_left])) + OK
        return b"\x6a\x88"

    def _verify(self, command: bytes) -> bytes:
        if self.tries_left == 0:
            return b"\x69\x83"
        block = command[5:]
        if command[3] == 0x88:
            clear = ICC.apply(block)
            if (clear[0], clear[9:17]) != (0x7F, self.challenge):
                return b"\x6a\x80"
            block = clear[1:9]
        if block.hex().upper() == f"2{len(self.pin)}{self.pin}".ljust(16, "F"):
            self.tries_left = 3
            return OK
        self.tries_left -= 1
        return bytes([0x63, 0xC0 | self.tries_left])

    def _generate_ac(self, command: bytes) -> bytes:
        cid = self.acs[self.decisions]
        self.decisions += 1
        self.sent += command[5:-1]
        unpredictable = bytes.fromhex("55555555")
        if command[2] & 0x10 and cid & 0xC0:
            objects = tlv(
                cryptogram_information_data=bytes([cid]),
                application_transaction_counter="0007",
                issuer_application_data=IAD,
            )
            digest = hashlib.sha1(self.sent + objects).digest()
            data = b"\x02\xaa\xbb" + bytes([cid]) + AC + digest
            signed = sign_dynamic(ICC, data, self._seen(unpredictable))
            return encode(0x77, objects + encode(0x9F4B, signed)) + OK
        if self.format_1:
            return encode(0x80, bytes([cid]) + b"\x00\x07" + AC + IAD) + OK
        objects = tlv(
            cryptogram_information_data=bytes([cid]),
            application_transaction_counter="0007",
            application_cryptogram=AC,
            issuer_application_data=IAD,
        )
        return encode(0x77, objects) + OK


_SIGNING = Aip.SDA_SUPPORTED | Aip.DDA_SUPPORTED | Aip.CDA_SUPPORTED
_KEY_RECORDS = (
    (
        "ca_public_key_index",
        "issuer_public_key_certificate",
        "issuer_public_key_remainder",
        "issuer_public_key_exponent",
    ),
    ("signed_static_application_data",),
    ("icc_public_key_certificate", "icc_public_key_remainder", "icc_public_key_exponent"),
)
_KEY_NAMES = frozenset(name for record in _KEY_RECORDS for name in record)
_MADE: dict[bytes, dict[str, str | bytes]] = {}


def _key_objects(static: bytes) -> dict[str, str | bytes]:
    """Certificates over a static record; signing is slow enough to do it once for each."""
    if static not in _MADE:
        issuer = certify_issuer(CA, ISSUER)
        icc = certify_icc(ISSUER, ICC, static=static)
        _MADE[static] = {
            "ca_public_key_index": bytes([CA_INDEX]),
            "issuer_public_key_certificate": issuer.certificate,
            "issuer_public_key_remainder": issuer.remainder,
            "issuer_public_key_exponent": issuer.exponent,
            "signed_static_application_data": sign_static(ISSUER, static),
            "icc_public_key_certificate": icc.certificate,
            "icc_public_key_remainder": icc.remainder,
            "icc_public_key_exponent": icc.exponent,
        }
    return _MADE[static]
