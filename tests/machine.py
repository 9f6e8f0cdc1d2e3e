"""What the machine that tests run on may lack, as a chroot or a container does.

A disk in memory is fallen back from; without pseudo-terminals a test is skipped with the reason.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


def in_memory(memory: Path = MEMORY) -> Path | None:
    """Where files cost no real sync, if something can be written there; else None, for `dir=`."""
    try:
        with tempfile.TemporaryFile(dir=memory):
            return memory
    except OSError:
        return None


@contextlib.contextmanager
def room(prefix: str = "pos-tests-", memory: Path = MEMORY) -> Iterator[Path]:
    """A folder that nobody keeps, in memory where the system has some."""
    with tempfile.TemporaryDirectory(prefix=prefix, dir=in_memory(memory)) as folder:
        yield Path(folder)


def processes(count: int | None) -> Executor:
    """So many processes; one thread where the machine has no semaphores to share between them."""
    spawn = multiprocessing.get_context("spawn")
    try:
        spawn.Lock()
    except (OSError, ImportError):
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(count, mp_context=spawn)


@contextlib.contextmanager
def heeding_hangups() -> Iterator[None]:
    """Within, a process that is begun ends by SIGHUP, also where `nohup` runs the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def pseudo_terminal() -> tuple[int, int]:
    """Both ends of a terminal device; skips, with the reason, where none can be had."""
    try:
        return os.openpty()
    except OSError as error:
        pytest.skip(f"NOT TRIED: no pseudo-terminal can be had here: {error.strerror or error}")
