"""`pos backup`: a copy of the terminal's data and settings in one file, taken while it trades.

It is refused only while a transaction stays undecided: put back, it would be reversed there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from firmware.audit.data import reading
from firmware.cli.arguments import add_config_argument, add_data_instead_argument
from firmware.core.clock import SystemClock
from firmware.core.config import ConfigError
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.faults import JournalFault
from firmware.ops.backup import back_up
from firmware.terminal.settings import checked, file_of, legible

PATIENCE_S, PAUSE_S = 150, 0.2  # a host may take a minute, and its reversal another


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="what is made; never replaced")
    add_config_argument(parser)
    add_data_instead_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Take the copy: 0 done, 1 not. Raises Refused."""
    settings = legible(file_of(options.config))
    try:
        # of a file that is not there the copy itself says so
        if settings.path is None or settings.path.exists():
            checked(settings.path)
    except ConfigError as error:  # no reason to have no copy
        for mistake in error.mistakes:
            print(f"pos: warning: {mistake}", file=sys.stderr)
    data = options.data or settings.data
    with reading(data):  # there is a journal, and it is of this release
        pass
    try:
        copy = back_up(data, options.file, settings.files, SystemClock().now, patience(time.sleep))
    except JournalFault as fault:
        raise Refused(fault.words, code=FAILED) from fault
    size_kib = options.file.stat().st_size // 1024
    print(f"{options.file}: {copy.records} records, head {copy.head_hash}, {size_kib} KiB")
    print("settings:", ", ".join(map(str, settings.files)) or "none, for --config names none")
    print("it holds the terminal's keys: keep it as you keep cash")
    return DONE


def patience(sleep: Callable[[float], None]) -> Callable[[], None]:
    """Waits for the transaction under way at each call; raises Refused when that takes too long."""
    pauses_left = iter(range(int(PATIENCE_S / PAUSE_S)))

    def pause() -> None:
        if next(pauses_left, None) is None:
            words = "a transaction is not decided: try again, or start the terminal to end it"
            raise Refused(words, code=FAILED)
        sleep(PAUSE_S)

    return pause
