"""The format of `host.kind` `local` and `tcp`: requests, answers as ISO 8583 messages and back.

An acquirer's format is in `unionpay.py`. All that is read is checked.

    0100/0110  pre-authorisation (030000, type 10), its void (200000, type 11)
    0200/0210  sale (000000, type 22), void (200000, type 23), balance (310000, type 01),
               completion (000000, type 20), its void (200000, type 21)
    0220/0230  refund (200000, type 25), sale approved offline (000000, type 36)
    0400/0410  reversal, with the processing code and type of what it undoes
    0500/0510  settlement (type 00, network management code 201)

Field 60 holds the type code, the batch and the network management code; field 61 the original's
batch, STAN and full date, in a reversal also its time and the last four digits of its card (what
field 90 is for, which takes a second bitmap). A training request has no message. The last field is
a MAC over all before it (ISO/IEC 9797-1 algorithm 3, padding 2). An answer echoes what names its
request and never holds a PAN.
"""

from __future__ import annotations

import hmac
from datetime import date
from typing import Any

from msgspec import Struct

from firmware.core.kinds import USES_A_HOLD, Kind, OriginalRef
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import Money
from firmware.core.payment import Payment
from firmware.iso8583 import pinblock
from firmware.iso8583.codec import MAC_BYTES, Fields, WireError
from firmware.iso8583.des import pad_80, retail_mac
from firmware.iso8583.keys import KeySource, SessionKeys
from firmware.iso8583.messages import (
    BalanceRequest,
    CardPresented,
    FinancialRequest,
    HostRequest,
    ReversalRequest,
    SettlementRequest,
    subject_of,
)
from firmware.iso8583.pinblock import PinFormat
from firmware.iso8583.request_parts import (
    BALANCE,
    BY_NUMBER,
    CODES,
    OFFLINE,
    SETTLE,
    TRADE,
    UNREADABLE_PIN,
    add_card,
    batch_of,
    card_of,
    financial_type,
    numbers_of,
)
from firmware.iso8583.spec import pack, unpack
from firmware.iso8583.totals import pack_totals, unpack_totals

ANSWER_TYPES = {"0100": "0110", "0200": "0210", "0220": "0230", "0400": "0410", "0500": "0510"}
_KINDS = {codes: kind for kind, codes in CODES.items()}
_NO_ORIGINAL = "0" * 20
_REVERSED_DIGITS = 30
_TIMED_OUT = "98"  # field 39 of a reversal: no answer came


class Unacceptable(Struct, frozen=True):
    """A message that cannot be carried out: `code` is 30 (format), 12 (currency) or A0 (MAC).

    `heads` are the fields to echo in an answer; None when too little could be read to answer.
    """

    code: str
    detail: str
    heads: Fields | None = None


def encode(request: HostRequest, keys: SessionKeys, pin_format: PinFormat = 0) -> bytes:
    """The message for `request`. Raises WireError naming a field that does not fit."""
    return sealed(_request_fields(request, keys, pin_format), keys.mac)


def decode_request(message: bytes, keys: KeySource, today: date) -> HostRequest | Unacceptable:
    """What `message` asks; dates get the year that is nearest to `today`. Never raises."""
    try:
        fields = unpack(message)
    except WireError as error:
        return Unacceptable("30", str(error))
    missing = {"11", "41", "42", "60", "64"} - fields.keys()
    if missing or fields["t"] not in ANSWER_TYPES or len(fields["60"]) != 11:
        return Unacceptable("30", f"type {fields['t']}, without fields {sorted(missing)}")
    session = keys(fields["41"], batch_of(fields))
    if not is_sealed(message, session.mac):
        return Unacceptable("A0", "MAC differs", fields)
    if "49" in fields and fields["49"] not in BY_NUMBER:
        return Unacceptable("12", "field 49: no currency that is known", fields)
    try:
        return _request(fields, session, today)
    except KeyError as error:
        return Unacceptable("30", f"field {error} is missing", fields)
    except WireError as error:
        return Unacceptable("30", str(error), fields)


def heads(request: HostRequest) -> Fields:
    """The fields that name `request`: its answer must repeat every one of them."""
    asked = subject_of(request)
    if asked.training:
        raise WireError("a training request never leaves the terminal")
    fields = Fields(t="")
    at = asked if isinstance(request, FinancialRequest) else request
    fields["11"] = f"{asked.stan:06d}"
    fields["12"], fields["13"] = at.time, at.date[4:]
    fields["41"], fields["42"] = asked.terminal, asked.merchant
    if isinstance(request, SettlementRequest):
        fields["t"], fields["49"] = "0500", request.currency.numeric
        fields["60"] = f"00{request.batch:06d}{SETTLE}"
        return fields
    if isinstance(request, BalanceRequest):
        fields["t"], (fields["3"], code) = "0200", BALANCE
        fields["49"] = request.currency.numeric
        fields["60"] = f"{code}{request.batch:06d}{TRADE}"
        return fields
    paid = request.payment
    fields["t"] = "0400" if isinstance(request, ReversalRequest) else financial_type(request)
    fields["3"], code = CODES[paid.kind]
    if isinstance(request, FinancialRequest) and request.offline:
        code = OFFLINE
    fields["4"], fields["49"] = f"{paid.amount.minor:012d}", paid.amount.currency.numeric
    fields["60"] = f"{code}{paid.batch:06d}{TRADE}"
    return fields


def sealed(fields: Fields, key: SecretKey) -> bytes:
    """The message with its MAC as the last field. Raises WireError."""
    fields["64"] = "00" * MAC_BYTES
    body = pack(fields)[:-MAC_BYTES]
    return body + retail_mac(key.reveal(), pad_80(body))


def is_sealed(message: bytes, key: SecretKey) -> bool:
    """Whether the last 8 bytes are the MAC of all before."""
    mac = retail_mac(key.reveal(), pad_80(message[:-MAC_BYTES]))
    return hmac.compare_digest(mac, message[-MAC_BYTES:])


def _request_fields(request: HostRequest, keys: SessionKeys, pin_format: PinFormat) -> Fields:
    fields = heads(request)
    match request:
        case SettlementRequest():
            fields["48"] = pack_totals(request.totals)
        case ReversalRequest():
            fields["39"] = request.response_code or _TIMED_OUT
            meant = request.payment
            if meant.date:
                fields["61"] = (
                    f"{meant.batch:06d}{meant.stan:06d}{meant.date}{meant.time}{request.last4}"
                )
        case BalanceRequest():
            _add_card(fields, request.card, keys, pin_format)
        case FinancialRequest():
            kind, original = request.payment.kind, request.payment.original
            _add_card(fields, request.card, keys, pin_format, kind)
            if original is not None:
                _add_original(fields, original)
                if kind in USES_A_HOLD and original.authorisation_code:
                    fields["38"] = original.authorisation_code
            if request.payment.operator:
                fields["63"] = request.payment.operator
    return fields


def _add_card(
    fields: Fields,
    card: CardPresented,
    keys: SessionKeys,
    pin_format: PinFormat,
    kind: Kind | None = None,
) -> None:
    """Say which card it is, and its PIN where one was keyed.

    Field 52 has 8 bytes by the standard: a block of format 4 goes into 62, for private use.
    """
    add_card(fields, card, kind)
    if card.pin:
        block, made = {0: ("52", "26"), 4: ("62", "47")}[pin_format]
        fields["26"] = "12"
        fields[block] = pinblock.encipher(card.pin, card.pan, keys, pin_format).hex().upper()
        # format 0 with the PAN under a double-length key, or format 4 under AES
        fields["53"] = made.ljust(16, "0")


def _add_original(fields: Fields, original: OriginalRef) -> None:
    numbers = f"{original.batch:06d}{original.stan:06d}{original.date or '0' * 8}"
    if numbers != _NO_ORIGINAL:
        fields["61"] = numbers
    if original.reference:
        fields["37"] = original.reference


def _request(fields: Fields, session: SessionKeys, today: date) -> HostRequest:
    common = numbers_of(fields)
    currency = BY_NUMBER[fields["49"]]
    at: dict[str, Any] = {"date": _full_date(fields["13"], today), "time": fields["12"]}
    kind_code, network = fields["60"][:2], fields["60"][8:]
    if fields["t"] == "0500":
        if (kind_code, network) != ("00", SETTLE):
            raise WireError("field 60: not of a settlement")
        totals = unpack_totals(fields["48"])[0]
        return SettlementRequest(totals=totals, currency=currency, **common, **at)
    if (fields["t"], fields["3"], kind_code) == ("0200", *BALANCE):
        if network != TRADE:
            raise WireError("field 60: not of a balance enquiry")
        card = card_of(fields, fields["14"], lambda pan: _pin(fields, pan, session))
        return BalanceRequest(card=card, currency=currency, **common, **at)
    offline = kind_code == OFFLINE
    kind = _KINDS.get((fields["3"], "22" if offline else kind_code))
    if kind is None or network != TRADE:
        raise WireError("fields 3 and 60 name no transaction")
    common |= {"kind": kind, "amount": Money(int(fields["4"]), currency)}
    if fields["t"] == "0400":
        meant, last4 = _meant(fields)
        paid, code = Payment(**common, **meant), fields["39"]
        return ReversalRequest(paid, **at, response_code=code, last4=last4)
    operator = fields.get("63", "")
    payment = Payment(**common, **at, operator=operator, original=_original(fields))
    card = card_of(fields, fields["14"], lambda pan: _pin(fields, pan, session))
    request = FinancialRequest(payment, card, offline)
    if financial_type(request) != fields["t"]:
        raise WireError(f"type {fields['t']} does not suit fields 3 and 60")
    return request


def _original(fields: Fields) -> OriginalRef | None:
    """The original that a void or refund names; its amount is not in the message, and is 0 here."""
    numbers, reference = fields.get("61", _NO_ORIGINAL), fields.get("37", "")
    code = fields.get("38", "")
    if len(numbers) != len(_NO_ORIGINAL):
        raise WireError("field 61: not batch, STAN and date")
    if numbers == _NO_ORIGINAL and not (reference or code):
        return None
    return OriginalRef(
        batch=int(numbers[:6]),
        stan=int(numbers[6:12]),
        reference=reference,
        date=numbers[12:] if int(numbers[12:]) else "",
        amount_minor=0,
        authorisation_code=code,
    )


def _meant(fields: Fields) -> tuple[dict[str, Any], str]:
    """When the reversed payment was, and the last digits of its card.

    A terminal of an earlier release does not send it.
    """
    if "61" not in fields:
        return {"date": "", "time": ""}, ""
    original = fields["61"]
    if len(original) != _REVERSED_DIGITS or original[:12] != fields["60"][2:8] + fields["11"]:
        raise WireError("field 61: not batch, STAN, date, time and card of what is reversed")
    return {"date": original[12:20], "time": original[20:26]}, original[26:]


def _pin(fields: Fields, pan: Pan, session: SessionKeys) -> Pin | None:
    block = fields.get("52", fields.get("62", ""))
    if not block:
        return None
    # a block that cannot be read is a wrong PIN, which is another thing than none
    return pinblock.decipher(bytes.fromhex(block), pan, session) or UNREADABLE_PIN


def _full_date(mmdd: str, today: date) -> str:
    """The date YYYYMMDD with this month and day that is nearest to `today`."""
    near = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(date(year, int(mmdd[:2]), int(mmdd[2:])))
        except ValueError:  # 29 February of another year, or no date at all
            continue
    if not near:
        raise WireError("field 13: no date")
    return min(near, key=lambda day: abs(day - today)).strftime("%Y%m%d")
