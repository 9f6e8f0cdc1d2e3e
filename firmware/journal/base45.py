"""Bytes in the 45 characters of a QR code's alphanumeric mode. See RFC 9285."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def encode(data: bytes) -> str:
    """Base 45 of an even number of bytes. See RFC 9285, 4.1."""
    text = ""
    for high, low in zip(data[::2], data[1::2], strict=True):
        value = high * 256 + low
        text += _ALPHABET[value % 45] + _ALPHABET[value // 45 % 45] + _ALPHABET[value // 2025]
    return text


def decode(text: str) -> bytes:
    """The bytes of a base 45 text; empty when it is none."""
    data = b""
    for at in range(0, len(text), 3):
        digits = [_ALPHABET.find(digit) for digit in text[at : at + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(digits))
        if len(digits) < 3 or min(digits) < 0 or value > 0xFFFF:
            return b""
        data += value.to_bytes(2, "big")
    return data
