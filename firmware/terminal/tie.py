"""Ties the journal and the embedded host's books together: the loss of either one is noticed.

The data directory's lock file names the books that answer; the books note the journal's last record
at each answer. Each start checks that

- these are the books that the lock file names,
- the books hold the last answer in the journal,
- the journal holds the record that the books note,
- accounts are found under the same key.

If not, a card could spend again what it has spent. Should the lock file be lost as well, the
journal's last answer is looked for in the books, and books need a journal beside them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from firmware.acquirer.booking import Tie
from firmware.acquirer.books import BOOKS, Books
from firmware.acquirer.engine import BooksError, BooksFailedError
from firmware.core.raised import RaisedAs
from firmware.journal.connection import DATABASE
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.head import Head
from firmware.journal.records import BooksReplaced, CopyRestored
from firmware.journal.store import Journal
from firmware.journal.transactions import Transaction

if TYPE_CHECKING:
    from firmware.acquirer.embedded import LocalHost

_NOTE = "books"  # in the lock file
_ELSEWHERE, _NONE, _UNKNOWN = -1, "none", "unknown"
_KIND, _EMBEDDED = "host.kind", '"local"'  # the setting that says which acquirer answers
_WAYS_BACK = "put the right file back, restore a backup, or see `pos journal new-books`"


class BooksKnown(Struct, frozen=True):
    """Which books of the embedded host answer; every answer after the record `since` is theirs.

    `since` is -1 while another acquirer answers.
    """

    identity: str
    since: int


def tie_books(journal: Journal, host: LocalHost, head: Callable[[], tuple[int, bytes]]) -> None:
    """Check journal and books against each other, and tie them if they never were.

    `head` gives the journal's last durable record, on any thread. Raises JournalFault.
    """
    with _FAULTS:
        _tie(journal, host)
    host.journal_head = head


def tie_no_books(journal: Journal) -> None:
    """Note that another acquirer answers from now on. Raises JournalFault."""
    known = _known(journal)
    if known is not None:
        _know(journal, BooksKnown(known.identity, _ELSEWHERE))


def replace_books(journal: Journal) -> str:
    """Accept the books that the next start finds; returns the identity of the books before.

    "" when no books were known and none have ever answered. Raises JournalFault.
    """
    known = _known(journal)
    if known is None and _last_of_unknown(journal) is None:
        return ""
    before = known.identity if known is not None else _UNKNOWN
    if before == _NONE:
        return ""
    journal.append(BooksReplaced(before=before))
    _know(journal, BooksKnown(_NONE, _ELSEWHERE))
    return before


def require_no_journal_known(directory: Path) -> None:
    """Raise JournalFault when books are here but their journal is gone: none may be begun then."""
    if (directory / DATABASE).exists():
        return
    known = known_head(directory)
    if known is not None and known.seq > 0:
        words = f"the host's books know its record {known.seq}, and {DATABASE} is gone"
        raise JournalFault(Trouble.LOST, f"{words}; put it back, or restore a backup")


def known_head(directory: Path) -> Head | None:
    """The last record of the journal that the books beside it note; None if there is none.

    Raises JournalFault.
    """
    tie = _with_tie(directory, lambda _books, tie: tie)
    return None if tie is None else Head(tie.seq, tie.hash)


def know_no_further(directory: Path, seq: int, digest: bytes) -> None:
    """Note this record as the journal's last in the books of a data directory.

    Raises JournalFault.
    """

    def change(books: Books, tie: Tie) -> Tie:
        with books.commit():
            books.note_journal(seq, digest)
        return tie

    _with_tie(directory, change)


def _with_tie(directory: Path, use: Callable[[Books, Tie], Tie]) -> Tie | None:
    path = directory / BOOKS
    if not path.exists():
        return None
    with _FAULTS, closing(Books(path)) as books:
        tie = books.tie()
        return None if tie is None else use(books, tie)


def _tie(journal: Journal, host: LocalHost) -> None:
    known, found = _known(journal), host.tie()
    seq, digest = journal.durable_head
    replaced = known is not None and known.identity == _NONE
    if known is not None and not replaced:
        if found is None:
            raise _fault("the host's books are gone, or others lie in their place")
        if found.identity != known.identity:
            raise _fault("these books are another terminal's")
    if known is None:  # a first start, an earlier release's books, a copy, or a lost note
        one = _last_of_unknown(journal)
        _check_answered(host, one, ": they are gone, an earlier copy, or others")
    if found is None or (replaced and not _fits(journal, host, found)):
        host.begin_tie(secrets.token_hex(16), seq, digest)
        found = host.tie()
        assert found is not None
    if found.key_check != host.key_check:
        raise _fault("the host's key is another, and no account is found under it")
    if not (replaced or (known is None and _was_put_back(journal))):
        journal.check_known(Head(found.seq, found.hash))
    if known is None or replaced:  # a first start, or one on a copy that was put back
        host.begin_tie(found.identity, seq, digest)
    if known is not None and known.since >= 0:
        one = journal.last_answered(known.since)
        _check_answered(host, one, ", which they answered: they are an earlier copy")
    else:
        _know(journal, BooksKnown(found.identity, seq))


def _known(journal: Journal) -> BooksKnown | None:
    match journal.hold.noted(_NOTE):
        case [identity, since] if since.lstrip("-").isdecimal():
            return BooksKnown(identity, int(since))
    return None


def _know(journal: Journal, known: BooksKnown) -> None:
    if known != _known(journal):
        journal.hold.note(_NOTE, known.identity, str(known.since))


def _was_put_back(journal: Journal) -> bool:
    """Whether a copy was put back last: the books may know records that it does not have."""
    seq, _ = journal.head()
    return any(isinstance(entry.record, CopyRestored) for entry in journal.records(seq, seq))


def _fits(journal: Journal, host: LocalHost, tie: Tie) -> bool:
    same = (entry.hash == tie.hash for entry in journal.records(tie.seq, tie.seq))
    return tie.key_check == host.key_check and any(same)


def _check_answered(host: LocalHost, one: Transaction | None, why: str) -> None:
    """Raise the fault, which says `why`, if the books do not hold this answer."""
    if one is not None and not host.has_answered(one.terminal, one.batch, one.stan, one.reference):
        missing = f"the host's books do not have voucher {one.batch:06d}/{one.stan:06d}"
        raise _fault(f"{missing}{why}")


def _last_of_unknown(journal: Journal) -> Transaction | None:
    """The last answer, if the recorded settings name the embedded host; else None."""
    embedded = journal.settings().get(_KIND) == _EMBEDDED
    return journal.last_answered(_ELSEWHERE) if embedded else None


def _fault(words: str) -> JournalFault:
    return JournalFault(Trouble.BOOKS, f"{words}; {_WAYS_BACK}")


def _fault_of(error: Exception) -> JournalFault:
    """The JournalFault for an error of the books."""
    unread = isinstance(error, BooksFailedError)
    return _fault(f"they cannot be read: {error}" if unread else str(error))


_FAULTS = RaisedAs((BooksError,), _fault_of)
