"""Keeps digits of a PIN or password from appearing on any other screen.

A masked entry is over once ENTER or CANCEL was pressed in it. When it ends in any other way (a
time-out, a part that was lost, a pulled card, the end of the process), the person at the keypad may
not have noticed and goes on keying: digits are swallowed until ENTER or CANCEL is pressed or, for a
PIN, the card is out. That ENTER belongs to the entry: it is swallowed too, and confirms nothing.
The runner asks about each key before a flow sees it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from firmware.flows.effects import MaskedEntry
from hw.events import CardInserted, Key, SlotEvent, SlotFoundEmpty

FILE = "masked-entry"
_ENDS = (Key.ENTER, Key.CANCEL)


class EntryGuard:
    """The masked entry that was begun and not ended by its own keys, if there is one.

    A file in the data directory says so to the next process, and never a digit. It is not synced:
    it outlives a process that dies or is restarted, which takes a second; a machine that lost its
    power takes longer to come up than anybody goes on keying.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / FILE
        self.open: MaskedEntry | None = None
        with contextlib.suppress(OSError, ValueError):
            self.open = MaskedEntry(self._file.read_text("ascii"))

    def begin(self, entry: MaskedEntry) -> None:
        """A flow waits for a key of a masked entry."""
        if self.open is entry:
            return
        self.open = entry
        with contextlib.suppress(OSError):  # a disk that fails is told of by the journal
            self._file.write_text(entry.value, "ascii")

    def hides(self, key: Key, *, masked: bool, card_out: bool) -> MaskedEntry | None:
        """The masked entry to which `key` belongs, be it swallowed or not; None if to none."""
        if masked:
            return self.open
        swallowed = key in _ENDS or _adds_digits(key)
        return self.open if swallowed and self.is_left_open(card_out=card_out) else None

    def takes(self, key: Key, *, masked: bool, card_out: bool) -> bool:
        """Whether a flow may see `key`; `masked` is whether it waits for a masked entry itself.

        `card_out` is whether the slot was known to be empty when it was pressed: what was keyed
        before belongs to the entry, though it is asked about only now.
        """
        if self.open is None:
            return True
        left_open = not masked and self.is_left_open(card_out=card_out)
        if key in _ENDS or not (masked or left_open):
            self._end()
            return not left_open
        return masked or not _adds_digits(key)

    def is_left_open(self, *, card_out: bool) -> bool:
        """Whether an entry was broken off, and a person may still be keying it."""
        return self.open is not None and not (self.open is MaskedEntry.PIN and card_out)

    def slot_told(self, event: SlotEvent) -> None:
        """Take an event of the reader: the card whose PIN was being keyed may be gone for good.

        It is where another was put in, and where the terminal found the slot empty when it came up.
        A card that was removed says less: a reader that is unplugged takes its card with it.
        """
        put_in = isinstance(event, CardInserted) and not event.found
        if self.open is MaskedEntry.PIN and (put_in or isinstance(event, SlotFoundEmpty)):
            self._end()

    def _end(self) -> None:
        self.open = None
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)


def _adds_digits(key: Key) -> bool:
    return key.digit is not None or key is Key.STAR  # `*` is 00
