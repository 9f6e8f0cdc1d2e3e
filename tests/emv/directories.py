"""What a card's directories answer, and the SELECTs that ask them: for the tests of selection."""

from msgspec.structs import replace

from firmware.emv.tags import Tag
from firmware.emv.tlv import encode
from tests.emv.support import APPLICATION

PSE = "00A404000E315041592E5359532E444446303100"
VISA, MASTERCARD = "A0000000031010", "A0000000041010"
TABLE = [
    replace(APPLICATION, aid=bytes.fromhex(VISA)),
    replace(APPLICATION, aid=bytes.fromhex(MASTERCARD), partial=False),
]
NOT_FOUND = "6A82"


def select_command(aid: str, p2: str = "00") -> str:
    return f"00A404{p2}{len(aid) // 2:02X}{aid}00"


def fci(aid: str, sw: str = "9000", **fields: str) -> str:
    """An FCI with a label, and what else is given by tag name."""
    named = {"application_label": b"TEST".hex(), **fields}
    inner = b"".join(encode(Tag[k.upper()], bytes.fromhex(v)) for k, v in named.items())
    body = encode(0x84, bytes.fromhex(aid)) + encode(0xA5, inner)
    return encode(0x6F, body).hex() + sw


PSE_FCI = fci(b"1PAY.SYS.DDF01".hex(), short_file_identifier="01", language_preference="7A68")


def entry(aid: str, label: str = "TEST", priority: str = "") -> bytes:
    inner = encode(0x4F, bytes.fromhex(aid)) + encode(0x50, label.encode())
    if priority:
        inner += encode(0x87, bytes.fromhex(priority))
    return encode(0x61, inner)


def record(*entries: bytes) -> str:
    return encode(0x70, b"".join(entries)).hex() + "9000"


def read(number: int) -> str:
    return f"00B2{number:02X}0C00"
