"""`pos doctor`: looks at each part of a real terminal, and says what to do about what is wrong."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firmware.cli.arguments import add_config_argument
from firmware.core.exits import DONE, FAILED
from firmware.ops.doctor.examination import checks
from firmware.ops.doctor.findings import Finding, as_json, as_line, examined, fit
from firmware.ops.doctor.machine import Machine
from firmware.terminal.settings import settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object; asks for nothing")
    parser.add_argument(
        "--no-keys", action="store_true", help="do not ask for keys to be pressed or a card"
    )
    parser.add_argument(
        "--print",
        action="store_true",
        help="print test slips, one a printer.mode: uses paper",
    )


def run(options: argparse.Namespace) -> int:
    """Look at everything: 0 when nothing is bad, 1 else. Raises Refused for the configuration."""
    settings = settings_of(options.config)
    silent = options.json or options.no_keys or not sys.stdin.isatty()
    ask, choose = (None, None) if silent else (_ask, _choose)
    tell = (lambda _finding: None) if options.json else _tell
    if not options.json:
        print(f"by {settings.path or 'the defaults: no settings were found'}")
    with tempfile.TemporaryDirectory(prefix="pos-doctor-") as scratch, _own_files_in(scratch):
        findings = examined(
            checks(settings, Path(scratch), Machine(), ask, choose=choose, slips=options.print),
            tell,
        )
    if options.json:
        print(as_json(findings))
    elif not fit(findings):
        count = sum(finding.verdict.value == "bad" for finding in findings)
        print(f"{count} to mend")
    return DONE if fit(findings) else FAILED


def _ask(words: str) -> None:
    print(f"     {words}", flush=True)


def _choose(words: str) -> str:
    """What is typed as an answer; nothing where the keyboard is gone."""
    try:
        return input(f"     {words}: ").strip()
    except EOFError:
        return ""


def _tell(finding: Finding) -> None:
    print(as_line(finding), flush=True)


@contextlib.contextmanager
def _own_files_in(scratch: str) -> Iterator[None]:
    """Within, lgpio leaves its file in `scratch` and not in the working directory."""
    before = os.environ.get("LG_WD")
    os.environ["LG_WD"] = scratch
    try:
        yield
    finally:
        if before is None:
            del os.environ["LG_WD"]
        else:
            os.environ["LG_WD"] = before
