"""Writes down what is done on the page, as a scenario that `pos play` plays again.

Each line names its moment in virtual time, so that what came while the terminal was at work comes
then again.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.core.kinds import COUNTED, TOLD_ALWAYS
from firmware.lab.scenario.language import Step
from firmware.terminal.terminal import Terminal

LINES_MAX = 20_000
LONG_MS = 500  # a key that is down for longer is told by its going down and its coming up


class Recorder:
    """The lines since the terminal was fresh."""

    def __init__(self, settings: Iterable[Step]) -> None:
        self._lines: list[str] = []
        self.keyed = False
        """Whether a digit was pressed."""
        self._down: dict[str, tuple[int, int]] = {}  # of each key that is: its line, and since when
        for step in settings:
            self.played(step)

    def __len__(self) -> int:
        return len(self._lines)

    def act(self, at_ms: int, line: str) -> None:
        """Something was done. Past LINES_MAX nothing more is written down."""
        if len(self._lines) < LINES_MAX:
            self._lines.append(f"at {at_ms}ms {line}")

    def down(self, at_ms: int, key: str) -> None:
        """A key went down."""
        self.keyed |= key.isdecimal()
        self._down[key] = len(self._lines), at_ms
        self.act(at_ms, f"press {key}")

    def up(self, at_ms: int, key: str) -> None:
        """A key came up."""
        if self._is_held(at_ms, key):
            self.act(at_ms, f"up {key}")
        self._down.pop(key, None)

    def _is_held(self, at_ms: int, key: str) -> bool:
        """Whether a key has been down for long; if so its line is no press any more."""
        line, since_ms = self._down.get(key, (LINES_MAX, at_ms))
        if at_ms - since_ms < LONG_MS or line >= len(self._lines):
            return False
        self._lines[line] = f"at {since_ms}ms down {key}"
        return True

    def played(self, step: Step) -> None:
        """A step of a scenario was played here."""
        if step.verb.startswith("save"):
            return
        if step.verb in ("press", "down"):
            self.keyed |= any(word.isdecimal() for word in step.words)
        quotes = step.verb.startswith("expect") and step.verb.endswith(("screen", "paper"))
        words = [f'"{word}"' if quotes else word for word in step.words]
        moment = [] if step.at_ms is None else [f"at {step.at_ms}ms"]
        self._lines.append(" ".join([*moment, step.verb, *words]))

    def text(self, terminal: Terminal | None, at_ms: int) -> str:
        """The scenario so far; it ends in the totals as they stand now."""
        for key in self._down:
            self._is_held(at_ms, key)
        lines = ["# recorded on the bench page; `pos play` plays it", *self._lines]
        if terminal is not None and terminal.data.at_hand:
            totals = terminal.data.journal.totals(terminal.data.journal.batch())
            kinds = COUNTED if totals.has_completions else TOLD_ALWAYS
            sums = " ".join("{}s={}/{}".format(kind.value, *totals.of(kind)) for kind in kinds)
            lines.append(f"at {at_ms}ms expect totals {sums}")
        return "\n".join(lines) + "\n"
