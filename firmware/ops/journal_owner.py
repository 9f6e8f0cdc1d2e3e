"""What the owner of a journal may do while the terminal is off: each is recorded for good.

A new signing key; a journal that goes on although its last records are missing (a damaged log, or
an older copy put back); other books of the embedded host.
"""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from firmware.audit.data import require_journal
from firmware.core.clock import SystemClock
from firmware.core.exits import FAILED, Refused
from firmware.journal.faults import IntentsOpen, JournalFault, RuleBroken, Trouble
from firmware.journal.head import WithoutTail
from firmware.journal.keys import TerminalKeys
from firmware.journal.store import Journal
from firmware.terminal.tie import know_no_further, known_head, replace_books

_OPEN = "what is undecided in the records that are left: `--reverse-open` has the host reverse it"


@contextlib.contextmanager
def owning(directory: Path, busy: str) -> Iterator[None]:
    """Within, a command writes the journal itself. Raises Refused with one line for a fault.

    `busy` is what to do while the terminal runs.
    """
    require_journal(directory)  # opening would begin a new one
    try:
        yield
    except JournalFault as fault:
        running = fault.trouble is Trouble.BUSY
        words = f"the terminal runs on this data: {busy}" if running else str(fault)
        raise Refused(f"{directory}: {words}", code=FAILED) from fault


def require_owner(data: Path, why: str, command: str) -> None:
    """Refuse to write for anybody but the owner: the terminal could not read it. Raises Refused."""
    owner = data.stat().st_uid
    if owner == os.geteuid():
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"#{owner}"
    raise Refused(f"{data}: {why}: as its owner, `sudo -u {name} {command}`", code=FAILED)


def change_key(data: Path) -> int:
    """Let the journal in `data` be signed with a new key; gives the record that introduces it.

    Raises Refused, also while the terminal runs.
    """
    with owning(data, busy="stop it first"):
        require_owner(data, "a new key would be yours", "pos journal new-key")
        with contextlib.closing(_opened(data)) as journal:
            journal.change_key()
            return journal.head()[0]


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
        except IntentsOpen as broken:
            raise Refused(_OPEN, code=FAILED) from broken
        except RuleBroken as broken:
            raise Refused(f"--after: {broken.words}", code=FAILED) from broken
        lost = journal.lost_tail
        head = journal.durable_head
        journal.close()
        if lost is None:
            raise Refused(f"{data}: no record is missing: it goes on as it is", code=FAILED)
        know_no_further(data, *head)
        return lost


def new_books(data: Path) -> str:
    """Let the embedded host of the terminal in `data` begin other books; the old ones' identity.

    Raises Refused, also when there were none, and while the terminal runs.
    """
    with owning(data, busy="stop it first"):
        require_owner(data, "the record would be yours", "pos journal new-books")
        with contextlib.closing(_opened(data)) as journal:
            before = replace_books(journal)
    if not before:
        raise Refused(f"{data}: no books are missed here", code=FAILED)
    return before


def _opened(data: Path) -> Journal:
    return Journal.open(data, TerminalKeys.load(data), SystemClock().now)
