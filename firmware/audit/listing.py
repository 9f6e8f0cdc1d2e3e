"""A table of a batch's or a day's transactions, with what was approved in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from msgspec import Struct

from firmware.audit.export import money
from firmware.audit.spans import BATCH_ROWS_MAX, DAY, clock_text, dashed, serial_of
from firmware.core.kinds import TOLD_ALWAYS, Kind
from firmware.journal.lookups import Lookups
from firmware.journal.records import SettingChanged
from firmware.journal.settings import change_words
from firmware.journal.transactions import State, Transaction

_HEAD = ("batch", "voucher", "date", "time", "op", "type", "amount", "", "card", "state", "", "")
_WIDTHS = (6, 7, 10, 8, 2, 6, 10, 3, 8, 12, 12, 0)


class Listed(Struct, frozen=True, kw_only=True):
    """What to list: a batch by its number, or a day (YYYYMMDD); neither is the open batch."""

    batch: int | None
    date: str | None
    training: bool


def write_list(journal: Lookups, asked: Listed, file: TextIO) -> None:
    """Write the table row by row: a day or a batch may be longer than memory is large."""
    counts: Counter[str] = Counter()
    sums: Counter[tuple[str, Kind]] = Counter()
    approved: Counter[tuple[str, Kind]] = Counter()
    serials = _serials(journal, asked)
    print(_line(_HEAD), file=file)
    for one in _wanted(journal, serials, asked):
        print(_line(_row(one)), file=file)
        counts[one.currency] += 1
        if one.state is State.APPROVED:
            approved[one.currency, one.kind] += 1
            sums[one.currency, one.kind] += one.amount_minor
    for currency, count in sorted(counts.items()):
        words = (
            f"{kind.value}s {approved[currency, kind]}/{money(sums[currency, kind], currency)}"
            for kind in Kind
            if kind in TOLD_ALWAYS or approved[currency, kind]
        )
        print(f"{count} transactions; approved in {currency}: {', '.join(words)}", file=file)
    if not counts:
        print("no transactions", file=file)
    for line in _settings_changed(journal, serials, asked.date):
        print(line, file=file)
    if asked.batch is None and asked.date is None:
        print(_others(journal), file=file)


def _others(journal: Lookups) -> str:
    """Which batch was listed when none was named, and how to see others."""
    number = journal.batch()
    earlier = f"--batch {number - 1} the one before, " if number > 1 else ""
    last = journal.last_transaction()
    day = dashed(last.date) if last else DAY
    return f"batch {number:06d} is open, this is all of it; {earlier}--date {day} a day's"


def _serials(journal: Lookups, asked: Listed) -> range:
    """The batches to look through, by serial. Raises Refused for one that is not there."""
    if asked.date is not None:
        return journal.serials()
    serial = serial_of(journal, journal.batch() if asked.batch is None else asked.batch)
    return range(serial, serial + 1)


def _wanted(journal: Lookups, serials: range, asked: Listed) -> Iterator[Transaction]:
    """The transactions asked for, oldest first, a batch at a time."""
    for serial in serials:
        page = journal.list_transactions(
            None, BATCH_ROWS_MAX, training=asked.training, date=asked.date, serial=serial
        )
        yield from reversed(page)


def _settings_changed(journal: Lookups, serials: range, day: str | None) -> Iterator[str]:
    """What changed of the settings in that batch, or on that day."""
    for entry in journal.setting_changes(None if day else serials[0]):
        record = entry.record
        if isinstance(record, SettingChanged) and day in (None, entry.moment.strftime("%Y%m%d")):
            at = entry.moment.strftime("%Y-%m-%d %H:%M:%S")
            yield f"{at}  setting changed: {change_words(record)}"


def _line(cells: tuple[str, ...]) -> str:
    """A row of the table; what is wider than its column moves the rest."""
    amount = _HEAD.index("amount")
    padded = (
        cell.rjust(width) if at == amount else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    )
    return "  ".join(padded).rstrip()


def _row(one: Transaction) -> tuple[str, ...]:
    return (
        f"{one.batch:06d}",
        f"{one.stan:06d}",
        dashed(one.date),
        clock_text(one.time),
        one.operator,
        one.kind.value,
        money(one.amount_minor, one.currency),
        one.currency,
        f"****{one.card.last4}",
        one.state.value + (f" {one.response_code}" if one.response_code else ""),
        one.reference,
        _note(one),
    )


def _note(one: Transaction) -> str:
    if one.voided_by:
        return f"voided by {one.voided_by:06d}"
    if one.refunded_minor:
        return f"refunded {money(one.refunded_minor, one.currency)}"
    if one.original is not None and one.original.elsewhere:
        return f"of {one.original.number}, another terminal's"
    if one.original is not None:
        return f"of {one.original.batch:06d}/{one.original.stan:06d}"
    return one.reason
