"""Types for what must never be read by accident: PAN, track data, PIN and keys.

Their `repr` and `str` are masked, so a log line, a traceback or a debugger's view shows no secret.
Only a named method gives the clear value, so every use is easy to find.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Self


class Secret:
    """Bytes or digits whose `repr` is masked; equal by value in constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value

    def reveal(self) -> str | bytes:
        """The clear value. Keep it out of anything that lasts."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return hmac.compare_digest(_as_bytes(self._value), _as_bytes(other._value))

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(f"{type(self).__name__} is not to be pickled")


class Digits(Secret):
    """A secret of decimal digits."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        if not value.isascii() or not value.isdigit():
            raise ValueError(f"{type(self).__name__} takes decimal digits")
        super().__init__(value)

    def reveal(self) -> str:
        value = self._value
        assert isinstance(value, str)
        return value

    def with_more(self, digits: Digits) -> Self:
        """The digits with more of them behind."""
        return type(self)(self.reveal() + digits.reveal())

    def without_last(self) -> Self | None:
        """The digits without the last one; None when none is left."""
        return type(self)(self.reveal()[:-1]) if len(self) > 1 else None


class Pin(Digits):
    """A cardholder's PIN, 4–12 digits. See ISO 9564-1, 8.1."""

    __slots__ = ()


class Password(Digits):
    """An operator's password."""

    __slots__ = ()


class Track2(Digits):
    """Track 2 equivalent data as digits, `D` replaced; never stored after authorisation."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        Secret.__init__(self, value)

    def is_of(self, pan: Pan) -> bool:
        """Whether the account number before the separator (`=` or `D`) is `pan`."""
        number = self.reveal().replace("D", "=").partition("=")[0]
        return number == pan.reveal()


class SecretKey(Secret):
    """A cryptographic key."""

    __slots__ = ()

    def reveal(self) -> bytes:
        value = self._value
        assert isinstance(value, bytes)
        return value


class KeyHex(Digits):
    """Hexadecimal digits of a component of a key, capitals."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        if not value or not set(value) <= set("0123456789ABCDEF"):
            raise ValueError("KeyHex takes hexadecimal digits")
        Secret.__init__(self, value)


class Pan(Digits):
    """A primary account number, 8–19 digits. See ISO/IEC 7812-1."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(value)
        if not 8 <= len(value) <= 19:
            raise ValueError("Pan takes 8 to 19 digits")

    @property
    def first6(self) -> str:
        """The issuer's identification number."""
        return self.reveal()[:6]

    @property
    def last4(self) -> str:
        return self.reveal()[-4:]

    def masked(self, *, show_first6: bool) -> str:
        """The number with stars, in groups of four: `622848** **** 0012`-like."""
        clear = self.reveal()
        head = clear[:6] if show_first6 and len(clear) >= 13 else ""
        hidden = "*" * (len(clear) - len(head) - 4)
        text = head + hidden + clear[-4:]
        return " ".join(text[i : i + 4] for i in range(0, len(text), 4))

    def keyed_hash(self, key: SecretKey) -> str:
        """HMAC-SHA-256 of the number under the terminal's key, in hex: equal for the same card."""
        return hmac.new(key.reveal(), self.reveal().encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"Pan(***{self.last4})"

    __str__ = __repr__


def _as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
