"""A reader's slots: which one is taken of all that PC/SC lists, and what its states tell of it."""

from __future__ import annotations

from collections.abc import Sequence

from hw.events import CardInserted, CardRemoved, SlotEvent, SlotFoundEmpty
from hw.pcsc import ReaderFlags, seen

# by what makers call their slots; a contactless one lists itself first on some readers
CONTACTLESS, SAM = ("picc", "contactless", " cl ", "nfc", "rfid"), ("sam",)
COUNTER_SHIFT, COUNTER_MAX = 16, 0xFFFF  # of insertions and removals since the reader came up
_KNOWN = ReaderFlags.PRESENT | ReaderFlags.EMPTY


def choose(listed: Sequence[str], name: str) -> str | None:
    """The first contact slot with `name` in its own, or None.

    A contactless or SAM slot only where there is no other.
    """
    return min((each for each in listed if name in each), key=_rank, default=None)


def why(taken: str, listed: Sequence[str], name: str) -> str:
    """What was taken of `listed`, in words for people."""
    if all(each == taken for each in listed):
        return f"{taken}: the only one"
    if name:
        return f"{taken}: the first slot with {name!r} in its name"
    return f"{taken}: the first contact slot, of {len(listed)}; reader.name sets it"


def _rank(name: str) -> int:
    """Contact slots first, then contactless ones, then those for SAMs."""
    said = f" {name.lower()} "
    return 2 if any(word in said for word in SAM) else any(word in said for word in CONTACTLESS)


class SlotWatch:
    """What was in a slot when it was last looked at."""

    def __init__(self) -> None:
        self.state = 0  # as it was told last; with 0 PC/SC tells it at once
        self.present = False
        self.looked = False  # since this reader came up

    def reader_came_up(self) -> None:
        """Nobody has looked at this one yet."""
        self.state, self.looked = 0, False

    def changed(self, state: int, at_ms: int, *, back: bool) -> list[SlotEvent]:
        """What `state` tells. When a reader comes `back`, its DeviceBack tells an empty slot."""
        if not state & _KNOWN:  # pcscd powers a card before it reports it
            return []
        before, first, was_present = self.state, not self.looked, self.present
        self.state, self.looked = seen(state), True
        self.present = bool(state & ReaderFlags.PRESENT)
        # The counter tells a card that was swapped between two looks, and one that nobody put in:
        # it counts from the reader's coming up.
        swapped = bool(before) and self.present and was_present and _turns(state, before) > 1
        events: list[SlotEvent] = []
        if was_present and (swapped or not self.present):
            events.append(CardRemoved(at_ms))
        if self.present and (swapped or not was_present):
            events.append(CardInserted(at_ms, found=first or not _turns(state)))
        if first and not (self.present or back):
            events.append(SlotFoundEmpty(at_ms))
        return events


def _turns(state: int, since: int = 0) -> int:
    return (state >> COUNTER_SHIFT) - (since >> COUNTER_SHIFT) & COUNTER_MAX
