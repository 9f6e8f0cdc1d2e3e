"""Makes the test keys of the modelled cards: `python -m hw.sim.cards.generate_keys`.

Every key follows from its name alone, so the same files come out on every machine. That is fit for
tests and for nothing else: anybody can compute these private keys.

Writes `keys.toml` (private keys of test CAs, issuers and cards) and `test_ca_keys.tsv` (the CA
public keys, in the columns of the scheme keys a terminal is configured with).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from hw.sim.cards.rsa import RsaKey

HERE = Path(__file__).parent
HEADER = (
    "# TEST KEYS ONLY, made by hw/sim/cards/generate_keys.py from their names: anybody can\n"
    "# compute them. They protect nothing but the modelled cards of this project.\n"
)
TEST_CAS = (  # RID, index (free among the schemes' published keys), bits, exponent, scheme
    ("A000000333", 0xE1, 1408, 3, "Test UnionPay"),
    ("A000000003", 0xE1, 1408, 3, "Test Visa"),
    ("A000000004", 0xE1, 1984, 3, "Test Mastercard"),
    ("A000000025", 0xE1, 1408, 65537, "Test Amex"),
    ("A000000065", 0xE1, 1152, 3, "Test JCB"),
    ("F000008888", 0xE1, 1408, 65537, "Test store card"),
)
ISSUERS = (  # RID of the CA, bits, exponent
    ("A000000333", 1408, 3),
    ("A000000003", 1152, 65537),
    ("A000000004", 1408, 3),
    ("A000000025", 1152, 3),
    ("A000000065", 1024, 3),
    ("F000008888", 1152, 65537),
)
CARDS = (  # name of the card's key, bits, exponent
    ("unionpay-debit", 1152, 3),
    ("unionpay-credit", 1024, 3),
    ("visa-credit", 1024, 3),
    ("visa-debit", 1024, 3),
    ("visa-debit-pin", 1024, 3),
    ("mastercard-cda", 1152, 3),
    ("jcb", 1024, 3),
    ("expired", 1024, 3),
    ("blocked", 1024, 3),
    ("no-funds", 1024, 3),
    ("pin-blocked", 1024, 3),
    ("cloned", 1024, 3),
    ("two-apps-debit", 1024, 3),
    ("two-apps-credit", 1024, 3),
    ("english", 1024, 65537),
    ("offline-ok", 1024, 3),
    ("t1", 1152, 65537),
    ("store-card", 1024, 3),
)
SMALL_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)


def _stream(seed: str) -> Iterator[int]:
    """Bytes that follow from the seed: SHA-256 in counter mode."""
    counter = 0
    while True:
        yield from hashlib.sha256(f"{seed}/{counter}".encode()).digest()
        counter += 1


def _is_prime(number: int) -> bool:
    """Fermat's test: no composite that is so long and comes by chance passes it."""
    return all(number % small and pow(small, number - 1, number) == 1 for small in SMALL_PRIMES)


def _prime(stream: Iterator[int], bits: int, exponent: int) -> int:
    while True:
        raw = int.from_bytes(bytes(next(stream) for _ in range(bits // 8)), "big")
        # the two upper bits make the product of two primes full length
        number = raw | 3 << (bits - 2) | 1
        if (number - 1) % exponent and _is_prime(number):
            return number


def make_key(name: str, bits: int, exponent: int) -> RsaKey:
    """The key that follows from `name`; takes up to a second."""
    stream = _stream(f"pos-terminal test key {name} {bits} {exponent}")
    return RsaKey(
        _prime(stream, bits // 2, exponent), _prime(stream, bits // 2, exponent), exponent
    )


def _entry(name: str, key: RsaKey) -> str:
    return f'[{name}]\nexponent = {key.exponent}\np = "{key.p:X}"\nq = "{key.q:X}"\n'


def ca_check_value(rid: str, index: int, key: RsaKey) -> str:
    """SHA-1 over RID, index, modulus and exponent, in hex. See EMV 4.4 Book 2, 11.2."""
    parts = bytes.fromhex(rid) + bytes([index]) + key.modulus_bytes + key.exponent_bytes
    return hashlib.sha1(parts).hexdigest().upper()  # noqa: S324 - the Books' hash


def main() -> None:
    """Write both files."""
    entries, rows = [], []
    for rid, index, bits, exponent, scheme in TEST_CAS:
        key = make_key(f"ca {rid}", bits, exponent)
        entries.append(_entry(f"ca.{rid}", key).replace("\n", f"\nindex = {index}\n", 1))
        check = ca_check_value(rid, index, key)
        exponent_hex, modulus_hex = key.exponent_bytes.hex().upper(), key.modulus_bytes.hex()
        place = (rid, f"{index:02X}")
        rows.append("\t".join((*place, exponent_hex, modulus_hex.upper(), check, scheme, "test")))
    for rid, bits, exponent in ISSUERS:
        entries.append(_entry(f"issuer.{rid}", make_key(f"issuer {rid}", bits, exponent)))
    for name, bits, exponent in CARDS:
        entries.append(_entry(f"card.{name}", make_key(f"card {name}", bits, exponent)))
    (HERE / "keys.toml").write_text(HEADER + "\n" + "\n".join(entries))
    columns = "rid\tindex\texponent\tmodulus\tsha1\tscheme\tstatus"
    (HERE / "test_ca_keys.tsv").write_text(HEADER + columns + "\n" + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
