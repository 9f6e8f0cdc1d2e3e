"""Reads scenario files into steps. Every mistake is named with its file and line.

The language is the table in `tests/scenarios/README.md`; this module knows words, not meanings.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.files import below, read_text
from firmware.core.kinds import COUNTED
from firmware.lab.host_line import LineFault
from firmware.lab.scenario.disk import DiskFault
from firmware.lab.scenario.other_terminal import DEEDS
from firmware.lab.switch_link import UNBALANCED, WELL
from hw.events import Key
from hw.sim.printer.kinds import TRAITS

INCLUDE_DEPTH_MAX = 16
FILES_MAX = 100  # one scenario with all its includes
STEPS_MAX = 100_000
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_TIME = re.compile(r"^(\d+)(ms|s|m|h|d)$")
WAIT_MAX = "3650d"
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
# see masked_keys
MASKED_KEY = re.compile(r"^(PIN|OTHER|(?:FACTORY-)?(?:SUPERVISOR|CASHIER))\.([1-9]\d?)$", re.ASCII)
_JUMP = re.compile(r"^([+-]?)(\d+)(s|m|h|d)$")
_CODE = re.compile(r"^[0-9A-Z]{2}$", re.ASCII)
_COUNT = re.compile(r"^0*[1-9]\d{0,8}$", re.ASCII)
_UPLOADED = re.compile(r"^(details|chip|failed|refused)=\d+$")
_TOTAL = re.compile(rf"^({'|'.join(f'{kind.value}s' for kind in COUNTED)})=(\d+)/(\d+)$")

KEY_NAMES = {
    **{key.value: key for key in Key if key.value.isdigit()},
    "CANCEL": Key.CANCEL,
    "BACK": Key.BACK,
    "MENU": Key.MENU,
    "ENTER": Key.ENTER,
    "00": Key.STAR,
    "*": Key.STAR,
    "#": Key.HASH,
    "UP": Key.STAR,
    "DOWN": Key.HASH,
}
FRESH = "stage.fresh"  # no setting: the terminal comes from the factory, unprovisioned
KEYPAD = "stage.keypad"  # no setting: how the keypad on USB is, NumLock on or off
NUM_LOCK = {"num-lock-on": False, "num-lock-off": True}
PRINTER = "stage.printer"  # no setting: what the printer on the stage lacks or gets wrong
# device → kind → how many arguments it takes
FAULTS: dict[str, dict[str, int]] = {
    "printer": {
        "paper-out": 0,
        "cover-open": 0,
        "offline": 0,
        "dies-after": 1,
        "babbles": 0,
        "hangs": 0,
        "late": 0,
    },
    "reader": {"unplugged": 0, "flickers": 0, "times-out": 0},
    "card": {"pull-at": 1, "mute": 0},
    "display": {"lost": 0, "disturbed": 0},
    "key": {"stuck": 1},
    "keypad": {"lost": 0},
    "host": {fault.value: 0 for fault in LineFault},
    "disk": {fault.value: 0 for fault in DiskFault},
    "clock": {"jump": 1},
}


class ScenarioError(ValueError):
    """A file that is not a scenario: `place` is FILE:LINE or FILE."""

    def __init__(self, place: str, words: str) -> None:
        super().__init__(f"{place}: {words}")


class Step(Struct, frozen=True):
    """One line: a verb, its words as they were written, and where it stands."""

    verb: str
    words: tuple[str, ...]
    place: str  # FILE:LINE
    at_ms: int | None = None  # virtual time since the start; else once the terminal has settled


def read(path: Path) -> list[Step]:
    """All steps of a file, includes resolved. Raises ScenarioError.

    A scenario comes with a bug report, from anybody: it includes regular files of bounded size
    from its own folder and below it, and nothing else.
    """

    def opened(name: str, place: str) -> str:
        try:
            real = below(path.parent, os.path.relpath(name, path.parent)) if place else path
            return read_text(real)
        except UnicodeDecodeError:
            raise ScenarioError(place or name, "is not UTF-8 text") from None
        except OSError as error:
            raise ScenarioError(place or name, error.strerror or "cannot be read") from None

    def found(step: Step, including: str) -> tuple[str, str]:
        (name,) = step.words
        return os.path.normpath(Path(including).parent / name), f"{step.place}: {name}"

    return _Reading(opened, found).of(str(path))


def read_among(name: str, files: Mapping[str, str]) -> list[Step]:
    """The same of texts that are at hand: an include is found by its file's name alone.

    Raises ScenarioError.
    """

    def found(step: Step, _including: str) -> tuple[str, str]:
        included = PurePosixPath(step.words[0]).name
        if included not in files:
            raise ScenarioError(step.place, f"{included} is wanted too: drop both together")
        return included, step.place

    return _Reading(lambda name, _place: files[name], found).of(name)


class _Reading:
    """One reading of a scenario with its includes, which may be many, but not without end."""

    def __init__(
        self, opened: Callable[[str, str], str], found: Callable[[Step, str], tuple[str, str]]
    ) -> None:
        """`opened` gives the text of a file, for a place; `found` what an include means."""
        self._opened = opened
        self._found = found
        self._files = 0

    def of(self, name: str) -> list[Step]:
        """All steps. Raises ScenarioError."""
        steps = list(itertools.islice(self._steps(name, "", ()), STEPS_MAX + 1))
        if len(steps) > STEPS_MAX:
            raise ScenarioError(name, f"has more than {STEPS_MAX} lines, with its includes")
        return steps

    def _steps(self, name: str, place: str, around: tuple[str, ...]) -> Iterator[Step]:
        """The steps of a file, which `place` asked for; `around` are those that include it."""
        self._files += 1
        if name in around or len(around) > INCLUDE_DEPTH_MAX or self._files > FILES_MAX:
            raise ScenarioError(place or name, "includes itself, or includes go too deep")
        for step in parse(self._opened(name, place), name):
            if step.verb == "include":
                included, asked = self._found(step, name)
                yield from self._steps(included, asked, (*around, name))
            else:
                yield step


def parse(text: str, name: str) -> Iterator[Step]:
    """The steps of a text, includes among them as they stand. Raises ScenarioError."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        place = f"{name}:{number}"
        tokens = _without_comment(list(_tokens(line, place)))
        if tokens:
            yield _timed(tokens, place)


def _without_comment(tokens: list[str]) -> list[str]:
    """The words before a `#`, which is a key only where nothing but keys follow it."""
    for at, token in enumerate(tokens):
        if token.startswith("#") and at and not all(map(_is_key, tokens[at:])):
            return tokens[:at]
    return tokens


def _timed(tokens: list[str], place: str) -> Step:
    """A step, and the moment that `at TIME` before it names."""
    if tokens[0] != "at":
        return _step(tokens, place)
    if len(tokens) < 3 or not _TIME.match(tokens[1]):
        raise ScenarioError(place, "expected: at 12500ms VERB…")
    step = _step(tokens[2:], place)
    if step.verb in ("set", "include"):
        raise ScenarioError(place, f"{step.verb} takes no time of its own")
    return replace(step, at_ms=duration_ms(tokens[1]))


def _tokens(line: str, place: str) -> Iterator[str]:
    """Words of a line; a quoted text is one, with its opening quote kept as its mark."""
    if line.lstrip().startswith("#"):
        return
    if line.count('"') % 2:
        raise ScenarioError(place, 'a text in "…" is not closed')
    for match in _TOKEN.finditer(line):
        quoted, plain = match.groups()
        yield plain if quoted is None else f'"{quoted}'


def _step(tokens: list[str], place: str) -> Step:
    """Check a line's form. Verbs of several words become one."""
    for length in (3, 2, 1):
        verb = " ".join(tokens[:length])
        if verb in _VERBS:
            words = tuple(tokens[length:])
            _VERBS[verb](verb, words, place)
            return Step(verb, tuple(word.removeprefix('"') for word in words), place)
    line = " ".join(f'{token}"' if token.startswith('"') else token for token in tokens)
    raise ScenarioError(place, f"unknown line “{line}”; known are {', '.join(sorted(_VERBS))}")


Check = Callable[[str, tuple[str, ...], str], None]


def _takes(count: int, example: str) -> Check:
    def check(_verb: str, words: tuple[str, ...], place: str) -> None:
        if len(words) != count:
            raise ScenarioError(place, f"expected: {example}")

    return check


def _texts(verb: str, words: tuple[str, ...], place: str) -> None:
    if not words or any(not word.startswith('"') or len(word) == 1 for word in words):
        raise ScenarioError(place, f'expected: {verb} "TEXT"')


def _set(_verb: str, words: tuple[str, ...], place: str) -> None:
    if len(words) < 2:
        raise ScenarioError(place, "expected: set KEY VALUE")
    if words[0] == FRESH and words[1:] not in (("true",), ("false",)):
        raise ScenarioError(place, f"expected: set {FRESH} true, or false")
    if words[0] == KEYPAD and words[1:] not in [(word,) for word in NUM_LOCK]:
        raise ScenarioError(place, f"expected: set {KEYPAD} num-lock-off, or num-lock-on")
    unknown = [word for word in words[1:] if word not in TRAITS] if words[0] == PRINTER else []
    if unknown:
        raise ScenarioError(place, f"no printer is {unknown[0]}; there are {', '.join(TRAITS)}")


def _keys(_verb: str, words: tuple[str, ...], place: str) -> None:
    if not words:
        raise ScenarioError(place, "expected: press KEY…")
    for word in words:
        if not _is_key(word):
            raise ScenarioError(place, f"no key is called {word}")


def _is_key(word: str) -> bool:
    plain = word in KEY_NAMES or (word.isascii() and word.isdigit())
    return plain or word.startswith("$") or MASKED_KEY.match(word) is not None


def _key(verb: str, words: tuple[str, ...], place: str) -> None:
    if len(words) != 1 or not (words[0] in KEY_NAMES or MASKED_KEY.match(words[0])):
        raise ScenarioError(place, f"expected: {verb} KEY")


def _wait(_verb: str, words: tuple[str, ...], place: str) -> None:
    if len(words) != 1 or not _TIME.match(words[0]):
        raise ScenarioError(place, "expected: wait 30s (ms, s, m, h or d)")
    if duration_ms(words[0]) > duration_ms(WAIT_MAX):
        raise ScenarioError(place, f"expected: a wait of {WAIT_MAX} at most")


def _each(form: re.Pattern[str], example: str) -> Check:
    def check(_verb: str, words: tuple[str, ...], place: str) -> None:
        if not words or not all(map(form.match, words)):
            raise ScenarioError(place, f"expected: {example}")

    return check


def _fault(_verb: str, words: tuple[str, ...], place: str) -> None:
    device, kind, *arguments = (*words, "", "")[: max(len(words), 2)]
    kinds = FAULTS.get(device)
    if kinds is None:
        raise ScenarioError(place, f"no device {device or '…'}; there are {', '.join(FAULTS)}")
    if kind not in kinds or len(arguments) != kinds[kind]:
        forms = ", ".join(f"{each} ARG" if count else each for each, count in kinds.items())
        raise ScenarioError(place, f"expected: fault {device} with one of {forms}")
    if kind in ("pull-at", "dies-after") and not _COUNT.match(arguments[0]):
        raise ScenarioError(place, f"{kind} takes a number from 1, not {arguments[0]}")
    if kind == "jump" and not _JUMP.match(arguments[0]):
        raise ScenarioError(place, f"jump takes a time such as +1d or -2h, not {arguments[0]}")
    if kind == "stuck" and arguments[0] not in KEY_NAMES:
        raise ScenarioError(place, f"no key is called {arguments[0]}")


def _clear(_verb: str, words: tuple[str, ...], place: str) -> None:
    if len(words) != 1 or words[0] not in FAULTS:
        raise ScenarioError(place, f"expected: clear with one of {', '.join(FAULTS)}")


def _acquirer(_verb: str, words: tuple[str, ...], place: str) -> None:
    if len(words) != 1 or not (words[0] in (WELL, UNBALANCED) or _CODE.match(words[0])):
        words_of = f"acquirer with a response code, {UNBALANCED} or {WELL}"
        raise ScenarioError(place, f"expected: {words_of}")


def _order(_verb: str, words: tuple[str, ...], place: str) -> None:
    match words:
        case [_, "void", _]:
            return
        case [_, "refund", _, amount] | [_, amount] | [_, amount, _] if _COUNT.match(amount):
            return
    asked = 'order NAME 12850 ["REFERENCE"], order NAME void ORDER, order NAME refund ORDER 2500'
    raise ScenarioError(place, f"expected: {asked}")


def _elsewhere(_verb: str, words: tuple[str, ...], place: str) -> None:
    well = len(words) == 4 and words[0] in DEEDS and _COUNT.match(words[2])
    if not well or (words[0] == "hold") is words[3].startswith("$"):
        raise ScenarioError(
            place, "expected: elsewhere hold CARD 100000 NAME, or complete|void CARD 80000 $NAME"
        )


_VERBS: dict[str, Check] = {
    "set": _set,
    "include": _takes(1, "include FILE"),
    "insert": _takes(1, "insert CARD"),
    "remove": _takes(0, "remove"),
    "press": _keys,
    "down": _key,
    "up": _key,
    "wait": _wait,
    "expect screen": _texts,
    "expect no screen": _texts,
    "expect paper": _texts,
    "expect no paper": _texts,
    "tear": _takes(0, "tear"),
    "expect totals": _each(_TOTAL, "expect totals sales=1/12850 voids=0/0 refunds=0/0"),
    "expect books balanced": _takes(0, "expect books balanced"),
    "expect uploaded": _each(_UPLOADED, "expect uploaded details=2 chip=1 failed=0 refused=0"),
    "fault": _fault,
    "clear": _clear,
    "power cut": _takes(0, "power cut"),
    "power on": _takes(0, "power on"),
    "acquirer": _acquirer,
    "elsewhere": _elsewhere,
    "order": _order,
    "stop": _takes(1, "stop NAME"),
    "expect order": _takes(2, "expect order NAME STATE"),
    "remember": _takes(2, "remember NAME voucher|authorisation"),
    "save screen": _takes(1, "save screen FILE"),
    "save paper": _takes(1, "save paper FILE"),
}


def keys_of(word: str) -> list[Key]:
    """The keys that one word of `press` presses: a name, `00`, or a run of digits."""
    if word in KEY_NAMES:
        return [KEY_NAMES[word]]
    return [KEY_NAMES[digit] for digit in word]


def duration_ms(word: str) -> int:
    """`30s` in milliseconds."""
    match = _TIME.match(word)
    assert match is not None
    return int(match[1]) * _UNITS_MS[match[2]]


def jump_of(word: str) -> timedelta:
    """`+1d` as a time difference."""
    match = _JUMP.match(word)
    assert match is not None
    span = timedelta(milliseconds=int(match[2]) * _UNITS_MS[match[3]])
    return -span if match[1] == "-" else span


def totals_of(words: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """`sales=1/12850` as {"sales": (1, 12850)}."""
    found = {}
    for word in words:
        match = _TOTAL.match(word)
        assert match is not None
        found[match[1]] = (int(match[2]), int(match[3]))
    return found
