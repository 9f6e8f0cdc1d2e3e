"""Checks the keys: can they be read, is one stuck, and, key by key, which wires are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from firmware.ops.doctor.findings import Finding, bad, good, package_for, skipped
from hw.board import BoardPin, KeyMatrix
from hw.events import DeviceEvent, DeviceLost, FaultReason, Key, KeyPressed
from hw.ports import Clock, Keypad

PART = "keypad"
SETTLE_SCANS = 20
WAIT_FOR_KEY_MS = 10_000
GIVE_UP_AFTER = 5  # silent keys in succession: more than a row, so more than one wire
PLUG_IN = "plug it in; `ls -l /dev/pos-keypad /dev/input/by-id`, and name it as keypad.device"
USB_LEGEND = "on a USB pad * is 00, / is #, - is CANCEL, . or backspace is BACK, + or tab is MENU"


class KeypadCheck(Struct, frozen=True):
    """The keys of `keypad`, behind `matrix`, or on USB where that is None.

    `ask` tells the person what to press; None: no person is there to answer.
    """

    keypad: Keypad
    clock: Clock
    pause_ms: Callable[[int], None]
    matrix: KeyMatrix | None
    ask: Callable[[str], None] | None

    def look(self) -> Iterator[Finding]:
        """Pins and keys at rest; then each key, if somebody is there to press it."""
        lost = [event for event in self._scans(SETTLE_SCANS) if isinstance(event, DeviceLost)]
        if lost:
            yield bad(PART, lost[0].detail, self._advice_for(lost[0].reason))
            return
        if not self.keypad.at_rest:
            advice = "nobody pressing? Look for wires that touch, and for a key that jams"
            yield bad(PART, "a key reads as pressed", advice)
            return
        what = "the USB keypad" if self.matrix is None else "pins"
        yield good(PART, f"{what} can be had, and no key is down")
        if self.ask is None:
            yield skipped(PART, "keys were not asked for")
            return
        yield from self._judged(self._pressed())

    def _advice_for(self, reason: FaultReason | None) -> str:
        if self.matrix is None:
            held = reason is FaultReason.HELD
            return "what else has it? `pos run` or a desktop: stop it" if held else PLUG_IN
        return (
            package_for(reason)
            or "what else uses the pins? Stop it; or they are closed: see permissions"
        )

    def _scans(self, count: int) -> list[DeviceEvent]:
        events: list[DeviceEvent] = []
        for _ in range(count):
            events += self.keypad.scan(self.clock.monotonic_ms())
            self.pause_ms(self.keypad.scan_period_ms)
        return events

    def _pressed(self) -> dict[Key, Key | None]:
        """What came for each key that was asked for; None for nothing."""
        came: dict[Key, Key | None] = {}
        silent = 0
        assert self.ask is not None
        legends = (tuple(Key),) if self.matrix is None else self.matrix.legends
        for key in (key for legend in legends for key in legend):
            self.ask(f"press {key.value}")
            came[key] = self._await_key()
            silent = silent + 1 if came[key] is None else 0
            if silent == GIVE_UP_AFTER:
                break
        return came

    def _await_key(self) -> Key | None:
        ends_ms = self.clock.monotonic_ms() + WAIT_FOR_KEY_MS
        while self.clock.monotonic_ms() < ends_ms:
            for event in self._scans(1):
                if isinstance(event, KeyPressed):
                    return event.key
        return None

    def _judged(self, came: dict[Key, Key | None]) -> Iterator[Finding]:
        wrong = {key: other for key, other in came.items() if other is not key}
        if not wrong:
            yield good(PART, f"all {len(came)} keys are where they should be")
            return
        silent = [key for key, other in wrong.items() if other is None]
        if silent:
            names = " ".join(key.value for key in silent)
            wire = USB_LEGEND if self.matrix is None else _wire_of(self.matrix, silent, came)
            yield bad(PART, f"silent: {names}", wire)
        swapped = {key: other for key, other in wrong.items() if other is not None}
        if swapped:
            pairs = ", ".join(f"{key.value} gave {other.value}" for key, other in swapped.items())
            wires = USB_LEGEND if self.matrix is None else _swap_of(self.matrix, swapped)
            yield bad(PART, pairs, wires)


def _place(matrix: KeyMatrix, key: Key) -> tuple[int, int]:
    """Row and column of a key, from 0."""
    row = next(at for at, legend in enumerate(matrix.legends) if key in legend)
    return row, matrix.legends[row].index(key)


def _wire(kind: str, at: int, pins: Sequence[BoardPin]) -> str:
    """A wire as a person finds it, such as `row 2 (GPIO6, header pin 31)`."""
    return f"{kind} {at + 1} ({pins[at].name}, header pin {pins[at].header})"


def _wire_of(matrix: KeyMatrix, silent: Sequence[Key], came: Mapping[Key, Key | None]) -> str:
    """The wire that all silent keys, and no others, are on."""
    if len(silent) == len(came):
        return "check that the pad's connector is on the right eight pins, and not reversed"
    places = [_place(matrix, key) for key in silent]
    rows, columns = {row for row, _ in places}, {column for _, column in places}
    if len(silent) > 1 and len(rows) == 1:
        return f"check the wire of {_wire('row', rows.pop(), matrix.rows)}"
    if len(silent) > 1 and len(columns) == 1:
        return f"check the wire of {_wire('column', columns.pop(), matrix.columns)}"
    return "these contacts are worn or dirty: clean or replace the pad"


def _swap_of(matrix: KeyMatrix, swapped: Mapping[Key, Key]) -> str:
    """Which wires are on each other's pins."""
    rows, columns = set(), set()
    for key, other in swapped.items():
        (row, column), (other_row, other_column) = (_place(matrix, each) for each in (key, other))
        if row != other_row:
            rows |= {row, other_row}
        if column != other_column:
            columns |= {column, other_column}
    wires = [_wire("row", at, matrix.rows) for at in sorted(rows)]
    wires += [_wire("column", at, matrix.columns) for at in sorted(columns)]
    return f"these wires are on each other's pins: {', '.join(wires)}"
