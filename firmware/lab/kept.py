"""The data directory of a simulator that goes on where it was ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from firmware.audit.data import reading
from firmware.core.exits import FAILED, Refused
from firmware.journal.connection import DATABASE
from firmware.lab.scenario.stage import START

MARK = "SIMULATED"  # in a folder of the simulator's: nothing is played on a terminal's own data
_MARK = "Made by `pos sim`: modelled cards, no money. Not for a terminal that trades.\n"
PAUSE = timedelta(minutes=1)  # between two sessions on the same data


class Kept(Struct, frozen=True):
    """A data directory that outlives the session, and when its terminal is switched on."""

    directory: Path
    begins: datetime


def kept_in(data: Path) -> Kept:
    """A folder to go on with; begins one that is not there yet. Raises Refused."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (data / MARK).exists():
            if any(data.iterdir()):
                raise Refused(f"{data}: it is not empty, and `pos sim` did not make it")
            (data / MARK).write_text(_MARK, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{data}: {error.strerror}", code=FAILED) from None
    begins = START
    if (data / DATABASE).exists():
        with reading(data) as journal:
            head, _ = journal.head()
            for last in journal.records(head, head):
                begins = max(begins, last.moment.astimezone(START.tzinfo) + PAUSE)
    return Kept(data, begins)
