"""Two rules of the counter that no record tells of: whose card pays, and where a PIN is seen.

Held against what hands do and what stands on the display, not against what the terminal knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from firmware.flows import effects
from firmware.journal.records import IntentRecorded
from firmware.lab.scenario.language import Step
from firmware.payments import effects as payment_effects
from firmware.payments.tills import TillEvent
from firmware.ui.screens import PinEntry, TextEntry
from firmware.ui.texts import Text
from hw.events import DeviceEvent, Key, KeyPressed
from hw.sim.bench import CardSlot

PASSWORDS = (
    Text.SUPERVISOR_PASSWORD,
    Text.OPERATOR_PASSWORD,
    Text.NEW_PASSWORD,
    Text.NEW_PASSWORD_AGAIN,
)


@dataclass
class CardsPutIn:
    """How many transactions the cards that hands have put in may still make."""

    left: int = 0
    _reader_away: bool = False

    def begins(self, step: Step) -> None:
        """A line is about to be played; what was under way may still end before it."""
        match step.verb, step.words:
            case "insert", _:
                self.left += 1
            case "fault", ["reader", kind, *_]:
                self._reader_away |= kind != "flickers"  # which takes no reader away

    def ended(self, step: Step) -> None:
        """It was played, and its intents are told of."""
        came_up = step.verb == "power on"
        if (step.verb, *step.words) == ("clear", "reader"):
            came_up, self._reader_away = self._reader_away, False
        self.left = 0 if came_up else min(self.left, 1)

    def pays(self, intent: IntentRecorded) -> bool:
        """Whether a card was put in for it; an undo takes the card of its sale."""
        if intent.undo:
            return True
        self.left -= 1
        return self.left >= 0


@dataclass
class MaskedDigits:
    """Follows masked entries by what is shown; `leaked` says how often a key of one came elsewhere.

    What is pressed after an entry was broken off belongs to it as well, up to the ENTER or CANCEL
    that ends it, and also where a flow is given it only after the card was taken out.
    """

    slot: CardSlot
    leaked: int = 0
    seen: int = 0  # keys of masked entries, so that a run can say that there were any
    broken_off: int = 0  # entries that ended without their own keys, and a digit that followed
    _screen: object = None
    _open: object = None  # the masked screen whose entry has not been ended
    _late: list[KeyPressed] = field(default_factory=list)  # pressed after one was broken off

    def came(self, event: DeviceEvent | TillEvent) -> None:
        """Something happened; the card may have been taken out."""
        if isinstance(self._open, PinEntry) and self.slot.card is None:
            self._open = None
        if self._open is None or masked(self._screen) or not isinstance(event, KeyPressed):
            return
        if event.key in (Key.ENTER, Key.CANCEL):
            self._open = None
        elif event.key.digit is not None:
            self.broken_off += 1
        elif event.key is not Key.STAR:
            return
        self._late.append(event)

    def asked(self, effect: payment_effects.Effect[Any]) -> None:
        """A flow asks for something."""
        match effect:
            case effects.Show(screen=screen):
                self._screen = screen
            case effects.Wait() if masked(self._screen):
                self._open = self._screen

    def given(self, effect: payment_effects.Effect[Any], answer: object) -> None:
        """A flow is given what it asked for."""
        if not isinstance(effect, effects.Wait) or not isinstance(answer, KeyPressed):
            return
        ends = answer.key in (Key.ENTER, Key.CANCEL)
        late = any(answer is each for each in self._late)
        self._late.clear()  # keys are seen in the order in which they came
        if ends:
            self.leaked += late
            self._open = None
        elif masked(self._screen):
            self.seen += self._open is not None
        elif answer.key.digit is not None or answer.key is Key.STAR:
            self.leaked += late or self._open is not None


def masked(screen: object) -> bool:
    """Whether what is keyed on a screen is not shown."""
    match screen:
        case PinEntry():
            return True
        case TextEntry(title=title):
            return title.text in PASSWORDS
    return False
