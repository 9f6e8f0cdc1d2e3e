"""What is asked of the disk under a data directory: a connection, a file, and how much is left."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from firmware.journal.connection import connect
from firmware.journal.head import HeadFile


class Storage:
    """The disk as the system has it."""

    def connect(self, path: Path) -> sqlite3.Connection:
        """As firmware.journal.connection.connect: the journal's own, for one opening of it."""
        return connect(path)

    def open_head(self, directory: Path) -> HeadFile:
        """The file that says where the journal ends."""
        return HeadFile(directory)

    def free_bytes(self, directory: Path) -> int:
        """How much room is left. Raises OSError when the disk cannot be used."""
        return shutil.disk_usage(directory).free


SYSTEM_DISK = Storage()
