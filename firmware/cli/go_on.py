"""Lets a journal go on whose last records are missing: a damaged log, or an older copy put back."""

from __future__ import annotations

from pathlib import Path

from firmware.cli.data import owning, require_owner
from firmware.cli.exits import FAILED, Refused
from firmware.journal.faults import RuleBroken
from firmware.journal.keys import TerminalKeys
from firmware.journal.store import Journal, WithoutTail
from hw.worker import SystemClock

_OPEN = "what is undecided in the records that are left: `--reverse-open` has the host reverse it"


def go_on(data: Path, last: tuple[int, int], *, reverse_open: bool) -> tuple[int, int]:
    """Let the journal in `data` go on after the voucher `last`, without the missing records.

    Gives the last record that was left and the last one that was known. Raises Refused, also when
    nothing is missing and while the terminal runs.
    """
    with owning(data, busy="stop it first"):
        require_owner(data, "the records would be yours", "pos journal go-on")
        try:
            journal = Journal.open(
                data,
                TerminalKeys.load(data),
                SystemClock().now,
                without_tail=WithoutTail(*last, reverse_open=reverse_open),
            )
        except RuleBroken as broken:
            words = _OPEN if "intent" in broken.words else f"--after: {broken.words}"
            raise Refused(words, code=FAILED) from broken
        lost = journal.lost_tail
        journal.close()
        if lost is None:
            raise Refused(f"{data}: no record is missing: it goes on as it is", code=FAILED)
        return lost
