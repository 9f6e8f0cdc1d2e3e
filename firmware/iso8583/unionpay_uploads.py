"""A batch upload on an acquirer's line: details by eights, chip data singly, the end with a count.

Field 62 of chip data, 21 or 23 characters, as independent terminals send it:

    61 | card 2: 00 domestic | code 2: 00 | amount 12 | currency 3
    71 | card 2 | code 2 | amount 12 | currency 3 | cryptogram 1: 1 AAC, 2 TC | issuer 1

Behind 61 the card has approved what the acquirer did. Behind 71 it declined by itself (code 11,
issuer 0: was not asked), or approved although it could not authenticate the issuer (code 05,
issuer 2).
"""

from __future__ import annotations

from typing import Any

from firmware.core.masked import Pan
from firmware.core.money import Currency
from firmware.iso8583.chip_data import is_declined, read_chip
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import (
    UPLOAD_MOST,
    ChipUploadRequest,
    Upload,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from firmware.iso8583.profile import DETAILS, END_BALANCED, END_UPLOADED, Profile
from firmware.iso8583.request_parts import add_card, card_of, currency_numbered, currency_of

ITEM_DIGITS, PAN_DIGITS = 40, 20
USAGES = ("61", "71")  # how field 62 begins
CHIP_ONLINE, CHIP_FAILED = frozenset({"203", "205"}), frozenset({"204", "206"})  # as terminals send


def network_code(request: Upload, profile: Profile) -> str:
    """The network code (60.3) of an element of an upload."""
    match request:
        case UploadRequest():
            return DETAILS
        case UploadEndRequest():
            return END_BALANCED if request.balanced else END_UPLOADED
    shape = profile.upload
    return (shape.chip_balanced if request.balanced else shape.chip)[request.failed]


def words_of(code: str, profile: Profile) -> str:
    """What a network code says of an element of an upload, for a person; "" if it is of none."""
    online, failed = zip(profile.upload.chip, profile.upload.chip_balanced, strict=True)
    told = {DETAILS: "details", END_BALANCED: "end, balanced", END_UPLOADED: "end, uploaded"}
    told |= dict.fromkeys(CHIP_FAILED | {*failed}, "chip data, failed")
    told |= dict.fromkeys(CHIP_ONLINE - {*failed} | {*online}, "chip data, approved online")
    return told.get(code, "")


def upload_fields(request: Upload, profile: Profile) -> Fields:
    """The fields of an element beside those that name it. Raises WireError."""
    match request:
        case UploadRequest():
            return Fields({"48": _items(request)})
        case UploadEndRequest():
            return Fields({"48": f"{request.count:04d}"})
    fields = Fields()
    add_card(fields, request.card, profile.messages)
    fields["22"] = profile.messages.entry_mode(with_pin=request.with_pin)
    fields["4"] = f"{request.amount_minor:012d}"
    if request.currency is not None:
        fields["49"] = request.currency.numeric
        told = _outcome(request, request.currency.numeric)
        fields["62"] = told.encode().hex().upper() if _is_binary(profile) else told
    return fields


def upload_of(fields: Fields, profile: Profile, place: dict[str, Any]) -> Upload:
    """The element that a 0320 is. Raises WireError, and KeyError with a field that is missing."""
    code, shape = fields["60"][8:11], profile.upload
    if code in (END_UPLOADED, END_BALANCED):
        return UploadEndRequest(**place, count=_count(fields), balanced=code == END_BALANCED)
    if "48" in fields or code == DETAILS:  # details under 203, too: releases before sent them so
        return UploadRequest(**place, items=_items_of(fields["48"]))
    online, failed = zip(shape.chip, shape.chip_balanced, strict=True)
    if code not in {*online, *failed, *CHIP_ONLINE, *CHIP_FAILED}:
        raise WireError(f"field 60: network code {code} is not of an upload")
    card = card_of(fields, fields.get("14", ""), lambda _pan: None)
    read_chip(card.de55)
    return ChipUploadRequest(
        **place,
        card=card,
        amount_minor=int(fields["4"]),
        currency=_currency(fields, profile),
        failed=code in failed or (code not in online and code in CHIP_FAILED),
        balanced=code in shape.chip_balanced and code not in shape.chip,
        with_pin=fields.get("22", "") == profile.messages.entry_mode(with_pin=True),
    )


def _outcome(request: ChipUploadRequest, currency: str) -> str:
    amount = f"{request.amount_minor:012d}{currency}"
    if not request.failed:
        return f"610000{amount}"
    return f"710011{amount}10" if is_declined(request.card.de55) else f"710005{amount}22"


def _currency(fields: Fields, profile: Profile) -> Currency | None:
    """The currency by field 49, or by field 62 as it is sent here; None where neither says it.

    Raises UnknownCurrencyError.
    """
    if "49" in fields:
        return currency_of(fields)
    told = fields.get("62", "")
    if _is_binary(profile):
        told = bytes.fromhex(told).decode("latin-1")
    number = told[18:21].strip(" 0") and told[18:21]  # blanks and zeros fill the place
    return currency_numbered(number, "62") if number and told.startswith(USAGES) else None


def _is_binary(profile: Profile) -> bool:
    """Whether field 62 of the profile is bytes, and not text."""
    return profile.fields.get("62", "").startswith("b")


def _items(request: UploadRequest) -> str:
    if not 0 < len(request.items) <= UPLOAD_MOST:
        raise WireError(f"field 48: expected 1 to {UPLOAD_MOST} transactions")
    details = "".join(
        f"0{int(one.foreign)}{one.stan:06d}{one.pan.reveal():0>20}{one.amount_minor:012d}"
        for one in request.items
    )
    return f"{len(request.items):02d}{details}"


def _count(fields: Fields) -> int:
    if len(fields["48"]) != 4:
        raise WireError("field 48: not the count of an upload")
    return int(fields["48"])


def _items_of(digits: str) -> tuple[UploadItem, ...]:
    count = int(digits[:2] or 0)
    if not 0 < count <= UPLOAD_MOST or len(digits) != 2 + count * ITEM_DIGITS:
        raise WireError("field 48: not 1 to 8 transactions of 40 digits")
    return tuple(_item(digits[at : at + ITEM_DIGITS]) for at in range(2, len(digits), ITEM_DIGITS))


def _item(digits: str) -> UploadItem:
    try:
        pan = Pan(digits[8 : 8 + PAN_DIGITS].lstrip("0"))
    except ValueError:
        raise WireError("field 48: no account number") from None
    return UploadItem(int(digits[2:8]), pan, int(digits[28:]), foreign=digits[:2] == "01")
