"""The state of the reader's slot, by the reader's events."""

from __future__ import annotations

from hw.events import (
    CardInserted,
    CardRemoved,
    Device,
    DeviceBack,
    DeviceLost,
    SlotEvent,
    SlotFoundEmpty,
)


class ReaderSlot:
    """Whether a card is in, and whether that is known."""

    def __init__(self) -> None:
        self.present = False
        self.used = False
        """Whether the card was used for a payment; one that was found in the slot may have been."""
        self._told = self._lost = False

    @property
    def empty(self) -> bool:
        """Whether it is known to be empty; unknown while the reader is lost or has not reported."""
        return self._told and not (self._lost or self.present)

    def take(self, event: SlotEvent | DeviceLost | DeviceBack) -> None:
        """Take an event of the reader; events of other devices change nothing."""
        match event:
            case CardInserted(found=found):
                self.present, self.used, self._told = True, found, True
            case CardRemoved() | SlotFoundEmpty():
                self.present, self.used, self._told = False, False, True
            case DeviceLost(device=Device.READER):
                self.present, self._lost = False, True
            case DeviceBack(device=Device.READER, card=card):
                self.present, self.used, self._told = card, card, True
                self._lost = False
