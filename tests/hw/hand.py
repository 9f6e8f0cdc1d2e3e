"""A hand on a modelled keypad, for the tests of its drivers."""

from __future__ import annotations

from hw.events import DeviceEvent, Key, KeyPressed
from hw.ports import Keypad
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.usb_keypad import UsbKeypadModel


class Hand:
    """Presses `keys`, and has the driver `keypad` scan them in a time of their own."""

    def __init__(self, keys: Matrix | UsbKeypadModel, keypad: Keypad) -> None:
        self._keys, self.keypad = keys, keypad
        self.now_ms = 0
        self.events: list[DeviceEvent] = []

    def wait(self, ms: int) -> None:
        for _ in range(ms // self.keypad.scan_period_ms):
            self.now_ms += self.keypad.scan_period_ms
            self.look()

    def look(self) -> None:
        """Scan once."""
        self.events += self.keypad.scan(self.now_ms)

    def down(self, *keys: Key) -> None:
        for key in keys:
            self._keys.press(key)

    def up(self, *keys: Key) -> None:
        for key in keys:
            self._keys.release(key)

    def tap(self, *keys: Key) -> None:
        """Press one after another, as a fast hand does; the same one again a little later."""
        before = None
        for key in keys:
            if key is before:
                self.wait(40)
            before = key
            self.down(key)
            self.wait(40)
            self.up(key)
            self.wait(40)

    @property
    def pressed(self) -> list[Key]:
        return [event.key for event in self.events if isinstance(event, KeyPressed)]

    @property
    def health(self) -> list[DeviceEvent]:
        """All that was told but key presses."""
        return [event for event in self.events if not isinstance(event, KeyPressed)]
