"""`pos verify`: whoever changes a journal is found, whatever they change."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from firmware.core.kinds import Copy, Result
from firmware.journal import connection as engine
from firmware.journal import schema
from firmware.journal.chain import ChainedRecord, encode, faults_of, link
from firmware.journal.genuine import verify_signed_record
from firmware.journal.keys import TerminalKeys
from firmware.journal.operators import Cost, Operators
from firmware.journal.paper_records import PrintQueued, PrintSending, PrintSent
from firmware.journal.records import DeviceFailed, TerminalStarted
from firmware.journal.signed_record import signed_record
from firmware.journal.verify import verify_journal
from tests.journal.story import KEYS, Shop, confirmed, opened
from tests.journal.tamper import copy_of, cut_tail, forge, forge_sql

CHEAP = Cost(passes=1, memory_kib=8)
PUBLIC = KEYS.public_key
TRUSTED = [(1, PUBLIC)]


@dataclass(frozen=True)
class Original:
    """An untouched journal of a few busy days, its keys, and the QR of its last receipt."""

    directory: Path
    entries: list[ChainedRecord]
    keys: TerminalKeys
    qr: str

    @property
    def trusted(self) -> list[tuple[int, Ed25519PublicKey]]:
        """Both keys, each with the record that introduces it."""
        *_, changed = (each.seq for each in self.entries if "KeyIntroduced" in each.body)
        return [(1, PUBLIC), (changed, self.keys.public_key)]

    def key_of(self, entry: ChainedRecord) -> Ed25519PublicKey:
        """The key that signs a record: the old one signs what introduces the new one."""
        _, (changed, second) = self.trusted
        return second if entry.seq > changed else PUBLIC


def busy_days(shop: Shop) -> None:
    """At least 200 records of every sort, and another key to sign with midway."""
    shop.journal.append(TerminalStarted(version="1", schema=1))
    Operators(shop.journal, CHEAP)
    job = 0
    for day in range(4):
        for number in range(10):
            shop.agree(1000 + number)
            sale = shop.sale(1000 + number)
            job += 1
            shop.journal.append(
                PrintQueued(job=job, copy=Copy.MERCHANT, batch=sale.batch, stan=sale.stan)
            )
            shop.journal.append(PrintSending(job=job), PrintSent(job=job))
            shop.clock.advance(minutes=7)
        shop.void(sale)
        shop.refund(shop.sale(5_000), 1_234)
        shop.end(shop.intent(), Result.DECLINED)
        lost = shop.intent()
        shop.journal.append(lost)
        shop.journal.append(opened(lost))
        shop.journal.append(confirmed(lost))
        shop.sale(training=True)
        if day < 3:
            shop.settle()
        if day == 1:
            shop.journal.change_key()
        shop.clock.advance(days=1)
    shop.sale(4_711)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    directory = tmp_path_factory.mktemp("original")
    shop = Shop.open(directory)
    busy_days(shop)
    last = shop.journal.last_transaction()
    assert last is not None
    entries, keys = list(shop.journal.records()), shop.journal.keys
    shop.journal.close()
    assert len(entries) >= 200
    return Original(directory, entries, keys, signed_record(last, keys))


@pytest.fixture
def database(original: Original, tmp_path: Path) -> Path:
    return copy_of(original.directory, tmp_path / "copy")


def test_an_untouched_journal_is_intact(original: Original) -> None:
    report = verify_journal(original.directory, PUBLIC)
    assert report.faults == []
    assert report.records == len(original.entries)
    assert report.head_hash == original.entries[-1].hash.hex()
    assert report.keys == [KEYS.public_hex, original.keys.public_hex]


def test_a_journal_in_use_is_verified_without_disturbing_it(shop: Shop) -> None:
    shop.sale()
    assert verify_journal(shop.directory, PUBLIC).intact
    shop.sale()
    assert verify_journal(shop.directory).intact


def test_a_journal_of_another_terminal_is_told_apart(database: Path) -> None:
    key = TerminalKeys.generate()
    words = f"no record introduces the key {key.public_hex[:16]} that was given"
    assert verify_journal(database, key.public_key).faults == [words]


def test_what_is_no_journal_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    assert verify_journal(tmp_path, PUBLIC).faults == ["there is no journal here"]
    (tmp_path / engine.DATABASE).write_bytes(b"\0" * 5000)
    assert not verify_journal(tmp_path, PUBLIC).intact
    (tmp_path / engine.DATABASE).write_bytes(b"")
    assert not verify_journal(tmp_path, PUBLIC).intact


# -- records ------------------------------------------------------------------------------------


def edits(entry: ChainedRecord, wrong: tuple[int, ...] = (1,)) -> Iterator[ChainedRecord]:
    """The entry with each byte of each field changed in turn, each bit of `wrong` turned over."""
    for flip in wrong:
        yield from _edits(entry, flip)


def _edits(entry: ChainedRecord, flip: int) -> Iterator[ChainedRecord]:
    yield replace(entry, seq=entry.seq + 1)
    for name in ("at", "body"):
        raw = getattr(entry, name).encode()
        for at in range(len(raw)):
            other = bytes([raw[at] ^ flip])
            text = (raw[:at] + other + raw[at + 1 :]).decode(errors="replace")
            yield replace(entry, **{name: text})
    for name in ("previous", "hash", "signature"):
        raw = getattr(entry, name)
        for at in range(len(raw)):
            yield replace(entry, **{name: raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]})


def test_every_edit_of_any_byte_of_a_record_is_found(
    original: Original, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    chosen = random.Random(7)  # in the short form 1 in 40
    long = pytestconfig.getoption("--long")
    share, wrong = (1.0, (0x01, 0x20, 0xFF)) if long else (0.025, (0x01,))
    tried, before = 0, None
    for entry in original.entries:
        key = original.key_of(entry)
        for edited in edits(entry, wrong):
            if chosen.random() < share:
                tried += 1
                assert faults_of(edited, before, key), edited
        before = entry
    assert tried > 2_000
    figure(f"single-byte edits found: {tried} of {tried}")


def test_an_edit_on_disk_is_found_by_the_walk(
    original: Original, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    chosen = random.Random(8)
    count = 500 if pytestconfig.getoption("--long") else 12
    for _ in range(count):
        entry = chosen.choice(original.entries)
        edited = chosen.choice(list(edits(entry)))
        database = copy_of(original.directory, tmp_path / "copy")
        forge(database, partial(put_in_place_of, entry.seq, edited))
        assert not verify_journal(database, PUBLIC).intact, edited


def put_in_place_of(seq: int, entry: ChainedRecord, db: sqlite3.Connection) -> None:
    row = (entry.seq, entry.at, entry.body, entry.previous, entry.hash, entry.signature)
    db.execute("DELETE FROM records WHERE seq = ?", (seq,))
    db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)", row)


def test_every_deletion_and_every_swap_is_found(
    original: Original, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    numbers = range(1, len(original.entries) + 1)
    step = 1 if pytestconfig.getoption("--long") else 37
    for seq in numbers[::step]:
        database = copy_of(original.directory, tmp_path / "copy")
        forge_sql(database, f"DELETE FROM records WHERE seq = {seq}")
        assert not verify_journal(database, PUBLIC).intact, f"deletion of {seq}"
        if seq == len(original.entries):
            break
        forge_sql(database, f"UPDATE records SET seq = {seq} WHERE seq = {seq + 1}")
        assert not verify_journal(database, PUBLIC).intact, f"the next one moved to {seq}"
        database = copy_of(original.directory, tmp_path / "copy")
        forge_sql(
            database,
            f"UPDATE records SET seq = -1 WHERE seq = {seq}",
            f"UPDATE records SET seq = {seq} WHERE seq = {seq + 1}",
            f"UPDATE records SET seq = {seq + 1} WHERE seq = -1",
        )
        assert not verify_journal(database, PUBLIC).intact, f"swap of {seq}"


def test_a_cut_tail_is_found_by_the_last_vouchers_qr(
    original: Original, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    assert verify_signed_record(original.qr, TRUSTED, original.directory).genuine
    step = 1 if pytestconfig.getoption("--long") else 41
    for last in range(len(original.entries) - 1, 2, -step):
        database = copy_of(original.directory, tmp_path / "copy")
        cut_tail(database, last)
        assert verify_journal(database, PUBLIC).intact  # from inside it cannot show
        report = verify_signed_record(original.qr, TRUSTED, database)
        assert any("its tail is cut off" in fault for fault in report.faults), last


def test_a_clumsily_cut_tail_is_found_by_the_projections(database: Path) -> None:
    forge_sql(database, "DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)")
    report = verify_journal(database, PUBLIC)
    assert any(fault.startswith("transactions") for fault in report.faults)


def test_a_record_forged_with_another_key_is_found(original: Original, database: Path) -> None:
    head = original.entries[-1]
    body = encode(DeviceFailed(device="printer", detail="forged"))
    digest = link(head.seq + 1, head.at, body, head.hash)
    row = (head.seq + 1, head.at, body, head.hash, digest)
    signature = TerminalKeys.generate().sign(digest)
    sql = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)"
    forge(database, lambda db: db.execute(sql, (*row, signature)))
    report = verify_journal(database, PUBLIC)
    assert report.faults == [f"record {head.seq + 1}: its signature is not the terminal's"]


# -- what is not a record -------------------------------------------------------------------------


@pytest.mark.parametrize("table", [*schema.PROJECTIONS, "operators", "frames"])
def test_rows_taken_out_of_a_table_or_put_into_it_are_found(database: Path, table: str) -> None:
    def take_out_or_put_in(db: sqlite3.Connection) -> None:
        if not db.execute(f"DELETE FROM {table}").rowcount:  # nothing is owed there: now it is
            columns = len(db.execute(f"PRAGMA table_info({table})").fetchall())
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('3' * columns)})")

    forge(database, take_out_or_put_in)
    assert not verify_journal(database, PUBLIC).intact


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transactions SET refunded_minor = 0 WHERE refunded_minor > 0",
        "UPDATE transactions SET voided_by = 0 WHERE voided_by > 0",
        "UPDATE transactions SET amount_minor = amount_minor + 1 WHERE stan = 3",
        "UPDATE terminal SET next_stan = 1",
        "UPDATE batches SET sales_minor = sales_minor - 1 WHERE batch = 2",
        "UPDATE frames SET packed = zeroblob(1024)",
        "UPDATE operators SET password = (SELECT password FROM operators WHERE number = '01')",
        "UPDATE operators SET must_change = 0",
        "INSERT INTO operators (number, password, must_change) VALUES ('66', 'x', 0)",
        "CREATE TRIGGER quietly AFTER INSERT ON records BEGIN DELETE FROM batches; END",
        "DROP INDEX transactions_card",
    ],
)
def test_a_change_beside_the_log_is_found(database: Path, change: str) -> None:
    forge_sql(database, change)
    assert not verify_journal(database, PUBLIC).intact


def contents(database: Path) -> list[tuple[object, ...]] | None:
    """Every row of every table, or None when they cannot be read."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as db:
        rows: list[tuple[object, ...]] = []
        try:
            for table in ("records", "frames", *schema.PROJECTIONS):
                rows += db.execute(f"SELECT * FROM {table}").fetchall()
            rows += db.execute("SELECT number, password, must_change FROM operators").fetchall()
            rows += db.execute("SELECT name, sql FROM sqlite_master").fetchall()
        except (sqlite3.Error, UnicodeDecodeError):
            return None
    return rows


def test_a_byte_of_the_file_is_found_or_means_nothing(
    original: Original, tmp_path: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    chosen = random.Random(9)
    whole = contents(original.directory / engine.DATABASE)
    raw = (original.directory / engine.DATABASE).read_bytes()
    database = tmp_path / engine.DATABASE
    found = 0
    count = 3_000 if pytestconfig.getoption("--long") else 40
    for _ in range(count):
        at = chosen.randrange(len(raw))
        database.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << chosen.randrange(8)]) + raw[at + 1 :])
        if verify_journal(database, PUBLIC).intact:
            assert contents(database) == whole, f"byte {at}"  # free space, or a count of guesses
        else:
            found += 1
    assert found > count // 3
    figure(f"single-bit edits of the file: {found} of {count} found, the others changed no row")


# -- keys and receipts ----------------------------------------------------------------------------


def test_a_key_is_changed_within_the_chain(tmp_path: Path) -> None:
    keys = TerminalKeys.load_or_create(tmp_path)
    shop = Shop.open(tmp_path, keys=keys)
    sale = shop.sale()
    old_qr = signed_record(sale, shop.journal.keys)
    shop.journal.change_key()
    assert shop.journal.keys.public_hex != keys.public_hex
    later = shop.sale()
    new_qr = signed_record(later, shop.journal.keys)
    shop.reopen()
    shop.sale()
    new_public = shop.journal.keys.public_key
    for public in (keys.public_key, new_public):
        assert verify_journal(tmp_path, public).intact
        assert verify_signed_record(old_qr, [(1, public)], tmp_path).genuine
        assert verify_signed_record(new_qr, [(1, public)], tmp_path).genuine
    assert not verify_signed_record(
        new_qr, [(1, keys.public_key)]
    ).genuine  # without the chain nobody knows
    shop.journal.close()
    Shop.open(tmp_path, keys=keys).journal.close()  # keys read before the change are brought up
    assert TerminalKeys.load_or_create(tmp_path).public_hex == new_public.public_bytes_raw().hex()


def test_a_key_change_cut_by_the_power_is_ended_or_never_was(tmp_path: Path) -> None:
    keys = TerminalKeys.load_or_create(tmp_path)
    shop = Shop.open(tmp_path, keys=keys)
    keys.followed()  # a new key lies there, the journal knows nothing of it
    shop.reopen()
    shop.sale()
    assert shop.journal.keys.public_hex == keys.public_hex

    class Cut(TerminalKeys):
        def settle(self) -> None:
            raise KeyboardInterrupt

    shop.journal.close()
    shop = Shop.open(tmp_path, keys=Cut(keys.signing, keys.card, keys.pepper, tmp_path))
    with pytest.raises(KeyboardInterrupt):
        shop.journal.change_key()
    shop.reopen()
    shop.sale()
    assert shop.journal.keys.public_hex != keys.public_hex
    assert verify_journal(tmp_path, keys.public_key).intact
    shop.journal.close()


def test_a_voucher_says_what_was_signed_in_a_line_that_fits_a_qr(original: Original) -> None:
    report = verify_signed_record(original.qr, original.trusted)
    assert report.genuine
    assert report.fields["amount"] == "4711"
    assert report.fields["type"] == "SA"
    assert len(original.qr) < 300
    assert set(original.qr) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_every_edit_of_a_vouchers_qr_is_found(original: Original) -> None:
    qr = original.qr
    for at in range(len(qr)):
        for digit in "0A*$":
            edited = qr[:at] + digit + qr[at + 1 :]
            assert edited == qr or not verify_signed_record(edited, original.trusted).genuine, (
                edited
            )
    for text in ("", "P1", "*" * 40, qr[:-4], qr + "00", qr.lower(), "HTTP://EXAMPLE.ORG"):
        assert not verify_signed_record(text, original.trusted).genuine, text
