"""A tar file of private files, each checked by its SHA-256 in the manifest at the beginning.

The hashes show damage, not malice: who changes a file can change the manifest, too. The journal's
own chain shows whether it is genuine.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from msgspec import Struct, field

from firmware.core.durable import PRIVATE

MANIFEST = "manifest.json"
_MANIFEST_BYTES_MAX = 1 << 20
_BLOCK_BYTES = 1 << 20

Content = bytes | Path
"""What is to be packed: its bytes, or the file that holds them."""


class ArchiveError(Exception):
    """The archive is damaged, or it is none of ours; says what is wrong with it."""


class Manifest(Struct, frozen=True, kw_only=True):
    """What an archive holds: a terminal's data as of one record of its journal."""

    kind: Literal["pos-backup-1"] = "pos-backup-1"
    version: str  # of the release that made it
    taken_at: str  # ISO 8601
    terminal: str  # "" before its first transaction
    records: int
    head_hash: str
    last_at: str  # when the last record was written, ISO 8601
    batch: int  # of the last transaction; the open one before the first
    stan: int  # of the last transaction; 0 before the first
    sha256: dict[str, str] = field(default_factory=dict)  # by name


def pack(file: BinaryIO, members: Mapping[str, Content], about: Manifest) -> Manifest:
    """Write an archive of `members` by name; gives the manifest with their hashes.

    Raises OSError. Blocks while it is written.
    """
    hashes = {name: _sha256(content) for name, content in members.items()}
    manifest = msgspec.structs.replace(about, sha256=hashes)
    with tarfile.open(fileobj=file, mode="w") as tar:
        told = msgspec.json.format(msgspec.json.encode(manifest))
        for name, content in {MANIFEST: told, **members}.items():
            with _opened(content) as source:
                member = tarfile.TarInfo(name)
                member.size, member.mode = _size(content), PRIVATE
                tar.addfile(member, source)
    return manifest


def unpack(archive: Path, folder: Path) -> Manifest:
    """Lay the files of an archive, mode 0600, durable, into an empty folder.

    Raises ArchiveError when it is not whole, or holds what its manifest does not name, and
    OSError; what was laid by then is to be thrown away.
    """
    with _reading(archive) as tar:
        manifest = _manifest(tar)
        awaited = dict(manifest.sha256)
        while (member := tar.next()) is not None:
            expected = awaited.pop(member.name, None)
            if expected is None or not _is_plain(member):
                raise ArchiveError(f"{member.name!r} does not belong in it")
            if _laid(tar, member, folder / member.name) != expected:
                raise ArchiveError(f"{member.name} is damaged")
    if awaited:
        raise ArchiveError(f"{min(awaited)} is missing")
    for path in folder.rglob("*/"):
        path.chmod(0o700)
    return manifest


def manifest_of(archive: Path) -> Manifest:
    """What an archive says that it holds. Raises ArchiveError or OSError."""
    with _reading(archive) as tar:
        return _manifest(tar)


@contextlib.contextmanager
def _reading(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, mode="r:") as tar:
            yield tar
    except (tarfile.TarError, ValueError, OverflowError) as error:  # from headers that are none
        raise ArchiveError(f"it is damaged, or no archive: {error}") from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    file = tar.extractfile(member) if member is not None and member.name == MANIFEST else None
    if file is None:
        raise ArchiveError("it is no backup of a terminal")
    try:
        return msgspec.json.decode(file.read(_MANIFEST_BYTES_MAX), type=Manifest)
    except msgspec.DecodeError as error:
        raise ArchiveError(f"it is no backup that this release knows: {error}") from error


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether it is a regular file whose name stays inside the folder."""
    well_named = all(part not in ("", ".", "..") for part in member.name.split("/"))
    return well_named and member.isreg() and not member.issparse()


def _laid(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    """Write a member to a new file; gives its SHA-256."""
    source = tar.extractfile(member)
    assert source is not None, "a regular file"
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _sha256(content: Content) -> str:
    with _opened(content) as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _opened(content: Content) -> io.BytesIO | io.BufferedReader:
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
