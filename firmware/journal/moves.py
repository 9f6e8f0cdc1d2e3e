"""What intents, outcomes and reversals change in the projections, after every rule about them."""

from __future__ import annotations

import sqlite3
from typing import assert_never

from firmware.core.kinds import COUNTED, RESTS_ON, USES_A_HOLD, Kind, Result
from firmware.core.payment import STAN_MAX
from firmware.core.sqlite import insert_into
from firmware.journal import orders, rules
from firmware.journal.chain import ChainedRecord
from firmware.journal.enquiry_records import BalanceAsked
from firmware.journal.faults import RuleBroken
from firmware.journal.records import (
    IntentRecorded,
    OutcomeRecorded,
    PaymentRecord,
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
)
from firmware.journal.tables import Row, forget_card, latest, one
from firmware.journal.transactions import State

_TOTALS = {kind: f"{kind.value}s" for kind in COUNTED}  # sales, voids, refunds, …


def project(db: sqlite3.Connection, entry: ChainedRecord, record: PaymentRecord) -> None:
    """Change the projections by a record. Raises RuleBroken when it contradicts the log."""
    match record:
        case IntentRecorded():
            _intent(db, entry, record)
        case OutcomeRecorded():
            _outcome(db, entry.seq, record)
        case ReversalOpened():
            _reversal_opened(db, entry.seq, record)
        case ReversalAttempted():
            _reversal_attempted(db, record)
        case ReversalConfirmed():
            _reversal_confirmed(db, entry.seq, record)
        case _ as never:
            assert_never(never)


def _intent(db: sqlite3.Connection, entry: ChainedRecord, intent: IntentRecorded) -> None:
    terminal, used = _numbers(db, intent)
    rules.may_begin(intent, terminal, used=used)
    original = _original(db, intent, terminal)
    day = max(intent.date, terminal["day"])
    row = {
        "intent": entry.seq,
        "serial": terminal["serial"],
        "batch": intent.batch,
        "stan": intent.stan,
        "training": int(intent.training),
        "kind": intent.kind.value,
        "state": State.OPEN.value,
        "amount_minor": intent.amount_minor,
        "currency": intent.currency,
        "owner": rules.owner_of(intent),
        "card": intent.card.hash,
        "psn": intent.card.psn,
        "operator": intent.operator,
        "date": intent.date,
        "day": day,
        "clock_s": int(entry.moment.timestamp()) - terminal["jumped_s"],
        "original": original["intent"] if original is not None else None,
    }
    db.execute(insert_into("transactions", tuple(row)), tuple(row.values()))
    orders.begun(db, entry.seq, intent)
    if intent.kind is Kind.REFUND and original is not None:
        _refunded(db, original["intent"], intent.amount_minor)
    _number_taken(db, intent)
    if not intent.training:
        serial = terminal["serial"]
        db.execute("UPDATE terminal SET day = ?", (day,))
        db.execute("UPDATE batches SET intents = intents + 1 WHERE serial = ?", (serial,))


def enquiry(db: sqlite3.Connection, asked: BalanceAsked) -> None:
    """A balance enquiry takes a voucher number. Raises RuleBroken."""
    terminal, used = _numbers(db, asked)
    rules.may_take_number(asked, terminal, used=used)
    _number_taken(db, asked)


def _numbers(db: sqlite3.Connection, taken: IntentRecorded | BalanceAsked) -> tuple[Row, bool]:
    """The terminal with its next `stan` and its `batch_state`; whether the number is used in it."""
    columns = f"t.*, t.{_stan_column(taken)} AS stan, b.state AS batch_state"
    tables = "terminal t LEFT JOIN batches b USING (serial)"
    terminal = one(db, f"SELECT {columns} FROM {tables}")  # noqa: S608 - ours
    assert terminal is not None
    before = latest(db, taken.batch, taken.stan, training=taken.training)
    return terminal, before is not None and before["serial"] == terminal["serial"]


def _number_taken(db: sqlite3.Connection, taken: IntentRecorded | BalanceAsked) -> None:
    following = taken.stan % STAN_MAX + 1
    column = _stan_column(taken)
    db.execute(f"UPDATE terminal SET {column} = ?", (following,))  # noqa: S608 - ours


def _stan_column(taken: IntentRecorded | BalanceAsked) -> str:
    return "next_training_stan" if taken.training else "next_stan"


def _original(db: sqlite3.Connection, intent: IntentRecorded, terminal: Row) -> Row | None:
    """What an intent undoes or completes, after every rule about it."""
    if not RESTS_ON[intent.kind]:
        return None
    if intent.original is not None and intent.original.elsewhere:
        _elsewhere(db, intent)
        return None
    original = _named(db, intent)
    sql = (
        "SELECT 1 FROM transactions WHERE original = ? AND kind <> 'refund'"
        " AND state IN ('open', 'reversing')"
    )
    voiding = original is not None and one(db, sql, original["intent"])
    rules.may_undo(
        intent,
        original,
        voiding=bool(voiding),
        open_serial=terminal["serial"],
        same_psn=terminal["schema"] >= rules.PSN_SINCE,
    )
    if original is not None and terminal["schema"] >= rules.OWNER_SINCE:
        rules.may_undo_here(intent, original)
    return original


def _elsewhere(db: sqlite3.Connection, intent: IntentRecorded) -> None:
    original, training = intent.original, int(intent.training)
    assert original is not None
    if holds := intent.kind in USES_A_HOLD:
        where = "authorisation = ? AND authorisation <> '' AND date = ?"
        named: tuple[str, ...] = (original.authorisation_code, original.date)
    else:
        where, named = "reference = ? AND reference <> ''", (original.reference,)
    sql = f"SELECT 1 FROM transactions WHERE {where} AND training = +?"  # noqa: S608 - ours
    known = one(db, sql, *named, training)
    section = "preauth" if holds else "refund"
    sql = "SELECT value FROM settings WHERE key = ?"
    setting = one(db, sql, f"{section}.other_terminals")
    allowed = setting is None or setting["value"] == "true"
    rules.may_undo_elsewhere(intent, known=known is not None, allowed=allowed)


def _named(db: sqlite3.Connection, intent: IntentRecorded) -> Row | None:
    """The transaction that an intent names.

    Batch and voucher number may have been used again since: reference and date decide.
    """
    named = intent.original
    if named is None:
        return None
    sql = (
        "SELECT * FROM transactions WHERE stan = ? AND batch = ? AND training = +?"
        " ORDER BY reference = ? DESC, date = ? DESC, serial DESC LIMIT 1"
    )
    training = int(intent.training)
    return one(db, sql, named.stan, named.batch, training, named.reference, named.date)


def _outcome(db: sqlite3.Connection, seq: int, outcome: OutcomeRecorded) -> None:
    number = latest(db, outcome.batch, outcome.stan, training=outcome.training)
    row = rules.may_end(outcome, number)
    code = outcome.authorisation_code if row["kind"] == Kind.PREAUTH.value else ""
    db.execute(
        "UPDATE transactions SET outcome = ?, ended = ?, state = ?, reference = ?,"
        " authorisation = ? WHERE intent = ?",  # a State has the value of a Result
        (seq, seq, outcome.result.value, outcome.reference, code, row["intent"]),
    )
    if outcome.result is Result.APPROVED:
        rules.may_approve(row, _row(db, row["original"]))
        _used(db, row, row["stan"])
        _count(db, row, 1)
    elif row["kind"] == Kind.REFUND.value and outcome.result is not Result.PENDING:
        _refunded(db, row["original"], -row["amount_minor"])
    if outcome.result is Result.PENDING:
        db.execute("INSERT INTO uploads (intent) VALUES (?)", (row["intent"],))
    elif row["state"] == State.PENDING.value:
        db.execute("DELETE FROM uploads WHERE intent = ?", (row["intent"],))
    ended = outcome.result in (Result.DECLINED, Result.FAILED) and not outcome.training
    if ended and not outcome.chip_data:  # which names its card when it is uploaded
        forget_card(db, outcome.batch, outcome.stan)
    orders.moved(db, seq, row["intent"])
    orders.moved(db, seq, row["original"])


def _reversal_opened(db: sqlite3.Connection, seq: int, opened: ReversalOpened) -> None:
    number = latest(db, opened.batch, opened.stan, training=opened.training)
    serial = number["serial"] if number is not None else 0
    batch = one(db, "SELECT state FROM batches WHERE serial = ?", serial)
    row = rules.may_reverse(opened, number, batch["state"] if batch else "unknown")
    if row["state"] == State.APPROVED.value:
        _count(db, row, -1)
    db.execute("UPDATE transactions SET reversal = ? WHERE intent = ?", (seq, row["intent"]))
    _ended(db, row, seq, State.REVERSING)
    db.execute("INSERT INTO reversals (intent, opened) VALUES (?, ?)", (row["intent"], seq))


def _reversal_attempted(db: sqlite3.Connection, attempted: ReversalAttempted) -> None:
    row = _reversing(db, attempted)
    sql = "UPDATE reversals SET attempts = ? WHERE intent = ?"
    db.execute(sql, (attempted.attempt, row["intent"]))


def _reversal_confirmed(db: sqlite3.Connection, seq: int, confirmed: ReversalConfirmed) -> None:
    row = _reversing(db, confirmed)
    db.execute("DELETE FROM reversals WHERE intent = ?", (row["intent"],))
    if not confirmed.training:
        forget_card(db, confirmed.batch, confirmed.stan)
    _ended(db, row, seq, State.REVERSED)
    if row["kind"] == Kind.REFUND.value:
        _refunded(db, row["original"], -row["amount_minor"])
    else:
        used = _row(db, row["original"])
        if used is not None and row["stan"] in (used["voided_by"], used["completed_by"]):
            _used(db, row, 0)
    orders.moved(db, seq, row["original"])


def _reversing(db: sqlite3.Connection, told: ReversalAttempted | ReversalConfirmed) -> Row:
    """The transaction whose reversal is owed. Raises RuleBroken."""
    row = latest(db, told.batch, told.stan, training=told.training)
    if row is None or row["state"] != State.REVERSING.value:
        raise RuleBroken(f"answer to a reversal of {told.stan:06d} that is not owed")
    return row


def _ended(db: sqlite3.Connection, row: Row, seq: int, state: State) -> None:
    sql = "UPDATE transactions SET state = ?, ended = ? WHERE intent = ?"
    db.execute(sql, (state.value, seq, row["intent"]))
    orders.moved(db, seq, row["intent"])


def _used(db: sqlite3.Connection, row: Row, stan: int) -> None:
    """Mark the original of a void or completion as used by `stan`, or with 0 as free again."""
    kind, original = Kind(row["kind"]), row["original"]
    if kind is Kind.COMPLETION:
        _completed(db, original, stan)
    elif kind.is_void:
        _voided(db, original, stan)
    if kind is Kind.COMPLETION_VOID:  # the hold is there again, or used by that completion
        completion = _row(db, original)
        if completion is not None:
            _completed(db, completion["original"], 0 if stan else completion["stan"])


def _completed(db: sqlite3.Connection, hold: int, stan: int) -> None:
    db.execute("UPDATE transactions SET completed_by = ? WHERE intent = ?", (stan, hold))


def _voided(db: sqlite3.Connection, original: int, stan: int) -> None:
    """Mark the original as voided by `stan`, or with 0 as standing again; its day's sums too."""
    db.execute("UPDATE transactions SET voided_by = ? WHERE intent = ?", (stan, original))
    row = _row(db, original)
    if row is not None and not row["training"] and Kind(row["kind"]).sign:
        _day(db, row, -1 if stan else 1)


def _refunded(db: sqlite3.Connection, original: int, minor: int) -> None:
    sql = "UPDATE transactions SET refunded_minor = refunded_minor + ? WHERE intent = ?"
    db.execute(sql, (minor, original))


def _count(db: sqlite3.Connection, row: Row, sign: int) -> None:
    """Add an approved transaction to the sums of its batch and day, or take it out again."""
    kind = Kind(row["kind"])
    if row["training"] or not kind.sign:  # a hold counts nowhere
        return
    name = _TOTALS[kind]
    sums = f"{name} = {name} + ?, {name}_minor = {name}_minor + ?"
    db.execute(
        f"UPDATE batches SET {sums} WHERE serial = ?",  # noqa: S608 - names of ours
        (sign, sign * row["amount_minor"], row["serial"]),
    )
    if not kind.is_void:
        _day(db, row, sign)


def _day(db: sqlite3.Connection, row: Row, sign: int) -> None:
    key = (row["day"], row["kind"], row["operator"], row["currency"])
    db.execute(
        "INSERT INTO day_totals VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (date, kind, operator, currency)"
        " DO UPDATE SET count = count + excluded.count, minor = minor + excluded.minor",
        (*key, sign, sign * row["amount_minor"]),
    )


def _row(db: sqlite3.Connection, intent: int | None) -> Row | None:
    if not intent:
        return None
    return one(db, "SELECT * FROM transactions WHERE intent = ?", intent)
