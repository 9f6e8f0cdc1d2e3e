"""Makes journals of any length in a time that a benchmark can afford.

One sale is recorded by the journal itself; its rows are then multiplied in the tables, numbered,
settled batch by batch and chained as the journal does it. All records bear the time of the given
clock. Only those that a start checks are signed: that is what makes it quick. `pos verify` would
rightly refuse such a journal.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from firmware.core.kinds import CardFacts, Kind, Result, Totals, Verification
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import STAN_MAX, Payment
from firmware.journal.chain import encode, link
from firmware.journal.connection import DATABASE, LOG
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import (
    BatchOpened,
    IntentRecorded,
    OutcomeRecorded,
    Record,
    SettlementCompleted,
)
from firmware.journal.store import HEAD_CHECKED, ClockNow, Journal

BATCH_SALES, AMOUNT_MINOR = 500, 1_250
BYTES_PER_SALE = 1_600  # with indexes, roughly: whether the disk has room
CARD = CardFacts(hash="5a" * 32, first6="625094", last4="0016", pan_length=16, psn="01")
TEMPLATE_STAN, TEMPLATE_BATCH = 1, 1
# an interrupted run is repeated, so it needs no log; the journal has one again once it is opened
UNSAFE = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -200000")
LOG_BYTES = 3_500_000  # of a write-ahead log that SQLite is about to write back, at 1,000 pages


def open_journal(folder: Path, now: ClockNow) -> Journal:
    """The journal in a folder."""
    return Journal.open(folder, TerminalKeys.load_or_create(folder), now)


def intent(batch: int, stan: int, amount_minor: int = AMOUNT_MINOR) -> IntentRecorded:
    """A sale's intent as the flow records it."""
    payment = Payment(
        kind=Kind.SALE,
        terminal="10000001",
        merchant="104110054110001",
        batch=batch,
        stan=stan,
        amount=Money(amount_minor, CURRENCIES["CNY"]),
        date="20261122",
        time="090000",
        operator="01",
        merchant_name="幸福小店",
        store="S01",
    )
    return IntentRecorded.of(payment, CARD, frame_sha256="00" * 32)


def outcome(batch: int, stan: int) -> OutcomeRecorded:
    """Its approval."""
    return OutcomeRecorded(
        kind=Kind.SALE,
        batch=batch,
        stan=stan,
        result=Result.APPROVED,
        response_code="00",
        authorisation_code="123456",
        reference=f"6326{stan:08d}",
        verification=Verification.PIN,
    )


def make(folder: Path, record_count: int, now: ClockNow) -> int:
    """A journal of at least so many records; gives how many vouchers can be looked up in it."""
    journal = open_journal(folder, now)
    journal.append(intent(TEMPLATE_BATCH, TEMPLATE_STAN), outcome(TEMPLATE_BATCH, TEMPLATE_STAN))
    keys = journal.keys
    journal.close()
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        for pragma in UNSAFE:
            db.execute(pragma).fetchall()
        db.execute("BEGIN")
        sales = _Sales(db, keys)
        count = max(0, -(-(record_count - sales.seq) // 2))
        db.executemany(
            "INSERT INTO records (seq, at, body, previous, hash, signature)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            sales.records(count),
        )
        db.executemany(sales.insert, sales.transactions(count))
        last_batch, last_stan = sales.numbers(count - 1)
        db.executemany(
            "INSERT OR REPLACE INTO batches (serial, batch, state, opened, completed, intents,"
            " sales, sales_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            sales.batches(count),
        )
        following = last_stan % STAN_MAX + 1
        numbers = last_batch, last_batch, following  # so few batches that serial and number agree
        db.execute("UPDATE terminal SET serial = ?, batch = ?, next_stan = ?", numbers)
        db.execute("COMMIT")
    sync(folder / DATABASE)
    return min(count + 1, STAN_MAX)


def sync(path: Path) -> None:
    """Let a file reach the disk, so that no sync that is timed waits for it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def leave_log(folder: Path, now: ClockNow) -> None:
    """Sell until the write-ahead log is long, and leave it as a power cut does."""
    log, kept = folder / LOG, folder / "kept"
    journal = open_journal(folder, now)
    while not log.exists() or log.stat().st_size < LOG_BYTES:
        sell(journal, 1)
    shutil.copyfile(log, kept)
    journal.close()  # writes it back and takes it away; a start reads it all the same
    kept.rename(log)


def sell(journal: Journal, count: int) -> None:
    """Record so many sales, two commits each."""
    for _ in range(count):
        batch, stan = journal.batch(), journal.next_stan()
        journal.append(intent(batch, stan))
        journal.append(outcome(batch, stan))


class _Sales:
    """The sale that was recorded, and how others are made of it."""

    def __init__(self, db: sqlite3.Connection, keys: TerminalKeys) -> None:
        rows = db.execute("SELECT * FROM records ORDER BY seq DESC LIMIT 2").fetchall()
        outcome_row, intent_row = rows
        self.seq = int(outcome_row["seq"])
        self._first_seq = self.seq + 1
        self._hash = bytes(outcome_row["hash"])
        self._at = str(outcome_row["at"])
        self._bodies = (str(intent_row["body"]), str(outcome_row["body"]))
        self._row = dict(db.execute("SELECT * FROM transactions").fetchone())
        self._keys = keys
        places = ", ".join("?" * len(self._row))
        self.insert = f"INSERT INTO transactions ({', '.join(self._row)}) VALUES ({places})"  # noqa: S608

    def numbers(self, sale: int) -> tuple[int, int]:
        """Batch and STAN of a sale, the first made being 0."""
        return 1 + (sale + 1) // BATCH_SALES, 1 + (sale + 1) % STAN_MAX

    def records(self, count: int) -> Iterator[tuple[Any, ...]]:
        """Two records a sale and two between batches, chained."""
        signed_from = self._intent_seq(count - 1) - HEAD_CHECKED
        for body in self._told(count):
            self.seq += 1
            previous, digest = self._hash, link(self.seq, self._at, body, self._hash)
            signature = self._keys.sign(digest) if self.seq >= signed_from else bytes(64)
            self._hash = digest
            yield self.seq, self._at, body, previous, digest, signature

    def _told(self, count: int) -> Iterator[str]:
        """What each record says."""
        before = TEMPLATE_BATCH
        for sale in range(count):
            batch, stan = self.numbers(sale)
            if batch > before:
                yield from map(encode, _settled(before))
            before = batch
            for template in self._bodies:
                yield _renumbered(template, batch, stan)

    def _intent_seq(self, sale: int) -> int:
        """The record of a sale's intent."""
        batch, _ = self.numbers(sale)
        return self._first_seq + 2 * sale + 2 * (batch - TEMPLATE_BATCH)

    def batches(self, count: int) -> Iterator[tuple[Any, ...]]:
        """The projection's row of each batch."""
        last, _ = self.numbers(count - 1)
        for batch in range(TEMPLATE_BATCH, last + 1):
            first = (batch - 1) * BATCH_SALES - 1  # the sale before the first one made is -1
            opened = self._intent_seq(first) - 1
            if batch < last:
                completed = self._intent_seq(first + BATCH_SALES) - 2
                yield batch, batch, "closed", opened, completed, *_sums(BATCH_SALES)
            else:
                yield batch, batch, "open", opened, None, *_sums(count - first)

    def transactions(self, count: int) -> Iterator[tuple[Any, ...]]:
        """The projection's row of each sale."""
        for sale in range(count):
            batch, stan = self.numbers(sale)
            intent_seq = self._intent_seq(sale)
            row = self._row | {
                "intent": intent_seq,
                "outcome": intent_seq + 1,
                "serial": batch,
                "batch": batch,
                "stan": stan,
                "reference": f"6326{stan:08d}",
            }
            if row.get("ended") is not None:
                row["ended"] = intent_seq + 1
            yield tuple(row.values())


def _sums(sales: int) -> tuple[int, int, int]:
    """Numbers used, sales, and their sum."""
    return sales, sales, sales * AMOUNT_MINOR


def _settled(batch: int) -> tuple[Record, Record]:
    """A full batch's settlement, and the next one's opening."""
    totals = Totals(sales=BATCH_SALES, sales_minor=BATCH_SALES * AMOUNT_MINOR)
    completed = SettlementCompleted(
        batch=batch,
        totals=totals,
        host_totals=totals,
        balanced=True,
        operator="01",
        date="20261122",
        time="220000",
    )
    return completed, BatchOpened(batch=batch + 1)


def _renumbered(body: str, batch: int, stan: int) -> str:
    """A record's text with another batch and voucher number."""
    body = body.replace(f'"batch":{TEMPLATE_BATCH},', f'"batch":{batch},')
    body = body.replace(f'"stan":{TEMPLATE_STAN},', f'"stan":{stan},')
    return body.replace(f"6326{TEMPLATE_STAN:08d}", f"6326{stan:08d}")
