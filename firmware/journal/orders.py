"""Orders of tills: what their records change, and what can be asked of them.

An order points to its intent, and so has the state of its payment. Every record that changes one is
a row of `order_events`, whose number is the order's version: a reader who follows these numbers
misses none.
"""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from firmware.journal import rules
from firmware.journal.order_records import OrderEnd, OrderEnded, OrderRecord, OrderState, OrderTaken
from firmware.journal.records import IntentRecorded
from firmware.journal.rows import Reading, columns_of, record_of
from firmware.journal.tables import one
from firmware.journal.transactions import State

PAGE_MAX = 100
RECENT_PAGES = 10
_BY_ID = "SELECT * FROM orders WHERE id = ?"


class OrderFound(Struct, frozen=True):
    """An order as the journal has it; `intent` is the record number of its payment, 0 for none."""

    taken: OrderTaken
    taken_at: str  # ISO 8601, with the shop's offset
    ended: OrderEnded | None
    intent: int
    state: OrderState
    version: int
    taken_seq: int = 0  # the number of the record `taken`


class OrderEvent(Struct, frozen=True):
    """A record that changed an order: its number, and where the order stood from then on."""

    version: int
    id: str
    state: OrderState


# -- what records change ----------------------------------------------------------------------


def project(db: sqlite3.Connection, seq: int, record: OrderRecord) -> None:
    """Bring the orders up to a record. Raises RuleBroken."""
    row = one(db, _BY_ID, record.id)
    if isinstance(record, OrderTaken):
        waiting = db.execute("SELECT id FROM orders WHERE state = 'taken'").fetchone()
        rules.may_take(record, known=row is not None, waiting=waiting["id"] if waiting else "")
        asked = (record.kind.value, record.amount_minor, record.currency, record.reference)
        db.execute(
            "INSERT INTO orders (id, taken, kind, amount_minor, currency, reference, state,"
            " version) VALUES (?, ?, ?, ?, ?, ?, 'taken', ?)",
            (record.id, seq, *asked, seq),
        )
        _event(db, seq, record.id, OrderState.TAKEN)
        return
    rules.may_end_order(record.id, OrderState(row["state"]) if row is not None else None)
    db.execute("UPDATE orders SET ended = ? WHERE id = ?", (seq, record.id))
    refused = record.end is OrderEnd.REFUSED
    state = OrderState.FAILED if refused else OrderState(record.end.value)
    _stands(db, seq, record.id, state)


def begun(db: sqlite3.Connection, seq: int, intent: IntentRecorded) -> None:
    """An intent carries out the order that it names. Raises RuleBroken."""
    if not intent.order_id:
        return
    rules.may_carry_out(intent, one(db, _BY_ID, intent.order_id))
    db.execute("UPDATE orders SET intent = ? WHERE id = ?", (seq, intent.order_id))
    _stands(db, seq, intent.order_id, OrderState.AUTHORISING)


def moved(db: sqlite3.Connection, seq: int, intent: int | None) -> None:
    """Note that record `seq` changed the transaction of `intent`, and so its order."""
    if not intent:
        return
    row = db.execute(
        "SELECT o.id, o.state AS before, t.* FROM orders o"
        " JOIN transactions t ON t.intent = o.intent WHERE o.intent = ? AND o.intent <> 0",
        (intent,),
    ).fetchone()
    if row is None:
        return
    of_payment = State(row["state"])
    waits = of_payment in (State.OPEN, State.PENDING)  # for the acquirer's answer
    state = OrderState.AUTHORISING if waits else OrderState(of_payment.value)
    if state is OrderState.APPROVED and row["voided_by"]:
        state = OrderState.VOIDED
    elif state is OrderState.APPROVED and row["refunded_minor"]:
        state = OrderState.REFUNDED
    _stands(db, seq, row["id"], state)


def _stands(db: sqlite3.Connection, seq: int, order: str, state: OrderState) -> None:
    db.execute("UPDATE orders SET state = ?, version = ? WHERE id = ?", (state.value, seq, order))
    _event(db, seq, order, state)


def _event(db: sqlite3.Connection, seq: int, order: str, state: OrderState) -> None:
    db.execute("INSERT OR REPLACE INTO order_events VALUES (?, ?, ?)", (seq, order, state.value))


# -- what can be asked ------------------------------------------------------------------------

_ORDER = f"""SELECT o.*, {columns_of("r")}, {columns_of("e")} FROM orders o
    JOIN records r ON r.seq = o.taken LEFT JOIN records e ON e.seq = o.ended """  # noqa: S608 - ours


class OrderLookups(Reading):
    """Reads orders; each answer costs a few steps in an index."""

    def order(self, order: str) -> OrderFound | None:
        """The order of this id."""
        found = self._orders("WHERE o.id = ?", (order,))
        return found[0] if found else None

    def last_order_of(self, till: str, sale_id: str) -> OrderFound | None:
        """The order that a till of nexo asked for last under this SaleID, of the latest thousand.

        Orders are searched by their last change, newest first: an order that is older than the
        wanted one can only have changed later by a void or refund.
        """
        before = 2**62
        for _ in range(RECENT_PAGES):
            where = "WHERE o.version < ? ORDER BY o.version DESC LIMIT ?"
            page = self._orders(where, (before, PAGE_MAX))
            mine = [
                each
                for each in page
                if each.taken.till == till
                and each.taken.message is not None
                and each.taken.message.sale_id == sale_id
            ]
            if mine:
                return max(mine, key=lambda each: each.taken_seq)
            if len(page) < PAGE_MAX:
                break
            before = page[-1].version
        return None

    def open_orders(self) -> list[OrderFound]:
        """Orders that were taken, and have neither an intent nor an end: at most one."""
        return self._orders("WHERE o.state = 'taken'", ())

    def orders_after(self, version: int, limit: int = PAGE_MAX) -> list[OrderFound]:
        """Orders that changed after a record, in the order in which they last did.

        `limit` counts records: a refund and its sale change by one, and are told together.
        """
        where = (
            "WHERE o.version IN (SELECT DISTINCT version FROM orders WHERE version > ?"
            " ORDER BY version LIMIT ?) ORDER BY o.version, o.id"
        )
        return self._orders(where, (version, limit))

    def order_events(self, after: int, limit: int = PAGE_MAX) -> list[OrderEvent]:
        """What changed orders after a record, oldest first; all of one record, or none of it."""
        return self._values(
            lambda row: OrderEvent(row["seq"], row["id"], OrderState(row["state"])),
            "SELECT * FROM order_events WHERE seq IN (SELECT DISTINCT seq FROM order_events"
            " WHERE seq > ? ORDER BY seq LIMIT ?) ORDER BY seq, id",
            (after, limit),
        )

    def _orders(self, where: str, values: tuple[str | int, ...]) -> list[OrderFound]:
        return self._values(_order_of, _ORDER + where, values)


def _order_of(row: sqlite3.Row) -> OrderFound:
    return OrderFound(
        taken=record_of(row, "r", OrderTaken),
        taken_at=row["r_at"],
        ended=record_of(row, "e", OrderEnded) if row["e_body"] is not None else None,
        intent=row["intent"],
        state=OrderState(row["state"]),
        version=row["version"],
        taken_seq=row["taken"],
    )
