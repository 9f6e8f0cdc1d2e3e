"""Answers on the wire: made by the embedded acquirer, believed by the terminal only if all fits."""

from __future__ import annotations

from firmware.core.kinds import Totals
from firmware.iso8583.answer_parts import balance_in, pack_chip, require_repeated, unpack_chip
from firmware.iso8583.balances import pack_balance
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    HostRequest,
    NoAnswer,
    NoAnswerReason,
    SettlementRequest,
)
from firmware.iso8583.spec import unpack
from firmware.iso8583.totals import DIFFERENT, EQUAL, pack_totals, unpack_totals
from firmware.iso8583.wire import ANSWER_TYPES, heads, is_sealed, sealed

_ECHOED = ("3", "4", "11", "12", "13", "41", "42", "49", "60")


def encode_answer(request: HostRequest, answer: Answered, keys: SessionKeys) -> bytes:
    """The message that answers `request`. Raises WireError if a field of `answer` does not fit."""
    return answer_to(heads(request), answer, keys)


def answer_to(asked: Fields, answer: Answered, keys: SessionKeys) -> bytes:
    """The message that answers the request with the fields `asked`. Raises WireError."""
    fields = Fields({key: asked[key] for key in _ECHOED if key in asked})
    fields["t"] = ANSWER_TYPES[asked["t"]]
    fields["39"] = answer.response_code
    if answer.reference:
        fields["37"] = answer.reference
    if answer.authorisation_code:
        fields["38"] = answer.authorisation_code
    if answer.host_totals is not None:
        verdict = EQUAL if answer.response_code == "00" else DIFFERENT
        fields["48"] = pack_totals(answer.host_totals, verdict)
    if answer.balance is not None:
        fields["54"] = pack_balance(answer.balance)
    if chip := pack_chip(answer):
        fields["55"] = chip
    return sealed(fields, keys.mac)


def decode_answer(message: bytes, request: HostRequest, keys: SessionKeys) -> Answered | NoAnswer:
    """The answer in `message`, if it is one to this very request; else garbled, and why.

    It must repeat type, STAN, batch, terminal, merchant, amount, currency and time of the request
    and carry a right MAC. Never raises, whatever the bytes.
    """
    try:
        fields = unpack(message)
        expected = heads(request)
        expected["t"] = ANSWER_TYPES[expected["t"]]
        require_repeated(expected, fields)
        answered = _answered(fields, request)
    except WireError as error:
        return NoAnswer(NoAnswerReason.GARBLED, str(error))
    if "64" not in fields or not is_sealed(message, keys.mac):
        return NoAnswer(NoAnswerReason.GARBLED, "MAC differs")
    return answered


def _answered(fields: Fields, request: HostRequest) -> Answered:
    if "39" not in fields or not fields["39"].isalnum():
        raise WireError("no response code in the answer")
    totals: Totals | None = None
    if isinstance(request, SettlementRequest) and "48" in fields:
        totals = unpack_totals(fields["48"])[0]
    authentication, scripts = unpack_chip(fields.get("55", ""))
    return Answered(
        response_code=fields["39"],
        reference=fields.get("37", ""),
        authorisation_code=fields.get("38", ""),
        issuer_authentication_data=authentication,
        scripts=scripts,
        host_totals=totals,
        balance=balance_in(fields, request),
    )
