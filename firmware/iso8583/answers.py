"""Answers on the wire: made by the embedded host, and believed by the terminal only if all fits."""

from __future__ import annotations

from firmware.core.kinds import Totals
from firmware.emv import tlv
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    HostRequest,
    NoAnswer,
    NoAnswerReason,
    SettlementRequest,
)
from firmware.iso8583.spec import Fields, WireError, unpack
from firmware.iso8583.totals import DIFFERENT, EQUAL, pack_totals, unpack_totals
from firmware.iso8583.wire import ANSWER_TYPES, heads, is_sealed, sealed

_ECHOED = ("3", "4", "11", "12", "13", "41", "42", "49", "60")
_NAMES = {  # what an answer got wrong, for the log and the journal
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
AUTHENTICATION = 0x91  # issuer authentication data
_AUTHENTICATION_BYTES = range(8, 17)
_SCRIPT_TEMPLATES = (0x71, 0x72)


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
    chip = b""
    if answer.issuer_authentication_data is not None:
        data = answer.issuer_authentication_data
        chip += bytes([AUTHENTICATION, len(data)]) + data
    chip += answer.scripts
    if chip:
        fields["55"] = chip.hex().upper()
    return sealed(fields, keys.mac)


def decode_answer(message: bytes, request: HostRequest, keys: SessionKeys) -> Answered | NoAnswer:
    """The answer in `message`, if it is one to this very request; else garbled, and why.

    It must repeat type, STAN, batch, terminal, merchant, amount, currency and time of the request
    and carry a right MAC. Never raises, whatever the bytes.
    """
    try:
        fields = unpack(message)
        _compare(fields, request)
        answered = _answered(fields, request)
    except WireError as error:
        return NoAnswer(NoAnswerReason.GARBLED, str(error))
    if "64" not in fields or not is_sealed(message, keys.mac):
        return NoAnswer(NoAnswerReason.GARBLED, "MAC differs")
    return answered


def _compare(fields: Fields, request: HostRequest) -> None:
    expected = heads(request)
    expected["t"] = ANSWER_TYPES[expected["t"]]
    # the STAN before the amount: a late answer is told by the first of them
    for key in sorted(expected, key=lambda key: (key != "t", key != "11", key)):
        if key not in fields:
            raise WireError(f"no {_NAMES[key]} in the answer")
        if fields[key] != expected[key]:
            raise WireError(
                f"answer to another request: {_NAMES[key]} {fields[key]}, sent {expected[key]}"
            )


def _answered(fields: Fields, request: HostRequest) -> Answered:
    if "39" not in fields or not fields["39"].isalnum():
        raise WireError("no response code in the answer")
    totals: Totals | None = None
    if isinstance(request, SettlementRequest) and "48" in fields:
        totals = unpack_totals(fields["48"])[0]
    authentication, scripts = _chip(bytes.fromhex(fields.get("55", "")))
    return Answered(
        response_code=fields["39"],
        reference=fields.get("37", ""),
        authorisation_code=fields.get("38", ""),
        issuer_authentication_data=authentication,
        scripts=scripts,
        host_totals=totals,
    )


def _chip(data: bytes) -> tuple[bytes | None, bytes]:
    """Tag 91 and the script templates of field 55, in the order they came."""
    try:
        objects = tlv.parse(data)
    except tlv.TlvError:
        raise WireError("field 55: not TLV") from None
    authentication = next((one.value for one in objects if one.tag == AUTHENTICATION), None)
    if authentication is not None and len(authentication) not in _AUTHENTICATION_BYTES:
        raise WireError("field 55: tag 91 is not 8 to 16 bytes")
    return authentication, b"".join(one.raw for one in objects if one.tag in _SCRIPT_TEMPLATES)
