"""`pos operator`: who may sign on, changed while the terminal is off.

It asks for no password: whoever may write the data directory may do this. Every change is journaled
as any other, by `cli`; a reset gives the factory password, which opens nothing before its owner has
chosen another.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from firmware.audit.data import reading, spooled
from firmware.cli.journal_arguments import add_data_argument
from firmware.core.clock import SystemClock
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.lookups import Lookups
from firmware.journal.operators import SUPERVISOR, OperatorRefused, is_number
from firmware.ops.journal_owner import owning
from firmware.terminal.data_directory import DataDirectory

BY = "cli"
_REFUSALS = {
    OperatorRefused.NUMBER: f"operator {SUPERVISOR} is the supervisor: neither added nor deleted",
    OperatorRefused.EXISTS: "operator {} exists already",
    OperatorRefused.UNKNOWN: "there is no operator {}",
}
_DONE = {
    "add": "operator {} added, with the factory password, to be changed at the first sign-on",
    "reset": "operator {} has the factory password again, to be changed at the next sign-on",
    "delete": "operator {} deleted",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_data_argument(actions.add_parser("list", help="everybody's number and how they stand"))
    for name, words in (
        ("add", "add a cashier"),
        ("reset", "give back the factory password, and end a lock"),
        ("delete", "delete a cashier"),
    ):
        action = actions.add_parser(name, help=words)
        action.add_argument("number", type=_number, metavar="NUMBER")
        add_data_argument(action)


def run(options: argparse.Namespace) -> int:
    """Do what is asked: 0 done, 1 refused by the journal. Raises Refused."""
    if options.action == "list":
        with spooled() as file, reading(options.data) as journal:
            file.writelines(f"{line}\n" for line in _listed(journal))
        return DONE
    _change(options.data, options.action, options.number)
    print(_DONE[options.action].format(options.number))
    return DONE


def _listed(journal: Lookups) -> Iterator[str]:
    signed_on, now_s = journal.signed_on(), int(SystemClock().now().timestamp())
    for number in sorted(journal.staff()):
        row = journal.operator_row(number)
        words = ["supervisor" if number == SUPERVISOR else "cashier"]
        if row is None:
            words.append("not as the log says: see `pos verify`")
        else:
            words += ["must change the password"] * bool(row.must_change)
            words += [f"wrong passwords: {row.failures}"] * bool(row.failures)
            words += ["locked"] * (row.locked_until_s > now_s)
        words += ["signed on"] * (number == signed_on)
        yield f"{number}  {', '.join(words)}"


def _change(data: Path, action: str, number: str) -> None:
    with (
        owning(data, busy="stop it first, or use its menu 7"),
        closing(DataDirectory(data, SystemClock().now)) as directory,
    ):
        operators = directory.operators
        changes = {"add": operators.add, "reset": operators.reset, "delete": operators.delete}
        refusal = changes[action](number, by=BY)
    if refusal:
        raise Refused(_REFUSALS[refusal].format(number), code=FAILED)


def _number(text: str) -> str:
    if not is_number(text):
        raise argparse.ArgumentTypeError(f"an operator's number is 00 to 99, not {text!r}")
    return text
