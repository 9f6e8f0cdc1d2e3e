"""A model of the key matrix: switches between row and column wires, under real gpiozero pins.

Whenever a pin changes function, pull or level, or a switch opens or closes, the wires that closed
switches join are found anew and every wire settles: an output drives its wire, else a pull-up
holds it high. So a driver sees ghost keys where a real matrix has them, and a driver that
would short two outputs is caught doing it.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gpiozero.exc import PinFixedPull, PinInvalidFunction, PinInvalidPull, PinSetInput
from gpiozero.pins.mock import MockFactory, MockPin

from hw.board import KeyMatrix
from hw.events import Key

PI_4B_REVISION = "c03111"  # a board with the 40-pin header; gpiozero wants to know one


class ShortCircuit(Exception):  # noqa: N818 - what happened, as an electrician says it
    """Two outputs at different levels are joined by closed switches: on a Pi, damage."""


@dataclass(slots=True)
class _Switch:
    """One key: its wires, whether its contact is closed, and how it will bounce."""

    row: int
    column: int
    closed: bool = False
    coming: tuple[bool, ...] = ()  # contact states at the next looks at it
    looked_at: bool = True  # since its row was selected


class Matrix:
    """A 4×4 (or other) matrix of switches; give `factory` to the driver and press keys here.

    `version` grows with each contact that opens or closes. Note it before a scan: if it is the
    same afterwards and the keypad is at rest, scanning on would change nothing. Keys may be
    pressed from another thread than the one that scans.
    """

    def __init__(self, layout: KeyMatrix) -> None:
        rows = [pin.bcm for pin in layout.rows]
        columns = [pin.bcm for pin in layout.columns]
        self._switches = {
            key: _Switch(row, column)
            for row, legend in zip(rows, layout.legends, strict=True)
            for column, key in zip(columns, legend, strict=True)
        }
        self._bouncing: list[_Switch] = []
        self._wires = (*rows, *columns)
        self._nets: dict[int, frozenset[int]] | None = None  # None: to be found anew
        self._lock = threading.RLock()
        self._broken = False
        self.version = 0
        self.uses = 0  # of pins, by the driver
        self.short_circuits: list[str] = []
        self.factory = MatrixFactory(self)

    def press(self, key: Key, bounce: Iterable[bool] = ()) -> None:
        """Close a key's contact, after `bounce`: its states at the next scans of its row."""
        self._move(key, (*bounce, True))

    def release(self, key: Key, bounce: Iterable[bool] = ()) -> None:
        """Open a key's contact, after `bounce`: its states at the next scans of its row."""
        self._move(key, (*bounce, False))

    def release_all(self) -> None:
        """Open every contact at once."""
        for key in self._switches:
            self.release(key)

    @property
    def pressed(self) -> frozenset[Key]:
        """The keys whose contacts are closed now."""
        return frozenset(key for key, switch in self._switches.items() if switch.closed)

    def fail(self, broken: bool) -> None:
        """Make every use of a pin raise OSError, as when the GPIO device is gone."""
        self._broken = broken
        self.version += 1

    # --- what happens on the wires ---

    def check_usable(self) -> None:
        """Raise OSError while `fail` holds; every use of a pin comes by."""
        self.uses += 1
        if self._broken:
            raise OSError(errno.EIO, "Input/output error")

    def row_selected(self, bcm: int) -> None:
        """A wire has become an output: bouncing contacts on it take their next state."""
        if not self._bouncing:
            return
        with self._lock:
            self._bounce([each for each in self._bouncing if each.row == bcm])
            for switch in self._bouncing:
                switch.looked_at = switch.looked_at and switch.row != bcm

    def column_read(self, bcm: int) -> None:
        """A column is looked at: again, while its row stays selected, is a next look."""
        if not self._bouncing:
            return
        with self._lock:
            used = self.factory.pins_in_use
            selected = [
                each
                for each in self._bouncing
                if each.column == bcm and each.row in used and used[each.row].is_output
            ]
            self._bounce([each for each in selected if each.looked_at])
            for switch in selected:
                switch.looked_at = True

    def _bounce(self, switches: list[_Switch]) -> None:
        """Bring these contacts to their next states."""
        for switch in switches:
            self._advance(switch)
            if not switch.coming:
                self._bouncing.remove(switch)

    def settle(self, bcm: int) -> None:
        """Bring a wire, and all that are joined to it, to their level.

        Raises ShortCircuit, and notes it.
        """
        with self._lock:
            used = self.factory.pins_in_use
            net = self._net_of(bcm)
            if len(net) == 1:  # no closed switch on this wire, as on most: its own pin holds it
                if bcm in used:
                    pin = used[bcm]
                    pin.settle_at(pin.level_out if pin.is_output else pin.is_pulled_up)
                return
            pins = [used[joined] for joined in net if joined in used]
            driven = {pin.level_out for pin in pins if pin.is_output}
            if len(driven) > 1:
                names = ", ".join(repr(pin) for pin in pins if pin.is_output)
                self.short_circuits.append(names)
                raise ShortCircuit(names)
            # nothing drives or holds a floating wire: it reads low here, as a false key would
            level = driven.pop() if driven else any(pin.is_pulled_up for pin in pins)
            for pin in pins:
                pin.settle_at(level)

    def _move(self, key: Key, states: tuple[bool, ...]) -> None:
        with self._lock:
            switch = self._switches[key]
            switch.coming = states
            self._advance(switch)
            self._bouncing = [each for each in self._switches.values() if each.coming]

    def _advance(self, switch: _Switch) -> None:
        closed, *coming = switch.coming
        switch.coming = tuple(coming)
        if closed is not switch.closed or coming:
            self.version += 1  # a contact that is still to bounce is not at rest either
        if closed is not switch.closed:
            switch.closed = closed
            self._nets = None
            for bcm in (switch.row, switch.column):  # when opened, two wires go their own ways
                self.settle(bcm)

    def _net_of(self, bcm: int) -> frozenset[int]:
        """The wires joined to one by closed switches, found anew after contacts moved."""
        if self._nets is None:
            self._nets = self._joined_wires()
        return self._nets[bcm]

    def _joined_wires(self) -> dict[int, frozenset[int]]:
        """For each wire all those joined to it: union-find over rows and columns."""
        parent = {bcm: bcm for bcm in self._wires}

        def root(bcm: int) -> int:
            while parent[bcm] != bcm:
                parent[bcm] = bcm = parent[parent[bcm]]
            return bcm

        for switch in self._switches.values():
            if switch.closed:
                parent[root(switch.row)] = root(switch.column)
        nets: dict[int, set[int]] = {}
        for bcm in self._wires:
            nets.setdefault(root(bcm), set()).add(bcm)
        return {bcm: frozenset(net) for net in nets.values() for bcm in net}


class MatrixPin(MockPin):  # type: ignore[misc] # gpiozero has no types
    """A gpiozero pin on a wire of the matrix. Its level is the wire's, whichever pin drives it."""

    def __init__(self, factory: MatrixFactory, info: Any) -> None:
        super().__init__(factory, info)
        self.bcm = int(info.name.removeprefix("GPIO"))
        self.level_out = False
        self._matrix = factory.matrix
        factory.pins_in_use[self.bcm] = self

    @property
    def is_output(self) -> bool:
        return bool(self._function == "output")

    @property
    def is_pulled_up(self) -> bool:
        return bool(self._function == "input" and self._pull == "up")

    def settle_at(self, level: bool) -> None:
        """Take the level of the wire; unlike MockPin's, no history is kept of it."""
        self._state = level

    def _set_function(self, value: str) -> None:
        self._matrix.check_usable()
        if value not in ("input", "output"):
            raise PinInvalidFunction(f"{value} is no function of {self!r}")
        if value == "input":
            self._pull = "floating"  # lgpio claims the line anew, and the pull is lost
        becomes_output = value == "output" and not self.is_output
        self._function = value
        if becomes_output:
            self.level_out = False  # as lgpio claims an output
            self._matrix.row_selected(self.bcm)
        self._matrix.settle(self.bcm)

    def _set_pull(self, value: str) -> None:
        self._matrix.check_usable()
        if self.is_output:
            raise PinFixedPull(f"{self!r} is an output")
        if value not in ("floating", "up", "down"):
            raise PinInvalidPull(f"{value} is no pull")
        self._pull = value
        self._matrix.settle(self.bcm)

    def _set_state(self, value: float) -> None:
        self._matrix.check_usable()
        if not self.is_output:
            raise PinSetInput(f"{self!r} is an input")
        self.level_out = bool(value)
        self._matrix.settle(self.bcm)

    def _get_state(self) -> bool:
        self._matrix.check_usable()
        self._matrix.column_read(self.bcm)
        return bool(self._state)


class MatrixFactory(MockFactory):  # type: ignore[misc] # gpiozero has no types
    """A gpiozero pin factory of its own, whose pins are wires of one matrix."""

    def __init__(self, matrix: Matrix) -> None:
        super().__init__(revision=PI_4B_REVISION, pin_class=MatrixPin)
        self.matrix = matrix
        self.pins_in_use: dict[int, MatrixPin] = {}
