"""A data directory as commands read it, while the terminal may go on writing."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from firmware.core import places
from firmware.core.exits import FAILED, Refused
from firmware.journal import schema
from firmware.journal.connection import connect_read_only
from firmware.journal.faults import DATABASE_ERRORS, JournalFault, fault_of
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.verify import database_of

_SPOOL_BYTES = 1 << 16  # in memory; what is longer waits on the disk


def require_journal(journal: Path) -> Path:
    """The database of a journal that is named by file or directory. Raises Refused."""
    try:
        path = database_of(journal)
        there = path.is_file()
    except PermissionError:
        words = f"only its owner may look; as user {places.USER} with `sudo -u {places.USER}`"
        raise Refused(f"{journal}: {words}", code=FAILED) from None
    if not there:
        raise Refused(f"{journal}: there is no journal here")
    return path


class JournalWithKeys(Struct, frozen=True):
    """A journal that is only read, with the terminal's keys: papers can be made from it."""

    journal: Lookups
    signer: TerminalKeys


@contextlib.contextmanager
def reading(directory: Path) -> Iterator[Lookups]:
    """The journal in `directory` as it is at this moment, while the terminal goes on writing.

    Everything read within is one state of the journal. The write-ahead log grows until the end, so
    nothing within may wait for a person. Raises Refused with one line for whatever is wrong.
    """
    path = require_journal(directory)
    try:
        connection = connect_read_only(path)
        try:
            _require_this_release(path, connection)
            connection.execute("BEGIN")
            yield Lookups(connection)
        finally:
            connection.close()
    except JournalFault as fault:
        raise Refused(f"{path}: {fault}", code=FAILED) from fault
    except DATABASE_ERRORS as error:
        raise Refused(f"{path}: {fault_of(error)}", code=FAILED) from error


@contextlib.contextmanager
def spooled(to: TextIO | None = None) -> Iterator[TextIO]:
    """What is written within reaches `to`, or standard output, at the end of it.

    A pager waits for a person, and meanwhile no snapshot of the journal may be open: its log would
    grow. So a command enters this before `reading`, which has ended when the first line is printed.
    Long texts wait in a temporary file. Raises Refused when there is no room for it.
    """
    with tempfile.SpooledTemporaryFile(_SPOOL_BYTES, "w+", encoding="utf-8", newline="") as spool:
        try:
            yield spool  # type: ignore[misc]  # a wrapper of a TextIO, and used as one
            spool.seek(0)
        except OSError as error:
            words = f"{tempfile.gettempdir()}: {error.strerror or error}"
            raise Refused(words, code=FAILED) from error
        shutil.copyfileobj(spool, to or sys.stdout)


def _require_this_release(path: Path, connection: sqlite3.Connection) -> None:
    """Only the terminal brings an older journal's projections up to date. Raises Refused."""
    found = schema.version(connection)
    if found > schema.SCHEMA:
        words = f"written by a later release (schema {found}; this one reads {schema.SCHEMA})"
        raise Refused(f"{path}: {words}", code=FAILED)
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
        raise Refused(f"{path}: holds no journal", code=FAILED)
    if found < schema.SCHEMA:
        words = "written by an earlier release: start the terminal once to bring it up to date"
        raise Refused(f"{path}: {words}", code=FAILED)
