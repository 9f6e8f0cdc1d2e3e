"""Files that commands write: one that is there is replaced only with `--force`."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TextIO

from firmware.core.exits import Refused
from firmware.core.files import written


@contextlib.contextmanager
def writing_bytes(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that is there whole or not at all. Raises Refused when it cannot be written."""
    try:
        with written(path, replace=force) as file:
            yield file
    except FileExistsError as error:
        raise Refused(f"{path}: {error.strerror}; --force replaces it") from error
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def writing(path: Path | None, *, force: bool = False) -> Iterator[TextIO]:
    """The same for text; None or `-` is standard output."""
    if path is None or str(path) == "-":
        yield sys.stdout
        return
    with writing_bytes(path, force=force) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()
