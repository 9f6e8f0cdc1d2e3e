"""Writes down what is done on the page, as a scenario that `pos play` plays again.

Each line names its moment in virtual time, so that what came while the terminal was at work comes
then again.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.scenario.language import Step
from firmware.terminal import Terminal

LINES_MAX = 20_000


class Recorder:
    """The lines since the terminal was fresh."""

    def __init__(self, settings: Iterable[Step]) -> None:
        self._lines: list[str] = []
        for step in settings:
            self.played(step)

    def __len__(self) -> int:
        return len(self._lines)

    def act(self, at_ms: int, line: str) -> None:
        """Something was done. Past LINES_MAX nothing more is written down."""
        if len(self._lines) < LINES_MAX:
            self._lines.append(f"at {at_ms}ms {line}")

    def played(self, step: Step) -> None:
        """A step of a scenario was played here."""
        if step.verb.startswith("save"):
            return
        quotes = step.verb.startswith("expect") and step.verb.endswith(("screen", "paper"))
        words = [f'"{word}"' if quotes else word for word in step.words]
        moment = [] if step.at_ms is None else [f"at {step.at_ms}ms"]
        self._lines.append(" ".join([*moment, step.verb, *words]))

    def text(self, terminal: Terminal | None, at_ms: int) -> str:
        """The scenario so far; it ends in the totals as they stand now."""
        lines = ["# recorded on the bench page; `pos play` plays it", *self._lines]
        if terminal is not None:
            totals = terminal.ledger.journal.totals(terminal.ledger.journal.batch())
            lines.append(
                f"at {at_ms}ms expect totals sales={totals.sales}/{totals.sales_minor}"
                f" voids={totals.voids}/{totals.voids_minor}"
                f" refunds={totals.refunds}/{totals.refunds_minor}"
            )
        return "\n".join(lines) + "\n"
