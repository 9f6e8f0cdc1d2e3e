"""Tells a play in a text terminal: sentences, steps, screens as drawings, receipts as text."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
import unicodedata
from collections.abc import Mapping

from msgspec import Struct
from PIL import Image

from firmware.ui.drawing import drawing_for
from firmware.ui.texts import Language

LANGUAGES = {"zh": Language.ZH, "en": Language.EN}
WIDE_COLUMNS = 130  # the width where there is no terminal to ask
SENTENCE_COLUMNS = 100
SCREEN_PAUSE_S, PAPER_PAUSE_S = 1.2, 2.0
_BOLD, _FAINT, _LIT, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[96m", "\x1b[0m"


def language_of(lang: str | None) -> Language:
    """The language of LANGUAGES that `--lang` names; else that of the person's locale."""
    return LANGUAGES[lang or locale_language(os.environ)]


def locale_language(environment: Mapping[str, str]) -> str:
    """The language that the person's locale asks for; English unless it is Chinese."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((environment[name] for name in names if environment.get(name)), "")
    return "zh" if asked.lower().startswith("zh") else "en"


class Narrator(Struct, frozen=True):
    """Prints a story: in which language, on how many columns, whether with colour and pauses."""

    language: Language
    columns: int
    colours: bool = False
    pauses: bool = False

    @classmethod
    def of_terminal(cls, language: Language, *, pauses: bool) -> Narrator:
        """As the standard output can show it."""
        on_terminal = sys.stdout.isatty()
        columns = shutil.get_terminal_size((WIDE_COLUMNS, 24)).columns
        colours = on_terminal and "NO_COLOR" not in os.environ
        return cls(language, columns, colours, pauses and on_terminal)

    def say(self, text: str, *, title: bool = False) -> None:
        """A chapter's title, or what happens next."""
        if self.language is Language.EN:  # Chinese may be broken anywhere
            text = textwrap.fill(
                text,
                min(self.columns, SENTENCE_COLUMNS),
                break_long_words=False,  # a path stays whole
                break_on_hyphens=False,
            )
        print("\n" + (self._coloured(_BOLD, text) if title else text))

    def step(self, line: str) -> None:
        """A line of the scenario that was played, or an expectation that held."""
        mark = "✓" if line.startswith("expect") else "›"
        print(self._coloured(_FAINT, f"  {mark} {line}"), flush=True)

    def screen(self, image: Image.Image, name: str) -> None:
        """A display."""
        print(self._coloured(_LIT, drawing_for(self.columns, image)))
        self._caption(name, SCREEN_PAUSE_S)

    def paper(self, text: str, columns: int, name: str) -> None:
        """A receipt as it is torn off, as text."""
        print(torn(text, columns))
        self._caption(name, PAPER_PAUSE_S)

    def _caption(self, name: str, pause_s: float) -> None:
        print(self._coloured(_FAINT, f"  {name}"), flush=True)
        if self.pauses:
            time.sleep(pause_s)

    def _coloured(self, colour: str, text: str) -> str:
        if not self.colours:
            return text
        return "\n".join(f"{colour}{line}{_PLAIN}" for line in text.split("\n"))


def torn(text: str, columns: int) -> str:
    """What is read on a paper of `columns` half-width columns, with its torn edges."""
    edge = "╌" * (columns + 2)
    rows = (f"  │ {line}{' ' * (columns - _width(line))} │" for line in text.split("\n"))
    return "\n".join((f"  ╭{edge}╮", *rows, f"  ╰{edge}╯"))


def _width(text: str) -> int:
    """Half-width columns that `text` takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
