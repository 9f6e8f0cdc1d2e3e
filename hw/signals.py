"""A buzzer and two lights over gpiozero: extras, so one that is not there is silent and dark.

The buzzer is an active one, that sounds while its pin is high. Green shines while the terminal
trades, red while it does not and for as long as a beep lasts: a noisy counter sees it refuse.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from hw.board import SIGNALS
from hw.gpio import PinHeader
from hw.ports import DeviceFault


class Signals:
    """Implements `hw.ports.Buzzer`, and shows whether the terminal trades. Nothing here raises.

    `connect` gives the header, or raises DeviceFault. Its pins are asked for at the first use.
    """

    def __init__(self, connect: Callable[[], PinHeader], *, buzzer: bool, lights: bool) -> None:
        self._connect = connect
        self._wanted = (["buzzer"] if buzzer else []) + (["green", "red"] if lights else [])
        self._outputs: dict[str, Any] | None = None  # None: not yet asked for
        self._errors: tuple[type[Exception], ...] = ()
        self._trading: bool | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What is wanted and cannot be had."""
        return tuple(name for name in self._wanted if self._output(name) is None)

    def beep(self, duration_ms: int) -> None:
        """Sound, and flash red, for so long; gives back at once."""
        self._pulse("buzzer", duration_ms)
        if self._trading is not False:  # else red shines anyhow
            self._pulse("red", duration_ms)

    def trading(self, yes: bool) -> None:
        """Show whether the terminal trades."""
        self._trading = yes
        self._set("green", on=yes)
        self._set("red", on=not yes)

    def close(self) -> None:
        """Leave everything silent and dark."""
        for output in (self._outputs or {}).values():
            with contextlib.suppress(*self._errors):
                output.close()
        self._outputs = {}

    def _pulse(self, name: str, duration_ms: int) -> None:
        output = self._output(name)
        if output is not None:
            with contextlib.suppress(*self._errors):
                output.blink(on_time=duration_ms / 1000, off_time=0, n=1)

    def _set(self, name: str, *, on: bool) -> None:
        output = self._output(name)
        if output is not None:
            with contextlib.suppress(*self._errors):
                output.value = on

    def _output(self, name: str) -> Any:
        """A gpiozero output; None for one that is not wanted or not to be had."""
        if self._outputs is None:
            self._outputs = self._opened()
        return self._outputs.get(name)

    def _opened(self) -> dict[str, Any]:
        from gpiozero import DigitalOutputDevice  # noqa: PLC0415 - slow, and for extras alone

        try:
            header = self._connect()
        except DeviceFault:
            return {}
        self._errors = header.errors
        found = {}
        for name in self._wanted:
            pin = getattr(SIGNALS, name)
            with contextlib.suppress(*self._errors):
                found[name] = DigitalOutputDevice(pin.bcm, pin_factory=header.factory)
        return found
