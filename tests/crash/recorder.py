"""A disk that remembers: every write, sync, truncate and delete of SQLite, in order.

`Recorder.connect` gives a connection that looks like the standard library's, over apsw and a VFS of
ours. It can also be told to lie about a pragma, for the controls that must fail, and to fail at the
n-th call.
"""

# ruff: noqa: N802 - the names are those of SQLite's VFS
from __future__ import annotations

import errno
import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import apsw

from firmware.journal.head import HEAD, HeadFile
from firmware.journal.storage import Storage

_serial = itertools.count()
RESULT_CODES = {  # what an error is called by number. See sqlite.org/rescode.html
    apsw.BusyError: 5,
    apsw.ReadOnlyError: 8,
    apsw.IOError: 10,
    apsw.CorruptError: 11,
    apsw.FullError: 13,
    apsw.CantOpenError: 14,
    apsw.ConstraintError: 19,
    apsw.NotADBError: 26,
}


@dataclass(frozen=True, slots=True)
class Write:
    name: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Delete:
    name: str
    synced: bool


@dataclass(frozen=True, slots=True)
class Sync:
    name: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sync that failed: what it was to keep never gets there, and is read from memory on."""

    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something became true in the shop at this point."""

    told: object


Op = Write | Truncate | Delete | Sync | Dropped | Mark


@dataclass
class Recorder(Storage):
    """What was done to the files of one directory. `fail` may raise at a call."""

    lies: dict[str, tuple[str, object]] = field(default_factory=dict)  # set instead, told instead
    ops: list[Op] = field(default_factory=list)
    fail: Callable[[Op], None] = lambda _op: None
    connections: list[sqlite3.Connection] = field(default_factory=list)  # those it gave

    def mark(self, told: object) -> None:
        self.ops.append(Mark(told))

    def note(self, op: Op) -> None:
        try:
            self.fail(op)
        except apsw.Error:
            if isinstance(op, Sync):
                self.ops.append(Dropped(op.name))
            raise
        self.ops.append(op)

    def connect(self, path: Path) -> sqlite3.Connection:
        """As firmware.journal.connection.connect, which writes the log anew."""
        log = path.with_name(path.name + "-wal")
        try:
            if log.exists():
                self.note(Write(log.name, 0, log.read_bytes()))
                self.note(Sync(log.name))
        except apsw.Error as error:
            raise _translated(error) from error
        name = f"recorder-{next(_serial)}"
        vfs = _Vfs(name, self)
        connection = apsw.Connection(str(path), vfs=name)
        self.connections.append(cast("sqlite3.Connection", Connection(connection, vfs, self.lies)))
        return self.connections[-1]

    def open_head(self, directory: Path) -> HeadFile:
        return _Head(directory, self)


class _Head(HeadFile):
    """Writes are noted, and syncs; a push promises nothing."""

    def __init__(self, directory: Path, recorder: Recorder) -> None:
        super().__init__(directory)
        self._recorder = recorder

    def create(self, content: bytes) -> None:
        self._note(Write(HEAD, 0, content))
        self._note(Sync(HEAD))
        super().create(content)

    def write(self, offset: int, data: bytes) -> None:
        self._note(Write(HEAD, offset, data))
        super().write(offset, data)

    def sync(self) -> None:
        self._note(Sync(HEAD))
        super().sync()

    def _note(self, op: Op) -> None:
        try:
            self._recorder.note(op)
        except apsw.Error as error:
            codes = {apsw.FullError: errno.ENOSPC, apsw.ReadOnlyError: errno.EROFS}
            code = codes.get(type(error), errno.EIO)
            raise OSError(code, str(error)) from error


class _Vfs(apsw.VFS):
    def __init__(self, name: str, recorder: Recorder) -> None:
        self._recorder = recorder
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        return _File(name, flags, self._recorder)

    def xDelete(self, name: str, syncdir: bool) -> None:
        self._recorder.note(Delete(Path(name).name, syncdir))
        super().xDelete(name, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], recorder: Recorder) -> None:
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(filename or "temporary").name
        self._recorder = recorder
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._recorder.note(Write(self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._recorder.note(Truncate(self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        self._recorder.note(Sync(self._name))
        super().xSync(flags)


@dataclass(frozen=True, slots=True)
class Row:
    """As sqlite3.Row: by number and by name."""

    names: tuple[str, ...]
    values: tuple[Any, ...]

    def __getitem__(self, key: int | str) -> Any:
        return self.values[self.names.index(key) if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def keys(self) -> tuple[str, ...]:
        return self.names


@dataclass
class _Cursor:
    rows: list[Row]

    def fetchone(self) -> Row | None:
        return self.rows.pop(0) if self.rows else None

    def fetchall(self) -> list[Row]:
        rows, self.rows = self.rows, []
        return rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self.fetchall())


class Connection:
    """As much of sqlite3.Connection as the journal uses."""

    row_factory: object = None

    def __init__(
        self, connection: apsw.Connection, vfs: _Vfs, lies: dict[str, tuple[str, object]]
    ) -> None:
        self._connection = connection
        self._vfs = vfs  # lives as long as its files
        self._lies = lies

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> _Cursor:
        if sql.startswith("PRAGMA "):
            name, _, setting = sql.removeprefix("PRAGMA ").partition(" = ")
            if name in self._lies:
                instead, told = self._lies[name]
                if not setting:
                    return _Cursor([Row((name,), (told,))])
                sql = f"PRAGMA {name} = {instead}"
        try:
            cursor = self._connection.cursor()
            cursor.row_trace = _row
            return _Cursor(list(cursor.execute(sql, values)))
        except apsw.Error as error:
            raise _translated(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        for values in rows:
            self.execute(sql, values)

    def close(self) -> None:
        try:
            self._connection.close()
        except apsw.Error as error:
            raise _translated(error) from error


def _translated(error: apsw.Error) -> sqlite3.Error:
    translated = sqlite3.OperationalError(str(error))
    translated.sqlite_errorcode = RESULT_CODES.get(type(error), 1)
    translated.sqlite_errorname = type(error).__name__
    return translated


def _row(cursor: apsw.Cursor, values: tuple[Any, ...]) -> Row:
    return Row(tuple(column[0] for column in cursor.get_description()), values)
