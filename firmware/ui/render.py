"""Turns a screen into the frame on the display: a pure function of screen and language."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from PIL import Image

from firmware.ui import payment_screens, screens, service_screens
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX, Canvas
from firmware.ui.screen_parts import Words
from firmware.ui.screens import Screen
from firmware.ui.texts import Language

_DRAWN: dict[type[Screen], Callable[[Any, Words, Canvas], None]] = {
    screens.Idle: service_screens.idle,
    screens.AmountEntry: payment_screens.amount_entry,
    screens.AmountCheck: payment_screens.amount_check,
    screens.CardPrompt: payment_screens.card_prompt,
    screens.PinEntry: payment_screens.pin_entry,
    screens.Processing: payment_screens.processing,
    screens.Outcome: payment_screens.outcome,
    screens.Original: payment_screens.original,
    screens.TextEntry: service_screens.text_entry,
    screens.Menu: service_screens.menu,
    screens.Listing: service_screens.listing,
    screens.Notice: service_screens.notice,
    screens.OutOfService: service_screens.out_of_service,
    screens.Attract: service_screens.attract,
}


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
    _DRAWN[type(screen)](screen, Words(language), canvas)
    return Frame(canvas.packed(), "\n".join(filter(None, canvas.lines)), tuple(canvas.cut))
