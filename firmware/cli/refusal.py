"""What stands on the glass of a terminal that refuses to start: people stand before it, too."""

from __future__ import annotations

import contextlib
from pathlib import Path

from firmware.cli.parts import display_of
from firmware.config import Config, ConfigError, Mistake
from firmware.flows.outage import words_of
from firmware.journal.faults import JournalFault, Trouble
from firmware.ui.render import render
from firmware.ui.screens import OutOfService, Owner, Phrase
from firmware.ui.service import LISTING_COLUMNS
from firmware.ui.texts import Language, Text
from hw.ports import DeviceFault, Display


def show_refusal(config: Config, error: Exception, display: Display | None = None) -> None:
    """Name what is wrong on the display, by default on the configured one. Never raises.

    While another process has the journal the glass is its own, and is left alone.
    """
    trouble = error.trouble if isinstance(error, JournalFault) else None
    if trouble is Trouble.BUSY:
        return
    reason, advice = words_of(trouble)
    detail = ""
    if isinstance(error, ConfigError):
        reason, detail = Text.SETTINGS_FAULT, _setting(error.mistakes[0])
    merchant, language = config.merchant, Language(config.general.language)
    owner = Owner(
        merchant.name if language is Language.ZH else merchant.name_en,
        merchant.store,
        merchant.terminal,
    )
    screen = OutOfService(owner, Phrase.of(reason), Phrase.of(advice), detail)
    with contextlib.suppress(DeviceFault):
        (display or display_of(config)).show(render(screen, language).image)


def _setting(mistake: Mistake) -> str:
    """Which setting it is about, or which file, as far as a row of the glass holds it."""
    _, _, setting = mistake.place.rpartition(": ")
    return (setting if "/" not in setting else Path(setting).name)[:LISTING_COLUMNS]
