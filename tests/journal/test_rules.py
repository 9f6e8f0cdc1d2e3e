"""The last guard: what contradicts the record is never written, whatever a flow asks for."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from firmware import __version__
from firmware.core.kinds import Copy, Kind, OriginalRef, Result, Totals
from firmware.journal.faults import RuleBroken
from firmware.journal.paper_records import PrintDoubtful, PrintQueued, PrintSending, PrintSent
from firmware.journal.records import (
    BatchOpened,
    Record,
    ReversalAttempted,
    SettlementStarted,
    TerminalStarted,
)
from firmware.journal.schema import SCHEMA
from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from tests.journal.story import CARD, KEYS, OTHER_CARD, Shop, confirmed, opened, outcome_of
from tests.payment import closed_batch


def refused(shop: Shop, *records: Record, because: str) -> None:
    head = shop.journal.head()
    with pytest.raises(RuleBroken, match=because):
        shop.journal.append(*records)
    assert shop.journal.head() == head


# -- numbers ------------------------------------------------------------------------------------


def test_a_voucher_number_is_neither_skipped_nor_used_twice(shop: Shop) -> None:
    sale = shop.sale()
    refused(shop, shop.intent(stan=sale.stan), because="the next one is 000002")
    refused(shop, shop.intent(stan=3), because="the next one is 000002")


def test_voucher_numbers_wrap_after_999999_and_go_on_at_one(shop: Shop) -> None:
    shop.sale()
    shop.settle()
    shop.db.execute("UPDATE terminal SET next_stan = 999999")
    assert shop.sale().stan == 999_999
    again = shop.sale(500)
    assert (again.batch, again.stan) == (2, 1)
    found = shop.journal.by_voucher(1)
    assert found is not None
    assert found.amount_minor == 500  # the open batch's, not batch 1's


def test_a_number_that_wrapped_is_not_used_twice_in_a_batch(shop: Shop) -> None:
    shop.sale()
    shop.db.execute("UPDATE terminal SET next_stan = 1")
    refused(shop, shop.intent(), because="is used in batch")


def test_only_the_open_batch_takes_transactions(shop: Shop) -> None:
    refused(shop, shop.intent(batch=2), because="not open")
    shop.sale()
    shop.settle()
    refused(shop, shop.intent(batch=1), because="not open")


@pytest.mark.parametrize("amount_minor", [0, -1, 10**12])
def test_an_amount_must_be_money(shop: Shop, amount_minor: int) -> None:
    broken = replace(shop.intent(), amount_minor=amount_minor)
    refused(shop, broken, because="amount")


# -- outcomes -----------------------------------------------------------------------------------


def test_an_outcome_needs_its_intent(shop: Shop) -> None:
    refused(shop, outcome_of(shop.intent()), because="without its intent")


@pytest.mark.parametrize("second", list(Result))
def test_an_intent_ends_once(shop: Shop, second: Result) -> None:
    intent = shop.intent()
    shop.end(intent)
    refused(shop, outcome_of(intent, second), because="which is approved")


def test_an_outcome_is_of_the_intents_kind(shop: Shop) -> None:
    sale = shop.sale()
    void = shop.intent(Kind.VOID, original=sale)
    shop.journal.append(void)
    as_sale = shop.intent(Kind.SALE, stan=void.stan)
    refused(shop, outcome_of(as_sale), because="outcome of a void")


def test_nothing_is_approved_that_is_being_reversed(shop: Shop) -> None:
    intent = shop.intent()
    shop.journal.append(intent, opened(intent))
    refused(shop, outcome_of(intent), because="which is reversing")
    shop.journal.append(confirmed(intent))
    refused(shop, outcome_of(intent), because="which is reversed")


# -- voids --------------------------------------------------------------------------------------


def test_a_sale_is_voided_once(shop: Shop) -> None:
    sale = shop.sale()
    void = shop.void(sale)
    assert shop.find(sale).voided_by == void.stan
    refused(shop, shop.intent(Kind.VOID, original=sale), because="voided sale")


def test_a_declined_void_leaves_the_sale_standing(shop: Shop) -> None:
    sale = shop.sale()
    shop.void(sale, Result.DECLINED)
    assert shop.find(sale).voided_by == 0
    assert shop.void(sale).state is State.APPROVED


def test_a_second_void_does_not_begin_while_the_first_is_undecided(shop: Shop) -> None:
    sale = shop.sale()
    first = shop.intent(Kind.VOID, original=sale)
    shop.journal.append(first)
    refused(shop, shop.intent(Kind.VOID, original=sale), because="under way")
    refused(shop, shop.intent(Kind.REFUND, 1, original=sale), because="under way")
    shop.journal.append(opened(first))
    refused(shop, shop.intent(Kind.VOID, original=sale), because="under way")
    shop.journal.append(confirmed(first))
    assert shop.void(sale).state is State.APPROVED


def test_a_reversed_void_leaves_the_sale_standing_again(shop: Shop) -> None:
    sale = shop.sale()
    void = shop.void(sale)
    shop.journal.append(opened(void))
    assert shop.find(sale).voided_by == void.stan  # until the host has said so
    shop.journal.append(confirmed(void))
    assert shop.find(sale).voided_by == 0
    assert shop.journal.totals(1) == Totals(sales=1, sales_minor=12_850)
    assert shop.journal.sales_today(sale.date, "CNY") == 12_850


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_only_a_sale_that_stands_is_undone(shop: Shop, kind: Kind) -> None:
    declined = shop.end(shop.intent(), Result.DECLINED)
    refused(shop, shop.intent(kind, original=declined), because="sale declined")
    reversed_ = shop.intent()
    shop.journal.append(reversed_, opened(reversed_))
    refused(shop, shop.intent(kind, original=shop.find(reversed_)), because="sale reversing")
    void = shop.void(shop.sale())
    refused(shop, shop.intent(kind, original=void), because="of a void")


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_money_goes_back_to_the_card_it_came_from(shop: Shop, kind: Kind) -> None:
    sale = shop.sale()
    refused(shop, shop.intent(kind, original=sale, card=OTHER_CARD), because="another card")


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_money_never_goes_back_without_an_original(shop: Shop, kind: Kind) -> None:
    refused(shop, shop.intent(kind), because="without its original")
    intent = shop.intent(kind, original=shop.sale())
    assert intent.original is not None
    nowhere = OriginalRef(batch=1, stan=777, reference="", date="20260302", amount_minor=1)
    lost = msgspec.structs.replace(intent, original=nowhere)
    refused(shop, lost, because="without its original")


def test_a_void_is_for_the_whole_amount(shop: Shop) -> None:
    refused(shop, shop.intent(Kind.VOID, 12_849, original=shop.sale()), because="void of a part")


def test_a_settled_sale_is_refunded_not_voided(shop: Shop) -> None:
    sale = shop.sale()
    shop.settle()
    refused(shop, shop.intent(Kind.VOID, original=sale), because="another batch")
    assert shop.refund(sale, 12_850).state is State.APPROVED


# -- refunds ------------------------------------------------------------------------------------


def test_refunds_never_exceed_the_sale_over_batches_and_restarts(shop: Shop) -> None:
    sale = shop.sale(10_000)
    shop.refund(sale, 4_000)
    shop.settle()
    shop.reopen()
    shop.refund(sale, 5_999)
    refused(shop, shop.intent(Kind.REFUND, 2, original=sale), because="where 1 is left")
    shop.refund(sale, 1)
    assert shop.find(sale).refunded_minor == 10_000
    refused(shop, shop.intent(Kind.REFUND, 1, original=sale), because="where 0 is left")


def test_a_refund_that_is_undecided_keeps_its_share(shop: Shop) -> None:
    sale = shop.sale(10_000)
    first = shop.intent(Kind.REFUND, 6_000, original=sale)
    shop.journal.append(first)
    refused(shop, shop.intent(Kind.REFUND, 4_001, original=sale), because="where 4000 is left")
    shop.journal.append(opened(first))
    refused(shop, shop.intent(Kind.REFUND, 4_001, original=sale), because="where 4000 is left")
    shop.journal.append(confirmed(first))
    assert shop.find(sale).refunded_minor == 0
    assert shop.refund(sale, 10_000).state is State.APPROVED


@pytest.mark.parametrize("result", [Result.DECLINED, Result.FAILED])
def test_a_refund_that_failed_gives_its_share_back(shop: Shop, result: Result) -> None:
    sale = shop.sale(10_000)
    shop.refund(sale, 10_000, result)
    assert shop.find(sale).refunded_minor == 0


def test_a_refunded_sale_is_not_voided_and_a_voided_one_not_refunded(shop: Shop) -> None:
    refunded, voided = shop.sale(), shop.sale()
    shop.refund(refunded, 1)
    refused(shop, shop.intent(Kind.VOID, original=refunded), because="refunded sale")
    shop.void(voided)
    refused(shop, shop.intent(Kind.REFUND, 1, original=voided), because="voided sale")


# -- reversals ----------------------------------------------------------------------------------


def test_a_reversal_needs_something_to_reverse(shop: Shop) -> None:
    refused(shop, opened(shop.intent()), because="without its intent")
    declined = shop.end(shop.intent(), Result.DECLINED)
    refused(shop, opened(declined), because="which is declined")


def test_a_reversal_is_opened_once_and_answered_once(shop: Shop) -> None:
    sale = shop.sale()
    refused(shop, confirmed(sale), because="not owed")
    shop.journal.append(opened(sale))
    refused(shop, opened(sale), because="which is reversing")
    shop.journal.append(confirmed(sale))
    refused(shop, confirmed(sale), because="not owed")
    attempted = ReversalAttempted(batch=1, stan=sale.stan, attempt=1)
    refused(shop, attempted, because="not owed")


def test_an_approval_may_still_be_reversed_and_then_counts_no_more(shop: Shop) -> None:
    sale = shop.sale()
    shop.journal.append(opened(sale))
    assert shop.find(sale).state is State.REVERSING
    assert shop.journal.totals(1) == Totals()
    assert shop.journal.sales_today(sale.date, "CNY") == 0
    shop.journal.append(confirmed(sale))
    assert shop.find(sale).state is State.REVERSED


def test_what_more_was_built_on_is_not_reversed(shop: Shop) -> None:
    voided, refunded, settled = shop.sale(), shop.sale(), shop.sale()
    shop.void(voided)
    shop.refund(refunded, 1)
    refused(shop, opened(voided), because="which is voided")
    refused(shop, opened(refunded), because="which is refunded")
    shop.settle()
    refused(shop, opened(settled), because="batch that is closed")


# -- settlement ---------------------------------------------------------------------------------


def test_a_settlement_fixes_the_journals_own_totals(shop: Shop) -> None:
    shop.sale()
    other = SettlementStarted(batch=1, totals=Totals(sales=2, sales_minor=9), operator="01")
    refused(shop, other, because="other totals")


def test_a_settlement_waits_for_open_intents(shop: Shop) -> None:
    shop.journal.append(shop.intent())
    refused(shop, SettlementStarted(batch=1, totals=Totals(), operator="01"), because="open")


def test_no_transaction_begins_after_the_totals_are_fixed(shop: Shop) -> None:
    sale = shop.sale()
    started = SettlementStarted(batch=1, totals=shop.journal.totals(1), operator="01")
    shop.journal.append(started)
    refused(shop, shop.intent(), because="settling")
    refused(shop, opened(sale), because="settling")
    refused(shop, started, because="started before")


def test_a_batch_closes_only_through_a_settlement_and_opens_after_it(shop: Shop) -> None:
    refused(shop, BatchOpened(batch=2), because="not closed")
    completed = closed_batch(Totals(), date="20260302")
    refused(shop, completed, because="not started")
    shop.settle()
    refused(shop, BatchOpened(batch=4), because="not closed")


# -- paper --------------------------------------------------------------------------------------


def test_print_jobs_are_numbered_without_gaps_and_told_of_only_while_owed(shop: Shop) -> None:
    queued = PrintQueued(job=2, copy=Copy.MERCHANT, batch=1, stan=1)
    refused(shop, queued, because="not the next one")
    refused(shop, PrintSending(job=1), because="not owed")
    shop.journal.append(PrintQueued(job=1, copy=Copy.MERCHANT, batch=1, stan=1))
    shop.journal.append(PrintSending(job=1))
    shop.journal.append(PrintSent(job=1))
    refused(shop, PrintDoubtful(job=1), because="not owed")
    refused(shop, PrintSending(job=1), because="not owed")


# -- training -----------------------------------------------------------------------------------


def test_training_counts_nowhere_and_its_numbers_are_apart(shop: Shop) -> None:
    trained = shop.sale(training=True)
    assert (trained.stan, shop.journal.next_stan(training=True)) == (1, 2)
    assert shop.journal.next_stan() == 1
    shop.void(trained)
    assert shop.find(trained).voided_by == 2
    assert shop.journal.totals(1) == Totals()
    assert shop.journal.count(1) == 0
    assert shop.journal.sales_today(trained.date, "CNY") == 0
    assert shop.journal.card_today(trained.card.hash, trained.date, "CNY") == 0
    assert shop.journal.recent_sale_amounts(5, "CNY") == []
    assert shop.journal.by_voucher(1) is None


def test_a_training_transaction_is_never_refunded_for_real(shop: Shop) -> None:
    trained = shop.sale(training=True)
    real = shop.intent(Kind.REFUND, 100, original=trained)
    refused(shop, real, because="without its original")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"currency": "KWD"}, "refund in KWD of a sale in CNY"),
        ({"merchant": "104110054110009"}, "refund by 104110054110009 10000001 S01 of a sale by"),
        ({"terminal": "10000009"}, "refund by 104110054110001 10000009 S01 of a sale by"),
    ],
)
def test_money_goes_back_in_its_own_currency_by_who_took_it(
    shop: Shop, changed: dict[str, str], words: str
) -> None:
    sale = shop.sale()
    refund = replace(shop.intent(Kind.REFUND, 1, original=sale), **changed)
    refused(shop, refund, because=words)
    void = replace(shop.intent(Kind.VOID, original=sale), **changed)
    refused(shop, void, because=words.replace("refund", "void"))


def test_a_journal_of_a_release_without_that_rule_still_opens(shop: Shop) -> None:
    """It let a refund begin in another currency, and left it to the host to decline it."""
    shop.journal.append(TerminalStarted(version="0.1.0", schema=3))
    sale = shop.sale()
    shop.end(replace(shop.intent(Kind.REFUND, 1, original=sale), currency="KWD"), Result.DECLINED)
    shop.journal.append(TerminalStarted(version=__version__, schema=SCHEMA))
    again = replace(shop.intent(Kind.REFUND, 1, original=sale), currency="KWD")
    refused(shop, again, because="refund in KWD")
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_another_card_of_the_account_undoes_nothing(shop: Shop) -> None:
    """From schema 4 on: what an earlier release allowed stays readable."""
    first = msgspec.structs.replace(CARD, psn="01")
    second = msgspec.structs.replace(CARD, psn="02")
    shop.journal.append(TerminalStarted(version="", schema=3))
    allowed = shop.sale(card=first)
    undone = shop.intent(Kind.REFUND, 100, card=second, original=allowed)
    assert shop.end(undone, Result.APPROVED).state is State.APPROVED
    shop.journal.append(TerminalStarted(version="", schema=4))
    for kind in (Kind.VOID, Kind.REFUND):
        sale = shop.sale(card=first)
        other = shop.intent(kind, sale.amount_minor, card=second, original=sale)
        refused(shop, other, because="another card of the account")
        own = shop.intent(kind, sale.amount_minor, card=first, original=sale)
        assert shop.end(own, Result.APPROVED).state is State.APPROVED
