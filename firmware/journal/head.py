"""Where the journal ends, kept outside its database.

SQLite takes a damaged frame for the end of the write-ahead log and silently drops what follows; the
chain of what is left is valid. So number, hash and signature of the last record are kept in a file
of their own. A journal that ends before that record has lost some.

The file holds two slots of one disk sector, written by turns: a power cut spoils at most one. A
slot is written after its commit is durable, so it may be older than the journal and never newer.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from msgspec import Struct

from firmware.core.raised import RaisedAs
from firmware.journal.chain import is_signed, public_key_of
from firmware.journal.faults import JournalFault, Trouble, trouble_of
from firmware.journal.keys import TerminalKeys, write_new
from firmware.journal.lookups import Lookups

HEAD = "journal.head"
SLOT_BYTES = 512  # a sector: a disk writes it whole or not at all
_MAGIC = "pos-head-2"
_BEFORE = "pos-head-1"  # the mark of slots by earlier releases: the slot itself was signed


class Head(Struct, frozen=True):
    """The last record that was written: its number, its hash (32 bytes), and who signed it.

    The signature is the record's own, Ed25519 over its hash, so that a commit makes none for its
    head; empty where nobody signed. See firmware.journal.chain.
    """

    seq: int
    hash: bytes
    public_hex: str = ""
    signature: bytes = b""

    @classmethod
    def signed(cls, seq: int, digest: bytes, keys: TerminalKeys) -> Head:
        """A head that is signed with these keys."""
        return cls(seq, digest, keys.public_hex, keys.sign(digest))

    def packed(self) -> bytes:
        """The bytes of a slot: its parts as text, and the SHA-256 of them, in hex."""
        parts = (_MAGIC, str(self.seq), self.hash.hex(), self.public_hex, self.signature.hex())
        return (" ".join((*parts, _check(*parts))) + "\n").encode().ljust(SLOT_BYTES)

    def file(self) -> bytes:
        """The bytes of a whole file."""
        return self.packed() * 2


class WithoutTail(Struct, frozen=True):
    """What a person chose for a journal without its last records.

    `batch` and `stan` name the last voucher that was given out. With `reverse_open` payments that
    have no outcome in the records that are left are reversed.
    """

    batch: int
    stan: int
    reverse_open: bool = False


def _check(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _unpacked(slot: bytes) -> tuple[Head, bytes] | None:
    """The head that a slot holds, and the bytes that are signed; None for a damaged slot."""
    try:
        match slot.decode("ascii").split():
            case [magic, *parts, check] if magic == _MAGIC and check == _check(magic, *parts):
                seq, digest, public_hex, signature = parts
                signed = bytes.fromhex(digest)
            case [magic, seq, digest, public_hex, signature] if magic == _BEFORE:
                signed = f"{_BEFORE}\n{seq}\n{digest}\n".encode()
            case _:
                return None
        head = Head(int(seq), bytes.fromhex(digest), public_hex, bytes.fromhex(signature))
    except ValueError:
        return None
    return head, signed


def _is_genuine(head: Head, signed: bytes) -> bool:
    try:
        return is_signed(public_key_of(head.public_hex), head.signature, signed)
    except ValueError:
        return False


def tail_words(head: Head, last: int, log: Lookups) -> str:
    """What is wrong with a journal that ends at record `last`, by its head; "" if nothing is."""
    if head.seq > last:
        count = head.seq - last
        records = "1 record is" if count == 1 else f"{count} records are"
        return f"{records} missing at the end: it ends at record {last}, and had {head.seq}"
    if all(entry.hash != head.hash for entry in log.records(head.seq, head.seq)):
        return f"record {head.seq} is not the one that was written: this is another copy"
    return ""


class HeadFile:
    """The file in a data directory. Its methods raise JournalFault when the disk fails."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / HEAD
        self._handle = -1
        self._slot = 0  # the next one to write
        self._faults = RaisedAs((OSError,), self._fault)

    @property
    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.path.exists()

    def read(self) -> Head | None:
        """The newer head of the two slots; None when there is none that can be read."""
        with self._faults:
            try:
                content = self.path.read_bytes()
            except FileNotFoundError:
                return None
        slots = [(_unpacked(content[at : at + SLOT_BYTES]), at) for at in (0, SLOT_BYTES)]
        found = [(*unpacked, at) for unpacked, at in slots if unpacked is not None]
        for head, signed, at in sorted(found, key=lambda each: each[0].seq, reverse=True):
            if _is_genuine(head, signed):
                self._slot = 0 if at else 1
                return head
        return None

    def make(self, head: Head) -> None:
        """Begin the file, durable, in place of one that cannot be read."""
        with self._faults:
            if self.exists:
                self.write(0, head.file())
                self.sync()
            else:
                self.create(head.file())

    def keep(self, head: Head, *, push: bool = False, sync: bool = False) -> None:
        """Write the head into the older slot.

        With `push` the kernel begins to write it to the disk and this returns: it is durable with
        the next commit at the latest. With `sync` it is durable when this returns.
        """
        with self._faults:
            self.write(self._slot * SLOT_BYTES, head.packed())
            self._slot = 1 - self._slot
            if sync:
                self.sync()
            elif push:
                self.push()

    def close(self) -> None:
        """Make it durable and give it up. Never raises; may be called twice."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                self.sync()
            os.close(self._handle)
            self._handle = -1

    # -- what is done to the disk -------------------------------------------------------------

    def create(self, content: bytes) -> None:
        write_new(self.path, content)

    def write(self, offset: int, data: bytes) -> None:
        if os.pwrite(self._opened(), data, offset) != len(data):
            raise JournalFault(Trouble.FULL, f"{self.path}: it was not written whole")

    def sync(self) -> None:
        os.fdatasync(self._opened())

    def push(self) -> None:
        os.posix_fadvise(self._opened(), 0, 0, os.POSIX_FADV_DONTNEED)  # Linux: write it out now

    def _opened(self) -> int:
        if self._handle < 0:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        return self._handle

    def _fault(self, error: OSError) -> JournalFault:
        return JournalFault(trouble_of(error), f"{self.path}: {error.strerror}")
