"""消费撤销, effect by effect: same batch, whole amount, the same card."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.kinds import Kind, Result, Verification
from firmware.core.masked import Password
from firmware.flows.effects import CheckPassword, MaskedEntry
from firmware.flows.void import void
from firmware.iso8583.messages import Answered, NoAnswer, NoAnswerReason
from firmware.journal.lookups import Lookups
from firmware.journal.operators import WrongPassword
from firmware.journal.transactions import State, Transaction
from firmware.payments.effects import Append, Look
from firmware.payments.transact import PaymentApproved, PaymentDeclined
from firmware.ui.screens import Phrase, PinEntry, TextEntry
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
    outcome_of,
    refuses_before_the_reversal,
    reversal_is_sent,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import Pair, desk, follow
from tests.flows.words import (
    BATCH,
    CHECK_MS,
    agrees,
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
    pin_is_keyed,
    presses,
    say,
    shows,
    stands_in_the_journal,
    supervisor_gives_password,
    tells,
)
from tests.payment import original_of, yuan

VOID = Kind.VOID
UNIONPAY, VISA = facts_of("unionpay-debit"), facts_of("visa-credit")
SALE = intent_of(Kind.SALE, 800, UNIONPAY)
SOLD = transaction_of(SALE, State.APPROVED, verification=Verification.PIN)
SIGNED = transaction_of(
    intent_of(Kind.SALE, 800, VISA), State.APPROVED, verification=Verification.SIGNATURE
)
TAKEN_BACK = intent_of(VOID, 800, UNIONPAY, stan=2, original=original_of(SOLD))
APPROVED = Answered("00", REFERENCE, AUTHORISATION)
NUMBER_TITLE, NUMBER_HINT = say(Text.ORIGINAL_VOUCHER), say(Text.SIX_DIGITS)


def is_voided_by_number(sale: Transaction | None) -> list[Pair]:
    """Supervisor's password, nothing owed, `1` and ENTER; the journal is asked for it."""
    return [
        *supervisor_gives_password("void"),
        *nothing_is_owed(),
        *keys_digits(NUMBER_TITLE, "1", width=6, hint=NUMBER_HINT),
        (Look.of(Lookups.by_voucher, 1, training=False), sale),
    ]


def is_in_the_open_batch(batch: int = BATCH) -> Pair:
    return Look.of(Lookups.batch), batch


def agreed_on(sale: Transaction) -> list[Pair]:
    """The original stands on the display, and ENTER binds the void to that frame."""
    return [
        *is_voided_by_number(sale),
        is_in_the_open_batch(),
        shows(original_on_display(VOID, sale)),
        presses(Key.ENTER, timeout_ms=CHECK_MS),
        agrees(VOID, 800),
    ]


def test_sale_is_voided_on_its_card_with_its_pin():
    card = card_of_tray("unionpay-debit")
    ended = follow(
        void(desk()),
        # 1. Who may, and which sale.
        is_voided_by_number(SOLD),
        is_in_the_open_batch(),
        # 2. The original on the display; ENTER there binds the void to that frame.
        shows(original_on_display(VOID, SOLD), at_ms=9_000),
        presses(Key.ENTER, at_ms=9_600, timeout_ms=CHECK_MS),
        agrees(VOID, 800, shown_at_ms=9_000, at_ms=9_600),
        # 3. The same card, and its PIN, for the sale had it.
        card_is_put_in(card, VOID, 800, Text.INSERT_SAME_CARD),
        pin_is_keyed(VOID, 800, "123456"),
        # 4. Intent, host, outcome.
        is_carried_out(TAKEN_BACK, APPROVED, pin="123456"),
        is_approved(TAKEN_BACK, Verification.PIN),
    )
    assert isinstance(ended, PaymentApproved)


def test_card_that_signed_has_no_pin_to_key():
    intent = intent_of(VOID, 800, VISA, stan=2, original=original_of(SIGNED))
    ended = follow(
        void(desk()),
        agreed_on(SIGNED),
        card_is_put_in(card_of_tray("visa-credit"), VOID, 800, Text.INSERT_SAME_CARD),
        is_carried_out(intent, APPROVED),
        is_approved(intent, Verification.SIGNATURE),
    )
    assert isinstance(ended, PaymentApproved)


def changed(**fields: object) -> Transaction:
    return msgspec.structs.replace(SOLD, **fields)


@pytest.mark.parametrize(
    ("sold", "card"),
    [
        (SOLD, "visa-credit"),
        (changed(card=msgspec.structs.replace(SOLD.card, psn="02")), "unionpay-debit"),
    ],
    ids=["of another account", "of the account, with another sequence number"],
)
def test_another_card_is_refused_and_said_so(sold: Transaction, card: str):
    follow(
        void(desk()),
        agreed_on(sold),
        card_is_put_in(card_of_tray(card), VOID, 800, Text.INSERT_SAME_CARD),
        beeps(long=True),
        card_is_released(),
        card_is_asked_for(VOID, 800, Text.INSERT_SAME_CARD, say(Text.ANOTHER_CARD)),
        presses(Key.CANCEL, card=True),
        card_is_released(),
        gives_up(VOID, "card", "cancelled", 800),
    )


REFUSALS: dict[str, tuple[Transaction | None, list[Phrase]]] = {
    "not_a_sale": (changed(kind=VOID), [say(Text.NOT_A_SALE)]),
    "original_declined": (changed(state=State.DECLINED), [say(Text.ORIGINAL_DECLINED)]),
    "original_reversed": (changed(state=State.REVERSED), [say(Text.ORIGINAL_REVERSED)]),
    "original_in_doubt": (changed(state=State.REVERSING), [say(Text.ORIGINAL_IN_DOUBT)]),
    "already_voided": (changed(voided_by=7), [say(Text.ALREADY_VOIDED)]),
    "no_such_voucher": (  # and whose terminal this is
        None,
        [say(Text.NO_SUCH_VOUCHER), say(Text.THIS_TERMINAL, terminal="10000001")],
    ),
    "other_merchant": (
        changed(merchant="104110054110009"),
        [say(Text.OTHER_MERCHANT, merchant="104110054110009")],
    ),
    "other_currency": (changed(currency="KWD"), [say(Text.OTHER_CURRENCY, currency="KWD")]),
    "other_terminal": (
        changed(terminal="20000002", store="S09"),
        [say(Text.OTHER_TERMINAL, terminal="20000002", store="S09")],
    ),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_cannot_be_voided_is_refused_with_its_reason(why: str):
    sale, words = REFUSALS[why]
    follow(
        void(desk()),
        is_voided_by_number(sale),
        tells(Text.REFUSED, *words),
        gives_up(VOID, "original", why),
    )


@pytest.mark.parametrize(
    ("sale", "batch", "text"),
    [
        (changed(settled=True), BATCH, Text.BATCH_SETTLED),
        (SOLD, BATCH + 1, Text.BATCH_SETTLED),
        (changed(refunded_minor=1), BATCH, Text.ALREADY_REFUNDED),
    ],
)
def test_settled_or_refunded_sale_is_refused(sale: Transaction, batch: int, text: Text):
    looks = [] if sale.settled else [is_in_the_open_batch(batch)]
    follow(
        void(desk()),
        is_voided_by_number(sale),
        looks,
        tells(Text.REFUSED, text),
        gives_up(VOID, "original", text.name.lower()),
    )


def test_without_the_supervisors_password_nothing_is_voided():
    title = say(Text.SUPERVISOR_PASSWORD)
    follow(
        void(desk()),
        keys_digits(title, "111111", masked=True),
        (CheckPassword("00", Password("111111"), "void"), WrongPassword(1)),
        shows(TextEntry(title, "", 6, notice=say(Text.PASSWORD_WRONG))),
        presses(Key.CANCEL, masked=MaskedEntry.PASSWORD),
        gives_up(VOID, "password", "cancelled"),
    )


def test_reversal_that_is_owed_goes_first():
    owed = transaction_of(SALE, State.REVERSING, reference="")
    follow(
        void(desk()),
        supervisor_gives_password("void"),
        reversal_is_sent(owed, "power lost", NoAnswer(NoAnswerReason.TIMED_OUT)),
        reversal_stays_owed(owed, 1, "timed out"),
        refuses_before_the_reversal(owed),
        gives_up(VOID, "owed", "cancelled"),
    )


@pytest.mark.parametrize(
    ("ending", "why"), [(presses(Key.CANCEL), "cancelled"), (nobody_comes(), "timed out")]
)
@pytest.mark.parametrize("at", ["voucher number", "original"])
def test_what_is_given_up_before_the_card_is_journaled(at: str, ending: Pair, why: str):
    if at == "voucher number":
        before = [*supervisor_gives_password("void"), *nothing_is_owed()]
        before += [shows(TextEntry(NUMBER_TITLE, "", 6, NUMBER_HINT)), ending]
        minor = 0
    else:
        before = [*is_voided_by_number(SOLD), is_in_the_open_batch()]
        if why == "timed out":
            before += original_is_left_alone(VOID, SOLD)
        else:
            cancels = presses(Key.CANCEL, timeout_ms=CHECK_MS)
            before += [shows(original_on_display(VOID, SOLD)), cancels]
        minor = 800
    follow(void(desk()), before, gives_up(VOID, at, why, minor))


def test_key_typed_ahead_of_the_original_does_not_confirm_it():
    follow(
        void(desk()),
        is_voided_by_number(SOLD),
        is_in_the_open_batch(),
        shows(original_on_display(VOID, SOLD), at_ms=9_000),
        presses(Key.ENTER, at_ms=9_599, timeout_ms=CHECK_MS),
        beeps(),
        shows(original_on_display(VOID, SOLD), at_ms=9_600),
        presses(Key.CANCEL, at_ms=8_999, timeout_ms=CHECK_MS),
        beeps(),
        original_is_left_alone(VOID, SOLD),
        gives_up(VOID, "original", "timed out", 800),
    )


def test_card_that_does_not_come_is_waited_for_a_minute():
    follow(
        void(desk()),
        agreed_on(SOLD),
        card_is_asked_for(VOID, 800, Text.INSERT_SAME_CARD),
        nobody_comes(card=True),
        card_is_released(),
        gives_up(VOID, "card", "timed out", 800),
    )


def test_pin_that_is_not_keyed_costs_nothing():
    follow(
        void(desk()),
        agreed_on(SOLD),
        card_is_put_in(card_of_tray("unionpay-debit"), VOID, 800, Text.INSERT_SAME_CARD),
        shows(PinEntry(VOID, yuan(800), 0)),
        presses(Key.CANCEL, masked=MaskedEntry.PIN),
        card_is_released(),
        gives_up(VOID, "card", "cancelled", 800),
    )


def test_host_that_declines_leaves_the_sale_as_it_was():
    declined = transaction_of(TAKEN_BACK, State.DECLINED, reference="")
    ended = follow(
        void(desk()),
        agreed_on(SOLD),
        card_is_put_in(card_of_tray("unionpay-debit"), VOID, 800, Text.INSERT_SAME_CARD),
        pin_is_keyed(VOID, 800, "123456"),
        is_carried_out(TAKEN_BACK, Answered("55"), pin="123456"),
        (Append.of(outcome_of(TAKEN_BACK, Result.DECLINED, "55", Verification.PIN)), None),
        stands_in_the_journal(declined),
        card_is_released(),
    )
    assert isinstance(ended, PaymentDeclined)
