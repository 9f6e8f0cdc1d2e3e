"""Lets a journal go on whose last records are missing: a damaged log, or an older copy put back."""

from __future__ import annotations

from pathlib import Path

from firmware.audit.data import owning, require_owner
from firmware.core.clock import SystemClock
from firmware.core.exits import FAILED, Refused
from firmware.journal.faults import RuleBroken
from firmware.journal.head import WithoutTail
from firmware.journal.keys import TerminalKeys
from firmware.journal.store import Journal
from firmware.terminal.tie import know_no_further, known_head, replace_books

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
                known=known_head(data),
            )
        except RuleBroken as broken:
            words = _OPEN if "intent" in broken.words else f"--after: {broken.words}"
            raise Refused(words, code=FAILED) from broken
        lost = journal.lost_tail
        head = journal.durable_head
        journal.close()
        if lost is not None:
            know_no_further(data, *head)
        else:
            raise Refused(f"{data}: no record is missing: it goes on as it is", code=FAILED)
        return lost


def new_books(data: Path) -> str:
    """Let the embedded host of the terminal in `data` begin other books; the old ones' identity.

    Raises Refused, also when there were none, and while the terminal runs.
    """
    with owning(data, busy="stop it first"):
        require_owner(data, "the record would be yours", "pos journal new-books")
        journal = Journal.open(data, TerminalKeys.load(data), SystemClock().now)
        try:
            before = replace_books(journal)
        finally:
            journal.close()
    if not before:
        raise Refused(f"{data}: no books are missed here", code=FAILED)
    return before
