"""What the journal answers: vouchers, sums, guards, what is owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from msgspec.structs import replace

from firmware.core.kinds import Copy, GuardKind, Kind, Result, ReversalCause, Totals
from firmware.journal.paper_records import PrintDoubtful, PrintQueued, PrintSending, PrintSent
from firmware.journal.records import (
    ClockJumped,
    GuardOverridden,
    OperatorSignedOff,
    OperatorSignedOn,
    ReversalAttempted,
    SettlementStarted,
    TrainingSwitched,
)
from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from tests.journal.story import CARD, KEYS, OTHER_CARD, Shop, confirmed, opened, order, outcome_of
from tests.payment import yuan


def test_a_voucher_is_found_by_number_date_and_reference(shop: Shop) -> None:
    sale = shop.sale()
    journal = shop.journal
    assert journal.by_voucher(sale.stan) == sale
    assert journal.by_voucher_and_date(sale.stan, "20260302") == sale
    assert journal.by_voucher_and_date(sale.stan, "20260303") is None
    assert journal.by_reference(sale.reference, "20260302") == sale
    assert journal.by_reference(sale.reference, "20260301") is None
    assert journal.by_reference("", "20260302") is None
    assert journal.by_voucher(999) is None


def test_a_transaction_tells_intent_outcome_and_the_record_that_ended_it(shop: Shop) -> None:
    shop.journal.append(shop.intent())
    (open_,) = shop.journal.open_intents()
    assert (open_.state, open_.reference, open_.record_hash) == (State.OPEN, "", "")
    sale = shop.sale(500)
    assert (sale.response_code, sale.authorisation_code) == ("00", "123456")
    assert sale.record_hash == shop.journal.head()[1]


def test_the_last_transactions_are_listed_newest_first(shop: Shop) -> None:
    for amount_minor in range(1, 6):
        shop.sale(amount_minor)
    shop.settle()
    shop.sale(6, training=True)
    shop.sale(7)
    listed = shop.journal.list_transactions(1, 3)
    assert [each.amount_minor for each in listed] == [5, 4, 3]
    assert [each.amount_minor for each in shop.journal.list_transactions(2, 9)] == [7]
    last = shop.journal.last_transaction()
    assert last is not None
    assert last.amount_minor == 7
    assert not shop.journal.list_transactions(9, 9)


def test_totals_count_a_voided_sale_and_its_void(shop: Shop) -> None:
    sale = shop.sale()
    shop.void(sale)
    kept = shop.sale(500)
    shop.refund(kept, 200)
    shop.end(shop.intent(), Result.DECLINED)
    assert shop.journal.totals(1) == Totals(
        sales=2, sales_minor=13_350, voids=1, voids_minor=12_850, refunds=1, refunds_minor=200
    )
    assert shop.journal.count(1) == 5
    assert shop.journal.totals(7) == Totals()


def test_the_day_s_sales_leave_voided_ones_out_and_its_refunds_stand_apart(shop: Shop) -> None:
    shop.void(shop.sale())
    sale = shop.sale(500, operator="02")
    shop.refund(sale, 200)
    assert shop.journal.sales_today("20260302", "CNY") == 500
    assert shop.journal.refunds_today("20260302", "CNY") == 200
    assert shop.journal.refunds_today("20260302", "CNY", "01") == 200
    assert shop.journal.refunds_today("20260302", "CNY", "02") == 0
    assert shop.journal.sales_today("20260303", "CNY") == 0


def test_a_void_after_midnight_takes_the_sale_out_of_its_own_day(shop: Shop) -> None:
    sale = shop.sale()
    shop.clock.advance(days=1)
    shop.void(sale)
    assert shop.journal.sales_today("20260302", "CNY") == 0
    assert shop.journal.sales_today("20260303", "CNY") == 0


def test_a_cards_day_is_its_own(shop: Shop) -> None:
    shop.sale(100)
    shop.sale(20)
    shop.sale(3, card=OTHER_CARD)
    assert shop.journal.card_today(CARD.hash, "20260302", "CNY") == 120
    assert shop.journal.card_today(OTHER_CARD.hash, "20260302", "CNY") == 3
    shop.clock.advance(days=1)
    shop.sale(4)
    assert shop.journal.card_today(CARD.hash, "20260303", "CNY") == 4
    assert shop.journal.card_today(OTHER_CARD.hash, "20260303", "CNY") == 0


def test_a_clock_that_is_set_back_begins_no_new_day(shop: Shop) -> None:
    """Neither while it is behind nor once it is right again."""
    shop.sale(100)
    shop.clock.advance(days=-1)
    shop.refund(shop.sale(20), 5)
    journal = shop.journal
    assert (journal.sales_today("20260301", "CNY"), journal.refunds_today("20260301", "CNY")) == (
        120,
        5,
    )
    assert journal.card_today(CARD.hash, "20260301", "CNY") == 120
    shop.clock.advance(days=1)
    assert (journal.sales_today("20260302", "CNY"), journal.refunds_today("20260302", "CNY")) == (
        120,
        5,
    )
    assert journal.card_today(CARD.hash, "20260302", "CNY") == 120
    assert journal.sales_today("20260303", "CNY") == 0


def test_a_day_begins_anew_once_the_supervisor_says_which_it_is(shop: Shop) -> None:
    shop.clock.advance(days=200)  # by mistake
    shop.sale(100)
    shop.clock.advance(days=-200)
    assert shop.journal.trading_day() == "20260918"
    shop.journal.append(GuardOverridden(guard=GuardKind.CLOCK, shown="", operator="00"))
    shop.sale(7)
    assert shop.journal.sales_today("20260302", "CNY") == 7


def test_a_duplicate_is_told_by_the_time_that_passed_and_not_by_a_clock_that_was_moved(
    shop: Shop,
) -> None:
    first, journal = shop.sale(), shop.journal

    def found() -> object:
        return journal.duplicate_of(
            CARD.hash,
            yuan(12_850),
            shop.clock() - timedelta(minutes=5),
            psn=CARD.psn,
        )

    for days in (-1, 1, 30, -30):
        shop.clock.advance(days=days)
        journal.append(ClockJumped(by_s=days * 86_400))
        assert found() == first
    shop.clock.advance(minutes=6)
    assert found() is None
    shop.clock.advance(days=-1)
    journal.append(ClockJumped(by_s=-86_400))
    assert found() is None  # it lies in the future, and was long ago


def test_another_card_of_the_account_is_another_card(shop: Shop) -> None:
    first = shop.sale()
    since = shop.clock() - timedelta(minutes=5)
    assert shop.journal.duplicate_of(CARD.hash, yuan(12_850), since, psn=CARD.psn) == first
    assert shop.journal.duplicate_of(CARD.hash, yuan(12_850), since, psn="02") is None


def test_recent_amounts_are_of_sales_that_stand(shop: Shop) -> None:
    shop.sale(1)
    shop.sale(2)
    shop.void(shop.sale(9_999_999))  # the wrong amount is no measure of the usual
    shop.end(shop.intent(amount_minor=3), Result.DECLINED)
    shop.sale(4)
    assert shop.journal.recent_sale_amounts(50, "CNY") == [4, 2, 1]
    assert shop.journal.recent_sale_amounts(2, "CNY") == [4, 2]


def test_a_duplicate_is_the_same_card_and_amount_of_a_moment_ago(shop: Shop) -> None:
    first = shop.sale()
    shop.clock.advance(minutes=5)
    window = shop.clock() - timedelta(minutes=5)
    journal = shop.journal
    assert journal.duplicate_of(CARD.hash, yuan(12_850), window) == first
    assert journal.duplicate_of(CARD.hash, yuan(12_851), window) is None
    assert journal.duplicate_of(OTHER_CARD.hash, yuan(12_850), window) is None
    later = window + timedelta(seconds=1)
    assert journal.duplicate_of(CARD.hash, yuan(12_850), later) is None
    shop.void(first)
    assert journal.duplicate_of(CARD.hash, yuan(12_850), window) is None


def test_a_duplicate_is_seen_over_midnight(shop: Shop) -> None:
    shop.clock.advance(hours=13, minutes=58)  # 23:58
    first = shop.sale()
    shop.clock.advance(minutes=4)
    since = shop.clock() - timedelta(minutes=5)
    assert shop.journal.duplicate_of(CARD.hash, yuan(12_850), since) == first


def test_owed_reversals_come_oldest_first_with_their_attempts(shop: Shop) -> None:
    first, second = shop.intent(), None
    shop.journal.append(first)
    second = shop.intent(amount_minor=5)
    shop.journal.append(second)
    lost = replace(opened(first), reason="card: card gone")
    shop.journal.append(opened(second), lost)
    shop.journal.append(ReversalAttempted(batch=1, stan=1, attempt=1, detail="silent"))
    owed = shop.journal.reversals()
    assert [(each.transaction.stan, each.attempts) for each in owed] == [(2, 0), (1, 1)]
    assert owed[0].reason == "no answer"  # an earlier release's word
    assert owed[1].reason is owed[1].transaction.reversal is ReversalCause.CARD_GONE
    shop.journal.append(confirmed(second))
    assert [each.transaction.stan for each in shop.journal.reversals()] == [1]


def test_an_owed_reversal_remembers_that_a_slip_has_told_of_it(shop: Shop) -> None:
    for _ in range(2):
        intent = shop.intent()
        shop.journal.append(intent, opened(intent))
    shop.journal.append(PrintQueued(job=1, copy=Copy.MERCHANT, batch=1, stan=1))
    assert [each.told for each in shop.journal.reversals()] == [False, False]
    shop.journal.append(PrintQueued(job=2, copy=Copy.FAULT, batch=1, stan=2))
    shop.reopen()
    assert [each.told for each in shop.journal.reversals()] == [False, True]
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_paper_is_owed_until_it_is_out_given_up_or_in_doubt(shop: Shop) -> None:
    def states() -> list[tuple[int, str]]:
        return [(job.job, job.state) for job in shop.journal.print_jobs()]

    for job in (1, 2, 3):
        shop.journal.append(PrintQueued(job=job, copy=Copy.MERCHANT, batch=1, stan=1))
    shop.journal.append(PrintSending(job=1))
    assert states() == [(1, "sending"), (2, "queued"), (3, "queued")]
    shop.journal.append(PrintSent(job=1))
    shop.journal.append(PrintSending(job=2), PrintDoubtful(job=2))
    assert states() == [(3, "queued")]
    assert shop.journal.next_job() == 4


def test_an_interrupted_settlement_is_found_and_a_completed_one_remembered(shop: Shop) -> None:
    shop.sale()
    assert shop.journal.pending_settlement() is None
    started = SettlementStarted(batch=1, totals=shop.journal.totals(1), operator="01")
    shop.journal.append(started)
    shop.reopen()
    assert shop.journal.pending_settlement() == started
    assert shop.journal.last_settlement() is None


def test_a_settled_batch_says_so_in_its_transactions(shop: Shop) -> None:
    sale = shop.sale()
    assert not sale.settled
    shop.settle()
    assert shop.find(sale).settled
    last = shop.journal.last_settlement()
    assert last is not None
    assert last == shop.journal.settlement(1)
    assert shop.journal.settlement(2) is None
    assert (shop.journal.batch(), shop.journal.totals(2)) == (2, Totals())


def test_who_is_signed_on_and_whether_it_is_a_training_transaction_survive_a_restart(
    shop: Shop,
) -> None:
    assert (shop.journal.signed_on(), shop.journal.training()) == ("", False)
    shop.journal.append(OperatorSignedOn(operator="01"), TrainingSwitched(on=True, by="00"))
    shop.reopen()
    assert (shop.journal.signed_on(), shop.journal.training()) == ("01", True)
    shop.journal.append(OperatorSignedOff(operator="01"))
    assert shop.journal.signed_on() == ""


def test_the_log_is_read_in_stretches(shop: Shop) -> None:
    shop.sell_many(600)
    everything = list(shop.journal.records())
    assert [entry.seq for entry in everything] == list(range(1, 1_203))
    assert [entry.seq for entry in shop.journal.records(499, 503)] == [499, 500, 501, 502, 503]
    assert [entry.seq for entry in shop.journal.records(1_200, 9_999)] == [1_200, 1_201, 1_202]


def work_of(shop: Shop, done: Mapping[str, Callable[[], object]]) -> dict[str, int]:
    """How many instructions of SQLite each of these takes."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    work = {}
    shop.db.set_progress_handler(step, 1)
    for name, do in done.items():
        steps = 0
        do()
        work[name] = steps
    shop.db.set_progress_handler(None, 1)
    return work


def work_of_asking(shop: Shop) -> dict[str, int]:
    """How many instructions of SQLite each question takes."""
    journal = shop.journal
    day, since = "20260302", shop.clock()
    questions: dict[str, Callable[[], object]] = {
        "numbers": lambda: (journal.batch(), journal.next_stan(), journal.next_job()),
        "voucher": lambda: journal.by_voucher(7),
        "voucher and date": lambda: journal.by_voucher_and_date(7, day),
        "reference": lambda: journal.by_reference("000001000007", day),
        "last": journal.last_transaction,
        "last of training": lambda: journal.last_transaction(training=True),
        "listing": lambda: journal.list_transactions(1, 4),
        "open": journal.open_intents,
        "reversals": lambda: (journal.reversals(), journal.reversals_count()),
        "advices": lambda: (journal.advices(), journal.advice_counts()),
        "scripts": journal.scripts,
        "order": lambda: journal.order("order 7"),
        "open orders": journal.open_orders,
        "paper": journal.print_jobs,
        "totals": lambda: (journal.totals(1), journal.count(1)),
        "usual": lambda: journal.recent_sale_amounts(50, "CNY"),
        "duplicate": lambda: journal.duplicate_of(OTHER_CARD.hash, yuan(1), since),
        "card": lambda: journal.card_today(OTHER_CARD.hash, day, "CNY"),
        "day": lambda: (journal.sales_today(day, "CNY"), journal.refunds_today(day, "CNY")),
        "settlement": lambda: (journal.last_settlement(), journal.pending_settlement()),
        "head": journal.head,
    }
    return work_of(shop, questions)


def work_of_a_day(shop: Shop) -> dict[str, int]:
    """How many instructions of SQLite each record takes of an order's sale, its refund and void."""
    name = f"order {shop.journal.next_stan()}"
    paid = shop.intent(order_id=name)
    work = work_of(
        shop,
        {
            "order": lambda: shop.journal.append(order(name)),
            "intent": lambda: shop.journal.append(paid),
            "outcome": lambda: shop.journal.append(outcome_of(paid)),
        },
    )
    sale, other = shop.find(paid), shop.sale()
    back = shop.intent(Kind.REFUND, 50, original=sale)
    work |= work_of(shop, {"refund": lambda: shop.journal.append(back, outcome_of(back))})
    void = shop.intent(Kind.VOID, other.amount_minor, original=other)
    return work | work_of(
        shop,
        {
            "void": lambda: shop.journal.append(void, outcome_of(void)),
            "reversal": lambda: shop.journal.append(opened(void)),
            "reversed": lambda: shop.journal.append(confirmed(void)),
        },
    )


def test_no_question_grows_dearer_with_the_journal(shop: Shop) -> None:
    shop.journal.append(order("order 7"))
    shop.end(shop.intent(order_id="order 7"))
    shop.sell_many(100)
    short = work_of_asking(shop)
    for n in range(100, 150):
        shop.journal.append(order(f"order {n}"))
        shop.end(shop.intent(order_id=f"order {n}"))
    shop.sell_many(2_000)
    long = work_of_asking(shop)
    assert all(short.values())
    assert {name: long[name] for name in long if long[name] > short[name] * 1.1 + 10} == {}


def test_no_record_grows_dearer_with_the_journal(shop: Shop) -> None:
    """What a record changes is found in an index, too: also a payment's order, of thousands."""
    short = work_of_a_day(shop)
    for _ in range(100):
        work_of_a_day(shop)
    shop.sell_many(2_000)
    long = work_of_a_day(shop)
    assert all(short.values())
    assert {name: long[name] for name in long if long[name] > short[name] * 1.1 + 40} == {}


def test_kinds_are_stored_by_their_value(shop: Shop) -> None:
    shop.sale()
    row = shop.db.execute("SELECT kind, state FROM transactions").fetchone()
    assert tuple(row) == (Kind.SALE.value, State.APPROVED.value)
