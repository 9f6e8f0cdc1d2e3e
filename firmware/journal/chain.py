"""The chain: each record's canonical form, its hash over the one before it, and its signature.

The hash of a record is SHA-256 over these bytes, and the signature is Ed25519 over the 32 bytes of
the hash::

    pos-journal-1 LF  seq in decimal LF  at LF  hash of the record before, in hex LF  body

`at` is ISO 8601 with milliseconds and offset, `body` the record's JSON exactly as it is stored, in
UTF-8. No field but the last can hold a line feed, so two different records never have the same
form. The first record's predecessor is 32 zero bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.records import Record

ORIGIN = bytes(32)


class SignatureCheck(Protocol):
    """A key as far as it checks signatures: a public one, or the terminal's own keys."""

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Raises InvalidSignature unless the signature is the key's over `data`."""


_Key = TypeVar("_Key", bound=SignatureCheck)

# public keys with the records that introduced them, oldest first
Introduced = Sequence[tuple[int, Ed25519PublicKey]]

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


class ChainedRecord(Struct, frozen=True):
    """One row of the journal. Hashes are 32 bytes, the signature is 64."""

    seq: int
    at: str
    body: str
    previous: bytes
    hash: bytes
    signature: bytes

    @property
    def record(self) -> Record:
        """What the row records. Raises JournalFault if this release cannot read it."""
        try:
            return decode(self.body)
        except ValueError as error:
            raise self._unread(f"it cannot be read: {error}") from error

    @property
    def moment(self) -> datetime:
        """The wall time at which it was written. Raises JournalFault if it has none."""
        with contextlib.suppress(ValueError):
            moment = datetime.fromisoformat(self.at)
            if moment.tzinfo is not None:
                return moment
        raise self._unread("it has no time")

    def _unread(self, words: str) -> JournalFault:
        return JournalFault(Trouble.CORRUPT, f"record {self.seq}: {words}")


def encode(record: Record) -> str:
    """The record as JSON with its `type`, the same text for the same record."""
    return _encoder.encode(record).decode()


def decode(body: str) -> Record:
    """The record of a JSON text. Raises ValueError if it is none."""
    return _decoder.decode(body)


def link(seq: int, at: str, body: str, previous: bytes) -> bytes:
    """The hash of a record in its place."""
    head = f"pos-journal-1\n{seq}\n{at}\n{previous.hex()}\n"
    return hashlib.sha256(head.encode() + body.encode()).digest()


def public_key_of(digits: str) -> Ed25519PublicKey:
    """The Ed25519 key of 32 bytes in hex. Raises ValueError if it is none."""
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits))


def key_at(seq: int, introduced: Sequence[tuple[int, _Key]]) -> _Key:
    """The key that signs a record: the last one introduced before it; the first signs itself.

    Raises LookupError when there is none.
    """
    return next((key for at, key in reversed(introduced) if at < seq), introduced[0][1])


def is_signed(key: SignatureCheck, signature: bytes, message: bytes) -> bool:
    """Whether a signature is the key's over a message."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def faults_of(entry: ChainedRecord, before: ChainedRecord | None, key: SignatureCheck) -> list[str]:
    """What is wrong with an entry after the one `before` it (None for the first); [] if nothing."""
    faults = []
    if entry.seq != (before.seq + 1 if before else 1):
        faults.append("a record is missing before it")
    if entry.previous != (before.hash if before else ORIGIN):
        faults.append("it does not follow the record before it")
    return faults + faults_alone(entry, key)


def faults_alone(entry: ChainedRecord, key: SignatureCheck) -> list[str]:
    """What is wrong with an entry, whatever stands before it; [] if nothing."""
    faults = []
    if entry.hash != link(entry.seq, entry.at, entry.body, entry.previous):
        faults.append("its hash is not that of its content")
    if not is_signed(key, entry.signature, entry.hash):
        faults.append("its signature is not the terminal's")
    return faults
