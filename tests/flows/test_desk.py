"""What all screens of a conversation have: training mode is told, and a customer is one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from firmware.core.config import Config, General
from firmware.core.kinds import Totals
from firmware.flows.desk import total_lines
from firmware.payments.context import Progress, Stage
from firmware.ui.screens import Attract, Notice, OutOfService, Phrase, Processing
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text
from tests.flows.script import desk, follow
from tests.flows.words import shows

SETTLED = Totals(sales=1, sales_minor=2_000)
SCREENS = specimens(Language.ZH)
UNMARKED = Attract, OutOfService  # nothing is begun on either: one has no room, one is no trade


@pytest.mark.parametrize("name", SCREENS)
def test_in_training_mode_every_screen_of_a_conversation_says_so(name: str) -> None:
    screen, here = SCREENS[name], desk()
    follow(here.show(screen), shows(screen))
    here.training = True
    marked = screen if isinstance(screen, UNMARKED) else replace(screen, training=True)
    follow(here.show(screen), shows(marked))


def test_a_real_settlement_is_not_told_as_training() -> None:
    here = desk()
    here.training = True
    screen = Notice(Phrase.of(Text.SETTLING), total_lines(here, SETTLED))
    follow(here.progress(Progress(Stage.SETTLING, totals=SETTLED)), shows(screen))


@pytest.mark.parametrize("profile", ["counter", "kiosk"])
def test_an_enquiry_at_a_kiosk_speaks_to_its_customer(profile: str) -> None:
    config = Config(general=General(profile=profile))  # type: ignore[arg-type]
    words, customer = Phrase.of(Text.CONNECTING), profile == "kiosk"
    screen = Processing(Text.BALANCE, None, words, keep_card=True, customer=customer)
    follow(desk("", config).progress(Progress(Stage.ENQUIRING)), shows(screen))
