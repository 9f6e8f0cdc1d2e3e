"""Limits of amounts as codes: of a sale, of a day, of a card; and that each code has its words."""

from __future__ import annotations

import pytest

from firmware.core.config import Config, Sale
from firmware.flows.words import why_refused
from firmware.journal.lookups import Lookups
from firmware.payments.effects import Look, ReadClock
from firmware.payments.limits import card_limit, charged_today, sale_limits
from firmware.payments.refusals import Code, Refusal
from firmware.ui.screens import Phrase
from firmware.ui.texts import Language
from tests.flows.script import desk, follow
from tests.flows.words import NOW, facts_of
from tests.payment import yuan

VISA = facts_of("visa-credit")


@pytest.mark.parametrize(
    ("minor", "refusal"),
    [(5_000_000, None), (5_000_001, Refusal(Code.AMOUNT_OVER_LIMIT, yuan(5_000_000)))],
)
def test_amount_over_the_limit_is_refused(minor: int, refusal: Refusal | None):
    why_not = follow(sale_limits(desk()), (ReadClock(), NOW))
    assert why_not(yuan(minor)) == refusal


@pytest.mark.parametrize(
    ("minor", "refusal"),
    [(200, None), (201, Refusal(Code.SALE_DAY_LIMIT, yuan(1_000)))],
)
def test_amount_over_what_is_left_of_the_day_is_refused(minor: int, refusal: Refusal | None):
    limited = desk(config=Config(sale=Sale(day_limit=1_000)))
    why_not = follow(
        sale_limits(limited),
        (ReadClock(), NOW),
        (Look.of(Lookups.sales_today, NOW.date, "CNY"), 800),
    )
    assert why_not(yuan(minor)) == refusal


def test_a_training_sale_asks_for_no_sum_of_the_day():
    limited = desk(config=Config(sale=Sale(day_limit=1_000)))
    limited.training = True
    why_not = follow(sale_limits(limited), (ReadClock(), NOW))
    assert why_not(yuan(1_000)) is None


@pytest.mark.parametrize(
    ("sold", "refusal"), [(200, None), (201, Refusal(Code.CARD_DAY_LIMIT, yuan(1_000)))]
)
def test_card_over_its_limit_of_the_day_is_refused(sold: int, refusal: Refusal | None):
    limited = desk(config=Config(sale=Sale(card_day_limit=1_000)))
    charged_minor = follow(
        charged_today(limited, VISA),
        (ReadClock(), NOW),
        (Look.of(Lookups.card_today, VISA.hash, NOW.date, "CNY"), sold),
    )
    assert card_limit(limited, yuan(800), charged_minor) == refusal


@pytest.mark.parametrize("code", Code)
def test_every_code_has_words_that_take_its_values(code: Code):
    refusal = Refusal(code, yuan(1), "10000002", "S02", "1", "JPY", 90, "000001 0.01")
    phrase: Phrase = why_refused(refusal)
    assert all("{" not in phrase.in_language(language) for language in Language)
