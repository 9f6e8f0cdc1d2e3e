"""Message authentication codes (field 64) as acquirers make them, with all intermediate values.

`ecb` is UnionPay's usual scheme: XOR of all blocks, written in hex, two encipherings. `x9.9` is CBC
under a single-length key; `x9.19` MAC algorithm 3 of ISO/IEC 9797-1 (retail MAC) under a
double-length one; `sm4` the first scheme with the blocks of GB/T 32907.

An exchange of two blocks, or the same bits changed in both, does not show in `ecb` and `sm4`.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from msgspec import Struct

from firmware.core.masked import SecretKey
from firmware.iso8583 import des
from firmware.iso8583.codec import MAC_BYTES
from firmware.iso8583.profile import Padding, Scheme

KEY_BYTES: dict[Scheme, tuple[int, ...]] = {
    "ecb": (8, 16),
    "x9.9": (8,),
    "x9.19": (16,),
    "sm4": (16,),
}
SM4_BLOCK = 16


class MacStep(Struct, frozen=True):
    """A value on the way to a MAC, named as the scheme names it."""

    name: str
    value: str


class Mac(Struct, frozen=True):
    """Field 64, 8 bytes, and the intermediate values."""

    field: bytes
    steps: tuple[MacStep, ...]


def mac_of(data: bytes, key: SecretKey, scheme: Scheme, padding: Padding = "zeros") -> Mac:
    """The MAC over `data`, all bytes from the message type to the last before field 64.

    Raises ValueError for a key of a length that the scheme does not have.
    """
    clear = key.reveal()
    if len(clear) not in KEY_BYTES[scheme]:
        sizes = " or ".join(str(size) for size in KEY_BYTES[scheme])
        raise ValueError(f"{scheme}: expected a key of {sizes} bytes, not {len(clear)}")
    match scheme:
        case "ecb":
            return _folded(data, padding, des.BLOCK, lambda block: des.encrypt(clear, block))
        case "sm4":
            return _folded(data, padding, SM4_BLOCK, lambda block: _sm4(clear, block))
        case "x9.9":
            chained = des.chain(clear, _padded(data, padding, des.BLOCK))
            return Mac(chained, (MacStep("CBC", _hex(chained)),))
        case "x9.19":
            chained = des.chain(clear[: des.BLOCK], _padded(data, padding, des.BLOCK))
            field = des.retail_end(clear, chained)
            return Mac(field, (MacStep("CBC", _hex(chained)), MacStep("MAC", _hex(field))))


def _folded(data: bytes, padding: Padding, size: int, encipher: des.Encipher) -> Mac:
    """XOR of the blocks → X; hex(X) = A|B; E1 = E(A); E2 = E(E1 xor B); 8 characters of hex(E2)."""
    x = _all_blocks(_padded(data, padding, size), size)
    written = _hex(x).encode()
    e1 = encipher(written[:size])
    e2 = encipher(des.exclusive_or(e1, written[size:]))
    field = _hex(e2)[:MAC_BYTES].encode()
    steps = (MacStep("X", _hex(x)), MacStep("E1", _hex(e1)), MacStep("E2", _hex(e2)))
    return Mac(field, steps)


def _all_blocks(padded: bytes, size: int) -> bytes:
    """XOR of all blocks, half with half until one is left: their order does not matter."""
    while len(padded) > size:
        half = -(-len(padded) // (2 * size)) * size
        padded = des.exclusive_or(padded[:half], padded[half:].ljust(half, b"\x00"))
    return padded.ljust(size, b"\x00")


def _padded(data: bytes, padding: Padding, size: int) -> bytes:
    return des.pad_80(data, size) if padding == "80" else des.pad_zeros(data, size)


def _sm4(key: bytes, block: bytes) -> bytes:
    return Cipher(SM4(key), modes.ECB()).encryptor().update(block)  # noqa: S305 - the scheme's mode


def _hex(value: bytes) -> str:
    return value.hex().upper()
