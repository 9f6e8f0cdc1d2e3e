"""`pos journal`: lists, shows and exports what is in the journal, while the terminal runs.

Only `new-key`, `go-on` and `new-books` change it, and only while the terminal is off.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from firmware.audit.data import reading, spooled
from firmware.audit.dossier import dossier
from firmware.audit.keyring import pem_of, pem_of_all
from firmware.audit.listing import Listed, write_list
from firmware.audit.output import writing
from firmware.audit.spans import DAY
from firmware.cli import journal_export
from firmware.cli.arguments import add_output_arguments
from firmware.cli.journal_arguments import (
    add_data_argument,
    add_voucher_arguments,
    batch_number,
    day_of,
    voucher_of,
    voucher_place,
)
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.lookups import Lookups
from firmware.ops.journal_owner import change_key, go_on, new_books

_GO_ON = """
A journal whose last records are missing stops trade: a log that was damaged, or an older copy that
was put back. If the newest backup has more, restore that. Else this lets it go on, and says for
good, in a record, what is missing. Numbers go on after the last voucher that was given out, by the
papers or the host's books; papers that were owed are printed as duplicates. The damaged log is kept
beside the journal, its name ending in `.damaged`.
"""
_NEW_BOOKS = """
A terminal whose embedded host has lost its books stops trade: in other books a card could pay again
what it has paid, and no void or refund of an earlier sale would be found. Put back host-books.db,
or restore a backup of the whole. If there is none, this lets the next start go on with the books
that it finds, or new ones, and says so for good in a record.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    lists = actions.add_parser("list", help="a table of a batch's or a day's transactions")
    which = lists.add_mutually_exclusive_group()
    which.add_argument("--batch", type=batch_number, metavar="N", help="default: the open batch")
    which.add_argument("--date", type=day_of, metavar=DAY)
    lists.add_argument(
        "--training", action="store_true", help="training transactions instead of trade"
    )
    show = actions.add_parser("show", help="one voucher with all its records")
    add_voucher_arguments(show)
    exports = actions.add_parser(
        "export",
        help="transactions, batches or totals, for an accountant or a program",
        description=journal_export.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    journal_export.add_arguments(exports)
    key = actions.add_parser("key", help="the public key for `pos verify`, as PEM")
    key.add_argument("--all", action="store_true", help="also those that earlier vouchers need")
    add_output_arguments(key)
    new_key = actions.add_parser("new-key", help="sign with a new key; the terminal must be off")
    going_on = actions.add_parser("go-on", help="without records that are missing at the end")
    going_on.epilog = _GO_ON
    going_on.add_argument(
        "--after",
        type=voucher_place,
        required=True,
        metavar="BATCH/VOUCHER",
        help="the last voucher that was given out, such as 000003/000123",
    )
    going_on.add_argument(
        "--reverse-open",
        action="store_true",
        help="have the host reverse what is undecided in the records that are left",
    )
    books = actions.add_parser("new-books", help="let the embedded host begin other books")
    books.epilog = _NEW_BOOKS
    for action in (lists, show, exports, key, new_key, going_on, books):
        add_data_argument(action)


def run(options: argparse.Namespace) -> int:
    """Do what is asked: 0 done, 1 not found or not to be read. Raises Refused."""
    if options.action == "new-key":
        print(f"a new key is valid from record {change_key(options.data)}; give it out anew:")
        print("`pos journal key --all` has it, and the earlier ones for earlier papers")
        return DONE
    if options.action == "new-books":
        before = new_books(options.data)
        print(f"books ({before[:8]}) are missed no more: the next start takes what it finds,")
        print("or begins new ones, in which every card has its whole limit again")
        return DONE
    if options.action == "go-on":
        left, known = go_on(options.data, options.after, reverse_open=options.reverse_open)
        print(f"records {left + 1} to {known} are missing; it goes on after record {left}")
        print("what they said only the papers, the host and a backup tell; record it by hand")
        return DONE
    if options.action == "export":
        journal_export.run(options)
        return DONE
    output = options.output if options.action == "key" else None
    force = output is not None and options.force
    with (
        writing(output, force=force) as to,
        spooled(to) as file,
        reading(options.data) as journal,
    ):
        match options.action:
            case "list":
                wanted = Listed(batch=options.batch, date=options.date, training=options.training)
                write_list(journal, wanted, file)
            case "show":
                file.writelines(f"{line}\n" for line in _shown(journal, options))
            case "key":
                keys = journal.public_keys()
                file.write(pem_of_all(keys) if options.all else pem_of(keys[-1][1]))
    return DONE


def _shown(journal: Lookups, options: argparse.Namespace) -> Iterator[str]:
    found = voucher_of(journal, options)
    if found is None:
        where = "" if options.batch is None else f" in batch {options.batch:06d}"
        raise Refused(f"there is no voucher {options.voucher:06d}{where}", code=FAILED)
    return dossier(journal, found)
