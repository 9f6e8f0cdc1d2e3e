"""Answers as fields of an acquirer's line, and fields as answers; `unionpay` has the frame."""

from __future__ import annotations

from msgspec import structs

from firmware.iso8583.answer_parts import balance_in, pack_chip, require_repeated, unpack_chip
from firmware.iso8583.balances import pack_balance
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import Answered, LineRequest, SettlementRequest
from firmware.iso8583.profile import Profile
from firmware.iso8583.request_parts import batch_of
from firmware.iso8583.totals import BALANCED, NOT_BALANCED, pack_totals, unpack_totals
from firmware.iso8583.unionpay_requests import heads

SIGN_ON_CODES = frozenset({"77", "99", "A0"})
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
        right = answer.response_code == "00" if answer.balanced is None else answer.balanced
        result = BALANCED if right else NOT_BALANCED
        fields["48"] = pack_totals(answer.host_totals, profile.settlement, result)
    if answer.balance is not None:
        fields["54"] = pack_balance(answer.balance)
    if answer.amount_minor is not None and "4" in asked:
        fields["4"] = f"{answer.amount_minor:012d}"
    if answer.working_keys:
        fields["62"] = answer.working_keys.hex().upper()
    if answer.batch is not None:
        fields["60"] = f"{asked['60'][:2]}{answer.batch:06d}{asked['60'][8:]}"
    organisation = profile.messages.organisation
    if answer.remark or ("3" in asked and organisation):
        fields["63"] = f"{organisation:3}{answer.remark}"
    if chip := pack_chip(answer):
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
            balanced, code = result == BALANCED, code or ("00" if result == BALANCED else "95")
        elif not code:
            raise WireError("no result in field 48 of the answer")
    if len(code) != 2 or not code.isalnum():
        raise WireError("no response code in the answer")
    authentication, scripts = unpack_chip(fields.get("55", ""))
    batch = batch_of(fields)
    answered = Answered(
        response_code=code,
        issuer_authentication_data=authentication,
        scripts=scripts,
        host_totals=totals,
        balance=balance_in(fields, request, profile.answers.approved),
        balanced=balanced,
        amount_minor=int(fields["4"]) if code in profile.answers.part and "4" in fields else None,
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
    require_repeated(expected, told)
    card = getattr(request, "card", None)
    if "2" in fields and card is not None and fields["2"] != card.pan.reveal():
        raise WireError("answer to another request: account number")
