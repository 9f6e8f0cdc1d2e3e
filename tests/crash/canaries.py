"""Secrets that are planted before a day's trade, and how each is found again wherever it got to.

The cards are those of the tray with numbers and PINs that occur nowhere by chance. A number is
looked for as text, spaced or not, packed two digits a byte at either alignment, and within what
Python prints for bytes; a key as bytes, as hex and as base64. Short passwords are only looked for
as text that stands by itself.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

LONG_DIGITS = 10  # so many do not stand in a row by chance in hex of a few megabytes
_BYTES_LITERAL = re.compile(rb"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""")
_BETWEEN_DIGITS = re.compile(rb"(?<=\d)[ -](?=\d)")


@dataclass(frozen=True, slots=True)
class Canary:
    """A planted secret. `at_home` are the files in which it has to stand."""

    name: str
    digits: str = ""
    key: bytes = b""
    at_home: tuple[str, ...] = ()
    text_only: bool = False  # not what would first have to be decoded

    def in_view(self, view: View) -> bool:
        """Whether the secret can be read out of what `view` shows."""
        if self.key:
            return any(form in view.data for form in _forms(self.key))
        digits = self.digits.encode()
        if len(digits) < LONG_DIGITS:
            alone = rb"(?<![0-9A-Fa-f])" + digits + rb"(?![0-9A-Fa-f])"
            return re.search(alone, view.data) is not None
        if digits in view.closed_up:
            return True
        return not self.text_only and (
            self.digits in view.hex
            or any(digits in one or self.digits in one.hex() for one in view.literals)
        )


@dataclass(frozen=True)
class View:
    """Bytes as somebody may look at them who wants to know."""

    data: bytes

    @cached_property
    def closed_up(self) -> bytes:
        """Without what stands between groups of digits."""
        return _BETWEEN_DIGITS.sub(b"", self.data)

    @cached_property
    def hex(self) -> str:
        """Two digits a byte: numbers packed at any nibble."""
        return self.data.hex()

    @cached_property
    def literals(self) -> list[bytes]:
        """What Python printed for bytes, read back."""
        found = []
        for literal in _BYTES_LITERAL.findall(self.data):
            with contextlib.suppress(SyntaxError, ValueError):
                found.append(ast.literal_eval(literal.decode("ascii")))
        return found


def pan_canaries(name: str, pan: str) -> tuple[Canary, ...]:
    """What may never be seen of a card number: more than its first six and last four digits."""
    return (
        Canary(f"PAN of {name}", pan),
        Canary(f"PAN of {name} but for its end", pan[:-4]),
        Canary(f"PAN of {name} but for its beginning", pan[6:]),
    )


def _forms(key: bytes) -> tuple[bytes, ...]:
    plain = key.hex().encode()
    return key, plain, plain.upper(), base64.b64encode(key).rstrip(b"="), repr(key)[2:-1].encode()


@dataclass
class Search:
    """Looks for all canaries and notes where each was found."""

    canaries: tuple[Canary, ...]
    found: set[str] = field(default_factory=set)
    places: int = 0
    bytes_searched: int = 0
    _searched: set[bytes] = field(default_factory=set, repr=False)

    def text(self, place: str, text: str) -> None:
        """Search a text: a log, a paper, a traceback."""
        self.data(place, text.encode())

    def file(self, path: Path) -> None:
        """Search a file; a key may stand in the file that is there to hold it."""
        data = path.read_bytes()
        self.data(path.name, data, at_home=path.name)

    def data(self, place: str, data: bytes, at_home: str = "") -> None:
        """Search bytes; the same again at the same place only once."""
        digest = hashlib.sha256(place.encode() + data).digest()
        if digest in self._searched:
            return
        self._searched.add(digest)
        self.places += 1
        self.bytes_searched += len(data)
        view = View(data)
        for canary in self.canaries:
            if at_home not in canary.at_home and canary.in_view(view):
                self.found.add(f"{canary.name} in {place}")
