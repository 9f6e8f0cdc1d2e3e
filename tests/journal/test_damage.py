"""Whatever is damaged, the terminal says so in words: at its start and at each look-up after."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from firmware.core.kinds import Copy
from firmware.core.masked import Password
from firmware.journal import schema
from firmware.journal.connection import DATABASE, LOCK
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.head import HEAD
from firmware.journal.operators import Cost, Operators
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import DeviceFailed, SettlementStarted
from firmware.journal.store import HEAD_CHECKED, Journal
from firmware.payments.effects import Look
from firmware.terminal.clock_watch import ClockWatch
from tests.crash.rig import Rig
from tests.journal.story import CARD, KEYS, Clock, Shop, opened
from tests.journal.tamper import forge
from tests.payment import yuan

CHEAP = Cost(passes=1, memory_kib=8)
VALUES = ("NULL", "'x'", "-1", "x'00ff'", "1e300")
BODIES = (
    "{}",
    "no json",
    "",
    '{"type":"Unheard"}',
    '{"type":"OutcomeRecorded"}',
    '{"type":"ClockJumped","by_s":1}',
)


@pytest.fixture(scope="module")
def shop_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A terminal with something in every table: owed, settled, voided, half done."""
    directory = tmp_path_factory.mktemp("damage") / "data"
    shop = Shop.open(directory)
    Operators(shop.journal, CHEAP)
    shop.sale()
    shop.settle()
    shop.void(shop.sale())
    shop.refund(shop.sale(), 100)
    lost = shop.intent()
    shop.journal.append(lost)
    shop.journal.append(opened(lost))
    sale = shop.sale()
    shop.journal.append(PrintQueued(job=1, copy=Copy.MERCHANT, batch=sale.batch, stan=sale.stan))
    shop.sale(training=True)
    totals = shop.journal.totals(shop.journal.batch())
    shop.journal.append(SettlementStarted(batch=shop.journal.batch(), totals=totals, operator="01"))
    shop.journal.close()
    return directory


def damaged(files: Path, to: Path, change: Callable[[sqlite3.Connection], object]) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for name in (DATABASE, HEAD, LOCK):
        shutil.copy(files / name, to / name)
    forge(to / DATABASE, change)
    return to


def use(directory: Path) -> None:
    """Start, and ask everything that a terminal asks. Raises JournalFault, and nothing else."""
    clock = Clock()
    journal = Journal.open(directory, KEYS, clock)
    try:
        watch = ClockWatch()
        watch.check(clock(), 0, journal)
        watch.look(clock(), 0, journal)
        operators = Operators(journal, CHEAP)
        for ask in questions(journal):
            ask()
        operators.verify("01", Password("1111"), clock())
        operators.numbers()
        trade_on(Shop(journal, clock, directory))
    finally:
        journal.close()


def questions(journal: Journal) -> tuple[Callable[[], object], ...]:
    day, since = "20260302", datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    return (
        journal.batch,
        journal.next_stan,
        journal.next_job,
        journal.signed_on,
        journal.training,
        journal.staff,
        lambda: [journal.transaction(2, stan) for stan in range(1, 8)],
        lambda: [journal.by_voucher(stan) for stan in range(1, 8)],
        lambda: journal.by_voucher_and_date(2, day),
        lambda: journal.by_reference("000000000002", day),
        journal.last_transaction,
        lambda: journal.list_transactions(None, 99),
        lambda: journal.list_transactions(None, 99, training=True),
        journal.open_intents,
        journal.reversals,
        journal.advices,
        journal.print_jobs,
        lambda: [journal.totals(batch) for batch in (1, 2)],
        lambda: journal.training_totals(2),
        lambda: journal.count(2),
        lambda: journal.recent_sale_amounts(50, "CNY"),
        lambda: journal.duplicate_of(CARD.hash, yuan(12_850), since),
        lambda: journal.sales_today(day, "CNY"),
        lambda: journal.refunds_today(day, "CNY"),
        lambda: journal.card_today(CARD.hash, day, "CNY"),
        lambda: journal.settlement(1),
        journal.last_settlement,
        journal.pending_settlement,
        lambda: list(journal.records()),
        journal.public_keys,
    )


def trade_on(shop: Shop) -> None:
    pending = shop.journal.pending_settlement()
    if pending is not None:
        shop.complete(pending)
    shop.void(shop.sale())


def says_so(directory: Path) -> bool:
    """Whether it was noticed; anything but a JournalFault is raised."""
    try:
        use(directory)
    except JournalFault:
        return True
    return False


def test_an_undamaged_one_answers_everything(shop_files: Path, tmp_path: Path) -> None:
    copy = damaged(shop_files, tmp_path / "copy", lambda _db: None)
    use(copy)


def last_of(files: Path) -> int:
    with closing(sqlite3.connect(files / DATABASE)) as db, db:
        found = int(db.execute("SELECT max(seq) FROM records").fetchone()[0])
    db.close()
    return found


@pytest.mark.parametrize("body", BODIES)
def test_a_damaged_body_of_any_record_is_said(shop_files: Path, tmp_path: Path, body: str) -> None:
    for seq in range(1, last_of(shop_files) + 1):
        sql = "UPDATE records SET body = ? WHERE seq = ?"
        copy = damaged(shop_files, tmp_path / "copy", lambda db: db.execute(sql, (body, seq)))  # noqa: B023
        assert says_so(copy), f"record {seq}"


@pytest.mark.parametrize(
    "change",
    [
        "at = 'yesterday'",
        "at = '2026-03-02T10:00:00'",
        "at = ''",
        "hash = x''",
        "previous = x'00'",
        "signature = x''",
        "signature = randomblob(64)",
        "signature = (SELECT signature FROM records WHERE seq = 1)",  # of another record
    ],
)
def test_any_other_column_of_a_recent_record_is_said(
    shop_files: Path, tmp_path: Path, change: str
) -> None:
    last = last_of(shop_files)
    for seq in range(last - 8, last + 1):
        sql = f"UPDATE records SET {change} WHERE seq = {seq}"
        copy = damaged(shop_files, tmp_path / "copy", lambda db: db.execute(sql))  # noqa: B023
        assert says_so(copy), f"record {seq}"


def test_a_record_that_was_read_before_is_no_more_believed_than_another(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path / "data")
    stan = shop.sale(100).stan
    with closing(shop.journal) as journal:
        assert journal.by_voucher(stan) == journal.by_voucher(stan)
        with closing(sqlite3.connect(tmp_path / "data" / DATABASE, isolation_level=None)) as db:
            db.execute("DROP TRIGGER records_update")
            changed = db.execute("UPDATE records SET body = replace(body, ':100,', ':900,')")
            assert changed.rowcount > 0
        with pytest.raises(JournalFault, match="its hash is not that of its content"):
            journal.by_voucher(stan)


def test_an_amount_that_is_changed_in_any_record_is_said(shop_files: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(shop_files / DATABASE)) as db, db:
        told = db.execute("SELECT seq FROM records WHERE body LIKE '%12850%'").fetchall()
    db.close()
    assert told
    for (seq,) in told:
        sql = f"UPDATE records SET body = replace(body, '12850', '12851') WHERE seq = {seq}"
        copy = damaged(shop_files, tmp_path / "copy", lambda db: db.execute(sql))  # noqa: B023
        assert says_so(copy), f"record {seq}"


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("table", [*schema.PROJECTIONS, "operators"])
def test_no_value_in_any_column_of_any_table_ends_in_a_traceback(
    shop_files: Path, tmp_path: Path, table: str, value: str, pytestconfig: pytest.Config
) -> None:
    """In the short form one in three columns."""
    with closing(sqlite3.connect(shop_files / DATABASE)) as db, db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    db.close()
    chosen = columns.copy()
    if not pytestconfig.getoption("--long"):
        Random(f"{pytestconfig.getoption('--seed')}|{table}|{value}").shuffle(chosen)
        chosen = chosen[::3]
    tried = 0
    for column in chosen:

        def change(db: sqlite3.Connection, column: str = column) -> None:
            (definition,) = db.execute(
                "SELECT sql FROM sqlite_master WHERE name = ?", (table,)
            ).fetchone()
            loose = re.sub(r",\s*PRIMARY KEY \([^)]*\)", "", definition)
            loose = re.sub(r" STRICT|, WITHOUT ROWID| NOT NULL| PRIMARY KEY", "", loose)
            rows = [tuple(row) for row in db.execute(f"SELECT * FROM {table}")]
            db.execute(f"DROP TABLE {table}")
            db.execute(loose)
            places = ", ".join("?" * len(columns))
            db.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
            db.execute(f"UPDATE {table} SET {column} = {value}")

        try:
            copy = damaged(shop_files, tmp_path / "copy", change)
        except sqlite3.OperationalError:
            continue  # its definition cannot be loosened so simply
        says_so(copy)
        tried += 1
    assert tried >= len(chosen) - 1


@pytest.mark.parametrize("table", [*schema.PROJECTIONS, "operators", "frames", "records"])
def test_a_table_that_is_empty_or_gone_ends_in_no_traceback(
    shop_files: Path, tmp_path: Path, table: str
) -> None:
    for statement in (f"DELETE FROM {table}", f"DROP TABLE {table}"):

        def change(db: sqlite3.Connection, statement: str = statement) -> None:
            db.execute(statement)

        try:
            copy = damaged(shop_files, tmp_path / "copy", change)
        except sqlite3.OperationalError:  # its triggers cannot be put back
            continue
        says_so(copy)


def test_no_index_that_is_gone_ends_in_a_traceback(shop_files: Path, tmp_path: Path) -> None:
    for sql in schema.INDEXES:
        name = sql.split(" ON ")[0].split()[-1]
        copy = damaged(
            shop_files,
            tmp_path / "copy",
            lambda db: db.execute(f"DROP INDEX {name}"),  # noqa: B023
        )
        says_so(copy)


def test_a_page_of_noise_ends_in_no_traceback(shop_files: Path, tmp_path: Path) -> None:
    size = (shop_files / DATABASE).stat().st_size
    noticed = 0
    for page in range(size // 4096):
        copy = damaged(shop_files, tmp_path / "copy", lambda _db: None)
        content = bytearray((copy / DATABASE).read_bytes())
        content[page * 4096 + 100 : page * 4096 + 4000] = bytes(range(256)) * 16
        (copy / DATABASE).write_bytes(content[:size])
        noticed += says_so(copy)
    assert noticed


def test_the_clock_is_looked_at_with_a_record_that_cannot_be_read(
    shop_files: Path, tmp_path: Path
) -> None:
    """Shown by `pos run`: it ended in a traceback, and was started again for ever."""
    last = last_of(shop_files)
    sql = "UPDATE records SET body = '{}' WHERE seq = ?"
    copy = damaged(
        shop_files, tmp_path / "copy", lambda db: db.execute(sql, (last - HEAD_CHECKED - 1,))
    )
    journal = Journal.open(copy, KEYS, Clock())
    with pytest.raises(JournalFault) as raised:
        ClockWatch().check(Clock()(), 0, journal)
    journal.close()
    assert raised.value.trouble is Trouble.CORRUPT


def test_a_terminal_on_a_record_that_cannot_be_read_is_out_of_service(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    terminal = rig.power_on()
    terminal.data.journal.append(
        *(DeviceFailed(device="printer", detail=str(number)) for number in range(20))
    )
    unchecked = terminal.data.journal.head()[0] - HEAD_CHECKED - 1
    rig.close()
    forge(
        tmp_path / DATABASE,
        lambda db: db.execute("UPDATE records SET body = '{}' WHERE seq = ?", (unchecked,)),
    )
    rig = Rig(tmp_path)
    rig.bench.time.settle(rig.power_on().runner)
    assert "流水损坏" in rig.display_text
    rig.close()


def test_a_wrong_call_is_a_bug_and_no_damage(shop_files: Path, tmp_path: Path) -> None:
    """A bug that is called a damaged journal sends the merchant to a backup."""
    journal = Journal.open(damaged(shop_files, tmp_path / "copy", lambda _db: None), KEYS, Clock())
    wrong = Look(Journal.by_voucher, ("000001", "20260302"))
    with pytest.raises(TypeError, match="positional"):
        wrong.read(journal)
    with pytest.raises(AttributeError):
        journal.duplicate_of(CARD.hash, yuan(1), "2026-03-02T09:00:00+08:00")  # type: ignore[arg-type]
    journal.close()
