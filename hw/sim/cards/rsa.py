"""RSA as the Books use it: a raw private operation, and the public key beside it.

No padding scheme: EMV 4.4 Book 2, B2.1 signs by recovery, with its own headers and trailers.
The keys of this project's cards are test keys, made by `generate_keys.py` and kept in `keys.toml`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RsaKey:
    """A private key by its primes; `size` is the modulus in bytes."""

    p: int = field(repr=False)
    q: int = field(repr=False)
    exponent: int

    @functools.cached_property
    def modulus(self) -> int:
        return self.p * self.q

    @functools.cached_property
    def size(self) -> int:
        return (self.modulus.bit_length() + 7) // 8

    @property
    def modulus_bytes(self) -> bytes:
        return self.modulus.to_bytes(self.size, "big")

    @property
    def exponent_bytes(self) -> bytes:
        """03, or 010001. See EMV 4.4 Book 2, B2.1."""
        return self.exponent.to_bytes((self.exponent.bit_length() + 7) // 8, "big")

    @functools.cached_property
    def _crt(self) -> tuple[int, int, int]:
        d = pow(self.exponent, -1, (self.p - 1) * (self.q - 1))
        return d % (self.p - 1), d % (self.q - 1), pow(self.q, -1, self.p)

    def private(self, block: bytes) -> bytes:
        """The private operation on a block of `size` bytes, below the modulus."""
        number = int.from_bytes(block, "big")
        if len(block) != self.size or number >= self.modulus:
            raise ValueError(f"a block of {self.size} bytes below the modulus is wanted")
        d_p, d_q, q_inv = self._crt
        m_p = pow(number % self.p, d_p, self.p)
        m_q = pow(number % self.q, d_q, self.q)
        result = m_q + (m_p - m_q) * q_inv % self.p * self.q
        return result.to_bytes(self.size, "big")
