"""Measures processor time of a run on the models: the terminal's own, and that of each model.

Models are wrapped where they are handed to the drivers, and the runner where time drives it; what
is between the two is the terminal's own. Virtual time itself belongs to neither.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from hw.events import DeviceEvent

NS_PER_MS = 1_000_000


class Meter:
    """Processor time in ns: of the steps of the runner, and of each model within them."""

    def __init__(self) -> None:
        self.steps_ns = 0
        self.models_ns: Counter[str] = Counter()
        self._stepping = False
        self._in_model = False

    @property
    def own_ns(self) -> int:
        """Time of the terminal's own code, the models it called left out."""
        return self.steps_ns - self.models_ns.total()

    def clear(self) -> None:
        """Begin anew."""
        self.steps_ns = 0
        self.models_ns.clear()

    def step(self, call: Callable[[], None]) -> None:
        """Time a step of the runner."""
        began_ns = time.process_time_ns()
        self._stepping = True
        try:
            call()
        finally:
            self._stepping = False
            self.steps_ns += time.process_time_ns() - began_ns

    def model(self, name: str, call: Callable[[], Any]) -> Any:
        """Time a model's work, when the terminal asked for it; a model within one counts once."""
        if not self._stepping or self._in_model:
            return call()
        began_ns = time.process_time_ns()
        self._in_model = True
        try:
            return call()
        finally:
            self._in_model = False
            self.models_ns[name] += time.process_time_ns() - began_ns


class Timed:
    """Stands for a model: every method that is called through it is timed under `name`."""

    def __init__(self, meter: Meter, name: str, model: Any) -> None:
        self._meter = meter
        self._name = name
        self._model = model

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._model, attribute)
        if not callable(found):
            return found
        meter, name = self._meter, self._name
        return lambda *given, **named: meter.model(name, lambda: found(*given, **named))


class MeteredRunner:
    """Stands for the runner where virtual time drives it."""

    def __init__(self, meter: Meter, runner: Any) -> None:
        self._meter = meter
        self._runner = runner

    @property
    def deadline_ms(self) -> int:
        return int(self._runner.deadline_ms)

    @property
    def settled(self) -> bool:
        return bool(self._runner.settled)

    def step(self, event: DeviceEvent | None) -> None:
        """One step, timed."""
        self._meter.step(lambda: self._runner.step(event))
