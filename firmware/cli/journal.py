"""`pos journal`: lists, shows and exports what is in the journal, while the terminal runs.

Only `new-key` changes it, and only while the terminal is off.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from firmware.cli import journal_export
from firmware.cli.data import add_data_argument, reading, writing
from firmware.cli.dossier import dossier
from firmware.cli.exits import DONE, FAILED, Refused
from firmware.cli.keyring import change_key, pem_of, pem_of_all
from firmware.cli.spans import (
    BATCH_ROWS_MAX,
    DAY,
    batch_number,
    batch_numbers,
    clock_text,
    dashed,
    day_of,
    within,
)
from firmware.journal.lookups import Lookups
from firmware.journal.records import Kind
from firmware.journal.rules import STAN_MAX
from firmware.journal.transactions import State, Transaction
from firmware.money import CURRENCIES, Money

_HEAD = ("batch", "voucher", "date", "time", "op", "type", "amount", "", "card", "state", "", "")
_WIDTHS = (6, 7, 10, 8, 2, 6, 10, 3, 8, 12, 12, 0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    lists = actions.add_parser("list", help="a table of a batch's or a day's transactions")
    which = lists.add_mutually_exclusive_group()
    which.add_argument("--batch", type=batch_number, metavar="N", help="default: the open batch")
    which.add_argument("--date", type=day_of, metavar=DAY)
    lists.add_argument("--training", action="store_true", help="lessons instead of trade")
    show = actions.add_parser("show", help="one voucher with all its records")
    show.add_argument("voucher", type=voucher_number, metavar="VOUCHER")
    show.add_argument("--batch", type=batch_number, metavar="N", help="default: the latest with it")
    show.add_argument("--training", action="store_true", help="a lesson's voucher")
    exports = actions.add_parser(
        "export",
        help="transactions, batches or totals, for an accountant or a program",
        description=journal_export.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    journal_export.add_arguments(exports)
    key = actions.add_parser("key", help="the public key for `pos verify`, as PEM")
    key.add_argument("--all", action="store_true", help="also those that earlier vouchers need")
    key.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: print it")
    new_key = actions.add_parser("new-key", help="sign with a new key; the terminal must be off")
    for action in (lists, show, exports, key, new_key):
        add_data_argument(action)


def run(options: argparse.Namespace) -> int:
    """Do what is asked: 0 done, 1 not found or not to be read. Raises Refused."""
    if options.action == "new-key":
        print(f"a new key is valid from record {change_key(options.data)}; give it out anew:")
        print("`pos journal key --all` has it, and the earlier ones for earlier papers")
        return DONE
    with reading(options.data) as journal:
        match options.action:
            case "list":
                _list(journal, options)
            case "show":
                _show(journal, options)
            case "export":
                journal_export.run(journal, options)
            case "key":
                keys = journal.public_keys()
                with writing(options.output) as file:
                    file.write(pem_of_all(keys) if options.all else pem_of(keys[-1][1]))
    return DONE


def _list(journal: Lookups, options: argparse.Namespace) -> None:
    """Print the table row by row: a day or a batch may be longer than memory is large."""
    counts: Counter[str] = Counter()
    sums: Counter[tuple[str, Kind]] = Counter()
    approved: Counter[tuple[str, Kind]] = Counter()
    numbers = _batches(journal, options)
    print(_line(_HEAD))
    for one in _wanted(journal, numbers, options):
        print(_line(_row(one)))
        counts[one.currency] += 1
        if one.state is State.APPROVED:
            approved[one.currency, one.kind] += 1
            sums[one.currency, one.kind] += one.amount_minor
    for currency, count in sorted(counts.items()):
        words = (
            f"{kind.value}s {approved[currency, kind]}/"
            f"{Money(sums[currency, kind], CURRENCIES[currency])}"
            for kind in Kind
        )
        print(f"{count} transactions; approved in {currency}: {', '.join(words)}")
    if not counts:
        print("no transactions")
    if options.batch is None and options.date is None:
        print(_others(journal))


def _others(journal: Lookups) -> str:
    """Which batch was listed when none was named, and how to see others."""
    number = journal.batch()
    earlier = f"--batch {number - 1} the one before, " if number > 1 else ""
    last = journal.last_transaction()
    day = dashed(last.date) if last else DAY
    return f"batch {number:06d} is open, this is all of it; {earlier}--date {day} a day's"


def _batches(journal: Lookups, options: argparse.Namespace) -> range:
    """The batches to look through. Raises Refused for one that is not there."""
    if options.date is not None:
        return batch_numbers(journal)
    number = journal.batch() if options.batch is None else options.batch
    if number not in batch_numbers(journal):
        raise Refused(f"there is no batch {number:06d}", code=FAILED)
    return range(number, number + 1)


def _wanted(journal: Lookups, numbers: range, options: argparse.Namespace) -> Iterator[Transaction]:
    """The transactions asked for, oldest first, a batch at a time."""
    for number in numbers:
        page = journal.list_transactions(
            number, 0, BATCH_ROWS_MAX, training=options.training, date=options.date
        )
        yield from reversed(page)


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
        str(Money(one.amount_minor, CURRENCIES[one.currency])),
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
        return f"refunded {Money(one.refunded_minor, CURRENCIES[one.currency])}"
    if one.original is not None:
        return f"of {one.original.batch:06d}/{one.original.stan:06d}"
    return one.reason


def _show(journal: Lookups, options: argparse.Namespace) -> None:
    if options.batch is None:
        found = journal.by_voucher(options.voucher, training=options.training)
    else:
        found = journal.transaction(options.batch, options.voucher, training=options.training)
    if found is None:
        where = "" if options.batch is None else f" in batch {options.batch:06d}"
        raise Refused(f"there is no voucher {options.voucher:06d}{where}", code=FAILED)
    for line in dossier(journal, found):
        print(line)


def voucher_number(text: str) -> int:
    """A voucher number as an argument."""
    return within(text, STAN_MAX, "a voucher number")
