"""退货, effect by effect: any batch, the original card, never above what is left."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.config import Config, Refund
from firmware.core.kinds import Kind, Verification
from firmware.flows.desk import Desk
from firmware.flows.refund import refund
from firmware.iso8583.messages import Answered
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction
from firmware.payments.effects import Look, ReadClock
from firmware.payments.transact import PaymentApproved
from firmware.ui.screens import Menu, Phrase, TextEntry
from firmware.ui.texts import Text
from hw.events import Key
from tests.flows.records import (
    AUTHORISATION,
    REFERENCE,
    intent_of,
    is_approved,
    is_carried_out,
    original_is_left_alone,
    original_on_display,
    transaction_of,
)
from tests.flows.script import Pair, desk, follow
from tests.flows.words import (
    BATCH,
    CHECK_MS,
    NOW,
    agrees,
    amount_check,
    amount_entry,
    beeps,
    card_is_asked_for,
    card_is_put_in,
    card_is_released,
    card_of_tray,
    facts_of,
    gives_up,
    keys_digits,
    nobody_comes,
    nothing_is_owed,
    presses,
    say,
    shows,
    supervisor_gives_password,
    tells,
)
from tests.payment import original_of, yuan

REFUND = Kind.REFUND
VISA = facts_of("visa-credit")
SOLD = transaction_of(intent_of(Kind.SALE, 800, VISA), State.APPROVED)
SETTLED = msgspec.structs.replace(SOLD, settled=True)
APPROVED = Answered("00", REFERENCE, AUTHORISATION)
TITLE, HINT = say(Text.ORIGINAL_VOUCHER_OR_REFERENCE), say(Text.SIX_OR_TWELVE)
DETAIL = (say(Text.ORIGINAL_OF, voucher="000001"), say(Text.CARD_TAIL, tail=VISA.last4))


def may_begin() -> list[Pair]:
    return [*supervisor_gives_password("refund"), *nothing_is_owed()]


def date_entry(shown: str = NOW.date, notice: Phrase | None = None) -> Pair:
    return shows(TextEntry(say(Text.ORIGINAL_DATE), shown, 8, say(Text.DATE_HINT), notice))


def is_found(sale: Transaction | None) -> list[Pair]:
    """`1` and ENTER; the day stands there already, and ENTER takes it."""
    return [
        *may_begin(),
        *keys_digits(TITLE, "1", width=12, hint=HINT),
        (ReadClock(), NOW),
        date_entry(),
        presses(Key.ENTER),
        (Look.of(Lookups.by_voucher_and_date, 1, NOW.date, training=False), sale),
    ]


def is_within_the_window() -> Pair:
    return ReadClock(), NOW


def original_is_confirmed(sale: Transaction, left: int) -> list[Pair]:
    """The original, and what is left of it; the limits of the day."""
    return [
        *is_found(sale),
        is_within_the_window(),
        shows(original_on_display(REFUND, sale, left)),
        presses(Key.ENTER, timeout_ms=CHECK_MS),
        (ReadClock(), NOW),
    ]


def refund_entry(minor: int, notice: Phrase | None = None) -> Pair:
    return shows(amount_entry(minor, notice, kind=REFUND, title=Text.REFUND_AMOUNT))


def refunding(minor: int):
    return intent_of(REFUND, minor, VISA, stan=2, original=original_of(SETTLED))


def test_all_that_is_left_goes_back_to_the_card_it_came_from():
    ended = follow(
        refund(desk()),
        # 1–2. Who may, which sale and day; a settled one is not voided.
        # 3. The original on the display, with what is left.
        original_is_confirmed(SETTLED, left=800),
        # 4. The amount, checked as for a sale: it names the original and the card.
        refund_entry(800),
        presses(Key.ENTER),
        shows(amount_check(REFUND, 800, *DETAIL), at_ms=20_000),
        presses(Key.ENTER, at_ms=20_600, timeout_ms=CHECK_MS),
        agrees(REFUND, 800, shown_at_ms=20_000, at_ms=20_600),
        # 5. The same card.
        card_is_put_in(card_of_tray("visa-credit"), REFUND, 800, Text.INSERT_SAME_CARD),
        # 6. Intent, host, outcome.
        is_carried_out(refunding(800), APPROVED),
        is_approved(refunding(800), Verification.SIGNATURE),
    )
    assert isinstance(ended, PaymentApproved)


def test_never_above_what_earlier_refunds_have_left():
    partly = msgspec.structs.replace(SETTLED, refunded_minor=799)
    follow(
        refund(desk()),
        original_is_confirmed(partly, left=1),
        refund_entry(1),
        presses(Key.D2),  # takes the place of what stood there
        refund_entry(2),
        presses(Key.ENTER),
        beeps(),
        refund_entry(2, say(Text.AMOUNT_OVER_LEFT, left=yuan(1))),
        presses(Key.CANCEL),
        gives_up(REFUND, "amount", "cancelled"),
    )


def test_original_may_be_named_by_the_hosts_reference():
    follow(
        refund(desk()),
        may_begin(),
        keys_digits(TITLE, REFERENCE, width=12, hint=HINT),
        (ReadClock(), NOW),
        date_entry(),
        presses(Key.ENTER),
        (Look.of(Lookups.by_reference, REFERENCE, NOW.date, training=False), None),
        tells(Text.REFUSED, Text.NO_SUCH_VOUCHER, say(Text.THIS_TERMINAL, terminal="10000001")),
        gives_up(REFUND, "original", "no_such_voucher"),
    )


def test_day_that_does_not_exist_is_asked_for_again():
    follow(
        refund(desk()),
        may_begin(),
        keys_digits(TITLE, "1", width=12, hint=HINT),
        (ReadClock(), NOW),
        date_entry(),
        presses(Key.BACK),
        date_entry("2026112"),
        presses(Key.BACK),
        date_entry("202611"),
        presses(Key.D3),
        date_entry("2026113"),
        presses(Key.D1),
        date_entry("20261131"),
        presses(Key.ENTER),
        (ReadClock(), NOW),
        date_entry(notice=say(Text.DATE_WRONG)),
        presses(Key.CANCEL),
        gives_up(REFUND, "original", "cancelled"),
    )


def test_sale_of_the_open_batch_is_offered_as_a_void():
    items = (say(Text.CHOOSE_VOID), say(Text.CHOOSE_REFUND))
    follow(
        refund(desk()),
        is_found(SOLD),
        is_within_the_window(),
        (Look.of(Lookups.batch), BATCH),
        shows(Menu(say(Text.VOID_INSTEAD), items)),
        presses(Key.D1),
        (Look.of(Lookups.batch), BATCH),
        shows(original_on_display(Kind.VOID, SOLD)),
        presses(Key.CANCEL, timeout_ms=CHECK_MS),
        gives_up(Kind.VOID, "original", "cancelled", 800),
    )


def changed(**fields: object) -> Transaction:
    return msgspec.structs.replace(SETTLED, **fields)


@pytest.mark.parametrize(
    ("sale", "text"),
    [
        (changed(kind=REFUND), Text.NOT_A_SALE),
        (changed(state=State.DECLINED), Text.ORIGINAL_DECLINED),
        (changed(state=State.REVERSED), Text.ORIGINAL_REVERSED),
        (changed(state=State.OPEN), Text.ORIGINAL_IN_DOUBT),
        (changed(voided_by=9), Text.ALREADY_VOIDED),
        (changed(refunded_minor=800), Text.FULLY_REFUNDED),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Text) else "",
)
def test_what_cannot_be_refunded_is_refused_with_its_reason(sale: Transaction, text: Text):
    follow(
        refund(desk()),
        is_found(sale),
        tells(Text.REFUSED, text),
        gives_up(REFUND, "original", text.name.lower()),
    )


def test_sale_of_ninety_one_days_ago_is_refused():
    day = "20260823"
    follow(
        refund(desk()),
        may_begin(),
        keys_digits(TITLE, "1", width=12, hint=HINT),
        (ReadClock(), NOW),
        date_entry(),
        *(
            pair
            for length in range(len(day))
            for pair in (presses(getattr(Key, f"D{day[length]}")), date_entry(day[: length + 1]))
        ),
        presses(Key.ENTER),
        (Look.of(Lookups.by_voucher_and_date, 1, day, training=False), changed(date=day)),
        is_within_the_window(),
        tells(Text.REFUSED, say(Text.OUT_OF_WINDOW, days=90)),
        gives_up(REFUND, "original", "out_of_window"),
    )


def with_limits(operator: str, **limits: int) -> Desk:
    return desk(operator, Config(refund=Refund(**limits)))


@pytest.mark.parametrize(
    ("who", "looks", "notice"),
    [
        (with_limits("01", cashier_limit=799), [], say(Text.REFUND_LIMIT, limit=yuan(799))),
        (with_limits("00", supervisor_limit=700), [], say(Text.REFUND_LIMIT, limit=yuan(700))),
        (
            with_limits("01", day_limit=900),
            [(Look.of(Lookups.refunds_today, NOW.date, "CNY"), 101)],
            say(Text.REFUND_DAY_LIMIT, limit=yuan(900)),
        ),
    ],
    ids=["of a cashier", "of the supervisor", "of the day"],
)
def test_limit_of_refunds_is_refused_with_its_reason(who: Desk, looks: list[Pair], notice: Phrase):
    follow(
        refund(who),
        original_is_confirmed(SETTLED, left=800),
        looks,
        refund_entry(800),
        presses(Key.ENTER),
        beeps(),
        refund_entry(800, notice),
        nobody_comes(),
        gives_up(REFUND, "amount", "timed out"),
    )


def test_check_that_is_cancelled_leads_back_to_the_amount():
    follow(
        refund(desk()),
        original_is_confirmed(SETTLED, left=800),
        refund_entry(800),
        presses(Key.ENTER),
        shows(amount_check(REFUND, 800, *DETAIL)),
        presses(Key.CANCEL, timeout_ms=CHECK_MS),
        gives_up(REFUND, "amount check", "cancelled", 800),
        refund_entry(800),
        presses(Key.CANCEL),
        gives_up(REFUND, "amount", "cancelled"),
    )


def test_refund_to_another_card_is_refused():
    follow(
        refund(desk()),
        original_is_confirmed(SETTLED, left=800),
        refund_entry(800),
        presses(Key.ENTER),
        shows(amount_check(REFUND, 800, *DETAIL)),
        presses(Key.ENTER, timeout_ms=CHECK_MS),
        agrees(REFUND, 800),
        card_is_put_in(card_of_tray("unionpay-debit"), REFUND, 800, Text.INSERT_SAME_CARD),
        beeps(long=True),
        card_is_released(),
        card_is_asked_for(REFUND, 800, Text.INSERT_SAME_CARD, say(Text.ANOTHER_CARD)),
        nobody_comes(card=True),
        card_is_released(),
        gives_up(REFUND, "card", "timed out", 800),
    )


CANCELS = [
    shows(original_on_display(REFUND, SETTLED, 800)),
    presses(Key.CANCEL, timeout_ms=CHECK_MS),
]
LEFT_ALONE = original_is_left_alone(REFUND, SETTLED, 800)


@pytest.mark.parametrize(
    ("ending", "why"), [(CANCELS, "cancelled"), (LEFT_ALONE, "timed out")], ids=["CANCEL", "left"]
)
def test_original_that_is_not_confirmed_is_journaled(ending: list[Pair], why: str):
    follow(
        refund(desk()),
        is_found(SETTLED),
        is_within_the_window(),
        ending,
        gives_up(REFUND, "original", why),
    )
