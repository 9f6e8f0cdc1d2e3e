"""Writes down what is done on the page, as a scenario that `pos play` plays again.

Each line names its moment in virtual time, so that what was done while the terminal was busy is
done at the same moment again.

A recording is kept in files and sent with reports, so no digit of a masked entry stands in it, but
a word of `firmware.lab.scenario.masked_keys`. People type ahead, so whether a digit is of such an
entry is known only when the terminal takes it; until then it is left out. PINs and passwords that
the stage does not know are all one and the same when the recording is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from firmware.core.kinds import COUNTED, TOLD_ALWAYS
from firmware.flows.effects import MaskedEntry
from firmware.lab.page.masked_entries import MaskedEntries, Pressed
from firmware.lab.scenario.language import KEY_NAMES, MASKED_KEY, Step
from firmware.terminal.terminal import Terminal
from hw.events import Key, KeyPressed
from hw.sim.cards.card import Card

LINES_MAX = 20_000
LONG_MS = 500  # a key that is down for longer is recorded as `down` and `up`
WAITING_MAX = 200  # more than a terminal keeps of what is typed ahead
ENDS_ENTRY = ("insert", "remove", "power cut")


class _Word(Struct):
    """A word of a line and the keys that it presses."""

    text: str
    keys: Sequence[Pressed]

    def __str__(self) -> str:
        """As it may be told; "" where it may not."""
        if self.text.startswith("$") or MASKED_KEY.match(self.text):
            return self.text
        may_be_secret = [one for one in self.keys if one.key.digit or one.key is Key.STAR]
        if all(one.is_taken and one.masked is None for one in may_be_secret):
            return self.text
        taken = [one for one in self.keys if one.is_taken]
        told = [_plain(one.key) if one.masked is None else one.masked for one in taken]
        return " ".join(filter(None, told))


class _Keys(Struct):
    """A line about keys."""

    moment: str
    verb: str
    words: Sequence[_Word]

    def __str__(self) -> str:
        """As it may be told; "" where nothing of it may."""
        told = " ".join(filter(None, map(str, self.words)))
        verb = self.verb
        if " " in told and verb == "up":
            return ""
        if " " in told and verb == "down":  # `*` in a password: two digits are told
            verb = "press"
        return f"{self.moment}{verb} {told}" if told else ""


class Recorder:
    """The lines since the terminal was fresh."""

    def __init__(
        self, settings: Iterable[Step], card: Callable[[], Card | None] = lambda: None
    ) -> None:
        """`card` tells which card is in the reader."""
        self._lines: list[str | _Keys] = []
        self.keyed = False
        """Whether a digit was pressed."""
        self._down: dict[str, tuple[_Keys, int]] = {}  # of each key that is: since when
        self._held: dict[str, _Word] = {}  # by what a scenario that is played calls it
        self._card = card
        self._waiting: list[Pressed] = []  # for the terminal to take them, in this order
        self._last: tuple[KeyPressed | None, Pressed] = None, Pressed(Key.ENTER)
        self._entries = MaskedEntries()
        for step in settings:
            self.played(step)

    def __len__(self) -> int:
        return len(self._lines)

    def act(self, at_ms: int, line: str) -> None:
        """Something was done. Past LINES_MAX nothing more is written down."""
        self._end_entry(line)
        self._add(f"at {at_ms}ms {line}")

    def down(self, at_ms: int, key: str) -> None:
        """A key went down."""
        self.keyed |= key.isdecimal()
        line = _Keys(f"at {at_ms}ms ", "press", [self._word(key, [KEY_NAMES[key]])])
        self._down[key] = line, at_ms
        self._add(line)

    def up(self, at_ms: int, key: str) -> None:
        """A key came up."""
        line, since_ms = self._down.pop(key, (None, at_ms))
        if line is not None and _is_held(line, since_ms, at_ms):
            self._add(_Keys(f"at {at_ms}ms ", "up", line.words))

    def taken(self, pressed: KeyPressed, entry: MaskedEntry | None) -> None:
        """The terminal took a key, which may be of a masked entry."""
        if pressed is not self._last[0]:  # else a step left it to the next one
            self._last = pressed, self._next(pressed.key)
        one = self._last[1]
        one.is_taken = True
        self._entries.taken(one, entry, self._card())

    def played(self, step: Step, keys: Sequence[Sequence[Key]] = ()) -> None:
        """A step of a scenario was played here, or is now, with these `keys` for each word."""
        if step.verb.startswith("save"):
            return
        moment = "" if step.at_ms is None else f"at {step.at_ms}ms "
        if step.verb in ("press", "down", "up"):
            self._add(_Keys(moment, step.verb, self._words(step, keys)))
            return
        self._end_entry(step.verb)
        quotes = step.verb.startswith("expect") and step.verb.endswith(("screen", "paper"))
        quoted = [f'"{word}"' if quotes or " " in word else word for word in step.words]
        self._add(moment + " ".join([step.verb, *quoted]))

    def text(self, terminal: Terminal | None, at_ms: int) -> str:
        """The scenario so far; it ends in the totals as they stand now."""
        for line, since_ms in self._down.values():
            _is_held(line, since_ms, at_ms)
        told = filter(None, map(str, self._lines))
        lines = ["# recorded on the bench page; `pos play` plays it", *told]
        if terminal is not None and terminal.data.at_hand:
            totals = terminal.data.journal.totals(terminal.data.journal.batch())
            kinds = COUNTED if totals.has_completions else TOLD_ALWAYS
            sums = " ".join("{}s={}/{}".format(kind.value, *totals.of(kind)) for kind in kinds)
            lines.append(f"at {at_ms}ms expect totals {sums}")
        return "\n".join(lines) + "\n"

    def _add(self, line: str | _Keys) -> None:
        if len(self._lines) < LINES_MAX:
            self._lines.append(line)

    def _words(self, step: Step, keys: Sequence[Sequence[Key]]) -> Sequence[_Word]:
        if step.verb == "up":
            return [self._held.pop(word, _Word(word, ())) for word in step.words]
        self.keyed |= any(word.isdecimal() for word in step.words)
        words = [self._word(*each) for each in zip(step.words, keys, strict=True)]
        if step.verb == "down":
            self._held[words[0].text] = words[0]
        return words

    def _word(self, text: str, keys: Iterable[Key]) -> _Word:
        pressed = [Pressed(key) for key in keys]
        self._waiting = [*self._waiting, *pressed][-WAITING_MAX:]
        return _Word(text, pressed)

    def _next(self, key: Key) -> Pressed:
        """The press of a key that the terminal takes now: in their order, some may be lost."""
        for at, one in enumerate(self._waiting):
            if one.key is key:
                del self._waiting[: at + 1]
                return one
        return Pressed(key)  # of none that is told, such as one that sticks

    def _end_entry(self, line: str) -> None:
        if line.startswith(ENDS_ENTRY):
            self._entries.clear()
        if line.startswith("power cut"):
            self._waiting.clear()


def _is_held(line: _Keys, since_ms: int, at_ms: int) -> bool:
    """Whether a key has been down for long; if so its line is no press any more."""
    if at_ms - since_ms < LONG_MS:
        return False
    line.verb = "down"
    return True


def _plain(key: Key) -> str:
    return "00" if key is Key.STAR else key.value
