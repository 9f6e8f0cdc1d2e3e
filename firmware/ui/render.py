"""Turns a screen into the frame on the display: a pure function of screen and language."""

from __future__ import annotations

import hashlib
from typing import assert_never

from msgspec import Struct
from PIL import Image

from firmware.ui import payment_screens, screens, service_screens
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX, Canvas
from firmware.ui.screen_parts import Words
from firmware.ui.screens import Screen
from firmware.ui.texts import Language


class Frame(Struct, frozen=True):
    """One picture of 128×64 pixels and what it says."""

    packed: bytes  # 1024: 64 rows of 16, leftmost pixel in the highest bit
    text: str  # every text on the display, a line a row; a wrapped text is one line
    cut: tuple[str, ...] = ()  # what found no room: empty on every screen we make

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
            service_screens.idle(screen, words, canvas)
        case screens.AmountEntry():
            payment_screens.amount_entry(screen, words, canvas)
        case screens.AmountCheck():
            payment_screens.amount_check(screen, words, canvas)
        case screens.CardPrompt():
            payment_screens.card_prompt(screen, words, canvas)
        case screens.PinEntry():
            payment_screens.pin_entry(screen, words, canvas)
        case screens.Processing():
            payment_screens.processing(screen, words, canvas)
        case screens.Outcome():
            payment_screens.outcome(screen, words, canvas)
        case screens.Original():
            payment_screens.original(screen, words, canvas)
        case screens.TextEntry():
            service_screens.text_entry(screen, words, canvas)
        case screens.Menu():
            service_screens.menu(screen, words, canvas)
        case screens.Listing():
            service_screens.listing(screen, words, canvas)
        case screens.Notice():
            service_screens.notice(screen, words, canvas)
        case screens.OutOfService():
            service_screens.out_of_service(screen, words, canvas)
        case screens.Attract():
            service_screens.attract(screen, words, canvas)
        case _:
            assert_never(screen)
