"""What a journal must never say: the last check before a record is written.

Flows refuse all of this earlier and with better words; these rules hold whatever a flow does. Each
rule is a function of what was recorded before, and raises RuleBroken.
"""

from __future__ import annotations

from firmware.core.kinds import COMPLETION_PERCENT_MAX, RESTS_ON, USES_A_HOLD, Kind, Result, Totals
from firmware.core.money import MINOR_MAX, percent_of
from firmware.core.payment import BATCH_MAX, STAN_MAX
from firmware.journal.enquiry_records import BalanceAsked
from firmware.journal.faults import IntentsOpen, RuleBroken
from firmware.journal.order_records import OrderState, OrderTaken
from firmware.journal.records import (
    BatchOpened,
    CopyRestored,
    IntentRecorded,
    OutcomeRecorded,
    ReversalOpened,
    SettlementCompleted,
    SettlementStarted,
)
from firmware.journal.tables import Row
from firmware.journal.transactions import BatchState, State

BATCHES_LOST_MAX = 1_000  # a batch a day for years; what is further off is mistyped
PSN_SINCE = 4  # from this schema on the card sequence number is part of which card it is
# releases before let a refund begin in another currency: their journals may hold one
OWNER_SINCE = 4


def require(holds: object, words: str) -> None:
    """Raise RuleBroken with `words` unless the rule holds."""
    if not holds:
        raise RuleBroken(words)


def batch_after(batch: int) -> int:
    """The number of the batch that follows: after the last one it is 1 again."""
    return batch % BATCH_MAX + 1


def owner_of(intent: IntentRecorded) -> str:
    """Under whose numbers a transaction was made: merchant, terminal, store."""
    return f"{intent.merchant} {intent.terminal} {intent.store}"


def may_open(opened: BatchOpened, before: int, state: str, *, empty: bool) -> None:
    """The next batch follows one that is closed; the acquirer's own may end one that is empty."""
    given_up = opened.told and state == BatchState.OPEN and empty
    require(state == BatchState.CLOSED or given_up, f"batch {before} is not closed")
    if opened.told:
        require(0 < opened.batch <= BATCH_MAX, f"batch {opened.batch}")
    else:
        require(opened.batch == batch_after(before), f"batch {opened.batch} after {before}")


def may_begin(intent: IntentRecorded, terminal: Row, *, used: bool) -> None:
    """A transaction takes the next number of the open batch, and moves some money."""
    may_take_number(intent, terminal, used=used)
    require(0 < intent.amount_minor <= MINOR_MAX, f"amount {intent.amount_minor}")
    if not RESTS_ON[intent.kind]:
        require(intent.original is None, f"a {intent.kind.value} has no original")


def may_take_number(taken: IntentRecorded | BalanceAsked, terminal: Row, *, used: bool) -> None:
    """Whatever takes a voucher number takes the next one of the open batch."""
    require(terminal["batch"] == taken.batch, f"batch {taken.batch} not open")
    require(terminal["batch_state"] == BatchState.OPEN, f"batch {taken.batch} is settling")
    expected = terminal["stan"]
    words = f"voucher number {taken.stan:06d}; the next one is {expected:06d}"
    require(taken.stan == expected, words)
    require(not used, f"voucher number {taken.stan:06d} is used in batch {taken.batch:06d}")


def may_take(order: OrderTaken, *, known: bool, waiting: str) -> None:
    """An id is taken once for ever, and one order at a time; `waiting` is the open one's id."""
    require(not known, f"order {order.id} was taken before")
    require(not waiting, f"order {order.id} while {waiting} is open")
    require(0 < order.amount_minor <= MINOR_MAX, f"amount {order.amount_minor}")


def may_end_order(order: str, state: OrderState | None) -> None:
    """An order ends once, and only without a payment: after the intent the payment decides."""
    found = state.value if state is not None else "unknown"
    require(state is OrderState.TAKEN, f"end of order {order}, which is {found}")


def may_carry_out(intent: IntentRecorded, order: Row | None) -> None:
    """An order has one intent, of exactly what was ordered."""
    name = intent.order_id
    if order is None:
        raise RuleBroken(f"intent of order {name}, which is unknown")
    state = OrderState(order["state"])
    require(state is OrderState.TAKEN, f"intent of order {name}, which is {state.value}")
    asked = order["kind"], order["amount_minor"], order["currency"], order["reference"]
    given = intent.kind.value, intent.amount_minor, intent.currency, intent.order_reference
    require(asked == given, f"intent of order {name} for something else")


def may_undo(
    intent: IntentRecorded,
    original: Row | None,
    *,
    voiding: bool,
    open_serial: int,
    same_psn: bool,
) -> None:
    """A void, refund or completion: its original stands, is of the same card, and has enough left.

    `same_psn` is False in records of releases that went by the account number alone.
    """
    word = intent.kind.value
    if original is None:
        raise RuleBroken(f"{word} without its original")
    kinds = [kind.value for kind in RESTS_ON[intent.kind]]
    require(original["kind"] in kinds, f"{word} of a {original['kind']}")
    name = original["kind"]
    require(original["state"] == State.APPROVED.value, f"{word} of a {name} {original['state']}")
    require(original["card"] == intent.card.hash, f"{word} to another card")
    same = not same_psn or original["psn"] == intent.card.psn
    require(same, f"{word} to another card of the account")
    require(not original["voided_by"], f"{word} of a voided {name}")
    require(not original["completed_by"], f"{word} of a completed {name}")
    require(not voiding, f"{word} of a {name} whose void or completion is under way")
    left_minor = original["amount_minor"] - original["refunded_minor"]
    if intent.kind.is_void:
        elsewhere = original["serial"] != open_serial and name != Kind.PREAUTH.value
        require(not elsewhere, f"{word} of a {name} in another batch")
        require(not original["refunded_minor"], f"{word} of a refunded {name}")
        require(intent.amount_minor == original["amount_minor"], f"{word} of a part")
    elif intent.kind is Kind.COMPLETION:
        most_minor = percent_of(original["amount_minor"], COMPLETION_PERCENT_MAX)
        require(
            intent.amount_minor <= most_minor,
            f"completion of {intent.amount_minor} where {original['amount_minor']} is held",
        )
    else:
        require(intent.kind is Kind.REFUND, f"{word} of a {name}")
        require(
            intent.amount_minor <= left_minor,
            f"refund of {intent.amount_minor} where {left_minor} is left",
        )


def may_undo_elsewhere(intent: IntentRecorded, *, known: bool, allowed: bool) -> None:
    """Another terminal's sale is refunded by its reference number, if a setting allows it.

    Its pre-authorisation is completed or voided by the authorisation code, if another setting
    allows that. Only the acquirer knows how much is left. For this terminal's own payments
    (`known`) this is forbidden.
    """
    original, word = intent.original, intent.kind.value
    holds = intent.kind in USES_A_HOLD
    what, names = ("hold", "code") if holds else ("sale", "reference")
    require(holds or intent.kind is Kind.REFUND, f"{word} of another terminal's sale")
    name = "" if original is None else original.reference
    if holds and original is not None:
        name = original.authorisation_code
    well = original is not None and name and original.date.isdecimal()
    require(well, f"{word} of another terminal's {what} without its {names} and date")
    require(not known, f"{word} as another terminal's of a {what} that was made here")
    require(allowed, f"{word} of another terminal's {what}, which a setting forbids")


def may_undo_here(intent: IntentRecorded, original: Row) -> None:
    """Money goes back in the sale's own currency, by the terminal and merchant that took it."""
    word = intent.kind.value
    currency, owner = original["currency"], original["owner"]
    require(currency == intent.currency, f"{word} in {intent.currency} of a sale in {currency}")
    require(owner == owner_of(intent), f"{word} by {owner_of(intent)} of a sale by {owner}")


def may_end(outcome: OutcomeRecorded, row: Row | None) -> Row:
    """An outcome ends an open intent of its kind; a PENDING refund is ended by an answer alone."""
    if row is None:
        raise RuleBroken(f"outcome of {outcome.stan:06d} without its intent")
    require(row["kind"] == outcome.kind.value, f"outcome of a {row['kind']} as {outcome.kind}")
    name = f"outcome {outcome.result.value} of {outcome.stan:06d}"
    answered = outcome.result in (Result.APPROVED, Result.DECLINED)
    ends = row["state"] == State.OPEN.value or (row["state"] == State.PENDING.value and answered)
    require(ends, f"{name}, which is {row['state']}")
    if outcome.result is Result.PENDING:
        told = row["kind"] == Kind.REFUND.value and not row["training"]
        require(told, f"{name}, which is no refund")
    return row


def may_approve(row: Row, original: Row | None) -> None:
    """The original of an approved void or completion still stands, neither voided nor completed.

    Not checked for another terminal's pre-authorisation, which only the acquirer knows.
    """
    kind = Kind(row["kind"])
    if kind in USES_A_HOLD and row["original"] is None:
        return
    if kind.is_void or kind is Kind.COMPLETION:
        require(
            original is not None
            and original["state"] == State.APPROVED.value
            and not original["voided_by"]
            and not original["completed_by"],
            f"approval of a {kind.value} whose original does not stand",
        )


def may_advise(stan: int, row: Row | None) -> Row:
    """An advice is of an approved sale of the open batch that the acquirer was not asked about."""
    if row is None:
        raise RuleBroken(f"advice of {stan:06d} without its sale")
    stands = row["kind"] == Kind.SALE.value and row["state"] == State.APPROVED.value
    require(stands and not row["reference"], f"advice of {stan:06d}, which the host knows")
    return row


def may_be_answered(stan: int, row: Row | None, *, owed: bool) -> None:
    """Only an advice that is owed is answered; the answer to a refund's is an outcome."""
    require(owed, f"advice of {stan:06d}, which is not owed")
    require(row is not None and row["kind"] == Kind.SALE.value, f"advice of {stan:06d}, no sale")


def may_tell_script(stan: int, row: Row | None, *, owed: bool) -> None:
    """The result of scripts belongs to a transaction, and is owed only once."""
    require(row is not None, f"script result of {stan:06d} without its transaction")
    require(not owed, f"script result of {stan:06d}, which is owed already")


def may_reverse(opened: ReversalOpened, row: Row | None, batch_state: str) -> Row:
    """An open payment, or an approved one of the open batch, unless other payments refer to it."""
    if row is None:
        raise RuleBroken(f"reversal of {opened.stan:06d} without its intent")
    name = f"reversal of {opened.stan:06d}"
    stands = row["state"] in (State.OPEN.value, State.APPROVED.value)
    require(stands, f"{name}, which is {row['state']}")
    require(not row["voided_by"], f"{name}, which is voided")
    require(not row["refunded_minor"], f"{name}, which is refunded")
    require(not row["completed_by"], f"{name}, which is completed")
    if row["state"] == State.APPROVED.value:
        require(batch_state == BatchState.OPEN, f"{name} in a batch that is {batch_state}")
    return row


def may_settle(
    started: SettlementStarted, batch: int, state: str, totals: Totals, open_: int
) -> None:
    """The totals are the journal's; nothing is undecided and nothing owed to the acquirer."""
    require(batch == started.batch, "settlement of no open batch")
    require(state == BatchState.OPEN, "settlement was started before")
    require(started.totals == totals, "settlement of other totals than the journal's")
    require(not open_, "settlement with an intent still open, or an advice still owed")


def may_close(completed: SettlementCompleted, batch: int, state: str, totals: Totals) -> None:
    """Only a settlement that was started completes, with the totals it fixed."""
    started = (batch, state) == (completed.batch, BatchState.SETTLING)
    require(started, f"settlement of batch {completed.batch} was not started")
    require(completed.totals == totals, "settlement of other totals than it fixed")


def may_go_on(restored: CopyRestored, last_batch: int, next_stan: int, open_: int) -> None:
    """Nothing is undecided, and the last voucher given out is not before the copy's last."""
    if open_:
        raise IntentsOpen("a copy in which an intent is still open")
    name = f"voucher {restored.stan:06d} of batch {restored.batch:06d}"
    well_formed = 0 < restored.batch <= BATCH_MAX and 0 <= restored.stan <= STAN_MAX
    later = (restored.batch - last_batch) % BATCH_MAX  # batches and vouchers begin anew at 1
    require(
        well_formed and later <= BATCHES_LOST_MAX,
        f"{name} is before the copy's last, or too far on",
    )
    if not later:
        skipped = (restored.stan % STAN_MAX + 1 - next_stan) % STAN_MAX
        require(skipped < STAN_MAX // 2, f"{name} is before the copy's last")
