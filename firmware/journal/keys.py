"""The terminal's keys: made at first start, kept in files that only the terminal may read."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmware.core.durable import sync_directory
from firmware.core.masked import SecretKey
from firmware.core.raised import RaisedAs
from firmware.journal.faults import JournalFault, Trouble

KEY_BYTES = 32
CARD_KEY = "card.key"
KEY_FILES = ("signing.key", CARD_KEY, "pepper.key")
_FOLLOWING = "signing.next.key"


def _fault_of(error: OSError) -> JournalFault:
    return JournalFault(Trouble.KEYS, f"{error.filename}: {error.strerror}")


_as_fault = RaisedAs((OSError,), _fault_of)


@dataclass(frozen=True, slots=True)
class TerminalKeys:
    """Ed25519 signing seed, HMAC key of card hashes, pepper of passwords; 32 bytes each."""

    signing: SecretKey
    card: SecretKey
    pepper: SecretKey
    directory: Path | None = None
    public_hex: str = field(init=False, compare=False)  # of the signing key, 32 bytes in hex
    _private: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        private = Ed25519PrivateKey.from_private_bytes(self.signing.reveal())
        object.__setattr__(self, "_private", private)
        object.__setattr__(self, "public_hex", private.public_key().public_bytes_raw().hex())

    @classmethod
    def load_or_create(cls, directory: Path) -> TerminalKeys:
        """Read the keys in `directory`, making those that are missing.

        Raises JournalFault when a file is not a key, is open to others, or cannot be written.
        """
        with _as_fault:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(directory)
            signing, card, pepper = (_load_or_create(directory / n) for n in KEY_FILES)
        return cls(signing, card, pepper, directory)

    @classmethod
    def load(cls, directory: Path) -> TerminalKeys:
        """Read the keys in `directory`. Raises JournalFault, also when one is missing."""
        with _as_fault:
            signing, card, pepper = (_load(directory / n) for n in KEY_FILES)
        return cls(signing, card, pepper, directory)

    @classmethod
    def generate(cls) -> TerminalKeys:
        """Fresh keys that live in memory only."""
        signing, card, pepper = (SecretKey(secrets.token_bytes(KEY_BYTES)) for _ in KEY_FILES)
        return cls(signing, card, pepper)

    def introduced_as(self, public_hex: str) -> TerminalKeys:
        """These keys, or those in their directory if their signing key is the one of `public_hex`.

        Ends a change that the power interrupted after the journal had taken it. Raises
        JournalFault when the files cannot be read.
        """
        if self.public_hex == public_hex or self.directory is None:
            return self
        found = TerminalKeys.load(self.directory)
        if found.public_hex == public_hex:
            return found
        following = self.directory / _FOLLOWING
        if not following.exists():
            return self
        changed = replace(found, signing=_load(following))
        if changed.public_hex != public_hex:
            return self
        changed.settle()
        return changed

    def followed(self) -> TerminalKeys:
        """These keys with a new signing key, durable beside the old one. Raises JournalFault."""
        signing = SecretKey(secrets.token_bytes(KEY_BYTES))
        if self.directory is not None:
            with _as_fault:
                (self.directory / _FOLLOWING).unlink(missing_ok=True)
                write_new(self.directory / _FOLLOWING, signing.reveal())
        return replace(self, signing=signing)

    def settle(self) -> None:
        """The key that `followed` made takes the old one's place. Raises JournalFault."""
        if self.directory is not None:
            with _as_fault:
                (self.directory / _FOLLOWING).replace(self.directory / KEY_FILES[0])
                sync_directory(self.directory)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        return self._private.sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raises InvalidSignature unless `sign` gives this very signature.

        Ed25519 gives the same signature each time (RFC 8032, 5.1.6): making it anew takes half as
        long as checking it by the public key.
        """
        if not hmac.compare_digest(signature, self.sign(message)):
            raise InvalidSignature

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The key that checks signatures."""
        return self._private.public_key()

    @property
    def card_check(self) -> str:
        """Eight bytes in hex that change when the card key does."""
        return _check(self.card)

    @property
    def pepper_check(self) -> str:
        """Eight bytes in hex that change when the pepper does."""
        return _check(self.pepper)


def make_private(directory: Path) -> None:
    """Close the data directory to all users but its owner. Raises JournalFault, OSError.

    A copy that was put there by hand often comes with mode 0755: then the journal and all that a
    later release may put there could be read by every user of the machine.
    """
    mode = directory.stat().st_mode & 0o777
    if not mode & 0o077:
        return
    try:
        directory.chmod(0o700)
    except PermissionError:
        words = f"{directory} has mode {mode:o} and is another user's; expected 700"
        raise JournalFault(Trouble.KEYS, words) from None
    if directory.stat().st_mode & 0o077:  # a file system without modes
        raise JournalFault(Trouble.KEYS, f"{directory} keeps mode {mode:o}; expected 700")


def keep_card_key_at(
    file: Path,
    directory: Path,
    medium_of: Callable[[Path], int] = lambda folder: folder.stat().st_dev,
) -> None:
    """Let the card key be `file`, on another medium, with a link to it in the data `directory`.

    A terminal without a card key gets one there. A key is never moved and never replaced: where
    another key is there, or it is still in the data directory, JournalFault says what to do.
    `medium_of` gives a number for each file system. Blocks for the disk. Raises JournalFault.
    """
    place = directory / CARD_KEY
    try:
        if not file.parent.is_dir():
            raise JournalFault(Trouble.KEYS, f"keys.card: {file.parent} is not there")
        if place.is_symlink():
            _check_link(place, file)
            return
        if place.exists() and not file.exists():
            words = f"keys.card: {place} is still here; move it to {file}"
            raise JournalFault(Trouble.KEYS, words)
        if place.exists() and _load(place) != _load(file):
            words = f"keys.card: {place} and {file} are two different keys"
            raise JournalFault(Trouble.KEYS, words)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            if medium_of(file.parent) == medium_of(directory):  # the medium is not mounted
                words = f"keys.card: {file.parent} is on the disk of the data; is it mounted?"
                raise JournalFault(Trouble.KEYS, words)
            write_new(file, secrets.token_bytes(KEY_BYTES))
        _link(place, file)
    except OSError as error:
        words = f"keys.card: {error.filename}: {error.strerror}"
        raise JournalFault(Trouble.KEYS, words) from error


def _check_link(place: Path, file: Path) -> None:
    """Raises JournalFault for a link to another key than `file`, OSError for one to none."""
    target = place.parent.joinpath(place.readlink())
    if target != file and not target.samefile(file):
        raise JournalFault(Trouble.KEYS, f"keys.card is {file}, but {place} leads to {target}")


def _link(place: Path, file: Path) -> None:
    """Put a link in the place, over a copy of the same key that may lie there."""
    fresh = place.with_name(f"{place.name}.{secrets.token_hex(4)}.new")
    fresh.symlink_to(file)
    try:
        fresh.replace(place)
    except OSError:
        fresh.unlink()
        raise
    sync_directory(place.parent)


def _check(key: SecretKey) -> str:
    return hmac.new(key.reveal(), b"pos-key-check", hashlib.sha256).hexdigest()[:16]


def _load_or_create(path: Path) -> SecretKey:
    try:
        return _load(path)
    except FileNotFoundError:
        if path.is_symlink():  # kept elsewhere and missing: a new key is of no use
            raise FileNotFoundError(
                errno.ENOENT, f"leads to {path.readlink()}, which is not there", str(path)
            ) from None
        write_new(path, secrets.token_bytes(KEY_BYTES))
        return _load(path)


def _load(path: Path) -> SecretKey:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # keys.card may name a pipe: not waited for
    with os.fdopen(os.open(path, flags), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        value = file.read(KEY_BYTES + 1)
    if mode & 0o077:
        raise JournalFault(Trouble.KEYS, f"{path} has mode {mode:o}; expected 600")
    if len(value) != KEY_BYTES:
        raise JournalFault(Trouble.KEYS, f"{path} holds {len(value)} bytes; expected {KEY_BYTES}")
    return SecretKey(value)


def write_new(path: Path, value: bytes) -> None:
    """Make a file of mode 0600 that is there whole, on the disk, or not at all.

    Raises OSError, always with the file's name: that of a full disk has none by itself. An existing
    file is never replaced.
    """
    try:
        _write_new(path, value)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write_new(path: Path, value: bytes) -> None:
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)  # unlike a rename it refuses to replace
    finally:
        partial.unlink()
    sync_directory(path.parent)
