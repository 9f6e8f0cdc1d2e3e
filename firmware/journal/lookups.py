"""What the journal can be asked. Every answer costs a few steps in an index, whatever its length.

All methods raise JournalFault when the disk does not answer, and block only for its time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from firmware.core.kinds import Kind, Totals
from firmware.journal.chain import ORIGIN, Entry, public_key_of
from firmware.journal.faults import DATABASE_ERRORS, JournalFault, Trouble, fault_of
from firmware.journal.orders import OrderLookups
from firmware.journal.records import (
    PrintQueued,
    ReversalOpened,
    SettlementCompleted,
    SettlementStarted,
)
from firmware.journal.rows import (
    believed,
    columns_of,
    damage_is_a_fault,
    entry_of,
    record_of,
    transaction_of,
)
from firmware.journal.transactions import PrintJob, Reversal, State, Transaction, Upload

# a row of the projection with the records that tell the rest of it
_TRANSACTION = f"""SELECT t.*, {columns_of("i")}, {columns_of("o")}, e.hash AS ended_hash,
        b.state AS batch_state
    FROM transactions t JOIN records i ON i.seq = t.intent
    LEFT JOIN records o ON o.seq = t.outcome LEFT JOIN records e ON e.seq = t.ended
    LEFT JOIN batches b ON b.serial = t.serial """  # noqa: S608 - names of ours
_RECORD = columns_of("r")
_NEVER = 2**62
_LATEST = "SELECT serial FROM batches WHERE batch = ? ORDER BY serial DESC LIMIT 1"
LESSONS_MAX = 10_000  # of one batch
_ENTRY = "SELECT seq, at, body, previous, hash, signature FROM records "


@damage_is_a_fault
class Lookups(OrderLookups):
    """Reads the journal through the one connection it is given."""

    believes_hashes_only = True  # who shows what was tampered with reads it all the same

    # -- numbers ------------------------------------------------------------------------------

    def batch(self) -> int:
        """The open batch; the first one is 1."""
        return int(self._one("SELECT batch FROM terminal")["batch"])

    def serials(self) -> range:
        """Every batch there was, oldest first, by its place among them: numbers begin anew."""
        return range(1, self._one("SELECT serial FROM terminal")["serial"] + 1)

    def serial_of(self, batch: int) -> int:
        """The latest batch of this number by its place among all; 0 when there is none."""
        rows = self._all(_LATEST, (batch,))
        return int(rows[0]["serial"]) if rows else 0

    def next_stan(self, *, training: bool = False) -> int:
        """The voucher number the next transaction takes: 1 to 999,999, then 1 again."""
        row = self._one("SELECT next_stan, next_training_stan FROM terminal")
        return int(row["next_training_stan" if training else "next_stan"])

    def numbers_used_up(self, *, training: bool = False) -> bool:
        """Whether the open batch has the next voucher number already: all of them are given out."""
        rows = self._all(
            "SELECT 1 FROM terminal b JOIN transactions t ON t.stan = ? AND t.batch = b.batch"
            " AND t.training = ? AND t.serial = b.serial",
            (self.next_stan(training=training), training),
        )
        return bool(rows)

    def next_job(self) -> int:
        """The number the next print job takes."""
        return int(self._one("SELECT next_job FROM terminal")["next_job"])

    def signed_on(self) -> str:
        """The operator who is signed on, or ""."""
        return str(self._one("SELECT signed_on FROM terminal")["signed_on"])

    def training(self) -> bool:
        """Whether training mode was left on."""
        return bool(self._one("SELECT training FROM terminal")["training"])

    def staff(self) -> dict[str, str]:
        """Operators by number, each with the SHA-256 of the password hash that the log names."""
        return {row["number"]: row["password_digest"] for row in self._all("SELECT * FROM staff")}

    def operator_row(self, number: str) -> sqlite3.Row | None:
        """The row in which `firmware.journal.operators` keeps an operator."""
        rows = self._all("SELECT * FROM operators WHERE number = ?", (number,))
        return rows[0] if rows else None

    # -- transactions -------------------------------------------------------------------------

    def transaction(
        self, batch: int, stan: int, *, training: bool = False, date: str = ""
    ) -> Transaction | None:
        """The latest transaction with this batch and voucher number, the one of `date` first."""
        found = self._transactions(
            "WHERE t.stan = ? AND t.batch = ? AND t.training = ?"
            " ORDER BY t.date = ? DESC, t.serial DESC LIMIT 1",
            (stan, batch, training, date),
        )
        return found[0] if found else None

    def by_voucher(self, stan: int, *, training: bool = False) -> Transaction | None:
        """The latest transaction with this voucher number, so the open batch's if it has one."""
        found = self._transactions(
            "WHERE t.stan = ? AND t.training = ? ORDER BY t.serial DESC LIMIT 1", (stan, training)
        )
        return found[0] if found else None

    def by_voucher_and_date(
        self, stan: int, date: str, *, training: bool = False
    ) -> Transaction | None:
        """The transaction with this voucher number on the day YYYYMMDD."""
        found = self._transactions(
            "WHERE t.stan = ? AND t.date = ? AND t.training = ? ORDER BY t.serial DESC LIMIT 1",
            (stan, date, training),
        )
        return found[0] if found else None

    def by_intent(self, intent: int) -> Transaction | None:
        """The transaction whose intent has this record number."""
        found = self._transactions("WHERE t.intent = ?", (intent,))
        return found[0] if found else None

    def by_reference(
        self, reference: str, date: str, *, training: bool = False
    ) -> Transaction | None:
        """The transaction that the host gave this reference number, on the day YYYYMMDD."""
        found = self._transactions(
            "WHERE t.reference = ? AND t.reference <> '' AND t.date = ? AND t.training = ?"
            " ORDER BY t.intent DESC LIMIT 1",
            (reference, date, training),
        )
        return found[0] if found else None

    def last_transaction(self, *, training: bool = False) -> Transaction | None:
        """The latest transaction, however it ended."""
        return next(iter(self.list_transactions(None, 0, 1, training=training)), None)

    def list_transactions(
        self,
        batch: int | None,
        offset: int,
        limit: int,
        *,
        training: bool = False,
        states: Collection[State] = tuple(State),
        date: str | None = None,
        serial: int | None = None,
    ) -> list[Transaction]:
        """Transactions of a batch, or of all, newest first; of the day YYYYMMDD, in `states`.

        The batch is the latest of its number, or the one with `serial`.
        """
        values: list[int | str] = []
        where = f"t.training = {int(training)}"  # spelt out: few are lessons, indexed
        if batch is not None:
            serial = self.serial_of(batch)
        if serial is not None:  # a batch is a stretch of the log: from its opening to the next's
            where += " AND t.intent > (SELECT opened FROM batches WHERE serial = ?)"
            where += " AND t.intent < coalesce((SELECT opened FROM batches WHERE serial = ?), ?)"
            values += [serial, serial + 1, _NEVER]
        if date is not None:  # looks at every row, but unpacks none of another day
            where += " AND t.date = ?"
            values.append(date)
        if len(states) < len(State):
            where += f" AND t.state IN ({', '.join(repr(each.value) for each in states)})"
        return self._transactions(
            f"WHERE {where} ORDER BY t.intent DESC LIMIT ? OFFSET ?", (*values, limit, offset)
        )

    def open_intents(self) -> list[Transaction]:
        """Intents without an outcome, oldest first: their fate is not known."""
        return self._transactions("WHERE t.state = 'open' ORDER BY t.intent")

    def reversals(self) -> list[Reversal]:
        """Reversals that the host has not confirmed, oldest first."""
        rows = self._all(
            f"SELECT v.intent, v.attempts, v.told, {_RECORD} FROM reversals v"  # noqa: S608 - names of ours
            " JOIN records r ON r.seq = v.opened ORDER BY v.opened"
        )
        owed = []
        for row in rows:
            opened = record_of(row, "r", ReversalOpened)
            found = self._transactions("WHERE t.intent = ?", (row["intent"],))
            owed.append(
                Reversal(
                    transaction=found[0],
                    reason=opened.reason,
                    attempts=row["attempts"],
                    told=bool(row["told"]),
                )
            )
        return owed

    def uploads(self) -> list[Upload]:
        """Offline approvals that the host has not answered for, oldest first."""
        rows = self._all("SELECT intent, attempts, told FROM uploads ORDER BY intent")
        return [
            Upload(
                transaction=self._transactions("WHERE t.intent = ?", (row["intent"],))[0],
                attempts=row["attempts"],
                told=bool(row["told"]),
            )
            for row in rows
        ]

    def sealed(self, batch: int, stan: int) -> bytes:
        """The sealed card data of an upload that is owed. Raises JournalFault when it is gone."""
        sql = "SELECT card FROM sealed WHERE batch = ? AND stan = ?"
        return bytes(self._one(sql, (batch, stan))["card"])

    def print_jobs(self) -> list[PrintJob]:
        """Paper that is owed, oldest first: queued, or sending when the power went."""
        rows = self._all(
            f"SELECT p.job, p.state, {_RECORD} FROM print_jobs p"  # noqa: S608 - names of ours
            " JOIN records r ON r.seq = p.queued ORDER BY p.job"
        )
        jobs = []
        for row in rows:
            queued = record_of(row, "r", PrintQueued)
            jobs.append(
                PrintJob(
                    job=queued.job,
                    held=queued.held,
                    copy=queued.copy,
                    batch=queued.batch,
                    stan=queued.stan,
                    duplicate=queued.duplicate,
                    state=row["state"],
                    training=queued.training,
                    queued_at=row["r_at"],
                )
            )
        return jobs

    # -- sums and guards; training counts nowhere ----------------------------------------------

    def totals(self, batch: int, *, serial: int | None = None) -> Totals:
        """Approved transactions of a batch: a voided sale is still a sale, its void a void."""
        names = ", ".join(Totals.__struct_fields__)
        sql = f"SELECT {names} FROM batches WHERE serial = ?"  # noqa: S608 - names of ours
        rows = self._all(sql, (self.serial_of(batch) if serial is None else serial,))
        return Totals(**dict(rows[0])) if rows else Totals()

    def lesson_totals(self, batch: int) -> Totals:
        """What a batch's lessons would come to, if they counted."""
        sums = dict.fromkeys(Totals.__struct_fields__, 0)
        for one in self.list_transactions(batch, 0, LESSONS_MAX, training=True):
            if one.state is State.APPROVED:
                sums[f"{one.kind.value}s"] += 1
                sums[f"{one.kind.value}s_minor"] += one.amount_minor
        return Totals(**sums)

    def count(self, batch: int) -> int:
        """How many numbers of a batch are used, however the transactions ended."""
        rows = self._all("SELECT intents FROM batches WHERE serial = ?", (self.serial_of(batch),))
        return int(rows[0]["intents"]) if rows else 0

    def duplicate_of(
        self,
        card_hash: str,
        amount_minor: int,
        currency: str,
        since_iso: str,
        *,
        psn: str = "",
        training: bool = False,
    ) -> Transaction | None:
        """A sale that stands, on this card, of this amount, at or after an ISO 8601 moment.

        Moments are those of a clock that nobody moved: what a wrong clock put into the future, or
        long into the past, was as long ago as it was.
        """
        jumped_s = int(self._one("SELECT jumped_s FROM terminal")["jumped_s"])
        since_s = int(datetime.fromisoformat(since_iso).timestamp()) - jumped_s
        found = self._transactions(
            "WHERE t.card = ? AND t.clock_s >= ? AND t.psn = ? AND t.amount_minor = ?"
            " AND t.kind = ? AND t.state = 'approved' AND t.voided_by = 0 AND t.training = ?"
            " AND t.currency = ?"
            " ORDER BY t.intent DESC LIMIT 1",
            (card_hash, since_s, psn, amount_minor, Kind.SALE.value, training, currency),
        )
        return found[0] if found else None

    # -- settlement ---------------------------------------------------------------------------

    def settlement(self, batch: int, *, date: str = "") -> SettlementCompleted | None:
        """How the latest batch of this number was closed, the one closed on `date` first."""
        found = self._settlements("b.batch = ? ORDER BY b.serial DESC", (batch,))
        return next((one for one in found if one.date == date), found[0] if found else None)

    def last_settlement(self) -> SettlementCompleted | None:
        """How the latest closed batch was closed, or None."""
        where = "b.completed IS NOT NULL ORDER BY b.serial DESC LIMIT 1"
        return next(iter(self._settlements(where, ())), None)

    def pending_settlement(self) -> SettlementStarted | None:
        """The settlement of the open batch that was started and not completed, or None."""
        rows = self._all(
            f"SELECT {_RECORD} FROM terminal s JOIN batches b ON b.serial = s.serial"  # noqa: S608 - names of ours
            " JOIN records r ON r.seq = b.started WHERE b.state = 'settling'"
        )
        return record_of(rows[0], "r", SettlementStarted) if rows else None

    # -- settings ------------------------------------------------------------------------------

    def settings(self) -> dict[str, str]:
        """The settings of the last start by key; none where no start has told any."""
        return {row["key"]: row["value"] for row in self._all("SELECT * FROM settings")}

    def setting_changes(self, serial: int | None = None) -> list[Entry]:
        """What changed of the settings while a batch was open, or ever, oldest first."""
        first, last = 0, _NEVER
        if serial is not None:
            sql = "SELECT opened FROM batches WHERE serial IN (?, ?) ORDER BY serial"
            opened = [row["opened"] for row in self._all(sql, (serial, serial + 1))]
            first, last = opened[0], (*opened, _NEVER)[1]
        numbers = "SELECT changed FROM setting_changes WHERE changed BETWEEN ? AND ?"
        rows = self._all(f"{_ENTRY}WHERE seq IN ({numbers}) ORDER BY seq", (first, last))
        return [entry_of(row) for row in rows]

    # -- the log ------------------------------------------------------------------------------

    def head(self) -> tuple[int, str]:
        """Number and hash (hex) of the last record; (0, 64 zeros) when there is none."""
        rows = self._all("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1")
        return (rows[0]["seq"], rows[0]["hash"].hex()) if rows else (0, ORIGIN.hex())

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Entry]:
        """The rows from `first` to `last`, both included, read as they are taken."""
        step = 500
        start = first
        while last is None or start <= last:
            end = start + step - 1 if last is None else min(start + step - 1, last)
            rows = self._all(_ENTRY + "WHERE seq BETWEEN ? AND ? ORDER BY seq", (start, end))
            if not rows and (last is None or start > self.head()[0]):
                return
            for row in rows:
                entry = entry_of(row)
                yield believed(entry) if self.believes_hashes_only else entry
            start = end + 1

    def public_keys(self) -> list[tuple[int, Ed25519PublicKey]]:
        """The terminal's signing keys, each with the record that introduced it, oldest first."""
        rows = self._all("SELECT introduced, public_key FROM identity ORDER BY introduced")
        try:
            return [(row["introduced"], public_key_of(row["public_key"])) for row in rows]
        except ValueError as error:
            raise JournalFault(Trouble.CORRUPT, f"a key that is none: {error}") from error

    def every_record(self) -> Iterator[Entry]:
        """Every row there is, also such as stand where none belongs, one at a time."""
        try:
            for row in self._db.execute(_ENTRY + "ORDER BY seq"):
                yield entry_of(row)
        except DATABASE_ERRORS as error:
            raise fault_of(error) from error

    def frame(self, sha256: str) -> bytes | None:
        """The 1,024 bytes of a frame that was agreed to, or None."""
        rows = self._all("SELECT packed FROM frames WHERE sha256 = ?", (sha256,))
        return rows[0]["packed"] if rows else None

    # -- below --------------------------------------------------------------------------------

    def _transactions(self, where: str, values: Sequence[Any] = ()) -> list[Transaction]:
        believing = not self.believes_hashes_only
        rows = self._all(_TRANSACTION + where, values)
        return [transaction_of(row, believing=believing) for row in rows]

    def _settlements(self, where: str, values: Sequence[Any]) -> list[SettlementCompleted]:
        table = "batches b JOIN records r ON r.seq = b.completed"
        rows = self._all(f"SELECT {_RECORD} FROM {table} WHERE {where}", values)  # noqa: S608 - ours
        return [record_of(row, "r", SettlementCompleted) for row in rows]
