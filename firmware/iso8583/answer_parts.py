"""What answers of every format share: they repeat what names their request, and have field 55."""

from __future__ import annotations

from collections.abc import Collection

from firmware.emv import tlv
from firmware.iso8583.balances import unpack_balance
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import APPROVED, Answered, Balance, BalanceRequest, LineRequest

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
_AUTHENTICATION = 0x91  # issuer authentication data
_AUTHENTICATION_BYTES = range(8, 17)
_SCRIPT_TEMPLATES = (0x71, 0x72)


def require_repeated(expected: Fields, told: Fields) -> None:
    """Raises WireError for the first field of `expected` that an answer lacks or has otherwise."""
    # the STAN before the amount: a late answer is told by the first of them
    for key in sorted(expected, key=lambda key: (key != "t", key != "11", key)):
        if key not in told:
            raise WireError(f"no {_NAMES[key]} in the answer")
        if told[key] != expected[key]:
            raise WireError(
                f"answer to another request: {_NAMES[key]} {told[key]}, sent {expected[key]}"
            )


def balance_in(
    fields: Fields, request: LineRequest, approved: Collection[str] = (APPROVED,)
) -> Balance | None:
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


def pack_chip(answer: Answered) -> str:
    """Field 55 of an answer: tag 91 and the scripts; "" where there are none."""
    data = answer.issuer_authentication_data
    told = b"" if data is None else bytes([_AUTHENTICATION, len(data)]) + data
    return (told + answer.scripts).hex().upper()


def unpack_chip(field: str) -> tuple[bytes | None, bytes]:
    """Tag 91 and the script templates of field 55, in the order they came. Raises WireError."""
    try:
        objects = tlv.parse(bytes.fromhex(field))
    except tlv.TlvError:
        raise WireError("field 55: not TLV") from None
    authentication = next((one.value for one in objects if one.tag == _AUTHENTICATION), None)
    if authentication is not None and len(authentication) not in _AUTHENTICATION_BYTES:
        raise WireError("field 55: tag 91 is not 8 to 16 bytes")
    return authentication, b"".join(one.raw for one in objects if one.tag in _SCRIPT_TEMPLATES)
