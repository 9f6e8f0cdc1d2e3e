"""Files of the terminal's own that a power cut leaves whole, as they were or as they are to be."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Make or replace a file of mode 0600; durable when this returns. Raises OSError."""
    write_whole(path, content, PRIVATE)


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Make or replace a file of this mode; durable when this returns. Raises OSError."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)  # left by a power cut
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        if mode != PRIVATE:  # else it has it, and a stick's file system refuses any change
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make names in `directory` durable. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
