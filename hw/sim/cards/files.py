"""The files of a card's application: FCI, records, AFL and certificates from personalisation.

See EMV 4.4 Book 1, 11.3 and 12.2, and Book 3, 5.3, 7.1 and 10.2.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from hw.sim.cards.certificates import (
    Certificate,
    icc_certificate,
    issuer_certificate,
    signed_static_data,
)
from hw.sim.cards.personalisation import ApplicationFile, CardFile, TestKeys
from hw.sim.cards.rsa import RsaKey
from hw.sim.cards.tlv import dol, tlv

PSE_NAME = b"1PAY.SYS.DDF01"
PSE_SFI = 1
LOG_SFI = 11
LOG_FORMAT = dol(("9A 03", "9F21 03", "9F02 06", "5F2A 02", "9F1A 02", "9C 01", "9F36 02"))
CARDHOLDER_SFI, DATA_SFI, CERTIFICATE_SFI, PIN_KEY_SFI = 1, 2, 3, 4

Records = dict[tuple[int, int], bytes]  # (SFI, record number) → template 70 and all in it


def application_entry(application: ApplicationFile) -> bytes:
    """The directory entry (61) of an application. See EMV 4.4 Book 1, table 48."""
    parts = tlv(0x4F, bytes.fromhex(application.aid)) + tlv(0x50, application.label.encode())
    if application.preferred_name:
        parts += tlv(0x9F12, application.preferred_name.encode())
    return tlv(0x61, parts + _priority(application))


def _priority(application: ApplicationFile) -> bytes:
    return tlv(0x87, bytes([application.priority | 0x80 * application.confirm]))


def _languages(codes: str) -> bytes:
    return tlv(0x5F2D, codes.encode()) if codes else b""


def pse_fci(card: CardFile) -> bytes:
    """The answer to SELECT PSE. See EMV 4.4 Book 1, table 43."""
    inner = tlv(0x88, bytes([PSE_SFI])) + _languages(card.language)
    return tlv(0x6F, tlv(0x84, PSE_NAME) + tlv(0xA5, inner + tlv(0x9F11, b"\x01")))


def pse_records(card: CardFile) -> Records:
    """The payment system directory: one application a record."""
    return {
        (PSE_SFI, number): tlv(0x70, application_entry(application))
        for number, application in enumerate(card.application, start=1)
    }


@dataclass(frozen=True)
class ApplicationFiles:
    """What one application answers to SELECT, GET PROCESSING OPTIONS and READ RECORD."""

    personalisation: ApplicationFile
    keys: TestKeys
    language: str

    @property
    def aid(self) -> bytes:
        return bytes.fromhex(self.personalisation.aid)

    @functools.cached_property
    def fci(self) -> bytes:
        """The answer to SELECT. See EMV 4.4 Book 1, table 45."""
        own = self.personalisation
        inner = tlv(0x50, own.label.encode()) + _priority(own)
        if own.pdol:
            inner += tlv(0x9F38, dol(own.pdol))
        inner += _languages(self.language)
        if own.preferred_name:
            inner += tlv(0x9F11, b"\x01") + tlv(0x9F12, own.preferred_name.encode())
        inner += tlv(0xBF0C, tlv(0x9F4D, bytes([LOG_SFI, 10])))
        return tlv(0x6F, tlv(0x84, self.aid) + tlv(0xA5, inner))

    @functools.cached_property
    def afl(self) -> bytes:
        """Tag 94; the first record of the data file is authenticated offline."""
        entries = b""
        for sfi in sorted({sfi for sfi, _ in self.records}):
            last = max(number for file, number in self.records if file == sfi)
            entries += bytes([sfi << 3, 1, last, 1 if sfi == DATA_SFI else 0])
        return entries

    @functools.cached_property
    def records(self) -> Records:
        """All records, certificates made on first use (some 30 ms of RSA)."""
        records = {
            (CARDHOLDER_SFI, 1): tlv(0x70, self._cardholder()),
            (DATA_SFI, 1): tlv(0x70, self._authenticated_data),
            (DATA_SFI, 2): tlv(0x70, self._risk_data()),
        }
        records |= self._certificates()
        return records

    @property
    def icc_key(self) -> RsaKey | None:
        name = self.personalisation.icc_key
        return self.keys.card[name] if name else None

    @property
    def pin_key(self) -> RsaKey | None:
        """The key PINs are enciphered under: a key of its own, or the card's. See Book 2, 7.1."""
        name = self.personalisation.pin_key
        return self.keys.card[name] if name else self.icc_key

    @property
    def static_data(self) -> bytes:
        """What offline authentication covers. See EMV 4.4 Book 3, 10.3."""
        return self._authenticated_data + self.personalisation.aip

    def _cardholder(self) -> bytes:
        account = self.personalisation.account
        pan = account.track2_pan or account.pan
        track = f"{pan}D{account.expiry_yymm}{account.service_code}0000000000"
        padded = track + "F" * (len(track) % 2)
        return tlv(0x57, bytes.fromhex(padded)) + tlv(0x5F20, account.holder.encode())

    @functools.cached_property
    def _authenticated_data(self) -> bytes:
        own, account = self.personalisation, self.personalisation.account
        pan = account.pan + "F" * (len(account.pan) % 2)
        parts = [
            tlv(0x5A, bytes.fromhex(pan)),
            tlv(0x5F34, bytes.fromhex(f"{account.sequence:02d}")),
            tlv(0x5F24, bytes.fromhex(account.expires.strftime("%y%m%d"))),
            tlv(0x5F25, bytes.fromhex(account.effective.strftime("%y%m%d"))),
            tlv(0x5F28, bytes.fromhex(own.country)),
            tlv(0x9F07, bytes.fromhex(own.usage_control)),
            tlv(0x9F0D, bytes.fromhex(own.action_codes.default)),
            tlv(0x9F0E, bytes.fromhex(own.action_codes.denial)),
            tlv(0x9F0F, bytes.fromhex(own.action_codes.online)),
        ]
        if own.cvm:
            parts.append(tlv(0x8E, own.cvm.encoded()))
        if own.authentication != "none":
            parts.append(tlv(0x9F4A, b"\x82"))
        return b"".join(parts)

    def _risk_data(self) -> bytes:
        own = self.personalisation
        parts = [
            tlv(0x8C, dol(own.cdol1)),
            tlv(0x8D, dol(own.cdol2)),
            tlv(0x5F30, bytes.fromhex("0" + own.account.service_code)),
            tlv(0x9F08, bytes.fromhex(own.version)),
            tlv(0x9F42, bytes.fromhex(own.currency)),
            tlv(0x9F44, b"\x02"),
        ]
        if own.lower_offline_limit is not None:
            parts.append(tlv(0x9F14, bytes([own.lower_offline_limit])))
        if own.upper_offline_limit is not None:
            parts.append(tlv(0x9F23, bytes([own.upper_offline_limit])))
        if own.ddol and own.authentication in ("dda", "cda"):
            parts.append(tlv(0x9F49, dol([own.ddol])))
        return b"".join(parts)

    def _certificates(self) -> Records:
        own = self.personalisation
        if own.authentication == "none":
            return {}
        ca, issuer = self.keys.ca[own.rid], self.keys.issuer[own.rid]
        made = issuer_certificate(ca, issuer, own.account.pan[:8])
        head = tlv(0x8F, bytes([self.keys.ca_index[own.rid]])) + tlv(0x9F32, made.exponent)
        if made.remainder:
            head += tlv(0x92, made.remainder)
        # the issuer's certificate under a 1984-bit key fills a record alone
        contents = [tlv(0x90, made.certificate), head]
        if own.authentication == "sda":
            signed = signed_static_data(issuer, self.static_data)
            contents.append(tlv(0x93, signed))
        elif self.icc_key:
            made = icc_certificate(issuer, self.icc_key, own.account.pan, self.static_data)
            contents += _key_objects(made, 0x9F46)
        records = {
            (CERTIFICATE_SFI, number): tlv(0x70, content)
            for number, content in enumerate(contents, start=1)
        }
        if own.pin_key:
            pin_key = self.keys.card[own.pin_key]
            made = icc_certificate(issuer, pin_key, own.account.pan)
            for number, content in enumerate(_key_objects(made, 0x9F2D), start=1):
                records[PIN_KEY_SFI, number] = tlv(0x70, content)
        return records


def _key_objects(made: Certificate, first_tag: int) -> list[bytes]:
    """Two records: the certificate; exponent and, if there is one, remainder."""
    rest = tlv(first_tag + 1, made.exponent)
    if made.remainder:
        rest += tlv(first_tag + 2, made.remainder)
    return [tlv(first_tag, made.certificate), rest]
