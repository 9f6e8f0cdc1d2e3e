"""Two-key triple DES: block, MAC algorithm 3, and key derivation as the Books write them.

See EMV 4.4 Book 2, A1.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK = 8


def encrypt(key: bytes, data: bytes) -> bytes:
    """ECB over whole blocks; an 8-byte key makes it single DES."""
    encryptor = Cipher(_algorithm(key), modes.ECB()).encryptor()  # noqa: S305 - the Books' mode
    return encryptor.update(data) + encryptor.finalize()


def decrypt(key: bytes, data: bytes) -> bytes:
    """ECB over whole blocks; an 8-byte key makes it single DES."""
    decryptor = Cipher(_algorithm(key), modes.ECB()).decryptor()  # noqa: S305 - the Books' mode
    return decryptor.update(data) + decryptor.finalize()


def decrypt_cbc(key: bytes, data: bytes) -> bytes:
    """CBC over whole blocks with a zero initial vector."""
    decryptor = Cipher(_algorithm(key), modes.CBC(bytes(BLOCK))).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _algorithm(key: bytes) -> TripleDES:
    # the library wants three keys; the third of two-key triple DES is the first again
    return TripleDES(key + key[:8] if len(key) == 16 else key * 3)


def pad_zeros(data: bytes) -> bytes:
    """Padding method 1 of ISO/IEC 9797-1: zeros up to a block, none when it is full."""
    return data + bytes(-len(data) % BLOCK)


def pad_80(data: bytes) -> bytes:
    """Padding method 2 of ISO/IEC 9797-1: 80, then zeros. See EMV 4.4 Book 2, A1.2.1."""
    return pad_zeros(data + b"\x80")


def mac(key: bytes, padded: bytes) -> bytes:
    """MAC algorithm 3 of ISO/IEC 9797-1 (retail MAC), 8 bytes, over padded data."""
    left, right = key[:8], key[8:]
    chain = Cipher(_algorithm(left), modes.CBC(bytes(BLOCK))).encryptor().update(padded)
    return encrypt(left, decrypt(right, chain[-BLOCK:]))


def xor(left: bytes, right: bytes) -> bytes:
    """The two, equally long, bit by bit."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def with_odd_parity(key: bytes) -> bytes:
    """The key with its parity bits set, as some issuers' systems insist on."""
    return bytes(byte ^ 1 if byte.bit_count() % 2 == 0 else byte for byte in key)


def icc_master_key(issuer_key: bytes, pan: str, sequence: int) -> bytes:
    """The card's master key. Option A up to 16 digits, option B above. See Book 2, A1.4."""
    digits = f"{pan}{sequence:02d}"
    if len(pan) <= 16:
        digits = digits[-16:].rjust(16, "0")
    else:
        packed = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
        digest = hashlib.sha1(packed).hexdigest()  # noqa: S324 - the Books' hash
        decimal = [character for character in digest if character.isdigit()]
        letters = [str(ord(character) - ord("a")) for character in digest if character > "9"]
        digits = "".join(decimal + letters)[:16]
    block = bytes.fromhex(digits)
    return with_odd_parity(encrypt(issuer_key, block + xor(block, b"\xff" * 8)))


def common_session_key(master_key: bytes, diversifier: bytes) -> bytes:
    """The session key for an 8-byte diversification value. See EMV 4.4 Book 2, A1.3.1."""
    left = diversifier[:2] + b"\xf0" + diversifier[3:]
    right = diversifier[:2] + b"\x0f" + diversifier[3:]
    return encrypt(master_key, left + right)


def visa_script_key(master_key: bytes, atc: bytes) -> bytes:
    """The secure messaging key of CVN 10 and 18: the ATC folded into both halves."""
    inverted = xor(atc, b"\xff\xff")
    return xor(master_key, bytes(6) + atc + bytes(6) + inverted)
