"""What the display shows when a terminal refuses to start, for the people before it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from firmware.core.config import Config, ConfigError
from firmware.core.config_across import Mistake
from firmware.flows.desk import owner_of
from firmware.flows.outage import words_of
from firmware.iso8583.keys import KeyFileError
from firmware.journal.faults import JournalFault, Trouble, trouble_of
from firmware.terminal.devices import display_of
from firmware.ui.render import render
from firmware.ui.screens import OutOfService, Phrase
from firmware.ui.service_screens import LISTING_COLUMNS
from firmware.ui.texts import Language, Text
from hw.ports import DeviceFault, Display


def show_refusal(config: Config, error: Exception, display: Display | None = None) -> None:
    """Name what is wrong on the display, by default on the configured one. Never raises.

    While another process has the journal the display belongs to it and is not changed.
    """
    if isinstance(error, JournalFault) and error.trouble is Trouble.BUSY:
        return
    reason, advice = _words(error)
    detail = _setting(error.mistakes[0]) if isinstance(error, ConfigError) else ""
    language = Language(config.general.language)
    owner = owner_of(config, language)
    screen = OutOfService(owner, Phrase.of(reason), Phrase.of(advice), detail)
    with contextlib.suppress(DeviceFault):
        (display or display_of(config)).show(render(screen, language).image)


def _words(error: Exception) -> tuple[Text, Text]:
    """What is wrong, and what to do about it."""
    match error:
        case ConfigError():
            return Text.SETTINGS_FAULT, Text.ADVICE_SERVICE
        case JournalFault():
            return words_of(error.trouble)
        case KeyFileError():
            return words_of(Trouble.KEYS)
        case OSError():
            return words_of(trouble_of(error))
    return Text.BOOKS_FAULT, Text.ADVICE_SERVICE


def _setting(mistake: Mistake) -> str:
    """Which setting it is about, or which file, as far as a row of the display holds it."""
    _, _, setting = mistake.place.rpartition(": ")
    return (setting if "/" not in setting else Path(setting).name)[:LISTING_COLUMNS]
