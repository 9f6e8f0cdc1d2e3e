"""Two-key triple DES and ISO/IEC 9797-1 MAC algorithm 3.

Written here because psec and pyemv import DES from a module that the library `cryptography` will
remove. psec is used for PIN blocks only (`pinblock.py`); tests compare this module with both.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK = 8
_ODD = bytes(byte ^ 1 if byte.bit_count() % 2 == 0 else byte for byte in range(256))
Encipher = Callable[[bytes], bytes]
"""Enciphers one block."""


def encrypt(key: bytes, data: bytes) -> bytes:
    """ECB over whole blocks under a key of 8 (single DES) or 16 bytes."""
    encryptor = Cipher(_algorithm(key), modes.ECB()).encryptor()  # noqa: S305 - the Books' mode
    return encryptor.update(data)


def decrypt(key: bytes, data: bytes) -> bytes:
    """ECB over whole blocks under a key of 8 (single DES) or 16 bytes."""
    decryptor = Cipher(_algorithm(key), modes.ECB()).decryptor()  # noqa: S305 - the Books' mode
    return decryptor.update(data)


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """MAC algorithm 3 under a 16-byte key over whole blocks, 8 bytes. See ISO/IEC 9797-1, 7.4."""
    return retail_end(key, chain(key[:BLOCK], padded))


def retail_end(key: bytes, chained: bytes) -> bytes:
    """The last step of MAC algorithm 3, from the last block of its CBC."""
    return encrypt(key[:BLOCK], decrypt(key[BLOCK:], chained))


def chain(key: bytes, padded: bytes) -> bytes:
    """The last block of CBC over whole blocks from an initial value of zeros."""
    encryptor = Cipher(_algorithm(key), modes.CBC(bytes(BLOCK))).encryptor()
    return encryptor.update(padded)[-BLOCK:]


def pad_zeros(data: bytes, size: int = BLOCK) -> bytes:
    """Padding method 1: zeros up to a block, none when it is full. See ISO/IEC 9797-1, 6.3.2."""
    return data + bytes(-len(data) % size)


def pad_80(data: bytes, size: int = BLOCK) -> bytes:
    """Padding method 2: one 80, then zeros. See ISO/IEC 9797-1, 6.3.3."""
    return pad_zeros(data + b"\x80", size)


def odd_parity(key: bytes) -> bytes:
    """The key with each byte's lowest bit making its parity odd."""
    return key.translate(_ODD)


def exclusive_or(left: bytes, right: bytes) -> bytes:
    """The two, equally long, bit by bit. Raises ValueError where they are not."""
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} bytes")
    made = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return made.to_bytes(len(left), "big")


def _algorithm(key: bytes) -> TripleDES:
    # the library takes 24 bytes only: three times one key is single DES, K1 K2 K1 two-key
    return TripleDES(key * 3 if len(key) == BLOCK else key + key[:BLOCK])
