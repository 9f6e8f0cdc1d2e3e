"""A numeric keypad on USB, as the kernel's input events. See linux/input.h, input_event.

Read without a library: python-evdev has no wheels, and would want a compiler on every Pi for a
struct of four fields. The device is grabbed, so that no other program sees a PIN that is typed.

The rules of a key are the matrix's: a press is reported when it is the only key down, the
kernel's own repetitions count nothing, a contact that gaps is one press, and a key that stays down
for long is stuck. Some pads send codes of navigation keys with NumLock off: those are digits too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable, Sequence

from hw.events import (
    Device,
    DeviceBack,
    DeviceEvent,
    DeviceLost,
    FaultReason,
    Key,
    KeyPressed,
)
from hw.keypad import GAP_MS, SCAN_PERIOD_MS, STUCK_AFTER_MS, stuck
from hw.ports import DeviceFault

EVENT = struct.Struct("@llHHi")  # seconds, microseconds, type, code, value
EV_SYN, EV_KEY = 0x00, 0x01
SYN_DROPPED = 3  # the kernel's buffer ran over: what is down is not known
UP, DOWN = 0, 1  # 2 is the kernel's repetition
EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int)
GAP_LEAST_MS = 20
RETRY_MS = 2_000
READ_BYTES = 64 * EVENT.size

# codes of linux/input-event-codes.h; a pad has some of them
_BY_KEY = {
    Key.D0: (11, 82),
    Key.D1: (2, 79),
    Key.D2: (3, 80),
    Key.D3: (4, 81),
    Key.D4: (5, 75),
    Key.D5: (6, 76),
    Key.D6: (7, 77),
    Key.D7: (8, 71),
    Key.D8: (9, 72),
    Key.D9: (10, 73),
    Key.STAR: (55,),  # *
    Key.HASH: (98,),  # /
    Key.ENTER: (28, 96),
    Key.BACK: (14, 83, 111),  # backspace, the dot, delete
    Key.CANCEL: (1, 74),  # escape, -
    Key.MENU: (15, 78),  # tabulator, +
}
CODES = {code: key for key, codes in _BY_KEY.items() for code in codes}
# what the same keys of some pads send with NumLock off: 5 sends 355 where it sends any
NAVIGATION = {102 + at: Key(digit) for at, digit in enumerate("789461230")} | {355: Key.D5}
KEYS = CODES | NAVIGATION


class EventNode:
    """An open event device; `handle` is a descriptor that does not block, and is closed here."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._rest = b""

    @classmethod
    def open(cls, path: str) -> EventNode:
        """The device at `path`, grabbed. Raises DeviceFault."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceFault(Device.KEYPAD, f"{path}: {error.strerror}") from error
        try:
            fcntl.ioctl(handle, EVIOCGRAB, 1)
        except OSError as error:
            os.close(handle)
            words = f"{path} cannot be grabbed: {error.strerror}"
            raise DeviceFault(Device.KEYPAD, words, FaultReason.HELD) from error
        return cls(handle)

    def read(self) -> list[tuple[int, int, int]]:
        """Type, code and value of each event since the last time. Raises OSError if it is gone."""
        try:
            came = os.read(self._handle, READ_BYTES)
        except BlockingIOError:
            return []
        if not came:
            raise OSError("end of file")
        came = self._rest + came
        end = len(came) - len(came) % EVENT.size
        self._rest = came[end:]
        return [(kind, code, value) for _, _, kind, code, value in EVENT.iter_unpack(came[:end])]

    def close(self) -> None:
        """Let the device go, and with it the grab. Never raises."""
        with contextlib.suppress(OSError):
            os.close(self._handle)


class UsbKeypad:
    """Implements `hw.ports.Keypad` over what `connect` opens, which raises DeviceFault.

    It is asked for at the first scan and, while there is none, every two seconds.
    """

    scan_period_ms = SCAN_PERIOD_MS

    def __init__(self, connect: Callable[[], EventNode]) -> None:
        self._connect = connect
        self._node: EventNode | None = None
        self._down: set[int] = set()
        self._up_ms: dict[int, int] = {}  # when each key came up
        self._since_ms = 0  # the last key went down
        self._next_try_ms = 0
        self._lost = False

    @property
    def at_rest(self) -> bool:
        """Whether it is there, and no key is down."""
        return self._node is not None and not self._down

    def scan(self, now_ms: int) -> Sequence[DeviceEvent]:
        """What was pressed since the last scan. See hw.ports.Keypad.scan."""
        if self._node is None and now_ms < self._next_try_ms:
            return []
        try:
            if self._node is None:
                self._next_try_ms = now_ms + RETRY_MS
                self._node = self._connect()
            came = self._node.read()
        except DeviceFault as fault:
            return self._lose(fault.lost(now_ms))
        except OSError as error:
            self._let_go()
            words = error.strerror or str(error)
            return self._lose(DeviceLost(Device.KEYPAD, words, now_ms))
        events: list[DeviceEvent] = []
        for kind, code, value in came:
            events += self._judge(kind, code, value, now_ms)
        if self._down and now_ms - self._since_ms >= STUCK_AFTER_MS:
            keys = sorted((KEYS[code] for code in self._down), key=lambda key: key.value)
            return [*events, *self._lose(stuck(keys, now_ms))]
        return [*self._come_back(now_ms), *events]

    def close(self) -> None:
        """Let the device go; the next scan asks for it at once. Never raises."""
        self._let_go()
        self._next_try_ms = 0

    def _let_go(self) -> None:
        if self._node is not None:
            self._node.close()
        self._node = None
        self._down.clear()
        self._up_ms.clear()

    def _judge(self, kind: int, code: int, value: int, now_ms: int) -> list[DeviceEvent]:
        if (kind, code) == (EV_SYN, SYN_DROPPED):
            self._down.clear()
        if kind != EV_KEY or code not in KEYS:
            return []
        if value == UP and code in self._down:
            self._down.discard(code)
            self._up_ms[code] = now_ms
        if value != DOWN:
            return []
        alone = not self._down
        # a key for 00 sends its second 0 sooner than any contact gaps
        same_press = GAP_LEAST_MS <= now_ms - self._up_ms.get(code, -GAP_MS) < GAP_MS
        self._down.add(code)
        self._since_ms = now_ms
        if not alone or same_press or self._lost:
            return []
        return [KeyPressed(KEYS[code], now_ms)]

    def _lose(self, lost: DeviceLost) -> list[DeviceEvent]:
        was_lost, self._lost = self._lost, True
        return [] if was_lost else [lost]

    def _come_back(self, now_ms: int) -> list[DeviceEvent]:
        """Lost no more, once it is there and every key is up."""
        if not self._lost or self._down:
            return []
        self._lost = False
        return [DeviceBack(Device.KEYPAD, now_ms)]
