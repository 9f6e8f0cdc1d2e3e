"""The command line as a person meets it: its exit code, what it prints, and its one-line errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.journal.keys import TerminalKeys
from tests.journal.story import Shop


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """The error of a command that refuses: one line."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert not self.out
        return lines[0]


Pos = Callable[..., Ended]


@pytest.fixture
def pos(capsys: pytest.CaptureFixture[str]) -> Pos:
    """Runs a command: `pos("journal", "list")`."""

    def run(*words: object) -> Ended:
        try:
            code = main([str(word) for word in words])
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with keys in files, whose journal stays open as a running terminal's does."""
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    yield shop
    shop.journal.close()
