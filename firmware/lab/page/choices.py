"""What a page chooses for a fresh terminal, and the language in which a story is played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from firmware.lab.scenario.language import FRESH, Step

KIOSK_ITEMS = (
    "[{key='1',name='豆浆',price='3.00'},{key='2',name='油条',price='2.50'},"
    "{key='5',name='小笼包',price='18.00'},{key='9',name='茶叶蛋',price='2.00'}]"
)
LANGUAGE = "general.language"


def lines_of(settings: Mapping[str, str]) -> str:
    """Settings as lines of a scenario. A kiosk has something to sell."""
    if settings.get("general.profile") == "kiosk":
        settings = {"kiosk.items": KIOSK_ITEMS, **settings}
    return "\n".join(
        f"set {key} {value}" if key == FRESH else f'set {key} "{value}"'
        for key, value in settings.items()
    )


def spoken_by(steps: Sequence[Step], language: str) -> dict[str, str]:
    """The settings that a story is given: the terminal keeps its `language` where it may.

    A story that names a language has its own, and one that expects words of the display or of a
    receipt was written for the language that `pos play` plays in.
    """
    names = any(step.verb == "set" and step.words[0] == LANGUAGE for step in steps)
    reads = any(
        step.verb.startswith("expect") and any(map(_has_letters, step.words))
        for step in steps
        if step.verb.endswith(("screen", "paper"))
    )
    return {} if names or reads else {LANGUAGE: language}


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)
