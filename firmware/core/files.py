"""Files that people name: read up to a size, and replaced only where this is asked for.

A name may lead to anything: a device without an end, a pipe that nobody writes to, a directory, a
file of another person's through a link. So all files that people name are read by this module.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import IO

MIB = 1024 * 1024
TEXT_MAX_BYTES = MIB  # a configuration, an account list, a scenario
_NOT_REGULAR = "is not a regular file"


def read_bytes(path: Path, *, most_bytes: int = TEXT_MAX_BYTES, follow: bool = True) -> bytes:
    """What a regular file of bounded size holds; never blocks on a pipe or a device.

    With `follow` false a symbolic link is not gone through. Raises OSError with words for people.
    """
    try:
        if not stat.S_ISREG(path.stat(follow_symlinks=follow).st_mode):
            raise OSError(errno.EINVAL, _NOT_REGULAR, str(path))
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # changed since it was looked at
                raise OSError(errno.EINVAL, _NOT_REGULAR, str(path))
            content = file.read(most_bytes + 1)
    except ValueError:  # a zero byte in the name
        raise OSError(errno.EINVAL, "is no name of a file", str(path)) from None
    if len(content) > most_bytes:
        most = f"{most_bytes // MIB} MiB" if most_bytes >= MIB else f"{most_bytes} bytes"
        raise OSError(errno.EFBIG, f"is larger than {most}", str(path))
    return content


def read_text(path: Path, *, most_bytes: int = TEXT_MAX_BYTES) -> str:
    """The same as UTF-8 text, without the byte order mark that some editors put first.

    Raises OSError, or UnicodeDecodeError.
    """
    return read_bytes(path, most_bytes=most_bytes).decode("utf-8-sig")


def below(folder: Path, name: str) -> Path:
    """The real path of `name`, which is relative to `folder` and stays below it.

    Links are resolved first. Raises OSError if it leads out of the folder.
    """
    try:
        real, inside = folder.resolve(), (folder / name).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a zero byte
        words = getattr(error, "strerror", None) or "leads nowhere"
        raise OSError(errno.EINVAL, words, name) from None
    if not inside.is_relative_to(real) or inside == real or Path(name).is_absolute():
        raise OSError(errno.EPERM, f"is not below {folder}", name)
    return inside


_THERE = "is there already"


@contextlib.contextmanager
def written(path: Path, *, replace: bool = False, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A file to be written; it appears under its name when all of it is there, or not at all.

    A file that is there already stays as it is unless `replace` says so. Something else than a
    regular file, such as /dev/stdout or a pipe, is written to as it is. Raises OSError.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    if found is not None and not stat.S_ISREG(found.st_mode):
        with path.open("wb") as device:
            yield device
        return
    if found is not None and not replace:
        raise OSError(errno.EEXIST, _THERE, str(path))
    # another name each time: a power cut may have left one
    aside = path.with_name(f".{path.name}.{token_hex(4)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(aside, flags, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _put(aside, path, replace=replace)
    finally:
        aside.unlink(missing_ok=True)


def _put(aside: Path, path: Path, *, replace: bool) -> None:
    """Give a file its name; one that came to be since is not replaced. Raises OSError."""
    if replace:
        aside.replace(path)
        return
    try:
        os.link(aside, path)
    except FileExistsError:
        raise OSError(errno.EEXIST, _THERE, str(path)) from None
    except OSError:  # a file system without hard links
        if path.exists():
            raise
        aside.rename(path)
