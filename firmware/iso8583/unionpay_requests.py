"""Requests as fields of an acquirer's line, and fields as requests; `unionpay` has the frame."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from firmware.core.kinds import Kind, ReversalCause
from firmware.core.masked import Pan, Pin
from firmware.core.money import Money
from firmware.core.payment import Payment
from firmware.iso8583 import pinblock
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.des import BLOCK
from firmware.iso8583.keys import SessionKeys
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
from firmware.iso8583.originals import add_original, add_reversed, nearest, original_of, reversed_in
from firmware.iso8583.pinblock import PinFormat
from firmware.iso8583.profile import MessageShape, Profile
from firmware.iso8583.request_parts import (
    BALANCE,
    CODES,
    OFFLINE,
    SETTLE,
    TRADE,
    UNREADABLE_PIN,
    add_card,
    card_of,
    currency_of,
    financial_type,
    numbers_of,
)
from firmware.iso8583.responses import BANK_TIMED_OUT, SYSTEM_ERROR, WRONG_MAC
from firmware.iso8583.totals import pack_totals, unpack_totals
from firmware.iso8583.unionpay_uploads import network_code, upload_fields, upload_of

SCRIPT = "951"
NO_TIME: dict[str, Any] = {"date": "", "time": ""}
_KINDS = {codes: kind for kind, codes in CODES.items()} | {("000000", OFFLINE): Kind.SALE}
_CONTROLS = {Control.SIGN_OFF: ("0820", "002"), Control.ECHO: ("0820", "301")}
_FAULTS: dict[ReversalCause | None, str] = {  # field 39 of a reversal
    ReversalCause.TIMED_OUT: BANK_TIMED_OUT,  # no answer
    ReversalCause.NO_LINE: BANK_TIMED_OUT,
    ReversalCause.GARBLED: WRONG_MAC,  # a wrong answer
    ReversalCause.READER_LOST: SYSTEM_ERROR,  # a fault of the terminal
    ReversalCause.POWER_LOST: SYSTEM_ERROR,
    ReversalCause.OUT_OF_SERVICE: SYSTEM_ERROR,
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
    at: Any = asked if isinstance(request, FinancialRequest) else request
    if shape.times == "terminal" and (day := getattr(at, "date", "")):
        fields["12"], fields["13"] = at.time, day[4:]
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


def request_fields(
    request: LineRequest, keys: SessionKeys | None, profile: Profile, form: PinFormat
) -> Fields:
    """All fields of `request` but the MAC, as the profile wants them. Raises WireError."""
    fields, shape = heads(request, profile), profile.messages
    match request:
        case ControlRequest(what=Control.SIGN_ON):
            fields["63"] = (request.operator or "01").ljust(3)
        case ControlRequest():
            pass
        case SettlementRequest():
            fields["48"] = pack_totals(request.totals, profile.settlement)
            fields["63"] = "01 "
        case UploadRequest() | ChipUploadRequest() | UploadEndRequest():
            fields |= upload_fields(request, profile)
        case ReversalRequest():
            fields["39"] = request.response_code or _FAULTS.get(request.cause, _OTHER_FAULT)
            if request.card is not None:
                add_card(fields, request.card, shape, request.payment.kind)
            add_reversed(fields, request, shape)
        case BalanceRequest():
            add_card(fields, request.card, shape)
            _add_pin(fields, request.card, keys, shape, form)
        case FinancialRequest() | ScriptRequest():
            paid = request.payment
            add_card(fields, request.card, shape, paid.kind)
            if isinstance(request, ScriptRequest):
                fields["61"] = f"{paid.batch:06d}{paid.stan:06d}"
                if request.reference:
                    fields["37"] = request.reference
            else:
                _add_pin(fields, request.card, keys, shape, form)
                if paid.original is not None:
                    add_original(fields, paid.original, paid.kind, shape)
            if paid.kind is Kind.REFUND and shape.organisation:
                fields["63"] = shape.organisation
    wanted = profile.wanted(name_of(request))
    if wanted is None:
        return fields
    return Fields({key: fields[key] for key in fields if key == "t" or int(key) in wanted})


def _add_pin(
    fields: Fields,
    card: CardPresented,
    keys: SessionKeys | None,
    shape: MessageShape,
    form: PinFormat,
) -> None:
    """Field 53 says how the block is made: with the account number, and under which cipher."""
    if card.pin is None:
        return
    if keys is None:
        raise WireError("field 52: no PIN key")
    single = len(keys.pin) == BLOCK
    number, made = (shape.pin_block_4, "47") if form else (52, "20" if single else "26")
    fields["26"] = "12"
    block = pinblock.encipher(card.pin, card.pan, keys, form)
    fields[str(number)], fields["53"] = block.hex().upper(), made.ljust(16, "0")


def request_of(
    fields: Fields, keys: SessionKeys | None, today: date, profile: Profile
) -> LineRequest:
    """The request that a message carries; date and time are "" unless they are the terminal's.

    Raises WireError, and KeyError with the number of a field that is missing.
    """
    place, shape = numbers_of(fields), profile.messages
    kind, network = fields["60"][:2], fields["60"][8:11]
    match fields["t"], network:
        case "0800", _:
            return ControlRequest(Control.SIGN_ON, **place, operator=fields.get("63", "").strip())
        case "0820", "002" | "301":
            what = Control.SIGN_OFF if network == "002" else Control.ECHO
            return ControlRequest(what, **place)
        case "0320", _:
            return upload_of(fields, profile, place)
    at = _when(fields, today, shape)
    if (fields["t"], network) == ("0500", SETTLE):
        totals, _ = unpack_totals(fields["48"], profile.settlement)
        return SettlementRequest(totals=totals, currency=currency_of(fields), **place, **at)
    if (fields["t"], fields["3"], kind, network) == ("0200", *BALANCE, TRADE):
        card = _card_of(fields, keys, shape)
        return BalanceRequest(card=card, currency=currency_of(fields), **place, **at)
    paid = _payment_of(fields, kind, place)
    match fields["t"]:
        case "0100" | "0200" | "0220":
            paid = replace(paid, **at, original=original_of(fields, today, shape))
            card = _card_of(fields, keys, shape)
            request = FinancialRequest(paid, card, offline=kind == OFFLINE)
            if financial_type(request) != fields["t"]:
                raise WireError(f"type {fields['t']} does not suit fields 3 and 60")
            return request
        case "0400":
            presented = _card_of(fields, None, shape) if "2" in fields else None
            paid, last4 = reversed_in(fields, paid, today, shape)
            last4 = last4 or (presented.pan.last4 if presented else "")
            return ReversalRequest(
                paid, **at, response_code=fields["39"], last4=last4, card=presented
            )
        case "0620":
            return ScriptRequest(paid, _card_of(fields, None, shape), **at)
    raise WireError(f"type {fields['t']} is not known")


def _payment_of(fields: Fields, code: str, place: dict[str, Any]) -> Payment:
    kind = _KINDS.get((fields["3"], code))
    if kind is None or fields["60"][8:11] not in (TRADE, SCRIPT):
        raise WireError("fields 3 and 60 name no transaction")
    amount = Money(int(fields["4"]), currency_of(fields))
    return Payment(kind=kind, amount=amount, **NO_TIME, **place)


def _when(fields: Fields, today: date, shape: MessageShape) -> dict[str, Any]:
    """Date and time of the terminal, by the names of a request's fields; "" where not said."""
    if shape.times == "acquirer":
        return NO_TIME
    return {"date": nearest(fields["13"], today), "time": fields["12"]}


def _card_of(fields: Fields, keys: SessionKeys | None, shape: MessageShape) -> CardPresented:
    def pin_of(pan: Pan) -> Pin | None:
        block = fields.get("52") or fields.get(str(shape.pin_block_4))
        if not block or keys is None:
            return None
        # a block that cannot be read is a wrong PIN, which is another thing than none
        return pinblock.decipher(bytes.fromhex(block), pan, keys) or UNREADABLE_PIN

    return card_of(fields, fields.get("14", ""), pin_of)
