"""SQLite plans each statement of the journal once, not each time that it is asked.

Where a value is compared with a column by which an index is partial, SQLite looks at the value
while it plans, and plans anew for every other one (the query planner's overview, "Partial
Indexes"): that costs several times what the look-up does.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from firmware.core.kinds import Copy
from firmware.journal.connection import connect
from firmware.journal.paper_records import PrintQueued, PrintSending, PrintSent
from firmware.journal.storage import Storage
from tests.journal.story import Shop, confirmed, opened


class Watched(sqlite3.Connection):
    """Counts how often each statement is planned: SQLite asks the authoriser then alone."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.planned: Counter[str] = Counter()
        self._asked = False
        self.set_authorizer(self._may)

    def _may(self, *_: object) -> int:
        self._asked = True
        return sqlite3.SQLITE_OK

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self._asked = False
        try:
            return super().execute(sql, *values)
        finally:
            self.planned[sql] += self._asked


def _a_day(shop: Shop, *, training: bool) -> None:
    journal = shop.journal
    for paid in (shop.sale(training=training), shop.sale(700, training=training)):
        journal.append(PrintQueued(
            job=(job := journal.next_job()), copy=Copy.MERCHANT,
            batch=paid.batch, stan=paid.stan, training=training,
        ))  # fmt: skip
        journal.append(PrintSending(job=job), PrintSent(job=job))
        named = paid.reference, paid.date
        assert journal.by_voucher(paid.stan, training=training)
        assert journal.by_voucher_and_date(paid.stan, paid.date, training=training)
        assert journal.by_reference(*named, training=training)
        assert journal.knows_reference(paid.reference, training=training)
        assert journal.by_authorisation(*named, training=training) is None
        assert not journal.numbers_used_up(training=training)
        shop.clock.advance(minutes=1)
        journal.duplicate_of(paid.card.hash, paid.amount, shop.clock(), training=training)
    shop.void(paid)
    shop.refund(shop.sale(900, training=training), 300)
    open_ = shop.intent(training=training)
    journal.append(open_)
    journal.append(opened(open_))
    assert journal.reversals()
    journal.append(confirmed(open_))


def test_no_statement_is_planned_twice_whatever_it_is_asked_with(tmp_path: Path) -> None:
    class Watching(Storage):
        def connect(self, path: Path) -> sqlite3.Connection:
            return connect(path, Watched)

    shop = Shop.open(tmp_path / "data", storage=Watching())
    db = shop.db
    assert isinstance(db, Watched)
    with closing(shop.journal):
        db.planned.clear()  # the schema was made meanwhile
        for _ in range(2):
            _a_day(shop, training=False)
            _a_day(shop, training=True)
    assert sum(db.planned.values()) > 40, "it counts"
    assert {sql: times for sql, times in db.planned.items() if times > 1} == {}
