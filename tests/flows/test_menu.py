"""The menu, effect by effect: a digit or two arrows a function, and who may use which."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Kind
from firmware.flows.effects import MaskedEntry, PutBack, Wait
from firmware.flows.menu import ITEMS, menu
from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State
from firmware.payments.effects import Look
from firmware.ui.screens import Menu, Notice, TextEntry
from firmware.ui.texts import Text
from hw.events import Key, KeyPressed
from tests.flows.records import (
    intent_of,
    reversal_is_named,
    reversal_is_sent,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import Pair, desk, follow
from tests.flows.words import (
    NOTICE_MS,
    a_sale_may_begin,
    amount_entry,
    beeps,
    facts_of,
    gives_up,
    it_is,
    nobody_comes,
    presses,
    say,
    shows,
    tells,
)

TITLES = tuple(map(say, ITEMS))


def menu_at(selected: int = 0) -> Pair:
    return shows(Menu(say(Text.MENU), TITLES, selected))


def submenu(title: Text, *items: Text) -> list[Pair]:
    """A list of its own, left again."""
    return [shows(Menu(say(title), tuple(map(say, items)))), presses(Key.CANCEL)]


PASSWORD = [
    shows(TextEntry(say(Text.SUPERVISOR_PASSWORD), "", 6)),
    presses(Key.CANCEL, masked=MaskedEntry.PASSWORD),
]
BEGINS: dict[Key, list[Pair]] = {
    Key.D1: [
        *a_sale_may_begin(),
        it_is(0),
        shows(amount_entry(0)),
        presses(Key.CANCEL),
        gives_up(Kind.SALE, "amount", "cancelled"),
    ],
    Key.D2: [*PASSWORD, gives_up(Kind.VOID, "password", "cancelled")],
    Key.D3: [*PASSWORD, gives_up(Kind.REFUND, "password", "cancelled")],
    Key.D4: submenu(
        Text.MENU_QUERY,
        *(Text.QUERY_BY_VOUCHER, Text.QUERY_LAST, Text.QUERY_LIST, Text.QUERY_TOTALS),
        Text.BALANCE,
    ),
    Key.D5: submenu(
        Text.MENU_REPRINT, *(Text.REPRINT_LAST, Text.REPRINT_ANY, Text.REPRINT_SETTLEMENT)
    ),
    Key.D6: [
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.numbers_used), 0),
        *tells(Text.MENU_SETTLE, Text.BATCH_EMPTY),
    ],
    Key.D7: submenu(
        Text.MENU_MANAGE,
        *(Text.SIGN_OFF, Text.OPERATOR_CHANGE, Text.OPERATOR_ADD),
        *(Text.OPERATOR_DELETE, Text.OPERATOR_RESET, Text.TRAINING_MODE),
    ),
    Key.D8: submenu(
        Text.MENU_OTHER,
        *(Text.LANGUAGE, Text.PENDING_SLIPS, Text.PENDING_REVERSALS, Text.VERSION_ITEM),
        Text.API_CERTIFICATE,
    ),
    Key.D9: submenu(
        Text.PREAUTH,
        *(Text.PREAUTH, Text.MENU_COMPLETION, Text.MENU_PREAUTH_VOID, Text.MENU_COMPLETION_VOID),
    ),
}


@pytest.mark.parametrize("digit", BEGINS, ids=lambda digit: digit.name)
def test_digit_begins_its_function(digit: Key):
    follow(menu(desk()), menu_at(), presses(digit), BEGINS[digit])


def test_every_function_has_its_digit():
    assert len(BEGINS) == len(ITEMS)


def test_arrows_go_round_and_enter_takes_what_they_stand_on():
    follow(
        menu(desk()),
        menu_at(),
        presses(Key.STAR),  # up, from the first to the last
        menu_at(8),
        presses(Key.HASH),  # and down again
        menu_at(0),
        presses(Key.D0),
        beeps(),
        menu_at(0),
        presses(Key.HASH),
        menu_at(1),
        presses(Key.ENTER),
        BEGINS[Key.D2],
    )


@pytest.mark.parametrize("ending", [presses(Key.CANCEL), presses(Key.BACK), nobody_comes()])
def test_menu_is_left_without_anything_begun(ending: Pair):
    follow(menu(desk()), menu_at(), ending)


def test_supervisor_sells_nothing():
    follow(menu(desk("00")), menu_at(), presses(Key.D1), tells(Text.REFUSED, Text.NOT_PERMITTED))


def test_key_that_dismisses_a_refusal_begins_what_it_names():
    owed = transaction_of(
        intent_of(Kind.SALE, 800, facts_of("visa-credit")), State.REVERSING, reference=""
    )
    pressed = KeyPressed(Key.MENU, 3_000)
    looked_up, name = reversal_is_named(owed)
    follow(
        menu(desk()),
        menu_at(),
        presses(Key.D1),
        reversal_is_sent(owed, "power lost", NoAnswer(NoAnswerReason.TIMED_OUT)),
        reversal_stays_owed(owed, 1, "timed out"),
        looked_up,
        shows(Notice(say(Text.REFUSED), (say(Text.REVERSAL_FIRST), name), warning=True)),
        beeps(long=True),
        (Wait(NOTICE_MS), pressed),
        (PutBack(pressed), None),
    )
