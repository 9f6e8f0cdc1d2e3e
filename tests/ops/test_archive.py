"""What is packed is unpacked as it was, and nothing else ever is."""

from __future__ import annotations

import errno
import io
import tarfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.ops.archive import MANIFEST, ArchiveError, Manifest, manifest_of, pack, unpack

ABOUT = Manifest(
    version="0.1.0",
    taken_at="2026-03-02T22:00:00+08:00",
    terminal="10000001",
    records=7,
    head_hash="5e" * 32,
    last_at="2026-03-02T21:59:00.000+08:00",
    batch=1,
    stan=2,
)
CONTENT = {"signing.key": b"s" * 32, "settings/etc/terminal.toml": b"[general]\n", "empty": b""}


def packed(content: dict[str, bytes] = CONTENT) -> bytes:
    file = io.BytesIO()
    pack(file, content, ABOUT)
    return file.getvalue()


def forged(*members: tuple[tarfile.TarInfo, bytes], named: dict[str, str] | None = None) -> bytes:
    """An archive whose manifest names what it likes, and which holds what it likes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        told = msgspec.json.encode(msgspec.structs.replace(ABOUT, sha256=named or {}))
        for member, content in [(tarfile.TarInfo(MANIFEST), told), *members]:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.tar"
    path.write_bytes(packed())
    return path


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_what_was_packed_is_unpacked_for_its_owner_alone(archive: Path, folder: Path) -> None:
    manifest = unpack(archive, folder)
    assert files(folder) == CONTENT
    assert manifest == manifest_of(archive)
    assert msgspec.structs.replace(manifest, sha256={}) == ABOUT
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert modes == {0o600, 0o700}


def test_files_are_packed_as_bytes_are(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(CONTENT["signing.key"])
    file = io.BytesIO()
    pack(file, CONTENT | {"signing.key": tmp_path / "key"}, ABOUT)
    assert file.getvalue() == packed()


@pytest.mark.parametrize("name", CONTENT)
def test_a_damaged_file_is_named(name: str, archive: Path, folder: Path) -> None:
    raw = packed(CONTENT | {name: b"other"})
    told = packed()
    start = 512 + -(-len(manifest_bytes(told)) // 512) * 512
    archive.write_bytes(told[:start] + raw[start:])  # another's files behind our manifest
    with pytest.raises(ArchiveError, match=f"{name} is damaged"):
        unpack(archive, folder)


def manifest_bytes(raw: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        file = tar.extractfile(MANIFEST)
        assert file is not None
        return file.read()


def test_no_cut_archive_is_taken(archive: Path, folder: Path) -> None:
    raw = packed()
    content_ends = len(raw.rstrip(b"\0"))
    for end in range(0, content_ends, 97):
        archive.write_bytes(raw[:end])
        room = folder / str(end)
        room.mkdir()
        with pytest.raises(ArchiveError):
            unpack(archive, room)


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(packed().rstrip(b"\0")) - 1), flip=st.integers(1, 255))
def test_no_changed_byte_changes_a_file(
    tmp_path_factory: pytest.TempPathFactory, at: int, flip: int
) -> None:
    raw = bytearray(packed())
    raw[at] ^= flip
    room = tmp_path_factory.mktemp("changed")
    (room / "archive.tar").write_bytes(raw)
    (room / "folder").mkdir()
    try:
        unpack(room / "archive.tar", room / "folder")
    except ArchiveError:
        return
    assert files(room / "folder") == CONTENT


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped", "a//b", "./a"])
def test_no_name_leads_out_of_the_folder(name: str, archive: Path, folder: Path) -> None:
    archive.write_bytes(forged((tarfile.TarInfo(name), b"x"), named={name: "2d" * 32}))
    with pytest.raises(ArchiveError, match="does not belong in it"):
        unpack(archive, folder)
    assert files(archive.parent).keys() == {"archive.tar"}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_only_files_are_unpacked(kind: bytes, archive: Path, folder: Path) -> None:
    member = tarfile.TarInfo("signing.key")
    member.type, member.linkname = kind, "/etc/passwd"
    archive.write_bytes(forged((member, b""), named={"signing.key": "2d" * 32}))
    with pytest.raises(ArchiveError, match="does not belong in it"):
        unpack(archive, folder)
    assert list(folder.iterdir()) == []


def test_what_the_manifest_does_not_name_or_names_in_vain_is_refused(
    archive: Path, folder: Path
) -> None:
    archive.write_bytes(forged((tarfile.TarInfo("more"), b"x")))
    with pytest.raises(ArchiveError, match="'more' does not belong in it"):
        unpack(archive, folder)
    archive.write_bytes(forged(named={"less": "2d" * 32}))
    with pytest.raises(ArchiveError, match="less is missing"):
        unpack(archive, folder)


@pytest.mark.parametrize("raw", [b"", b"no tar", b"\0" * 10_240, b"x" * 10_240])
def test_what_is_no_archive_is_refused(raw: bytes, archive: Path, folder: Path) -> None:
    archive.write_bytes(raw)
    with pytest.raises(ArchiveError):
        unpack(archive, folder)
    with pytest.raises(ArchiveError):
        manifest_of(archive)


def test_a_foreign_tar_is_no_backup(archive: Path, folder: Path) -> None:
    for name in ("readme.txt", MANIFEST):
        with tarfile.open(archive, "w") as tar:
            tar.addfile(tarfile.TarInfo(name))
        with pytest.raises(ArchiveError, match="is no backup"):
            unpack(archive, folder)


def test_a_disk_that_is_full_is_said(archive: Path) -> None:
    class Full(io.BytesIO):
        def write(self, block: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        pack(Full(), CONTENT, ABOUT)
