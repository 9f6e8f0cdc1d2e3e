"""A model of a numeric keypad on USB: the kernel's event device, as bytes in a pipe."""

from __future__ import annotations

import os

from hw.evdev_keypad import CODES, DOWN, EV_KEY, EV_SYN, EVENT, NAVIGATION, UP, EventNode
from hw.events import Device, Key
from hw.ports import DeviceFault

EV_MSC, MSC_SCAN = 0x04, 4
REPEAT = 2


class UsbKeypadModel:
    """A keypad that can be plugged in and out; give `connect` to the driver and press keys here.

    What is pressed while nobody has it open is lost, as in the kernel.
    """

    def __init__(self) -> None:
        self.plugged = True
        self.version = 0
        self.num_lock_off = False  # then its digits are navigation keys
        self._down: set[Key] = set()
        self._writer: int | None = None

    @property
    def pressed(self) -> frozenset[Key]:
        """The keys that are down."""
        return frozenset(self._down)

    def connect(self) -> EventNode:
        """Open the device. Raises DeviceFault while it is unplugged."""
        if not self.plugged:
            raise DeviceFault(Device.KEYPAD, "No such file or directory")
        self._end()
        reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        return EventNode(reader)

    def press(self, key: Key, code: int | None = None) -> None:
        """Put a key down, by one of its codes; the first one of the number block by default."""
        self._down.add(key)
        self._report(self._code(key) if code is None else code, DOWN)

    def repeat(self, key: Key) -> None:
        """What the kernel says of a key that is held."""
        self._report(self._code(key), REPEAT)

    def release(self, key: Key) -> None:
        """Let a key up."""
        self._down.discard(key)
        self._report(self._code(key), UP)

    def release_all(self) -> None:
        """Let every key up."""
        for key in sorted(self._down, key=lambda key: key.value):
            self.release(key)

    def fail(self, broken: bool) -> None:
        """Take it out, or put it in again."""
        if broken:
            self.unplug()
        elif not self.plugged:
            self.plug()

    def report(self, *events: tuple[int, int, int]) -> None:
        """Any events, as type, code and value."""
        self.send(b"".join(EVENT.pack(0, 0, *event) for event in events))

    def send(self, raw: bytes) -> None:
        """Bytes as they are."""
        self.version += 1
        if self._writer is not None:
            os.write(self._writer, raw)

    def unplug(self) -> None:
        """Take it out: reading it fails from now on, as does opening it."""
        self.plugged = False
        self._down.clear()
        self.version += 1
        self._end()

    def plug(self) -> None:
        """Put it in again, with no key down."""
        self.version += 1
        self.plugged = True

    def _report(self, code: int, value: int) -> None:
        self.report((EV_MSC, MSC_SCAN, code), (EV_KEY, code, value), (EV_SYN, 0, 0))

    def _code(self, key: Key) -> int:
        codes = NAVIGATION if self.num_lock_off and key in NAVIGATION.values() else CODES
        return max(code for code, known in codes.items() if known is key)

    def _end(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
        self._writer = None
