"""`pos acquirer report`: what the books hold, batch by batch and account by account."""

from __future__ import annotations

import argparse
import json
import sys

import msgspec

from firmware.acquirer.books_report import AccountSeen, BatchSeen, ChipSeen, UploadSeen, report
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.undoing import holding_since
from firmware.cli.acquirer_serve import add_place_arguments
from firmware.cli.arguments import add_hold_days
from firmware.core.clock import SystemClock
from firmware.core.exits import DONE
from firmware.core.kinds import COUNTED, TOLD_ALWAYS
from firmware.core.money import CURRENCIES, major_text

SOME = 10  # STANs that a line names
KINDS = tuple(f"{kind.value}s" for kind in TOLD_ALWAYS)
MINOR = "minor"  # instead of a currency: amounts are in minor units of several, or of one unknown


def add_arguments(does: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = does.add_parser("report", help="batches, uploads and accounts, while it serves")
    add_place_arguments(parser)
    parser.add_argument("--terminal", default="", metavar="NUMBER", help="of this terminal alone")
    add_hold_days(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(options: argparse.Namespace, acquirer: AcquirerPlace) -> int:
    """Print it. Raises BooksError."""
    books, registry, close = acquirer.to_read()
    try:
        since = holding_since(SystemClock().now().date(), options.hold_days)
        found = report(books, registry, options.terminal, since=since)
    finally:
        close()
    if options.json:
        json.dump(msgspec.to_builtins(found), sys.stdout, ensure_ascii=False)
        print()
        return DONE
    sums = "  ".join(f"{kind:>18}" for kind in KINDS)
    print(f"{'terminal':<8}  {'batch':<6}  {sums}  {'':<5}  settled")
    for batch in found.batches:
        print(_batch(batch))
    print(f"\n{'account':<24}  {'status':<12}  spent and held")
    for account in found.accounts:
        print(_account(account))
    return DONE


def _batch(batch: BatchSeen) -> str:
    sums = "  ".join(_sum(batch, kind).rjust(18) for kind in KINDS)
    currency = batch.currency or MINOR
    row = f"{batch.terminal:<8}  {batch.batch:06d}  {sums}  {currency:<5}  "
    row += batch.settled or "open"
    if batch.totals.has_completions:
        others = [f"{kind.value}s" for kind in COUNTED if kind not in TOLD_ALWAYS]
        row += "  " + ", ".join(f"{each.replace('_', ' ')} {_sum(batch, each)}" for each in others)
    row += f"  scripts: {batch.scripts}" if batch.scripts else ""
    row += f"\n    {_upload(batch.upload)}" if batch.upload is not None else ""
    return f"{row}\n    {_chip(batch.chip)}" if batch.chip is not None else row


def _upload(seen: UploadSeen) -> str:
    words = f"uploaded: {seen.count}" + ("" if seen.ended else ", its end has not come")
    if seen.ended and seen.said != seen.count:
        words += f", the terminal says {seen.said}"
    for what, stans in (("not in the books", seen.unknown), ("not uploaded", seen.missing)):
        if stans:
            some = " ".join(f"{stan:06d}" for stan in stans[:SOME])
            words += f", {what}: {len(stans)} ({some}{' …' if len(stans) > SOME else ''})"
    return words if seen.unknown or seen.missing else f"{words}, as in the books"


def _chip(seen: ChipSeen) -> str:
    words = f"chip data: {seen.taken}" + (f", {seen.failed} of them failed" if seen.failed else "")
    if seen.refused:
        some = " ".join(f"{one.stan:06d}: {one.response_code}" for one in seen.refused[:SOME])
        more = " …" if len(seen.refused) > SOME else ""
        words += f", refused: {len(seen.refused)} ({some}{more})"
    return words


def _account(account: AccountSeen) -> str:
    currency, limit = account.currency, account.limit_minor
    of = "no limit" if limit is None else f"of {_amount(limit, currency)}"
    spent = _amount(account.spent_minor, currency)
    if account.held_minor:
        spent += f" and {_amount(account.held_minor, currency)} held"
    if account.lapsed:
        spent += f", lapsed {account.lapsed}/{_amount(account.lapsed_minor, currency)},"
    return f"{account.name:<24}  {account.status:<12}  {spent} {of} {currency or MINOR}"


def _sum(batch: BatchSeen, kind: str) -> str:
    """How many of a kind there are, and their sum."""
    minor = getattr(batch.totals, f"{kind}_minor")
    return f"{getattr(batch.totals, kind)}/{_amount(minor, batch.currency)}"


def _amount(minor: int, currency: str) -> str:
    """In major units where the currency is known, else in minor ones."""
    return major_text(minor, CURRENCIES[currency]) if currency else str(minor)
