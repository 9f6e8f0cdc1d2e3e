"""`pos bench`: what the terminal costs, measured in the run that prints it, beside the aims."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator

from firmware.core.exits import DONE, Refused
from firmware.lab.benchmarks.figures import Figure, as_json, line, machine

# name → what it measures; the module of that name in firmware.lab.benchmarks has `measure`
GROUPS = {
    "screen": "the display's bus: one keystroke's echo, and a whole frame",
    "paper": "the printer's line: a receipt in every mode",
    "sale": "processor time of a whole sale",
    "card": "APDUs and bytes of a sale by card, and the kernel's processor time",
    "journal": "commits, syncs and bytes of a sale, and the time of an append",
    "start": "cold start to the idle screen, and memory there",
    "recovery": "power back with transactions open",
    "page": "the bench page: a key press to pixels, an idle page, ten pages at a sale",
    "api": "the tills' API: a PUT to the amount on the display, an idle API, 50 event streams",
    "growth": "start and look-up as the journal grows",
    "acquirer": "sales a second and their times at `pos acquirer serve`, on both engines",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"only these of: {', '.join(GROUPS)}"
    )
    parser.add_argument("--json", action="store_true", help="print the figures for a machine")
    parser.add_argument("--full", action="store_true", help="measure more often, longer journals")


def run(options: argparse.Namespace) -> int:
    """Measure and print. A missed aim is printed and does not fail. Raises Refused."""
    unknown = [name for name in options.names if name not in GROUPS]
    if unknown:
        raise Refused(f"no figures are called {unknown[0]}; there are {', '.join(GROUPS)}")
    names = [name for name in GROUPS if name in (options.names or GROUPS)]
    if options.json:
        print(as_json({name: list(_measure(name, full=options.full)) for name in names}))
        return DONE
    print(" · ".join(f"{what} {value}" for what, value in machine().items() if value))
    for name in names:
        print(f"\n{name}: {GROUPS[name]}", flush=True)
        for figure in _measure(name, full=options.full):
            print(line(figure), flush=True)
    return DONE


def _measure(name: str, *, full: bool) -> Iterator[Figure]:
    """The figures of a group, each as it is measured."""
    module = importlib.import_module(f"firmware.lab.benchmarks.{name}")
    found: Iterator[Figure] = module.measure(full)
    return found
