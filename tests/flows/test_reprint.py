"""打印, effect by effect: the same receipt once more, marked, journaled and counted."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.kinds import Copy, Kind, Totals
from firmware.flows.reprint import reprint
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.transactions import State, Transaction
from firmware.payments.effects import Append, Look
from firmware.ui.screens import Menu, TextEntry
from firmware.ui.texts import Text
from hw.events import Key
from tests.flows.records import intent_of, transaction_of
from tests.flows.script import Pair, desk, follow
from tests.flows.words import NOW, facts_of, keys_digits, nobody_comes, presses, say, shows, tells
from tests.payment import closed_batch

SOLD = transaction_of(intent_of(Kind.SALE, 800, facts_of("visa-credit")), State.APPROVED)
ITEMS = (Text.REPRINT_LAST, Text.REPRINT_ANY, Text.REPRINT_SETTLEMENT)
NUMBER, HINT = say(Text.VOUCHER_NUMBER), say(Text.SIX_DIGITS)


def is_chosen(digit: Key) -> list[Pair]:
    return [shows(Menu(say(Text.MENU_REPRINT), tuple(map(say, ITEMS)))), presses(digit)]


def copy_is_chosen(digit: Key = Key.D1) -> list[Pair]:
    copies = (Text.REPRINT_MERCHANT, Text.REPRINT_CARDHOLDER)
    return [shows(Menu(say(Text.MENU_REPRINT), tuple(map(say, copies)))), presses(digit)]


def is_printed_again(copy: Copy, stan: int, printed: Transaction | None) -> list[Pair]:
    """Marked as a duplicate, with who wanted it; the display says how many there are by now."""
    queued = PrintQueued(
        job=8, copy=copy, batch=1, stan=stan, duplicate=True, reason="reprint by 01"
    )
    said = say(Text.PRINT_QUEUED)
    if printed is not None:
        said = say(Text.PRINT_QUEUED_AGAIN, count=printed.reprints)
    return [
        (Look.of(Lookups.next_job), 8),
        (Append.of(queued), None),
        (Look.of(Lookups.transaction, 1, stan, training=False), printed),
        *tells(Text.MENU_REPRINT, said, warning=False),
    ]


def again(count: int) -> Transaction:
    return msgspec.structs.replace(SOLD, reprints=count)


@pytest.mark.parametrize("state", [State.APPROVED, State.REVERSED, State.REVERSING])
@pytest.mark.parametrize(("key", "copy"), [(Key.D1, Copy.MERCHANT), (Key.D2, Copy.CARDHOLDER)])
def test_either_copy_of_the_last_voucher_is_printed_again(state: State, key: Key, copy: Copy):
    """A sale that was reversed has a voucher that says so."""
    follow(
        reprint(desk()),
        is_chosen(Key.D1),
        (
            Look.of(Lookups.last_transaction, training=False),
            msgspec.structs.replace(SOLD, state=state),
        ),
        copy_is_chosen(key),
        is_printed_again(copy, 1, again(1)),
    )


def test_any_voucher_is_printed_again_by_its_number():
    follow(
        reprint(desk()),
        is_chosen(Key.D2),
        keys_digits(NUMBER, "1", width=6, hint=HINT),
        (Look.of(Lookups.by_voucher, 1, training=False), SOLD),
        copy_is_chosen(),
        is_printed_again(Copy.MERCHANT, 1, again(4)),
    )


def test_no_copy_is_printed_when_none_is_chosen():
    follow(
        reprint(desk()),
        is_chosen(Key.D1),
        (Look.of(Lookups.last_transaction, training=False), SOLD),
        copy_is_chosen(Key.CANCEL),
    )


def test_last_settlement_is_printed_again():
    settled = closed_batch(Totals(), date=NOW.date, time=NOW.time)
    follow(
        reprint(desk()),
        is_chosen(Key.D3),
        (Look.of(Lookups.last_settlement), settled),
        is_printed_again(Copy.SETTLEMENT, 0, None),
    )


@pytest.mark.parametrize("state", [None, State.DECLINED, State.FAILED, State.OPEN])
def test_what_has_no_voucher_is_not_printed(state: State | None):
    found = msgspec.structs.replace(SOLD, state=state) if state else None
    follow(
        reprint(desk()),
        is_chosen(Key.D1),
        (Look.of(Lookups.last_transaction, training=False), found),
        tells(Text.MENU_REPRINT, Text.NOTHING_TO_PRINT),
    )


def test_settlement_that_never_was_is_not_printed():
    follow(
        reprint(desk()),
        is_chosen(Key.D3),
        (Look.of(Lookups.last_settlement), None),
        tells(Text.MENU_REPRINT, Text.NOTHING_TO_PRINT),
    )


@pytest.mark.parametrize("ending", [presses(Key.CANCEL), nobody_comes()])
def test_what_is_given_up_prints_nothing(ending: Pair):
    menu, _ = is_chosen(Key.D1)
    follow(reprint(desk()), menu, ending)
    follow(reprint(desk()), is_chosen(Key.D2), shows(TextEntry(NUMBER, "", 6, HINT)), ending)
