"""The terminal's data directory: keys, journal, operators; opened, and anew after a fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from firmware.journal.connection import Connect, connect
from firmware.journal.faults import JournalFault, Trouble, trouble_of
from firmware.journal.head import HeadFile, OpenHead
from firmware.journal.keys import TerminalKeys
from firmware.journal.operators import Operators
from firmware.journal.store import Journal

SPACE_MIN_BYTES = 32 * 1024 * 1024  # a full batch with its frames is a tenth of that


class Ledger:
    """Opens what is durable in `directory`. Raises JournalFault when it cannot be relied on.

    `free_bytes` says what the disk has left.
    """

    def __init__(
        self,
        directory: Path,
        now: Callable[[], datetime],
        free_bytes: Callable[[Path], int] = lambda directory: shutil.disk_usage(directory).free,
        connect: Connect = connect,
        open_head: OpenHead = HeadFile,
    ) -> None:
        self._directory = directory
        self._now = now
        self._free_bytes = free_bytes
        self._connect = connect
        self._open_head = open_head
        self.keys = TerminalKeys.load_or_create(directory)
        self._open()

    def reopen(self) -> None:
        """Open the journal again on a new connection. Raises JournalFault while it is faulty."""
        self.journal.close()
        self._open()

    def _open(self) -> None:
        self.journal = Journal.open(
            self._directory,
            self.keys,
            self._now,
            connect=self._connect,
            open_head=self._open_head,
        )
        self.operators = Operators(self.journal)

    @property
    def signer(self) -> TerminalKeys:
        """The keys that sign now; only the signing key ever changes."""
        return self.journal.keys

    def check_space(self) -> None:
        """Raises JournalFault when the disk is nearly full: a sale must be able to end."""
        try:
            free = self._free_bytes(self._directory)
        except OSError as error:
            raise JournalFault(trouble_of(error), str(error)) from error
        if free < SPACE_MIN_BYTES:
            raise JournalFault(Trouble.FULL, f"{free} bytes left on the disk")

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()
