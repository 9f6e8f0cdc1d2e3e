"""Files that commands write: one that is there is replaced only with `--force`."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TextIO

from firmware.core.exits import Refused
from firmware.core.files import written


def add_force_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--force`, which goes with every file that a command writes."""
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")


def add_output_arguments(
    parser: argparse.ArgumentParser,
    *,
    required: bool = False,
    metavar: str = "FILE",
    kind: Callable[[str], Path] = Path,
    says: str | None = "default: print it",
) -> None:
    """Add `-o FILE` and `--force`."""
    parser.add_argument("-o", "--output", type=kind, required=required, metavar=metavar, help=says)
    add_force_argument(parser)


def named_as(ending: str, what: str) -> Callable[[str], Path]:
    """Reads the name of a file that has to end so. What it gives raises ArgumentTypeError."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() != ending:
            raise argparse.ArgumentTypeError(f"the {what} is a {ending} file, not {text!r}")
        return Path(text)

    return path


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
