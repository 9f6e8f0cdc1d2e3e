"""A copy of a terminal: taken while it trades, and put back where there is none.

The copy is one tar file of mode 0600, for it holds the terminal's keys: the journal as of one
record, the embedded host's books as of the same moment, keys, settings. Only a copy that verifies
is kept, and only one that verifies is put back.

Sales made after a copy was taken are not in it, but the acquirer and the receipts have their
numbers. So the person who puts a copy back names the last voucher that was given out, and the
journal goes on after it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from firmware import __version__
from firmware.acquirer.books import BOOKS, Books
from firmware.acquirer.engine import BooksError, BooksFailedError
from firmware.core.durable import PRIVATE, sync_directory
from firmware.core.files import MIB, read_bytes
from firmware.iso8583.keys import MASTER
from firmware.journal.connection import DATABASE, LOCK, connect_read_only
from firmware.journal.faults import DATABASE_ERRORS, JournalFault, Trouble, fault_of, trouble_of
from firmware.journal.head import HEAD, Head
from firmware.journal.keys import KEY_FILES, TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.records import CopyRestored
from firmware.journal.store import ClockNow, Journal
from firmware.journal.verify import verify_journal
from firmware.ops.archive import ArchiveError, Content, Manifest, manifest_of, pack, unpack

SETTINGS = "settings"  # in it, settings and the files they name lie by their full path
_NEEDED = frozenset({DATABASE, *KEY_FILES})
_REFERENCES_SKIPPED = 1_000_000  # more than a terminal uses on the day of the copy
_OF_THE_FILE_SYSTEM = {"lost+found"}
_KNOWN = _NEEDED | {BOOKS, MASTER, HEAD}


def private_file(path: Path) -> BinaryIO:
    """A new file that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb")


def back_up(
    directory: Path,
    to: Path,
    settings: Sequence[Path],
    now: ClockNow,
    pause: Callable[[], None],
    *,
    create: Callable[[Path], BinaryIO] = private_file,
) -> Manifest:
    """Copy a terminal's data, trading or not, and its files of settings into a new file `to`.

    The journal is one of this release's schema. Blocks while the copy is made and verified; the
    terminal does not wait for it. While a transaction is under way `pause` is called, which may
    raise. Raises JournalFault, also when `to` exists; what is not whole is not left behind.
    """
    with _faults(to):
        if to.exists():
            raise FileExistsError(errno.EEXIST, "it exists, and nothing is replaced", to)
        with tempfile.TemporaryDirectory(prefix=".pos-backup-", dir=to.parent) as room:
            folder = Path(room)
            keys = TerminalKeys.load(directory)
            databases = _copied(directory, folder, pause)
            about = _about(folder, now())
            _verify(folder, keys, about)
            head = Head.signed(about.records, bytes.fromhex(about.head_hash), keys)
            members = databases | {HEAD: head.file()} | _files(directory, keys, settings)
            with create(folder / "packed") as file:
                manifest = pack(file, members, about)
                file.flush()
                os.fsync(file.fileno())
            (folder / "packed").rename(to)  # a stick's file system has no links to refuse with
            sync_directory(to.absolute().parent)
    return manifest


@contextlib.contextmanager
def unpacked(backup: Path, beside: Path | None = None) -> Iterator[tuple[Manifest, Path]]:
    """The manifest of a copy, and a temporary folder (in `beside`, if given) with its files.

    The files are those that were packed; the journal is not verified. Raises JournalFault.
    """
    with contextlib.ExitStack() as rooms:
        with _faults(backup):
            room = tempfile.TemporaryDirectory(prefix=".pos-copy-", dir=beside)
            folder = Path(rooms.enter_context(room)) / "data"
            folder.mkdir(mode=0o700)
            manifest = unpack(backup, folder)
            names = manifest.sha256.keys()
            foreign = {one for one in names - _KNOWN if not one.startswith(f"{SETTINGS}/")}
            if foreign or not names >= _NEEDED:
                raise ArchiveError("it is not what a terminal's data are")
        yield manifest, folder


def told(backup: Path) -> Manifest:
    """What a copy says of itself, not verified. Raises JournalFault."""
    with _faults(backup):
        return manifest_of(backup)


def head_of(manifest: Manifest) -> Head:
    """Where the journal of a copy ends, as the copy says, unsigned.

    For copies of earlier releases, which hold no signed head. Raises JournalFault.
    """
    try:
        return Head(manifest.records, bytes.fromhex(manifest.head_hash))
    except ValueError as error:
        raise JournalFault(Trouble.CORRUPT, "the copy does not say where it ends") from error


def put_back(
    backup: Path,
    directory: Path,
    last: tuple[int, int],
    now: ClockNow,
    *,
    rename: Callable[[Path, Path], object] = Path.rename,
) -> Manifest:
    """Make a copy the terminal's data in `directory`, which is empty or not there yet.

    `last` is the batch and number of the last voucher that the terminal gave out, be it after the
    copy. The files get the owner of `directory`. Raises JournalFault; no data on which a
    terminal would start are then left.
    """
    with _faults(directory):
        there = directory.exists()
        if there and {path.name for path in directory.iterdir()} - _OF_THE_FILE_SYSTEM:
            raise JournalFault(Trouble.IO, f"{directory} is not empty, and nothing is replaced")
        room = directory if there else directory.absolute().parent
        room.mkdir(parents=True, exist_ok=True)
        with unpacked(backup, room) as (manifest, folder):
            keys = TerminalKeys.load(folder)
            _verify(folder, keys, manifest)
            _go_on(folder, keys, last, now)
            for path in (folder, *folder.rglob("*/")):  # the files in them are synced already
                sync_directory(path)
            if there:
                _move(folder, directory, rename)
            else:
                rename(folder, directory)
            sync_directory(room)
    return manifest


@contextlib.contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Within, a fault of the disk or of an archive is a JournalFault about `path`."""
    try:
        yield
    except ArchiveError as error:
        raise JournalFault(Trouble.CORRUPT, f"{path}: {error}") from error
    except DATABASE_ERRORS as error:
        raise fault_of(error) from error
    except BooksFailedError as error:
        raise error.fault from error
    except BooksError as error:
        raise JournalFault(Trouble.CORRUPT, f"{path}: {BOOKS}: {error}") from error
    except OSError as error:
        words = f"{error.filename or path}: {error.strerror or error}"
        raise JournalFault(trouble_of(error), words) from error


def _copied(directory: Path, folder: Path, pause: Callable[[], None]) -> dict[str, Content]:
    """Copy the databases in `directory`, all as of one moment at which nothing is under way."""
    while True:
        copied = False
        with contextlib.ExitStack() as snapshots:
            sources = {
                name: snapshots.enter_context(_snapshot(directory / name))
                for name in (DATABASE, BOOKS)
                if name == DATABASE or (directory / name).exists()
            }
            if _is_quiet(Lookups(sources[DATABASE]), directory):
                for name, source in sources.items():
                    _copy(source, folder / name)
                copied = True
        if copied:  # the snapshots are closed, so the log does not grow meanwhile
            for name in sources:
                _compact(folder / name)
            return {name: folder / name for name in sources}
        pause()


@contextlib.contextmanager
def _snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """A database as it is at this moment, while others write."""
    with contextlib.closing(connect_read_only(path)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # only now it begins
        yield connection


def _is_quiet(journal: Lookups, directory: Path) -> bool:
    """Whether the journal has no open intent, and no new record since its snapshot.

    So the books' snapshot is of the same moment. An open intent would be reversed where the copy is
    put back, though its sale went on here.
    """
    with _snapshot(directory / DATABASE) as after:
        return not journal.open_intents() and journal.head() == Lookups(after).head()


def _copy(source: sqlite3.Connection, to: Path) -> None:
    """Copy it page by page."""
    with contextlib.closing(sqlite3.connect(to, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # what is packed is synced
        source.backup(copy)


def _compact(to: Path) -> None:
    """The copy needs no write-ahead log, and holds nothing of what was deleted."""
    with contextlib.closing(sqlite3.connect(to, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("VACUUM")


def _about(folder: Path, taken_at: datetime) -> Manifest:
    with contextlib.closing(connect_read_only(folder / DATABASE)) as connection:
        journal = Lookups(connection)
        records, head_hash = journal.head()
        last = journal.last_transaction()
        return Manifest(
            version=__version__,
            taken_at=taken_at.isoformat(timespec="seconds"),
            terminal=last.terminal if last else "",
            records=records,
            head_hash=head_hash,
            last_at=next(journal.records(records, records)).at,
            batch=last.batch if last else journal.batch(),
            stan=last.stan if last else 0,
        )


def _verify(folder: Path, keys: TerminalKeys, about: Manifest) -> None:
    report = verify_journal(folder, keys.public_key, head=head_of(about))
    if not report.intact:
        raise JournalFault(Trouble.CORRUPT, f"the copy does not verify: {report.faults[0]}")
    if (report.records, report.head_hash) != (about.records, about.head_hash):
        raise JournalFault(Trouble.CORRUPT, "the journal does not end where the copy says")
    if report.keys[-1] != keys.public_hex:
        raise JournalFault(Trouble.KEYS, "a change of the key is not ended; start the terminal")


def _files(directory: Path, keys: TerminalKeys, settings: Sequence[Path]) -> dict[str, Content]:
    clear = (key.reveal() for key in (keys.signing, keys.card, keys.pepper))
    files: dict[str, Content] = dict(zip(KEY_FILES, clear, strict=True))
    if (directory / MASTER).exists():
        files[MASTER] = (directory / MASTER).read_bytes()
    for path in settings:  # without `..`, and not past links: they name one another by these paths
        files[SETTINGS + os.path.abspath(path)] = read_bytes(path, most_bytes=4 * MIB)  # noqa: PTH100
    return files


def _go_on(folder: Path, keys: TerminalKeys, last: tuple[int, int], now: ClockNow) -> None:
    """The next numbers, the embedded host's too, come after those that the copy does not know."""
    journal = Journal.open(folder, keys, now)
    try:
        journal.append(CopyRestored(batch=last[0], stan=last[1]))
    finally:
        journal.close()
    if (folder / BOOKS).exists():
        with contextlib.closing(Books(folder / BOOKS)) as books, books.commit():
            books.skip_numbers(_REFERENCES_SKIPPED)


def _move(folder: Path, directory: Path, rename: Callable[[Path, Path], object]) -> None:
    """Into a directory that may be a file system of its own, and belong to another.

    The lock file, the mark of a begun journal, goes first and the journal last: a terminal does not
    begin on what a power cut leaves of it.
    """
    owner = directory.stat()
    for path in folder.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)
    order = {LOCK: 0, DATABASE: 2}
    for path in sorted(folder.iterdir(), key=lambda path: order.get(path.name, 1)):
        rename(path, directory / path.name)
