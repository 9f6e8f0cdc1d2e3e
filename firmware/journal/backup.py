"""A copy of journal and keys that is taken while the terminal trades, and put back onto a new disk.

The copy is one tar file of mode 0600, for it holds the terminal's keys. It is consistent: the
journal as of one commit. Putting back never replaces a journal, and takes only a copy that
verifies. A copy is older than what was lost: numbers after its last one were used with the host, so
settle with the host's books before trading on (`BackupReport.journal` says where it ends).
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

from msgspec import Struct

from firmware.journal.connection import DATABASE, LOCK, connect_read_only
from firmware.journal.faults import DATABASE_ERRORS, JournalFault, Trouble, fault_of
from firmware.journal.keys import KEY_FILES, TerminalKeys, sync_directory
from firmware.journal.verify import JournalReport, verify_journal

_NAMES = (DATABASE, *KEY_FILES)
_MEMBER_BYTES_MAX = 64 * 1024**3


class BackupReport(Struct, frozen=True):
    """A copy that was taken or put back, and the journal in it, verified whole."""

    path: Path
    journal: JournalReport


def back_up(directory: Path, to: Path) -> BackupReport:
    """Copy journal and keys of a terminal, trading or not, into a new file `to`.

    Blocks while the copy is made and verified; the terminal does not wait for it. Raises
    JournalFault, also when `to` exists; what does not verify is not left behind.
    """
    if to.exists():
        raise JournalFault(Trouble.IO, f"{to} exists")
    try:
        with tempfile.TemporaryDirectory(dir=to.parent) as room:
            copy_folder = Path(room)
            _copy_database(directory / DATABASE, copy_folder / DATABASE)
            keys = TerminalKeys.load(directory)
            report = _verified(copy_folder, keys)
            packed = copy_folder / "packed.tar"
            handle = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                _pack(file, copy_folder / DATABASE, directory)
                file.flush()
                os.fsync(file.fileno())
            os.link(packed, to)
            sync_directory(to.parent)
    except OSError as error:
        raise JournalFault(Trouble.IO, f"{error.filename}: {error.strerror}") from error
    return BackupReport(to, report)


def put_back(backup: Path, directory: Path) -> BackupReport:
    """Lay the journal and keys of a copy into a directory without any.

    Raises JournalFault when a journal or a key is there, or when the copy is not whole; then
    nothing was put.
    """
    for name in (*_NAMES, LOCK):
        if (directory / name).exists():
            raise JournalFault(Trouble.IO, f"{directory / name} is there: nothing is replaced")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent) as room:
            room_folder = Path(room)
            _unpack(backup, room_folder)
            keys = TerminalKeys.load(room_folder)
            report = _verified(room_folder, keys)
            for name in (*KEY_FILES, DATABASE):  # the journal last: without it nothing begins
                os.link(room_folder / name, directory / name)
            sync_directory(directory)
    except OSError as error:
        raise JournalFault(Trouble.IO, f"{error.filename}: {error.strerror}") from error
    return BackupReport(directory, report)


def _copy_database(path: Path, to: Path) -> None:
    db = connect_read_only(path)
    try:
        db.execute("VACUUM INTO ?", (str(to),))
    except DATABASE_ERRORS as error:
        raise fault_of(error) from error
    finally:
        db.close()


def _verified(directory: Path, keys: TerminalKeys) -> JournalReport:
    report = verify_journal(directory, keys.public_key)
    if not report.intact:
        raise JournalFault(Trouble.CORRUPT, f"the copy does not verify: {report.faults[0]}")
    if report.keys[-1] != keys.public_hex:
        raise JournalFault(Trouble.KEYS, "a change of the key is not ended; start the terminal")
    return report


def _pack(file: io.BufferedWriter, database: Path, keys_folder: Path) -> None:
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in _NAMES:
            source = database if name == DATABASE else keys_folder / name
            member = tar.gettarinfo(source, arcname=name)
            member.mode, member.uname, member.gname = 0o600, "", ""
            with source.open("rb") as content:
                tar.addfile(member, content)


def _unpack(backup: Path, directory: Path) -> None:
    """Exactly the four files a copy holds; anything else in it is refused."""
    try:
        with tarfile.open(backup, mode="r:") as tar:
            members = {member.name: member for member in tar.getmembers()}
            if sorted(members) != sorted(_NAMES):
                raise JournalFault(Trouble.CORRUPT, f"{backup} is no copy of a journal")
            for name, member in members.items():
                content = tar.extractfile(member)
                if content is None or member.size > _MEMBER_BYTES_MAX:
                    raise JournalFault(Trouble.CORRUPT, f"{backup}: {name} is no file")
                handle = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    while block := content.read(1 << 20):
                        file.write(block)
                    file.flush()
                    os.fsync(file.fileno())
    except tarfile.TarError as error:
        raise JournalFault(Trouble.CORRUPT, f"{backup}: {error}") from error
