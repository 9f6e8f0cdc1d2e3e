"""Guards of a sale, effect by effect: limits refuse with their reason, warnings ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from firmware.core.config import Config, Sale
from firmware.core.kinds import GuardKind, Kind
from firmware.flows.guards import agree_to_duplicate, agree_to_unusual, may_sell
from firmware.flows.sale import agree_on_amount
from firmware.journal.lookups import Lookups
from firmware.journal.records import GuardOverridden
from firmware.journal.transactions import State
from firmware.payments.effects import Append, Look, ReadClock
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text
from hw.events import Key
from tests.flows.records import intent_of, transaction_of
from tests.flows.script import Pair, desk, follow
from tests.flows.words import (
    CHECK_MS,
    NOW,
    a_sale_may_begin,
    agrees,
    amount_check,
    amount_entry,
    beeps,
    facts_of,
    gives_up,
    nobody_comes,
    nothing_is_owed,
    presses,
    say,
    shows,
    tells,
)
from tests.payment import yuan

SALE = Kind.SALE
VISA = facts_of("visa-credit")
EARLIER = transaction_of(intent_of(SALE, 800, VISA, stan=7), State.APPROVED)
RECENT = [900, 1_000, 1_100, 1_000, 1_000]
USUAL = Look.of(Lookups.recent_sale_amounts, 50, "CNY")
DUPLICATE = Look.of(
    Lookups.duplicate_of,
    VISA.hash,
    yuan(800),
    NOW.wall - timedelta(seconds=300),
    training=False,
    psn=VISA.psn,
)


def warns(title: Text, minor: int, *body: Phrase) -> Pair:
    """What is unusual, the usual value, and the question whether to go on."""
    keys = {Text.UNUSUAL_TITLE: Text.UNUSUAL_KEYS, Text.DUPLICATE_TITLE: Text.DUPLICATE_KEYS}
    return shows(Notice(say(title), body, say(keys[title]), yuan(minor), warning=True))


def goes_on(guard: GuardKind, shown: str, minor: int) -> Pair:
    overridden = GuardOverridden(guard=guard, shown=shown, operator="01", amount_minor=minor)
    return Append.of(overridden), None


# --- may a sale begin? ---


def test_sale_begins_where_nothing_stands_against_it():
    assert follow(may_sell(desk()), a_sale_may_begin()) is True


@pytest.mark.parametrize(("count", "sells"), [(499, True), (500, False)])
def test_full_batch_refuses_sales(count: int, sells: bool):
    refusal = [] if sells else tells(Text.REFUSED, Text.BATCH_FULL)
    done = follow(
        may_sell(desk()),
        nothing_is_owed(uploads=False),
        (Look.of(Lookups.numbers_used), count),
        refusal,
    )
    assert done is sells


# --- limits ---


def test_nothing_and_too_much_are_refused_at_the_amount():
    limited = desk(config=Config(sale=Sale(max_amount=5)))
    over = say(Text.AMOUNT_OVER_LIMIT, limit=yuan(5))
    follow(
        agree_on_amount(limited, None),
        (ReadClock(), NOW),
        shows(amount_entry(0)),
        presses(Key.ENTER),
        beeps(),
        shows(amount_entry(0, say(Text.AMOUNT_ZERO))),
        presses(Key.D6),
        shows(amount_entry(6)),
        presses(Key.ENTER),
        beeps(),
        shows(amount_entry(6, over)),
        nobody_comes(),
        gives_up(SALE, "amount", "timed out"),
    )


# --- the second keying ---


def is_keyed(title: Text, minor: int, digit: Key) -> list[Pair]:
    return [
        shows(amount_entry(0, title=title)),
        presses(digit),
        shows(amount_entry(minor, title=title)),
        presses(Key.ENTER),
    ]


def test_large_amount_is_keyed_a_second_time():
    careful = desk(config=Config(sale=Sale(double_check_over=5)))
    agreed = follow(
        agree_on_amount(careful, None),
        (ReadClock(), NOW),
        is_keyed(Text.SALE_AMOUNT, 6, Key.D6),
        is_keyed(Text.SALE_AMOUNT_AGAIN, 6, Key.D6),
        (USUAL, []),
        shows(amount_check(SALE, 6)),
        presses(Key.ENTER, timeout_ms=CHECK_MS),
        agrees(SALE, 6),
    )
    assert agreed.amount == yuan(6)


def test_amount_keyed_otherwise_the_second_time_leads_back_to_it():
    careful = desk(config=Config(sale=Sale(double_check_over=5)))
    follow(
        agree_on_amount(careful, None),
        (ReadClock(), NOW),
        is_keyed(Text.SALE_AMOUNT, 6, Key.D6),
        is_keyed(Text.SALE_AMOUNT_AGAIN, 9, Key.D9),
        tells(Text.AMOUNTS_DIFFER),
        shows(amount_entry(6)),
        presses(Key.CANCEL),
        gives_up(SALE, "amount", "cancelled", 6),
    )


# --- the unusual amount ---


@pytest.mark.parametrize("minor", [9_999, 1_000, 1])
def test_usual_amount_goes_on_without_a_word(minor: int):
    assert (
        follow(
            agree_to_unusual(desk(), yuan(minor)),
            (USUAL, RECENT),
        )
        is True
    )


def test_few_sales_make_nothing_unusual():
    few = RECENT[:4]
    assert (
        follow(
            agree_to_unusual(desk(), yuan(99_999)),
            (USUAL, few),
        )
        is True
    )


@pytest.mark.parametrize(
    ("minor", "recent"),
    [(10_000, RECENT), (10_000, [2_000] * 5)],
    ids=["ten times the median", "a digit longer than any"],
)
def test_unusual_amount_names_the_usual_one_and_goes_on_by_enter_alone(
    minor: int, recent: list[int]
):
    usual = yuan(recent[0] if recent[0] == 2_000 else 1_000)
    warning = warns(Text.UNUSUAL_TITLE, minor, say(Text.UNUSUAL_BODY, usual=usual))
    done = follow(
        agree_to_unusual(desk(), yuan(minor)),
        (USUAL, recent),
        warning,
        presses(Key.ENTER, at_ms=599),  # typed ahead
        beeps(),
        presses(Key.ENTER, at_ms=600),
        goes_on(GuardKind.UNUSUAL_AMOUNT, str(usual), minor),
    )
    assert done is True


@pytest.mark.parametrize("ending", [presses(Key.CANCEL), nobody_comes()])
def test_unusual_amount_that_nobody_confirms_goes_nowhere(ending: Pair):
    usual = say(Text.UNUSUAL_BODY, usual=yuan(1_000))
    done = follow(
        agree_to_unusual(desk(), yuan(10_000)),
        (USUAL, RECENT),
        warns(Text.UNUSUAL_TITLE, 10_000, usual),
        ending,
    )
    assert done is False


# --- the same card, the same amount ---

TWICE = warns(
    Text.DUPLICATE_TITLE,
    800,
    say(Text.DUPLICATE_BODY, voucher="000007"),
    say(Text.DUPLICATE_WHEN, time="09:00"),
)


def test_same_card_and_amount_names_the_earlier_voucher_and_asks():
    done = follow(
        agree_to_duplicate(desk(), yuan(800), VISA),
        (ReadClock(), NOW),
        (DUPLICATE, EARLIER),
        TWICE,
        presses(Key.ENTER),
        goes_on(GuardKind.DUPLICATE, "000007; 09:00", 800),
    )
    assert done is True


@pytest.mark.parametrize("ending", [presses(Key.CANCEL), nobody_comes()])
def test_duplicate_that_nobody_confirms_is_not_charged(ending: Pair):
    done = follow(
        agree_to_duplicate(desk(), yuan(800), VISA),
        (ReadClock(), NOW),
        (DUPLICATE, EARLIER),
        TWICE,
        ending,
    )
    assert done is False


def test_card_that_was_not_charged_this_amount_goes_on_without_a_word():
    done = follow(
        agree_to_duplicate(desk(), yuan(800), VISA), (ReadClock(), NOW), (DUPLICATE, None)
    )
    assert done is True
