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

    A file in the data directory tells the next process of it, without any digit. The file is not
    synced: it has to outlive a restart of the process, which takes a second. A machine that lost
    its power comes up later than anybody goes on keying.
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
        with contextlib.suppress(OSError):  # the journal reports a disk that fails
            self._file.write_text(entry.value, "ascii")

    def hides(self, key: Key, *, masked: bool, card_out: bool) -> MaskedEntry | None:
        """The masked entry that `key` belongs to, whether a flow gets it or not; else None."""
        if masked:
            return self.open
        swallowed = key in _ENDS or _adds_digits(key)
        return self.open if swallowed and self.is_left_open(card_out=card_out) else None

    def takes(self, key: Key, *, masked: bool, card_out: bool) -> bool:
        """Whether a flow may see `key`; `masked` is whether it waits for a masked entry itself.

        `card_out` is whether the slot was known to be empty when `key` was pressed: keys from
        before the card was out belong to the entry.
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
        """End a PIN entry whose card is certainly gone, by an event of the reader.

        That is certain when a card was inserted, and when the slot was empty at a start. A removal
        is not enough: a reader that is unplugged reports one although its card is still in.
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
