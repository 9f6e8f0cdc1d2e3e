"""What the terminal brings to a card session: itself, and the transaction at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from firmware.core.masked import Pan
from firmware.core.money import Money
from firmware.emv.codes import AdditionalCapabilities, TerminalCapabilities
from firmware.emv.tags import Tag

_AMOUNT_BINARY_MAX = 0xFFFF_FFFF

SALE = 0x00
CASH = 0x01
CASHBACK = 0x09
REFUND = 0x20
BALANCE = 0x31


class TerminalData(Struct, frozen=True):
    """The terminal, as it names itself to cards. See EMV 4.4 Book 4, Annex A.

    The defaults are a merchant's attended terminal that can go online and work offline.
    """

    country: str  # ISO 3166 numeric, "156"
    terminal_id: str  # 8 characters
    merchant_id: str  # up to 15 characters
    merchant_name: str
    ifd_serial: str  # 8 characters
    merchant_category: str = "5311"
    acquirer_id: str = "000000000000"
    terminal_type: int = 0x22
    capabilities: TerminalCapabilities = TerminalCapabilities.DEFAULT
    additional_capabilities: AdditionalCapabilities = AdditionalCapabilities.DEFAULT
    application_choice: bool = True  # a cardholder can be asked, Book 1, 12.4

    @property
    def online_only(self) -> bool:
        """Never decides by itself. See EMV 4.4 Book 4, Annex A1."""
        return self.terminal_type & 0x07 in (1, 4)

    @property
    def offline_only(self) -> bool:
        """Offline only: has no line to an acquirer. See EMV 4.4 Book 4, Annex A1."""
        return self.terminal_type & 0x07 in (3, 6)

    @property
    def unattended(self) -> bool:
        return self.terminal_type & 0x07 in (4, 5, 6)

    @property
    def atm(self) -> bool:
        """A bank's unattended terminal that gives cash. See EMV 4.4 Book 4, Annex A1."""
        cash = AdditionalCapabilities.CASH in self.additional_capabilities
        return self.terminal_type in (0x14, 0x15, 0x16) and cash

    def objects(self) -> dict[int, bytes]:
        """The terminal's own data objects."""
        return {
            Tag.TERMINAL_COUNTRY_CODE: numeric(self.country, 2),
            Tag.TERMINAL_IDENTIFICATION: text(self.terminal_id, 8),
            Tag.MERCHANT_IDENTIFIER: text(self.merchant_id, 15),
            Tag.MERCHANT_NAME_AND_LOCATION: text(self.merchant_name, len(self.merchant_name)),
            Tag.IFD_SERIAL_NUMBER: text(self.ifd_serial, 8),
            Tag.MERCHANT_CATEGORY_CODE: numeric(self.merchant_category, 2),
            Tag.ACQUIRER_IDENTIFIER: numeric(self.acquirer_id, 6),
            Tag.TERMINAL_TYPE: bytes([self.terminal_type]),
            Tag.TERMINAL_CAPABILITIES: self.capabilities.to_bytes(3, "big"),
            Tag.ADDITIONAL_TERMINAL_CAPABILITIES: self.additional_capabilities.to_bytes(5, "big"),
            Tag.POS_ENTRY_MODE: b"\x05",
        }


def _nobody(_pan: Pan, _psn: str) -> bool:
    return False


class ExceptionFile(Struct, frozen=True):
    """Cards that must not be approved offline: account and sequence number, "" for any sequence.

    See EMV 4.4 Book 4, 6.3.5.
    """

    cards: frozenset[tuple[Pan, str]] = frozenset()

    def lists(self, pan: Pan, psn: str) -> bool:
        """Whether a card is in the file."""
        return not self.cards.isdisjoint({(pan, ""), (pan, psn)})

    @classmethod
    def of(cls, lines: Iterable[str]) -> ExceptionFile:
        """The file of lines "PAN" or "PAN PSN"; raises ValueError for a number that is none."""
        parts = (line.partition(" ") for line in lines)
        return cls(frozenset((Pan(pan), psn) for pan, _, psn in parts))


class EmvTransaction(Struct, frozen=True):
    """One transaction; `on_exception_file` asks the terminal's file of stolen cards."""

    amount: Money
    at: datetime
    sequence_counter: int  # 1 to 99,999,999
    type: int = SALE
    merchant_forced_online: bool = False
    pin_bypass_allowed: bool = False
    on_exception_file: Callable[[Pan, str], bool] = _nobody

    @property
    def wants_no_cryptogram(self) -> bool:
        """Whether the card is asked for an AAC: for a refund and for a zero amount.

        A balance enquiry has no amount either, but needs an ARQC that the issuer can check.
        """
        return self.type == REFUND or (self.amount.minor == 0 and self.type != BALANCE)

    def objects(self) -> dict[int, bytes]:
        """The transaction's data objects. The other amount is that of cashback: none is given."""
        minor, currency = self.amount.minor, self.amount.currency
        objects: dict[int, bytes] = {
            Tag.AMOUNT_AUTHORISED_NUMERIC: numeric(str(minor), 6),
            Tag.AMOUNT_OTHER_NUMERIC: bytes(6),
            Tag.AMOUNT_OTHER_BINARY: bytes(4),
            Tag.TRANSACTION_CURRENCY_CODE: numeric(currency.numeric, 2),
            Tag.TRANSACTION_CURRENCY_EXPONENT: bytes([currency.exponent]),
            Tag.TRANSACTION_DATE: bytes.fromhex(f"{self.at:%y%m%d}"),
            Tag.TRANSACTION_TIME: bytes.fromhex(f"{self.at:%H%M%S}"),
            Tag.TRANSACTION_TYPE: bytes([self.type]),
            Tag.TRANSACTION_SEQUENCE_COUNTER: numeric(str(self.sequence_counter), 4),
        }
        if minor <= _AMOUNT_BINARY_MAX:
            objects[Tag.AMOUNT_AUTHORISED_BINARY] = minor.to_bytes(4, "big")
        return objects


def numeric(digits: str, length: int) -> bytes:
    """Decimal digits as format n, right aligned; raises ValueError when they do not fit."""
    if not digits.isascii() or not digits.isdigit() or len(digits) > 2 * length:
        raise ValueError(f"{digits!r} is not up to {2 * length} decimal digits")
    return bytes.fromhex(digits.zfill(2 * length))


def text(words: str, length: int) -> bytes:
    """Text as format an or ans, left aligned with spaces; what Latin 1 lacks becomes '?'."""
    return words.encode("latin-1", "replace")[:length].ljust(length)
