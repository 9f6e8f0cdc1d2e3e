"""The 4×4 key matrix over gpiozero pins, scanned; gpiozero itself has no matrix keypad.

Rules of a scan. One row at a time is an output, low; all other rows are inputs, since two outputs
joined by two keys would short. Columns are inputs with pull-ups: low means the key is down. Three
keys on the corners of a rectangle show a fourth that nobody presses, so a scan with a rectangle in
it is thrown away, and nothing counts until every key is up.

Rules of a key. A contact counts once `DEBOUNCE_SCANS` scans agree. A press is reported when it is
the only key down, and no other is reported until it is up again: a PIN or an amount takes one key
at a time, and two keys pressed together are both ignored. A contact that opens for less than
`GAP_MS` and closes again is still the same press: worn membranes gap under the finger. A key that
is down for longer than a hand would hold it is stuck, and the keypad is lost until it comes up.

At rest all rows are outputs, low, and only the columns are read, a quarter as often: a fifth of a
scan's work on the pins, twenty times less in all. Keys may then join rows: all are at one level.
"""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from hw.board import KEYPAD, KeyMatrix
from hw.events import Device, DeviceBack, DeviceEvent, DeviceLost, Key, KeyPressed
from hw.gpio import PinHeader
from hw.ports import DeviceFault

SCAN_PERIOD_MS = 5
REST_PERIOD_MS = 20  # with every key up: 20 and 15 ms to confirm it are less than a hand's 40
GAP_MS = 80  # a membrane gaps for nearly so long; open for 80 ms it is a press of its own
DEBOUNCE_SCANS = 4  # 15 ms from the first to the last: contacts bounce for 5, hands hold for 40
STUCK_AFTER_MS = 30_000
RETRY_MS = 500  # pins that could not be had are asked for again no sooner
HEADER_RETRY_MS = 2_000


def stuck(keys: Sequence[Key], now_ms: int) -> DeviceLost:
    """The event that tells of keys that stay down."""
    names = " ".join(key.value for key in keys)
    words = f"{'keys' if len(keys) > 1 else 'key'} {names} stuck"
    return DeviceLost(Device.KEYPAD, words, now_ms, stuck=tuple(keys))


class MatrixKeypad:
    """A scanned matrix of keys; implements `hw.ports.Keypad`.

    `connect` gives the header, or raises DeviceFault. It is asked for at the first scan and, while
    there is none, every two seconds; pins are claimed then, and again half a second after an error.
    So a keypad that cannot be had is an event and no crash.

    KeyPressed.at_ms is the scan that confirmed the press, `DEBOUNCE_SCANS` − 1 periods after the
    contact first closed.
    """

    scan_period_ms = SCAN_PERIOD_MS

    def __init__(self, connect: Callable[[], PinHeader], layout: KeyMatrix = KEYPAD) -> None:
        self._connect = connect
        self._header: PinHeader | None = None
        self._layout = layout
        self._keys = tuple(key for legend in layout.legends for key in legend)
        self._rows: list[Any] = []
        self._columns: list[Any] = []
        # each scan is a mask with bit `row * columns + column` set where a key reads as down
        self._recent = deque([0] * DEBOUNCE_SCANS, maxlen=DEBOUNCE_SCANS)
        self._down = 0  # debounced
        self._moving_since_ms: int | None = None  # None: every key is up, and has been for long
        self._lost: DeviceLost | None = None
        self._released = False  # down since start, an error or a ghost: no press until all are up
        self._last: int | None = None  # the key of the last press, by its place
        self._held_ms = 0  # when that key was last seen down
        self._watching = False  # all rows are low
        self._claimed = False
        self._next_try_ms = 0

    @property
    def at_rest(self) -> bool:
        """True when scans of unmoved keys would neither report nor change anything."""
        return self._released and self._moving_since_ms is None

    def scan(self, now_ms: int) -> Sequence[DeviceEvent]:
        """Scan all rows once; gives at most a DeviceLost or DeviceBack and a KeyPressed."""
        if not self._claimed and now_ms < self._next_try_ms:
            return []
        try:
            header = self._header = self._header or self._connect()
        except DeviceFault as fault:
            self._next_try_ms = now_ms + HEADER_RETRY_MS
            return self._lose(fault.lost(now_ms))
        try:
            if not self._claimed:
                self._claim(header.factory)
            if self.at_rest and self._nothing_down():
                return []
            reading = self._read()
        except header.errors as error:
            self._let_go()
            self._forget()
            self._next_try_ms = now_ms + RETRY_MS
            return self._lose(DeviceLost(Device.KEYPAD, f"pins: {error}", now_ms))
        return self._judge(reading, now_ms)

    def close(self) -> None:
        """Leave every pin an input. Never raises."""
        self._let_go()
        self._forget()
        self._next_try_ms = 0

    # --- pins ---

    def _claim(self, factory: Any) -> None:
        self._rows = [factory.pin(pin.bcm) for pin in self._layout.rows]
        self._columns = [factory.pin(pin.bcm) for pin in self._layout.columns]
        for pin in (*self._rows, *self._columns):
            pin.input_with_pull("up")  # rows too: a floating wire would pick up noise
        self._claimed = True

    def _nothing_down(self) -> bool:
        """Whether no column is low, with every row low."""
        if not self._watching:
            for row in self._rows:
                row.output_with_state(0)
            self._watching = True
        return all(column.state for column in self._columns)

    def _read(self) -> int:
        """The mask of keys that read as down, with one row at a time driven low."""
        if self._watching:
            self._watching = False
            for row in self._rows:
                row.input_with_pull("up")
        reading, bit = 0, 1
        for row in self._rows:
            row.output_with_state(0)  # low before it drives: see gpiozero's Pin.output_with_state
            for column in self._columns:
                if not column.state:
                    reading |= bit
                bit <<= 1
            row.input_with_pull("up")  # becoming an input loses the pull: it is set again
        return reading

    def _let_go(self) -> None:
        """Make all pins inputs, as far as they still can be."""
        errors = self._header.errors if self._header is not None else ()
        for pin in (*self._rows, *self._columns):
            with contextlib.suppress(*errors):
                pin.close()
        self._rows, self._columns, self._claimed = [], [], False
        self._watching = False

    def _forget(self) -> None:
        """Take all keys as up: what they did meanwhile is not known."""
        self._recent.extend([0] * DEBOUNCE_SCANS)
        self._down, self._moving_since_ms, self._released = 0, None, False
        self._last = None

    # --- keys ---

    def _judge(self, reading: int, now_ms: int) -> list[DeviceEvent]:
        """What a reading means, given those before it."""
        before = self._down
        if self._has_ghost(reading):
            self._released = False  # whatever is left of it, nothing counts until all are up
        else:
            self._recent.append(reading)
            seen = functools.reduce(int.__or__, self._recent)
            steady = functools.reduce(int.__and__, self._recent)
            self._down = (self._down | steady) & seen
        if not reading and not any(self._recent):
            self._moving_since_ms, self._released = None, True
            return self._come_back(now_ms)
        if self._moving_since_ms is None:
            self._moving_since_ms = now_ms
        if now_ms - self._moving_since_ms >= STUCK_AFTER_MS:
            down = reading | self._down
            keys = [key for index, key in enumerate(self._keys) if down >> index & 1]
            return self._lose(stuck(keys, now_ms))
        confirmed = self._down == reading and reading & ~before and reading.bit_count() == 1
        key = reading.bit_length() - 1
        began_ms = now_ms - (DEBOUNCE_SCANS - 1) * SCAN_PERIOD_MS
        gapped = key == self._last and began_ms - self._held_ms < GAP_MS
        if self._last is not None and reading & self._down & 1 << self._last:
            self._held_ms = now_ms
        if confirmed and self._released and not self._lost and not gapped:
            self._last, self._held_ms = key, now_ms
            return [KeyPressed(self._keys[key], now_ms)]
        return []

    def _has_ghost(self, reading: int) -> bool:
        """Whether two rows have two columns in common: then the fourth key may be no key."""
        width = len(self._layout.columns)
        rows = [reading >> width * row & (1 << width) - 1 for row in range(len(self._layout.rows))]
        return any(
            (upper & lower).bit_count() >= 2
            for index, upper in enumerate(rows)
            for lower in rows[index + 1 :]
        )

    def _lose(self, lost: DeviceLost) -> list[DeviceEvent]:
        """What is told of a loss: the first cause, and later that keys are stuck."""
        before, self._lost = self._lost, lost
        return [lost] if before is None or (lost.stuck and not before.stuck) else []

    def _come_back(self, now_ms: int) -> list[DeviceEvent]:
        if self._lost is None:
            return []
        self._lost = None
        return [DeviceBack(Device.KEYPAD, now_ms)]
