"""Requests as fields of an acquirer's line, and fields as requests; `unionpay` has the frame."""

from __future__ import annotations

from datetime import date
from typing import Any

from firmware.core.kinds import USES_A_HOLD, Kind, OriginalRef, ReversalCause
from firmware.core.masked import Pan, Pin
from firmware.core.money import Currency, Money
from firmware.core.payment import Payment
from firmware.iso8583 import pinblock
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.des import BLOCK
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.line_totals import folded, pack_sides, unpack_sides
from firmware.iso8583.messages import (
    BalanceRequest,
    CardPresented,
    ChipUploadRequest,
    Control,
    ControlRequest,
    FinancialRequest,
    LineRequest,
    ReversalRequest,
    ScriptRequest,
    SettlementRequest,
    UploadEndRequest,
    UploadRequest,
    subject_of,
)
from firmware.iso8583.profile import MessageShape, Profile
from firmware.iso8583.request_parts import (
    BALANCE,
    BY_NUMBER,
    CODES,
    OFFLINE,
    SETTLE,
    TRADE,
    UNREADABLE_PIN,
    add_card,
    card_of,
    financial_type,
    numbers_of,
)
from firmware.iso8583.unionpay_uploads import network_code, upload_fields, upload_of

NO_KEYS = frozenset({"0800", "0820", "0500"})  # messages without a MAC
SCRIPT = "951"
ORIGINAL_DIGITS = (12, 16)  # batch 6, STAN 6, and MMDD where it may be of another day
_BY_CODE = frozenset(CODES[kind] for kind in USES_A_HOLD)
_KINDS = {
    **{codes: (kind, False) for kind, codes in CODES.items()},
    ("000000", OFFLINE): (Kind.SALE, True),
}
_SAYS_THE_DAY = (Kind.REFUND, *USES_A_HOLD)  # of its original
_CONTROLS = {Control.SIGN_OFF: ("0820", "002"), Control.ECHO: ("0820", "301")}
_FAULTS: dict[ReversalCause | None, str] = {  # field 39 of a reversal
    ReversalCause.TIMED_OUT: "98",  # no answer
    ReversalCause.NO_LINE: "98",
    ReversalCause.GARBLED: "A0",  # a wrong answer
    ReversalCause.READER_LOST: "96",  # a fault of the terminal
    ReversalCause.POWER_LOST: "96",
    ReversalCause.OUT_OF_SERVICE: "96",
}
_OTHER_FAULT = "06"


def name_of(request: LineRequest) -> str:
    """The request's name in `Profile.requests`."""
    match request:
        case FinancialRequest():
            return "offline" if request.offline else request.payment.kind.value
        case BalanceRequest():
            return "balance"
        case ControlRequest():
            return request.what.value.replace("-", "_")
        case ReversalRequest():
            return "reversal"
        case SettlementRequest():
            return "settlement"
        case UploadRequest():
            return "upload"
        case ChipUploadRequest():
            return "upload_chip"
        case UploadEndRequest():
            return "upload_end"
        case ScriptRequest():
            return "script"


def heads(request: LineRequest, profile: Profile) -> Fields:
    """The fields that name `request`, and that its answer has to repeat. Raises WireError."""
    asked = subject_of(request)
    if asked.training:
        raise WireError("a training request never leaves the terminal")
    fields = Fields(t="", **{"11": f"{asked.stan:06d}", "41": asked.terminal, "42": asked.merchant})
    batch, shape = f"{asked.batch:06d}", profile.messages
    match request:
        case ControlRequest(what=Control.SIGN_ON):
            fields["t"], fields["60"] = "0800", f"00{batch}{shape.key_code}"
        case ControlRequest():
            fields["t"], code = _CONTROLS[request.what]
            fields["60"] = f"00{batch}{code}"
        case SettlementRequest():
            fields["t"], fields["60"] = "0500", f"00{batch}{SETTLE}"
            fields["49"] = request.currency.numeric
        case BalanceRequest():
            fields["t"], (fields["3"], code) = "0200", BALANCE
            fields["49"] = request.currency.numeric
            fields["60"] = _type_and_batch(code, request.batch, TRADE, shape)
        case UploadRequest() | UploadEndRequest():
            fields["t"], fields["60"] = "0320", f"00{batch}{network_code(request, profile)}"
        case ChipUploadRequest():
            code = network_code(request, profile)
            fields["t"], fields["60"] = "0320", _type_and_batch("00", request.batch, code, shape)
        case FinancialRequest() | ReversalRequest() | ScriptRequest():
            paid = request.payment
            fields["3"], code = CODES[paid.kind]
            offline = isinstance(request, FinancialRequest) and request.offline
            fields["t"] = _type(request)
            fields["4"] = f"{paid.amount.minor:012d}"
            fields["49"] = paid.amount.currency.numeric
            network = SCRIPT if isinstance(request, ScriptRequest) else TRADE
            code = OFFLINE if offline else code
            fields["60"] = _type_and_batch(code, paid.batch, network, shape)
    return fields


def _type_and_batch(code: str, batch: int, network: str, shape: MessageShape) -> str:
    """Field 60 of what a card is presented for."""
    told = f"{code}{batch:06d}{network}{shape.reader_ability}"
    return told.ljust(shape.field_60_digits, "0")[: shape.field_60_digits]


def _type(request: FinancialRequest | ReversalRequest | ScriptRequest) -> str:
    if isinstance(request, ReversalRequest):
        return "0400"
    if isinstance(request, ScriptRequest):
        return "0620"
    return financial_type(request)


def request_fields(request: LineRequest, keys: SessionKeys | None, profile: Profile) -> Fields:
    """All fields of `request` but the MAC, as the profile wants them. Raises WireError."""
    fields = heads(request, profile)
    match request:
        case ControlRequest(what=Control.SIGN_ON):
            fields["63"] = (request.operator or "01").ljust(3)
        case ControlRequest():
            pass
        case SettlementRequest():
            fields["48"] = pack_sides(folded(request.totals, profile.settlement.void_is))
            fields["63"] = "01 "
        case UploadRequest() | ChipUploadRequest() | UploadEndRequest():
            fields |= upload_fields(request, profile)
        case ReversalRequest():
            fields["39"] = request.response_code or _FAULTS.get(request.cause, _OTHER_FAULT)
            if request.card is not None:
                add_card(fields, request.card, request.payment.kind)
            _add_original(fields, request.payment)
        case BalanceRequest():
            add_card(fields, request.card)
            _add_pin(fields, request.card, keys)
        case FinancialRequest() | ScriptRequest():
            add_card(fields, request.card, request.payment.kind)
            if isinstance(request, ScriptRequest):
                fields["61"] = f"{request.payment.batch:06d}{request.payment.stan:06d}"
                if request.reference:
                    fields["37"] = request.reference
            else:
                _add_pin(fields, request.card, keys)
                _add_original(fields, request.payment)
            if request.payment.kind is Kind.REFUND:
                fields["63"] = profile.messages.organisation
    wanted = profile.wanted(name_of(request))
    if wanted is None:
        return fields
    return Fields({key: fields[key] for key in fields if key == "t" or int(key) in wanted})


def _add_pin(fields: Fields, card: CardPresented, keys: SessionKeys | None) -> None:
    if card.pin is None:
        return
    if keys is None:
        raise WireError("field 52: no PIN key")
    fields["26"] = "12"
    fields["52"] = pinblock.encipher(card.pin, card.pan, keys).hex().upper()
    fields["53"] = ("20" if len(keys.pin) == BLOCK else "26").ljust(16, "0")


def _add_original(fields: Fields, payment: Payment) -> None:
    original = payment.original
    if original is None:
        return
    day = original.date[4:] if payment.kind in _SAYS_THE_DAY else ""
    fields["61"] = f"{original.batch:06d}{original.stan:06d}{day}"
    if original.reference:
        fields["37"] = original.reference
    if original.authorisation_code:
        fields["38"] = original.authorisation_code


def request_of(
    fields: Fields, keys: SessionKeys | None, today: date, profile: Profile
) -> LineRequest:
    """The request that a message carries; its date and time are not in it and are "".

    Raises WireError, and KeyError with the number of a field that is missing.
    """
    place = numbers_of(fields)
    kind, network = fields["60"][:2], fields["60"][8:11]
    match fields["t"], network:
        case "0800", _:
            return ControlRequest(Control.SIGN_ON, **place, operator=fields.get("63", "").strip())
        case "0820", "002" | "301":
            what = Control.SIGN_OFF if network == "002" else Control.ECHO
            return ControlRequest(what, **place)
        case "0500", "201":
            totals, _ = unpack_sides(fields["48"])
            currency = BY_NUMBER[fields["49"]]
            return SettlementRequest(totals=totals, currency=currency, **place, date="", time="")
        case "0320", _:
            return upload_of(fields, profile, place)
    if (fields["t"], fields["3"], kind, network) == ("0200", *BALANCE, TRADE):
        card, currency = _card_of(fields, keys), _currency_of(fields)
        return BalanceRequest(card=card, currency=currency, **place, date="", time="")
    paid = _payment_of(fields, kind, place, today)
    match fields["t"]:
        case "0100" | "0200" | "0220":
            card = _card_of(fields, keys)
            request = FinancialRequest(paid, card, offline=kind == OFFLINE)
            if financial_type(request) != fields["t"]:
                raise WireError(f"type {fields['t']} does not suit fields 3 and 60")
            return request
        case "0400":
            presented = _card_of(fields, None) if "2" in fields else None
            last4 = presented.pan.last4 if presented else ""
            return ReversalRequest(paid, "", "", fields["39"], last4, presented)
        case "0620":
            return ScriptRequest(paid, _card_of(fields, None), "", "")
    raise WireError(f"type {fields['t']} is not known")


def _payment_of(fields: Fields, code: str, place: dict[str, Any], today: date) -> Payment:
    named = _KINDS.get((fields["3"], code))
    if named is None or fields["60"][8:11] not in (TRADE, SCRIPT):
        raise WireError("fields 3 and 60 name no transaction")
    amount = Money(int(fields["4"]), _currency_of(fields))
    original = None if fields["t"] == "0620" else _original_of(fields, today)
    return Payment(kind=named[0], amount=amount, date="", time="", original=original, **place)


def _currency_of(fields: Fields) -> Currency:
    if fields["49"] not in BY_NUMBER:
        raise WireError("field 49: no currency that is known")
    return BY_NUMBER[fields["49"]]


def _original_of(fields: Fields, today: date) -> OriginalRef | None:
    numbers = fields.get("61", "")
    if not numbers and (fields["3"], fields["60"][:2]) in _BY_CODE and "38" in fields:
        numbers = "0" * ORIGINAL_DIGITS[0]  # a hold may be named by its authorisation code alone
    if not numbers:
        return None
    if len(numbers) not in ORIGINAL_DIGITS:
        raise WireError("field 61: not batch, STAN and date")
    return OriginalRef(
        batch=int(numbers[:6]),
        stan=int(numbers[6:12]),
        reference=fields.get("37", ""),
        date=_last(numbers[12:], today) if int(numbers[12:] or 0) else "",
        amount_minor=0,
        authorisation_code=fields.get("38", ""),
    )


def _last(mmdd: str, today: date) -> str:
    """The latest day YYYYMMDD with this month and day, tomorrow at most: clocks differ."""
    for year in range(today.year + 1, today.year - 5, -1):
        try:
            day = date(year, int(mmdd[:2]), int(mmdd[2:]))
        except ValueError:  # 29 February of another year, or no date at all
            continue
        if (day - today).days <= 1:
            return day.strftime("%Y%m%d")
    raise WireError("field 61: no date")


def _card_of(fields: Fields, keys: SessionKeys | None) -> CardPresented:
    def pin_of(pan: Pan) -> Pin | None:
        if "52" not in fields or keys is None:
            return None
        return pinblock.decipher(bytes.fromhex(fields["52"]), pan, keys) or UNREADABLE_PIN

    return card_of(fields, fields.get("14", ""), pin_of)
