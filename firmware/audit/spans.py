"""Which voucher, days and batches a command is to look at: its arguments, and what they name.

A day is written `2026-11-28` in every command. Earlier forms still work, and say what is new.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from firmware.core.exits import FAILED, Refused
from firmware.core.kinds import COUNTED
from firmware.journal.lookups import Lookups
from firmware.journal.rules import BATCH_MAX, STAN_MAX
from firmware.journal.transactions import State, Transaction

BATCH_ROWS_MAX = 2_000_000  # more than a batch has voucher numbers, training transactions included
DAY = "YYYY-MM-DD"


class Span(Struct, frozen=True):
    """Batches and days, both ends included; None is no limit. Days are YYYYMMDD."""

    batches: tuple[int, int] | None = None
    since: str | None = None
    until: str | None = None

    def has(self, one: Transaction) -> bool:
        """Whether a transaction is of these days. Its batch is not looked at."""
        return (self.since or "") <= one.date <= (self.until or "9")


def add_span_arguments(parser: argparse.ArgumentParser, *, whole: str = "all batches") -> None:
    """Add `--batch`, `--date`, `--from` and `--to`; `whole` is what is meant without any."""
    parser.add_argument("--batch", type=batches_of, metavar="N[-M]", help=f"default: {whole}")
    parser.add_argument("--date", type=day_of, metavar=DAY, help="one day, whatever its batch")
    parser.add_argument("--from", dest="since", type=day_of, metavar=DAY, help="the first day")
    parser.add_argument("--to", dest="until", type=day_of, metavar=DAY, help="the last day")


def span_of(options: argparse.Namespace) -> Span:
    """What these arguments ask for. Raises Refused where they contradict each other."""
    since, until = options.since, options.until
    if options.date is not None:
        if since is not None or until is not None:
            raise Refused("--date is one day: give it without --from and --to")
        since = until = options.date
    if since is not None and until is not None and since > until:
        raise Refused(f"--from {dashed(since)} is after --to {dashed(until)}")
    return Span(options.batch, since, until)


def add_voucher_arguments(parser: argparse.ArgumentParser) -> None:
    """Add VOUCHER, `--batch` and `--training`, which name one transaction."""
    parser.add_argument("voucher", type=voucher_number, metavar="VOUCHER")
    parser.add_argument(
        "--batch", type=batch_number, metavar="N", help="default: the latest with it"
    )
    parser.add_argument("--training", action="store_true", help="of a training transaction")


def voucher_of(journal: Lookups, options: argparse.Namespace) -> Transaction | None:
    """The transaction that these arguments name; None where there is none."""
    if options.batch is None:
        return journal.by_voucher(options.voucher, training=options.training)
    return journal.transaction(options.batch, options.voucher, training=options.training)


def transactions(journal: Lookups, span: Span) -> Iterator[Transaction]:
    """The transactions of a span, oldest first, a batch's training transactions after its trade.

    Raises Refused for a batch that is not there; and when it comes to one whose sums are not the
    journal's own, before any of it is given. JournalFault when it cannot be read.
    """
    return _of_batches(journal, _serials(journal, span), span)


def _of_batches(journal: Lookups, serials: Iterable[int], span: Span) -> Iterator[Transaction]:
    for serial in serials:  # one at a time: years do not fit a Pi's memory
        trade, trained = (
            journal.list_transactions(None, 0, BATCH_ROWS_MAX, training=training, serial=serial)
            for training in (False, True)
        )
        _require_own_totals(journal, serial, trade)
        yield from (one for one in (*reversed(trade), *reversed(trained)) if span.has(one))


def _serials(journal: Lookups, span: Span) -> list[int]:
    """The batches of a span by their place among all: their numbers begin anew."""
    first, last = 1, journal.serials()[-1]
    if span.batches is not None:
        first, last = (_serial(journal, batch) for batch in span.batches)
    if span.since is None and span.until is None:
        return list(range(first, last + 1))
    dated = journal.serials_between(span.since or "", span.until or "9")
    return [serial for serial in dated if first <= serial <= last]


def _serial(journal: Lookups, batch: int) -> int:
    serial = journal.serial_of(batch)
    if not serial:
        raise Refused(f"there is no batch {batch:06d}", code=FAILED)
    return serial


def _require_own_totals(journal: Lookups, serial: int, trade: list[Transaction]) -> None:
    own = journal.totals(0, serial=serial)
    for kind in COUNTED:
        approved = [one for one in trade if one.state is State.APPROVED and one.kind is kind]
        found = len(approved), sum(one.amount_minor for one in approved)
        expected = own.of(kind)
        if found != expected:
            batch = f" of batch {trade[0].batch:06d}" if trade else ""
            words = f"{kind.value}s{batch} are {found[0]}/{found[1]}"
            words += f", the journal's own totals {expected[0]}/{expected[1]}"
            raise Refused(f"the journal does not add up: {words}; see `pos verify`", code=FAILED)


def batch_number(text: str) -> int:
    """A batch number as an argument."""
    return within(text, BATCH_MAX, "a batch number")


def voucher_number(text: str) -> int:
    """A voucher number as an argument."""
    return within(text, STAN_MAX, "a voucher number")


def batches_of(text: str) -> tuple[int, int]:
    """One batch, or the first and the last of several: `7`, `3-7`."""
    first, dash, last = text.partition("-")
    found = batch_number(first), batch_number(last if dash else first)
    if found[0] > found[1]:
        raise argparse.ArgumentTypeError(f"the first batch comes first, not {text!r}")
    return found


def within(text: str, most: int, what: str) -> int:
    """A number from 1 to `most` as an argument."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{what} is 1 to {most}, not {text!r}")
    return int(text)


def day_of(text: str) -> str:
    """A day as the journal writes it, YYYYMMDD."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{8}", text, re.ASCII):
        try:
            day = date.fromisoformat(text).strftime("%Y%m%d")
        except ValueError:
            pass
        else:
            if "-" not in text:
                say_new(text, dashed(day))
            return day
    raise argparse.ArgumentTypeError(f"a date is {DAY}, not {text!r}")


def dashed(day: str) -> str:
    """A day of the journal as people and spreadsheets read it, 2026-11-28."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def clock_text(time: str) -> str:
    """A time of the journal, HHMMSS, as 19:32:05."""
    return f"{time[:2]}:{time[2:4]}:{time[4:]}"


class Renamed(argparse.Action):
    """An argument that has another name now: it is taken, and the new name is said."""

    def __init__(self, option_strings: list[str], dest: str, new: str, **others: Any) -> None:
        super().__init__(option_strings, dest, help=argparse.SUPPRESS, **others)
        self._new = new

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value under the new name."""
        del parser
        say_new(str(option_string), self._new)
        setattr(namespace, self.dest, values)


def say_new(old: str, new: str) -> None:
    """Say how something is written now, beside what is printed."""
    print(f"pos: {old} is written {new} now", file=sys.stderr)
