"""The terminal's data directory: keys, journal, operators; opened, given back, and taken again.

Only a start makes what is missing. A running terminal whose directory vanishes (its disk is
unplugged, its folder moved) has to stop, give every file back, so that the disk can be unmounted,
and go on with the very journal that it had: a new one would give out the same numbers again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from firmware.acquirer.embedded import LocalHost
from firmware.journal.connection import DATABASE, LOCK
from firmware.journal.faults import JournalFault, Trouble, trouble_of
from firmware.journal.keys import KEY_FILES, TerminalKeys
from firmware.journal.operators import Cost, Operators
from firmware.journal.storage import SYSTEM_DISK, Storage
from firmware.journal.store import Journal
from firmware.terminal.tie import require_no_journal_known, tie_books, tie_no_books

SPACE_MIN_BYTES = 32 * 1024 * 1024  # a full batch with its frames is a tenth of that
_FILES = (LOCK, DATABASE, *KEY_FILES)
_NOT_THERE = (FileNotFoundError, NotADirectoryError)


class DataDirectory:
    """Opens what is durable in `directory`. Raises JournalFault when it cannot be relied on.

    `storage` is the disk that it is on; `cost` what a new password's hash costs, where it is not
    to be the terminal's own.
    """

    def __init__(
        self,
        directory: Path,
        now: Callable[[], datetime],
        storage: Storage = SYSTEM_DISK,
        *,
        cost: Cost | None = None,
    ) -> None:
        self.directory = directory
        self._cost = cost
        self._now = now
        self._storage = storage
        self._host: LocalHost | None = None
        self._places: dict[Path, tuple[int, int]] = {}
        self.at_hand = False
        """Whether the journal is open: not while it is given back in an outage."""
        require_no_journal_known(directory)
        self.keys = TerminalKeys.load_or_create(directory)
        self._take(Journal.open(directory, self.keys, now, storage))

    def tie(self, host: LocalHost | None) -> None:
        """Tie the journal to the embedded acquirer's books here, or None: another one answers.

        From now on `check_place` checks the books' files, too. Raises JournalFault when the books
        are not the journal's.
        """
        self._host = host
        if host is None:
            tie_no_books(self.journal)
            return
        self._note_places()
        tie_books(self.journal, host, lambda: self.journal.durable_head)

    def reopen(self) -> None:
        """Open the same journal again on a new connection. Nothing is made anew.

        Raises JournalFault while it is faulty: GONE while there is none, OTHERS for another one
        in its place and for an earlier copy of it. Nothing stays open then.
        """
        self.release()
        self._check_keys()
        with contextlib.ExitStack() as undo:
            now, storage = self._now, self._storage
            journal = Journal.open(self.directory, self.keys, now, storage, begin=False)
            undo.callback(journal.close)
            undo.callback(self.release)
            self._compare(journal)
            if self._host is not None:
                self._host.check()
            self._take(journal)
            undo.pop_all()

    def check_place(self) -> None:
        """Look whether every file is where it was: a few calls to the system, no reading.

        Raises JournalFault: GONE for one that is not, OTHERS for another file in its place.
        """
        for path, expected in self._places.items():
            if _identity(path) != expected:
                raise JournalFault(Trouble.OTHERS, f"{path} is another file than before")

    def release(self) -> None:
        """Close every file in the directory, until `reopen`: so its disk can be unmounted."""
        self.at_hand = False
        self.journal.close()
        if self._host is not None:
            self._host.close()

    @property
    def signer(self) -> TerminalKeys:
        """The keys that sign now; only the signing key ever changes."""
        return self.journal.keys

    def check_space(self) -> None:
        """Raises JournalFault when the disk is nearly full: a sale must be able to end."""
        try:
            free = self._storage.free_bytes(self.directory)
        except OSError as error:
            raise JournalFault(trouble_of(error), str(error)) from error
        if free < SPACE_MIN_BYTES:
            raise JournalFault(Trouble.FULL, f"{free} bytes left on the disk")

    def close(self) -> None:
        """Write what waits for a commit, and close the journal."""
        self.at_hand = False
        with contextlib.suppress(JournalFault):  # such records may be lost
            self.journal.append()
        self.journal.close()

    # -- below --------------------------------------------------------------------------------

    def _take(self, journal: Journal) -> None:
        self._note_places()
        self.journal = journal
        self.operators = Operators(journal, self._cost)
        self.at_hand = True

    def _compare(self, journal: Journal) -> None:
        """Check that it is the same journal: the record where the last one ended is in it."""
        seq, digest = self.journal.durable_head
        found = next(journal.records(seq, seq), None)
        if found is None or found.hash != digest:
            words = f"record {seq} of this terminal is not in the journal"
            raise JournalFault(Trouble.OTHERS, f"{self.directory}: {words}")

    def _check_keys(self) -> None:
        """The keys are read, never made, and must be those that the terminal has."""
        for name in KEY_FILES:
            _identity(self.directory / name)
        found = TerminalKeys.load(self.directory)
        ours, theirs = (
            (keys.public_hex, keys.card_check, keys.pepper_check) for keys in (self.signer, found)
        )
        if ours != theirs:
            raise JournalFault(Trouble.OTHERS, f"{self.directory} holds other keys")

    def _note_places(self) -> None:
        beside = self._host.paths if self._host is not None else ()
        log = self.directory / f"{DATABASE}-wal"
        logs = [log] if log.exists() else []  # a read-only disk has none
        paths = [*(self.directory / name for name in _FILES), *logs, *beside]
        self._places = {path: _identity(path) for path in paths}


def _identity(path: Path) -> tuple[int, int]:
    """The device and inode of a file. Raises JournalFault."""
    try:
        found = path.stat()
    except _NOT_THERE as error:
        raise JournalFault(Trouble.GONE, f"{path} is gone") from error
    except OSError as error:
        raise JournalFault(trouble_of(error), f"{path}: {error.strerror}") from error
    return found.st_dev, found.st_ino
