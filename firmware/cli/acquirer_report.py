"""`pos acquirer report`: what the books hold, batch by batch and account by account."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

import msgspec

from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.report import AccountSeen, BatchSeen, UploadSeen, report
from firmware.core.exits import DONE

SOME = 10  # STANs that a line names
KINDS = ("sales", "voids", "refunds")


def add_arguments(
    does: argparse._SubParsersAction[argparse.ArgumentParser],
    add_place: Callable[[argparse.ArgumentParser], None],
) -> None:
    """Add the command's arguments; `add_place` adds where the server's data are."""
    parser = does.add_parser("report", help="batches, uploads and accounts, while it serves")
    add_place(parser)
    parser.add_argument("--terminal", default="", metavar="NUMBER", help="of this terminal alone")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(options: argparse.Namespace, acquirer: AcquirerPlace) -> int:
    """Print it. Raises BooksError."""
    books, registry, close = acquirer.to_read()
    try:
        found = report(books, registry, options.terminal)
    finally:
        close()
    if options.json:
        json.dump(msgspec.to_builtins(found), sys.stdout, ensure_ascii=False)
        print()
        return DONE
    heads = "  ".join(f"{kind:>18}" for kind in KINDS)
    print(f"{'terminal':<8}  {'batch':<6}  {heads}  settled")
    for batch in found.batches:
        print(_batch(batch))
    print("(count/sum in minor units)\n")
    print(f"{'account':<24}  {'status':<12}  spent and held, in minor units")
    for account in found.accounts:
        print(_account(account))
    return DONE


def _batch(batch: BatchSeen) -> str:
    sums = "  ".join(
        f"{getattr(batch.totals, kind)}/{getattr(batch.totals, f'{kind}_minor')}".rjust(18)
        for kind in KINDS
    )
    completed = batch.totals.completions, batch.totals.completions_minor
    row = f"{batch.terminal:<8}  {batch.batch:06d}  {sums}  {batch.settled or 'open'}"
    if any(completed):
        given_back = batch.totals.completion_voids, batch.totals.completion_voids_minor
        row += "  completions {}/{}, voided {}/{}".format(*completed, *given_back)
    row += f"  scripts: {batch.scripts}" if batch.scripts else ""
    return row if batch.upload is None else f"{row}\n    {_upload(batch.upload)}"


def _upload(seen: UploadSeen) -> str:
    words = f"uploaded: {seen.count}" + ("" if seen.ended else ", its end has not come")
    if seen.ended and seen.said != seen.count:
        words += f", the terminal says {seen.said}"
    for what, stans in (("not in the books", seen.unknown), ("not uploaded", seen.missing)):
        if stans:
            some = " ".join(f"{stan:06d}" for stan in stans[:SOME])
            words += f", {what}: {len(stans)} ({some}{' …' if len(stans) > SOME else ''})"
    return words if seen.unknown or seen.missing else f"{words}, as in the books"


def _account(account: AccountSeen) -> str:
    limit = "no limit" if account.limit_minor is None else f"of {account.limit_minor}"
    held = f" and {account.held_minor} held" if account.held_minor else ""
    return f"{account.name:<24}  {account.status:<12}  {account.spent_minor}{held} {limit}"
