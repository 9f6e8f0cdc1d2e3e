"""Checks the optional extras, a buzzer and two lights: whether their pins can be had; uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from firmware.ops.doctor.findings import Finding, good, warning

PART = "signals"
BEEP_MS = 200


class Extras(Protocol):
    """See hw.signals.Signals."""

    @property
    def missing(self) -> tuple[str, ...]: ...

    def trading(self, yes: bool) -> None: ...

    def beep(self, duration_ms: int) -> None: ...


@dataclass(frozen=True, slots=True)
class SignalsCheck:
    """The configured extras; the terminal works without them, so none is ever bad."""

    signals: Extras

    def look(self) -> Iterator[Finding]:
        """Lights green and beeps once; nothing tells whether anything is wired there."""
        for name in self.signals.missing:
            advice = "what else uses its pin? Stop it; or `lgpio` is not there: see the keypad"
            yield warning(PART, f"the pin of {name} cannot be had", advice)
        if not self.signals.missing:
            self.signals.trading(yes=True)
            self.signals.beep(BEEP_MS)
            yield good(PART, "it beeps and shines green, as far as they are fitted")
