"""The journal opens only when it is certain, writes whole commits, and fails for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Kind, Result
from firmware.core.masked import SecretKey
from firmware.journal import connection as engine
from firmware.journal import schema
from firmware.journal.chain import ORIGIN, decode, encode, faults_of
from firmware.journal.faults import JournalFault, RuleBroken, Trouble
from firmware.journal.keys import TerminalKeys
from firmware.journal.projection import rebuild
from firmware.journal.records import (
    AmountAgreed,
    BatchOpened,
    DeviceFailed,
    EntryAbandoned,
    IntentRecorded,
    KeyIntroduced,
)
from firmware.journal.storage import Storage
from firmware.journal.store import Journal
from firmware.journal.transactions import State
from tests.journal.story import FRAME, FRAME_SHA256, KEYS, Clock, Shop, outcome_of
from tests.journal.tamper import forge_sql


def trouble_of_opening(directory: Path, keys: TerminalKeys = KEYS) -> Trouble:
    with pytest.raises(JournalFault) as caught:
        Journal.open(directory, keys, Clock())
    return caught.value.trouble


def edit(shop: Shop, *statements: str) -> None:
    """Change the database behind the journal's back."""
    shop.journal.close()
    forge_sql(shop.directory / engine.DATABASE, *statements)


def test_a_first_start_introduces_the_key_and_opens_batch_one(shop: Shop) -> None:
    records = [entry.record for entry in shop.journal.records()]
    assert isinstance(records[0], KeyIntroduced)
    assert records[0].public_key == KEYS.public_hex
    assert records[1:] == [BatchOpened(batch=1)]
    assert (shop.journal.batch(), shop.journal.next_stan(), shop.journal.next_job()) == (1, 1, 1)


def test_every_record_is_chained_to_the_one_before_and_signed(shop: Shop) -> None:
    shop.sale()
    before = None
    for entry in shop.journal.records():
        assert faults_of(entry, before, KEYS.public_key) == []
        before = entry
    assert before is not None
    assert shop.journal.head() == (before.seq, before.hash.hex())
    assert next(shop.journal.records()).previous == ORIGIN


def test_a_changed_body_breaks_its_hash_and_a_swapped_hash_its_signature(shop: Shop) -> None:
    first, second = list(shop.journal.records(1, 2))
    changed = replace(second, body=second.body.replace("1", "2"))
    assert faults_of(changed, first, KEYS.public_key) == ["its hash is not that of its content"]
    assert len(faults_of(replace(second, hash=first.hash), first, KEYS.public_key)) == 2
    assert faults_of(replace(second, seq=3), first, KEYS.public_key)


def test_numbers_and_states_survive_a_restart(shop: Shop) -> None:
    sale = shop.sale()
    shop.journal.append(shop.intent())
    shop.reopen()
    assert shop.journal.next_stan() == 3
    assert shop.find(sale).state is State.APPROVED
    assert [each.stan for each in shop.journal.open_intents()] == [2]


def test_records_of_one_append_are_written_together_or_not_at_all(shop: Shop) -> None:
    head = shop.journal.head()
    intent = shop.intent()
    with pytest.raises(RuleBroken):
        shop.journal.append(intent, outcome_of(intent), outcome_of(intent))
    assert shop.journal.head() == head
    assert shop.journal.last_transaction() is None
    assert shop.sale().stan == 1  # the journal goes on, and the number was not used up


def test_nobody_changes_or_deletes_a_record(shop: Shop) -> None:
    db = shop.db
    for statement in ("DELETE FROM records", "UPDATE records SET body = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            db.execute(statement)


def test_a_full_disk_writes_nothing_and_fails_the_object_for_good(tmp_path: Path) -> None:
    class NearlyFull(Storage):
        def connect(self, path: Path) -> sqlite3.Connection:
            db = super().connect(path)
            db.execute(f"PRAGMA max_page_count = {(160 << 10) // engine.PAGE_BYTES}")
            return db

    shop = Shop.open(tmp_path, storage=NearlyFull())
    last, words = 0, "x" * 3000

    def fill() -> None:
        nonlocal last
        while True:
            shop.journal.append(DeviceFailed(device="printer", detail=words))
            last, _ = shop.journal.head()

    with pytest.raises(JournalFault) as caught:
        fill()
    assert caught.value.trouble is Trouble.FULL
    with pytest.raises(JournalFault) as again:
        shop.journal.append(EntryAbandoned(kind=Kind.SALE, step="amount", reason="cancel"))
    assert again.value.trouble is Trouble.FAILED
    shop.reopen()
    assert shop.journal.head()[0] == last
    assert shop.sale().stan == 1
    shop.journal.close()


def test_a_frame_is_kept_under_its_hash_only(shop: Shop) -> None:
    shop.agree()
    assert shop.journal.frame(FRAME_SHA256) == FRAME
    assert shop.journal.frame("0" * 64) is None
    with pytest.raises(RuleBroken):
        shop.journal.append(blobs={FRAME_SHA256: FRAME + b"!"})


def test_an_agreement_without_its_frame_is_not_recorded(shop: Shop) -> None:
    agreed = AmountAgreed(
        kind=Kind.SALE,
        amount_minor=1,
        currency="CNY",
        frame_sha256="0" * 64,
        shown_at_ms=0,
        pressed_at_ms=600,
    )
    with pytest.raises(RuleBroken, match="frame"):
        shop.journal.append(agreed)


def test_durability_settings_are_those_that_were_promised(shop: Shop) -> None:
    for name, _, expected in engine.PRAGMAS:
        assert shop.db.execute(f"PRAGMA {name}").fetchone()[0] == expected


def in_memory(_path: Path) -> sqlite3.Connection:
    """A database that cannot have a write-ahead log."""
    return sqlite3.connect(":memory:", isolation_level=None)


def too_old(path: Path) -> sqlite3.Connection:
    connection = engine.connect(path)
    connection.create_function("sqlite_version", 0, lambda: "3.36.9")
    return connection


class Lax(sqlite3.Connection):
    """Does not hear what sync level is wanted."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("PRAGMA synchronous = FULL", ""), *parameters)


def lax(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, factory=Lax)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@pytest.mark.parametrize(
    ("connect", "words"),
    [
        (in_memory, "journal_mode is memory; expected wal"),
        (too_old, "SQLite 3.36.9; expected 3.37.0 or later"),
        (lax, "synchronous is 1; expected 2"),
    ],
    ids=["journal mode", "version", "sync level"],
)
def test_an_engine_that_does_not_keep_what_it_is_given_is_refused(
    tmp_path: Path, connect: Callable[[Path], sqlite3.Connection], words: str
) -> None:
    class Lacking(Storage):
        def connect(self, path: Path) -> sqlite3.Connection:
            return connect(path)

    with pytest.raises(JournalFault, match=words) as caught:
        Journal.open(tmp_path, KEYS, Clock(), Lacking())
    assert caught.value.trouble is Trouble.ENGINE


def test_two_processes_never_share_a_journal(shop: Shop) -> None:
    assert trouble_of_opening(shop.directory) is Trouble.BUSY


def test_a_journal_of_a_later_release_is_refused(shop: Shop) -> None:
    edit(shop, f"PRAGMA user_version = {schema.SCHEMA + 1}")
    assert trouble_of_opening(shop.directory) is Trouble.NEWER


def test_projections_made_again_from_the_log_are_the_same(shop: Shop) -> None:
    sale = shop.sale()
    shop.refund(sale, 100)
    shop.void(shop.sale())
    shop.settle()
    shop.journal.append(shop.intent())

    def tables() -> dict[str, list[tuple[object, ...]]]:
        db = shop.db
        return {
            name: sorted(tuple(row) for row in db.execute(f"SELECT * FROM {name}"))
            for name in schema.PROJECTIONS
        }

    before = tables()
    assert all(before[name] for name in ("transactions", "batches", "day_totals"))
    rebuild(shop.db, shop.journal.records())
    assert tables() == before


def test_a_journal_that_is_gone_is_not_taken_for_a_first_start(shop: Shop) -> None:
    shop.sale()
    shop.journal.close()
    for left in shop.directory.glob(engine.DATABASE + "*"):
        left.unlink()
    assert trouble_of_opening(shop.directory) is Trouble.LOST


@pytest.mark.parametrize("which", ["signing", "card", "pepper"])
def test_a_journal_of_other_keys_is_refused(shop: Shop, which: str) -> None:
    shop.journal.close()
    kept = {name: getattr(KEYS, name) for name in ("signing", "card", "pepper")}
    other = TerminalKeys(**kept | {which: SecretKey(b"?" * 32)})
    assert trouble_of_opening(shop.directory, other) is Trouble.KEYS


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE records SET body = replace(body, '12850', '12851') WHERE seq = 3",
        "UPDATE records SET at = '2026-03-02T10:00:00.001+08:00' WHERE seq = 4",
        "DELETE FROM records WHERE seq = 3",
        "DELETE FROM records",
        "DELETE FROM identity",
    ],
)
def test_damage_near_the_head_is_found_at_start(shop: Shop, damage: str) -> None:
    shop.sale()
    edit(shop, damage)
    assert trouble_of_opening(shop.directory) is Trouble.CORRUPT


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / engine.DATABASE).write_bytes(b"not a database at all" * 100)
    assert trouble_of_opening(tmp_path) is Trouble.CORRUPT


def test_a_directory_that_cannot_be_used_is_a_fault_with_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert trouble_of_opening(tmp_path / "file" / "data") is Trouble.IO


def test_a_record_is_the_same_text_each_time_and_reads_back(shop: Shop) -> None:
    intent = shop.intent(Kind.REFUND, 1)
    body = encode(intent)
    assert body == encode(decode(body))
    assert decode(body) == intent
    assert isinstance(decode(body), IntentRecorded)
    assert '"type":"IntentRecorded"' in body
    with pytest.raises(ValueError):
        decode('{"type":"Nonsense"}')


def test_an_outcome_declined_moves_nothing(shop: Shop) -> None:
    declined = shop.end(shop.intent(), Result.DECLINED)
    assert declined.state is State.DECLINED
    assert shop.journal.totals(1).sales == 0
