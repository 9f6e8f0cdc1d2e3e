"""The data directory as commands see it: read beside a running terminal, files written whole."""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from firmware.cli.exits import FAILED, Refused
from firmware.cli.settings import file_of, legible
from firmware.install import places
from firmware.journal import schema
from firmware.journal.connection import connect_read_only
from firmware.journal.faults import DATABASE_ERRORS, JournalFault, Trouble, fault_of
from firmware.journal.lookups import Lookups
from firmware.journal.verify import database_of


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data DIR`."""
    default = legible(file_of(None)).data
    parser.add_argument(
        "--data",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"the terminal's data directory (default: {default})",
    )


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


@contextlib.contextmanager
def reading(directory: Path) -> Iterator[Lookups]:
    """The journal in `directory` as it is at this moment, while the terminal goes on writing.

    Everything read within is of one moment. Raises Refused with one line for whatever is wrong.
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
def owning(directory: Path, busy: str) -> Iterator[None]:
    """Within, a command writes the journal itself. Raises Refused with one line for a fault.

    `busy` is what to do while the terminal runs.
    """
    require_journal(directory)  # opening would begin a new one
    try:
        yield
    except JournalFault as fault:
        running = fault.trouble is Trouble.BUSY
        words = f"the terminal runs on this data: {busy}" if running else str(fault)
        raise Refused(f"{directory}: {words}", code=FAILED) from fault


def _require_this_release(path: Path, connection: sqlite3.Connection) -> None:
    """Only the terminal brings an older journal's projections up to date. Raises Refused."""
    found = schema.version(connection)
    if found > schema.SCHEMA:
        words = f"written by a later release (schema {found}; this one reads {schema.SCHEMA})"
        raise Refused(f"{path}: {words}", code=FAILED)
    if found < schema.SCHEMA:
        words = "written by an earlier release: start the terminal once to bring it up to date"
        raise Refused(f"{path}: {words}", code=FAILED)


@contextlib.contextmanager
def writing(path: Path | None) -> Iterator[TextIO]:
    """A text file that is there whole or not at all; None or `-` is standard output.

    Raises Refused when it cannot be written.
    """
    if path is None or str(path) == "-":
        yield sys.stdout
        return
    with writing_to(path) as whole, whole.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextlib.contextmanager
def writing_to(path: Path) -> Iterator[Path]:
    """Where to write what becomes the file `path` in one step, when all of it is there.

    A pipe or a device cannot be replaced, and is written to itself. Raises Refused when it cannot
    be written.
    """
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            partial = Path(file.name)
        try:
            yield partial
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink()
            raise
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
