"""Turns a screen into the frame on the glass: a pure function of screen and language."""

from __future__ import annotations

import hashlib
from typing import assert_never

from msgspec import Struct, field
from PIL import Image

from firmware.ui import screens, service, transaction
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX, Canvas
from firmware.ui.parts import Words
from firmware.ui.screens import Screen
from firmware.ui.texts import Language


class Frame(Struct, frozen=True):
    """One picture of 128×64 pixels and what it says."""

    packed: bytes  # 1024: 64 rows of 16, leftmost pixel in the highest bit
    text: str  # every text on the glass, a line a row; a wrapped text is one line
    cut: tuple[str, ...] = field(default=())  # what found no room: empty on every screen we make

    @property
    def image(self) -> Image.Image:
        """The frame as a mode "1" image."""
        return Image.frombytes("1", (WIDTH_PX, HEIGHT_PX), self.packed)

    @property
    def sha256(self) -> str:
        """The frame's fingerprint, in hex: the journal binds an agreed amount to it."""
        return hashlib.sha256(self.packed).hexdigest()


def render(screen: Screen, language: Language) -> Frame:
    """Draw `screen` in `language`; equal screens give equal frames.

    A character that no face has is drawn as a box. Raises KeyError for a phrase whose value is
    missing.
    """
    canvas = Canvas()
    _draw(screen, Words(language), canvas)
    return Frame(canvas.packed(), "\n".join(filter(None, canvas.lines)), tuple(canvas.cut))


def _draw(screen: Screen, words: Words, canvas: Canvas) -> None:  # noqa: C901, PLR0912 - a case a screen
    match screen:
        case screens.Idle():
            service.idle(screen, words, canvas)
        case screens.AmountEntry():
            transaction.amount_entry(screen, words, canvas)
        case screens.AmountCheck():
            transaction.amount_check(screen, words, canvas)
        case screens.CardPrompt():
            transaction.card_prompt(screen, words, canvas)
        case screens.PinEntry():
            transaction.pin_entry(screen, words, canvas)
        case screens.Processing():
            transaction.processing(screen, words, canvas)
        case screens.Outcome():
            transaction.outcome(screen, words, canvas)
        case screens.Original():
            transaction.original(screen, words, canvas)
        case screens.TextEntry():
            service.text_entry(screen, words, canvas)
        case screens.Menu():
            service.menu(screen, words, canvas)
        case screens.Listing():
            service.listing(screen, words, canvas)
        case screens.Notice():
            service.notice(screen, words, canvas)
        case screens.OutOfService():
            service.out_of_service(screen, words, canvas)
        case screens.Attract():
            service.attract(screen, words, canvas)
        case _:
            assert_never(screen)
