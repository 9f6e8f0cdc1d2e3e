"""How commands end: exit codes, and refusals that are one line each."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

DONE, FAILED, USED_WRONGLY, BUG = 0, 1, 2, 70  # 70 is EX_SOFTWARE of sysexits.h


class Refused(Exception):  # noqa: N818 - what happened
    """A command cannot do what it was asked to; each of `lines` says one reason."""

    def __init__(self, *lines: str, code: int = USED_WRONGLY) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
        self.code = code

    def say(self) -> int:
        """Print the reasons, a line each; gives the exit code."""
        for line in self.lines:
            print(f"pos: {one_line(line)}", file=sys.stderr)
        return self.code


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line; `--help` has the usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where help is. Raises SystemExit with code 2."""
        self.exit(USED_WRONGLY, f"{self.prog}: {one_line(message)}; see `{self.prog} --help`\n")


def one_line(text: str) -> str:
    """`text` with line breaks as spaces, without control characters a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
