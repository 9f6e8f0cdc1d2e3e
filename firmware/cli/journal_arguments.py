"""Which journal, voucher, days and batches a command is to look at: its arguments.

A day is written `2026-11-28` in every command. Earlier forms still work, and say what is new.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

from firmware.audit.spans import DAY, Span, dashed
from firmware.core.exits import Refused
from firmware.core.payment import BATCH_MAX, STAN_MAX
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.terminal.settings import file_of, legible


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data DIR`."""
    default = legible(file_of(None)).data
    parser.add_argument(
        "--data",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"the terminal's data directory (default: {default})",
    )


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


def voucher_place(text: str) -> tuple[int, int]:
    """A batch and a voucher number as an argument."""
    if not re.fullmatch(r"\d{1,6}/\d{1,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"it is a batch and a number, such as 3/123, not {text!r}")
    batch, _, stan = text.partition("/")
    return int(batch), int(stan)
