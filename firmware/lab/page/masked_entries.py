"""The words that stand in a recording for the keys of a PIN or a password: see `masked_keys`."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.flows.card import PIN_LENGTHS
from firmware.flows.effects import MaskedEntry
from firmware.lab.scenario.masked_keys import OTHER, PASSWORDS, PIN, pin_of
from hw.events import Key
from hw.sim.cards.card import Card

KEYS_MAX = 100
PASSWORD_LENGTHS = (4, 6)


class Pressed:
    """A key that went down, and how a recording tells of it: None until the terminal took it."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.masked: str | None = None
        """Words of the scenario language that stand for it, if it is of a masked entry."""
        self.is_taken = False


class MaskedEntries:
    """The keys since the terminal last took one that was of no masked entry.

    A digit is recorded as `OTHER.N` until ENTER. If all that is keyed then is the card's PIN or a
    password of the stage, its digits are recorded as `PIN.N`, or by that password's name. So
    nothing is recorded of any other.
    """

    def __init__(self) -> None:
        self._entry: MaskedEntry | None = None
        self._keys: list[Pressed] = []

    def taken(self, pressed: Pressed, entry: MaskedEntry | None, card: Card | None) -> None:
        """The terminal took a key, of an entry or of none, while `card` was in the reader."""
        if entry is not self._entry:
            self.clear()
        self._entry = entry
        if entry is None:
            pressed.masked = None
            return
        if pressed.key is Key.ENTER:
            self._name(entry, card)
        else:
            lengths = PIN_LENGTHS if entry is MaskedEntry.PIN else PASSWORD_LENGTHS
            place = len(_digits(self._keys, entry, lengths)) + 1
            count = len(_added(pressed.key, entry))
            words = [f"{OTHER}.{n}" for n in range(place, place + count)]
            pressed.masked = " ".join(words)
        self._keys = [*self._keys[-KEYS_MAX:], pressed]

    def clear(self) -> None:
        """What was keyed belongs to no entry that still goes on."""
        self._keys.clear()

    def _name(self, entry: MaskedEntry, card: Card | None) -> None:
        secrets = {PIN: pin_of(card)} if entry is MaskedEntry.PIN else PASSWORDS
        for name, secret in secrets.items():
            lengths = PIN_LENGTHS if name == PIN else (len(secret),)
            digits = _digits(self._keys, entry, lengths)
            if not digits or "".join(digit for _, digit in digits) != secret:
                continue
            words: dict[Pressed, list[str]] = {}
            for place, (pressed, _) in enumerate(digits, 1):
                words.setdefault(pressed, []).append(f"{name}.{place}")
            for pressed, each in words.items():
                pressed.masked = " ".join(each)


def _digits(
    keys: Sequence[Pressed], entry: MaskedEntry, lengths: Sequence[int]
) -> list[tuple[Pressed, str]]:
    """The digits that stand after `keys`, where ENTER ends an entry of as many as in `lengths`."""
    found: list[tuple[Pressed, str]] = []
    for pressed in keys:
        added = _added(pressed.key, entry)
        ended = pressed.key is Key.ENTER and len(found) in lengths
        if ended or pressed.key is Key.CANCEL:
            found = []
        elif pressed.key is Key.BACK:
            found = found[:-1]
        elif entry is MaskedEntry.PASSWORD or len(found) + len(added) <= PIN_LENGTHS[-1]:
            found += [(pressed, digit) for digit in added]
    return found


def _added(key: Key, entry: MaskedEntry) -> str:
    """The digits that a key adds to an entry: `*` is 00, but not of a PIN."""
    if key is Key.STAR and entry is MaskedEntry.PASSWORD:
        return "00"
    return key.digit or ""
