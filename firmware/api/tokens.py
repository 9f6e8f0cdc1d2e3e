"""The tokens of tills: made once, shown once, kept as hashes in the data directory.

A token is 256 random bits, so a plain SHA-256 of it tells nothing.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from firmware.api.nexo_crypto import material_of
from firmware.core.files import read_bytes, written

FILE = "tills.json"
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
_BYTES_MAX = 1 << 20


class Scope(enum.Enum):
    """What a token allows."""

    PAY = "pay"
    VOID = "void"
    REFUND = "refund"
    SETTLE = "settle"
    READ = "read"


class Till(Struct, frozen=True):
    """A till that may ask: its name, the hash of its token, and what it may."""

    name: str
    sha256: str
    may: tuple[Scope, ...]
    nexo: str = ""
    """Keys of encrypted nexo messages, 80 bytes in base64; of a till that was made for them."""

    def __repr__(self) -> str:
        return f"Till({self.name!r})"  # a log must have no keys


class TokenError(ValueError):
    """Tokens that cannot be read or changed; the words say why, and never a token."""


class Tokens:
    """The tokens in `directory`; the file is read again when it has changed."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._stamp: tuple[int, int] | None = None
        self._tills: tuple[Till, ...] = ()

    def all(self) -> tuple[Till, ...]:
        """Every till. Raises TokenError, also when a file that was there is gone."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            if self._stamp is not None:
                raise TokenError(f"{self._path}: it is gone") from None
            return ()
        except OSError as error:
            raise TokenError(f"{self._path}: {error.strerror}") from None
        stamp = found.st_mtime_ns, found.st_ino
        if stamp != self._stamp:
            try:
                raw = read_bytes(self._path, most_bytes=_BYTES_MAX)
                self._tills = msgspec.json.decode(raw, type=tuple[Till, ...])
            except (OSError, msgspec.DecodeError):
                raise TokenError(f"{self._path}: cannot be read as tokens") from None
            self._stamp = stamp
        return self._tills

    def of(self, token: str) -> Till | None:
        """The till with this token; takes the same time for every token."""
        given = digest(token)
        found = None
        for till in self.all():
            if hmac.compare_digest(till.sha256, given):
                found = till
        return found

    def add(self, name: str, may: Iterable[Scope], *, nexo: bool = False) -> str:
        """Make a token for a new till and return it: it cannot be read later. Raises TokenError.

        With `nexo` it is a passphrase, too, for messages whose KeyIdentifier is the name.
        """
        if not NAME.match(name):
            raise TokenError(f"{name!r} is no name: letters, digits, . _ -, up to 32")
        tills = self.all()
        if any(till.name == name for till in tills):
            raise TokenError(f"there is a till {name} already: remove it first")
        token = secrets.token_urlsafe(32)
        keys = base64.b64encode(material_of(token)).decode() if nexo else ""
        self._write((*tills, Till(name, digest(token), tuple(dict.fromkeys(may)), keys)))
        return token

    def remove(self, name: str) -> None:
        """Take a till's token away, at once. Raises TokenError."""
        tills = self.all()
        left = tuple(till for till in tills if till.name != name)
        if len(left) == len(tills):
            raise TokenError(f"there is no till {name}")
        self._write(left)

    def _write(self, tills: tuple[Till, ...]) -> None:
        try:
            with written(self._path, replace=True, mode=0o600) as file:
                file.write(msgspec.json.encode(tills))
        except OSError as error:
            raise TokenError(f"{self._path}: {error.strerror}") from None


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
