"""Answers as fields of an acquirer's line, and fields as answers; `unionpay` has the frame."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import structs

from firmware.core.money import Money
from firmware.emv import tlv
from firmware.iso8583 import responses
from firmware.iso8583.balances import pack_balance, unpack_balance
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import (
    Answered,
    Balance,
    BalanceRequest,
    FinancialRequest,
    LineRequest,
    SettlementRequest,
)
from firmware.iso8583.profile import Profile
from firmware.iso8583.request_parts import batch_of
from firmware.iso8583.totals import BALANCED, NOT_BALANCED, pack_totals, unpack_totals
from firmware.iso8583.unionpay_requests import heads

SIGN_ON_CODES = frozenset({responses.ANOTHER_BATCH, responses.NEW_KEYS, responses.WRONG_MAC})
_ECHOED = ("3", "4", "11", "25", "41", "42", "49", "60")
_PLAIN = {  # what an answer says, by its field
    "12": "time",
    "13": "date",
    "15": "settled_on",
    "32": "institution",
    "37": "reference",
    "38": "authorisation_code",
    "44": "parties",
}
_NAMED_DIGITS = 11  # of field 60: type, batch, network code
_NAMES = {  # names of fields that differ, for log and journal
    "t": "message type",
    "3": "processing code",
    "4": "amount",
    "11": "STAN",
    "12": "time",
    "13": "date",
    "41": "terminal",
    "42": "merchant",
    "49": "currency",
    "60": "batch or type code",
}
_AUTHENTICATION = 0x91  # issuer authentication data
_AUTHENTICATION_BYTES = range(8, 17)
_SCRIPT_TEMPLATES = (0x71, 0x72)


def answer_type(asked: str) -> str:
    """The message type that answers one: 0200 is answered by 0210."""
    return f"{asked[:2]}{int(asked[2]) + 1}{asked[3]}"


def answer_fields(asked: Fields, answer: Answered, profile: Profile) -> Fields:
    """All fields but the MAC of the answer to a request with the fields `asked`."""
    fields = Fields(t=answer_type(asked["t"]))
    for key, name in _PLAIN.items():
        if value := getattr(answer, name):
            fields[key] = value
    echoed = _ECHOED if profile.messages.times == "acquirer" else (*_ECHOED, "12", "13")
    fields |= {key: asked[key] for key in echoed if key in asked}
    if asked["t"] != "0500" or profile.settlement.totals == "kinds":
        fields["39"] = answer.response_code
    if answer.host_totals is not None:
        right = answer.balanced
        if right is None:
            right = answer.response_code == responses.APPROVED
        result = BALANCED if right else NOT_BALANCED
        fields["48"] = pack_totals(answer.host_totals, profile.settlement, result)
    if answer.balance is not None:
        fields["54"] = pack_balance(answer.balance)
    if answer.amount is not None and "4" in asked:
        fields["4"] = f"{answer.amount.minor:012d}"
    if answer.working_keys:
        fields["62"] = answer.working_keys.hex().upper()
    if answer.batch is not None:
        fields["60"] = f"{asked['60'][:2]}{answer.batch:06d}{asked['60'][8:]}"
    organisation = profile.messages.organisation
    if "63" in profile.fields and (answer.remark or ("3" in asked and organisation)):
        fields["63"] = f"{organisation:3}{answer.remark}"
    if chip := _pack_chip(answer):
        fields["55"] = chip
    return fields


def answer_of(fields: Fields, request: LineRequest, profile: Profile) -> Answered:
    """The answer, if it is one to this very request. Raises WireError naming what differs."""
    expected = heads(request, profile)
    _compare(fields, request, profile, expected)
    code, totals, balanced = fields.get("39", ""), None, None
    if isinstance(request, SettlementRequest):
        if "48" in fields:
            totals, result = unpack_totals(fields["48"], profile.settlement)
            balanced = result == BALANCED
            code = code or (responses.APPROVED if balanced else responses.NOT_BALANCED)
            if profile.settlement.totals == "kinds":  # code and totals have to say the same
                agrees = code in profile.answers.approved and totals == request.totals
                balanced = balanced and agrees
        elif not code:
            raise WireError("no result in field 48 of the answer")
    if len(code) != 2 or not code.isalnum():
        raise WireError("no response code in the answer")
    authentication, scripts = _unpack_chip(fields.get("55", ""))
    batch = batch_of(fields)
    answered = Answered(
        response_code=code,
        issuer_authentication_data=authentication,
        scripts=scripts,
        host_totals=totals,
        balance=_balance_in(fields, request, profile.answers.approved),
        balanced=balanced,
        amount=_part_in(fields, request, profile.answers.part),
        working_keys=bytes.fromhex(fields.get("62", "")),
        batch=None if batch == batch_of(expected) else batch,
        remark=fields.get("63", "")[3:].strip(),
    )
    said = {
        name: fields[key].rstrip()
        for key, name in _PLAIN.items()
        if key in fields and key not in expected
    }
    return structs.replace(answered, **said)


def _compare(fields: Fields, request: LineRequest, profile: Profile, named: Fields) -> None:
    """Raises WireError where an answer does not repeat the fields that name its request."""
    expected = Fields(named | {"t": answer_type(named["t"]), "60": named["60"][:_NAMED_DIGITS]})
    told, code = Fields(fields), fields.get("39", "")
    if "60" in told:
        told["60"] = told["60"][:_NAMED_DIGITS]
        if code in SIGN_ON_CODES or expected["t"] == "0810":  # it says which batch is open
            told["60"] = told["60"][:2] + expected["60"][2:8] + told["60"][8:]
    if (
        code in profile.answers.part
        and "4" in expected
        and 0 < int(told.get("4", 0)) < int(expected["4"])
    ):
        told["4"] = expected["4"]
    _require_repeated(expected, told)
    card = getattr(request, "card", None)
    if "2" in fields and card is not None and fields["2"] != card.pan.reveal():
        raise WireError("answer to another request: account number")


def _require_repeated(expected: Fields, told: Fields) -> None:
    """Raises WireError for the first field of `expected` that an answer lacks or has otherwise."""
    # type and STAN first: by them a late answer is recognised
    for key in sorted(expected, key=lambda key: (key != "t", key != "11", key)):
        if key not in told:
            raise WireError(f"no {_NAMES[key]} in the answer")
        if told[key] != expected[key]:
            raise WireError(
                f"answer to another request: {_NAMES[key]} {told[key]}, sent {expected[key]}"
            )


def _part_in(fields: Fields, request: LineRequest, part: Collection[str]) -> Money | None:
    """What was approved of a payment where its answer's code is one of `part`."""
    if not isinstance(request, FinancialRequest) or fields.get("39") not in part:
        return None
    return Money(int(fields["4"]), request.payment.amount.currency)


def _balance_in(fields: Fields, request: LineRequest, approved: Collection[str]) -> Balance | None:
    """The balance that an enquiry is told. Raises WireError where an approval has none.

    Field 54 of another answer, as that to a sale, is not read.
    """
    if not isinstance(request, BalanceRequest):
        return None
    if "54" not in fields:
        if fields.get("39") in approved:
            raise WireError("no balance in the answer")
        return None
    return unpack_balance(fields["54"])


def _pack_chip(answer: Answered) -> str:
    """Field 55 of an answer: tag 91 and the scripts; "" where there are none."""
    data = answer.issuer_authentication_data
    told = b"" if data is None else bytes([_AUTHENTICATION, len(data)]) + data
    return (told + answer.scripts).hex().upper()


def _unpack_chip(field: str) -> tuple[bytes | None, bytes]:
    """Tag 91 and the script templates of field 55, in the order they came. Raises WireError."""
    try:
        objects = tlv.parse(bytes.fromhex(field))
    except tlv.TlvError:
        raise WireError("field 55: not TLV") from None
    authentication = next((one.value for one in objects if one.tag == _AUTHENTICATION), None)
    if authentication is not None and len(authentication) not in _AUTHENTICATION_BYTES:
        raise WireError("field 55: tag 91 is not 8 to 16 bytes")
    return authentication, b"".join(one.raw for one in objects if one.tag in _SCRIPT_TEMPLATES)
