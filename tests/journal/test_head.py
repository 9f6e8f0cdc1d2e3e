"""A journal whose last records are missing is told from one that is whole."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.journal.connection import DATABASE, LOCK
from firmware.journal.faults import JournalFault, RuleBroken, Trouble
from firmware.journal.head import HEAD, SLOT_BYTES, Head, HeadFile, WithoutTail
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import HeadRenewed, TailLost, TerminalStarted
from firmware.journal.storage import Storage
from firmware.journal.store import Journal
from firmware.journal.verify import verify_journal
from tests.journal.story import KEYS, Clock, Shop

LOG = f"{DATABASE}-wal"
FILES = (DATABASE, LOG, HEAD, LOCK)


@dataclass(frozen=True)
class Running:
    """The files of a terminal that trades: some of its day is in the database, some in the log."""

    directory: Path
    records: int


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Running:
    directory = tmp_path_factory.mktemp("running")
    shop = Shop.open(directory / "data")
    for _ in range(5):
        shop.sale()
    shop.reopen()  # which brings the log into the database
    shop.settle()
    for _ in range(5):
        shop.void(shop.sale())
        shop.refund(shop.sale(), 1_000)
    kept = directory / "kept"
    kept.mkdir()
    for name in FILES:
        shutil.copy(shop.directory / name, kept)
    records = shop.journal.head()[0]
    shop.journal.close()
    return Running(kept, records)


def damaged(running: Running, to: Path, change: Callable[[Path], object]) -> Path:
    """A copy of the files in which something is changed."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(running.directory, to)
    change(to)
    return to


def flipped(path: Path, at: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def records_of_a_start(directory: Path) -> int | JournalFault:
    """How many records a terminal goes on from, or why it does not."""
    try:
        journal = Journal.open(directory, KEYS, Clock())
    except JournalFault as fault:
        return fault
    try:
        return journal.head()[0]
    finally:
        journal.close()


def test_what_is_not_damaged_is_intact_and_anchored(running: Running, tmp_path: Path) -> None:
    directory = damaged(running, tmp_path / "copy", lambda _: None)
    report = verify_journal(directory, KEYS.public_key)
    assert (report.faults, report.records, report.anchored) == ([], running.records, True)
    assert records_of_a_start(directory) == running.records


@pytest.mark.parametrize("name", [LOG, DATABASE])
def test_a_flipped_bit_never_makes_a_shorter_journal_that_is_intact(
    running: Running,
    tmp_path: Path,
    name: str,
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
) -> None:
    chosen = random.Random(14)
    size = (running.directory / name).stat().st_size
    count = 2_000 if pytestconfig.getoption("--long") else 40
    shorter = refused = 0
    for _ in range(count):
        at, bit = chosen.randrange(size), chosen.randrange(8)
        copy = damaged(running, tmp_path / "copy", lambda to: flipped(to / name, at, bit))  # noqa: B023
        report = verify_journal(copy, KEYS.public_key)
        assert not (report.intact and report.records < running.records), f"byte {at}, bit {bit}"
        shorter += any("missing at the end" in fault for fault in report.faults)
        found = records_of_a_start(copy)
        refused += isinstance(found, JournalFault)
        assert isinstance(found, JournalFault) or found == running.records, f"byte {at}, bit {bit}"
    assert shorter if name == LOG else refused
    figure(f"single bits of {name}: {shorter} of {count} cut the tail, {refused} starts refused")


def test_without_the_head_a_shorter_journal_says_that_its_tail_is_not_anchored(
    running: Running, tmp_path: Path
) -> None:
    middle = (running.directory / LOG).stat().st_size // 2
    copy = damaged(running, tmp_path / "copy", lambda to: flipped(to / LOG, middle, 3))
    (copy / HEAD).unlink()
    report = verify_journal(copy, KEYS.public_key)
    assert report.records < running.records
    assert (report.intact, report.anchored) == (True, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda to: (to / LOG).unlink(), "missing at the end"),
        (lambda to: os.truncate(to / LOG, (to / LOG).stat().st_size // 2), "missing at the end"),
        (lambda to: os.truncate(to / LOG, 0), "missing at the end"),
        (lambda to: (to / DATABASE).unlink(), ""),
        (lambda to: os.truncate(to / DATABASE, 0), ""),
    ],
)
def test_files_that_are_lost_or_cut_stop_trade(
    running: Running, tmp_path: Path, change: Callable[[Path], object], words: str
) -> None:
    copy = damaged(running, tmp_path / "copy", change)
    faults = verify_journal(copy, KEYS.public_key).faults
    assert faults
    assert not words or words in faults[-1]
    found = records_of_a_start(copy)
    assert isinstance(found, JournalFault)
    if words:
        assert found.trouble is Trouble.TRUNCATED
        assert found.words.startswith(faults[-1])
        assert "pos journal go-on" in found.words


def test_what_a_start_refuses_is_refused_by_the_next_too_and_its_log_is_kept(
    running: Running, tmp_path: Path
) -> None:
    middle = (running.directory / LOG).stat().st_size // 2
    copy = damaged(running, tmp_path / "copy", lambda to: flipped(to / LOG, middle, 3))
    log = (copy / LOG).read_bytes()
    for _ in range(3):
        found = records_of_a_start(copy)
        assert isinstance(found, JournalFault)
        assert found.trouble is Trouble.TRUNCATED
    assert (copy / f"{LOG}.damaged").read_bytes() == log


def test_an_older_copy_of_the_database_that_was_put_back_is_noticed(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path / "data")
    shop.sale()
    shop.reopen()
    older = tmp_path / "older"
    shutil.copy(shop.directory / DATABASE, older)
    shop.sale()
    shop.journal.close()
    shutil.copy(older, shop.directory / DATABASE)
    found = records_of_a_start(shop.directory)
    assert isinstance(found, JournalFault)
    assert found.trouble is Trouble.TRUNCATED


def test_another_journal_that_went_further_is_noticed(tmp_path: Path) -> None:
    here, there = Shop.open(tmp_path / "here"), Shop.open(tmp_path / "there")
    here.sale()
    for _ in range(2):
        there.sale(1)
    for shop in (here, there):
        shop.journal.close()
    shutil.copy(there.directory / DATABASE, here.directory / DATABASE)
    found = records_of_a_start(here.directory)
    assert isinstance(found, JournalFault)
    assert (found.trouble, "another copy" in found.words) == (Trouble.TRUNCATED, True)
    assert any("another copy" in fault for fault in verify_journal(here.directory).faults)


def test_a_person_may_let_it_go_on_and_it_says_so_for_good(
    running: Running, tmp_path: Path
) -> None:
    copy = damaged(running, tmp_path / "copy", lambda to: (to / LOG).unlink())
    kept = HeadFile(copy).read()
    assert kept is not None
    with pytest.raises(RuleBroken):  # an earlier voucher than one that is left
        Journal.open(copy, KEYS, Clock(), without_tail=WithoutTail(1, 2))
    journal = Journal.open(copy, KEYS, Clock(), without_tail=WithoutTail(2, 40))
    *_, lost, _ = journal.records()
    assert (journal.batch(), journal.next_stan()) == (2, 41)
    assert lost.record == TailLost(seq=kept.seq, hash=kept.hash.hex())
    assert journal.lost_tail == (lost.seq - 1, kept.seq)
    journal.close()
    assert isinstance(records_of_a_start(copy), int)
    report = verify_journal(copy, KEYS.public_key)
    assert (report.faults, report.anchored) == ([], True)
    assert any("are missing" in note for note in report.notes)


# -- the file itself ------------------------------------------------------------------------------


def test_an_earlier_releases_directory_gets_its_head_at_the_first_start(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    shop.sale()
    shop.journal.close()
    before = verify_journal(tmp_path)
    (tmp_path / HEAD).unlink()
    lock = (tmp_path / LOCK).read_bytes()
    (tmp_path / LOCK).write_bytes(lock.splitlines(keepends=True)[0])  # as it was left
    assert records_of_a_start(tmp_path) == before.records  # no record, so that it may go back
    report = verify_journal(tmp_path)
    assert (report.faults, report.anchored) == ([], True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Path.unlink, "it was gone"),
        (lambda path: path.write_bytes(b""), "it could not be read"),
        (lambda path: path.write_bytes(bytes(2 * SLOT_BYTES)), "it could not be read"),
    ],
)
def test_a_head_that_is_lost_is_made_again_and_the_journal_says_so(
    tmp_path: Path, change: Callable[[Path], object], reason: str
) -> None:
    shop = Shop.open(tmp_path)
    shop.sale()
    shop.journal.close()
    change(tmp_path / HEAD)
    assert not verify_journal(tmp_path).anchored
    journal = Journal.open(tmp_path, KEYS, Clock())
    *_, last = journal.records()
    journal.close()
    assert last.record == HeadRenewed(reason=reason)
    assert verify_journal(tmp_path).anchored


def test_a_bit_of_the_file_leaves_one_head_or_none_and_never_a_wrong_one(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    shop.sale()
    newest, last = HeadFile(tmp_path).read(), shop.journal.head()[0]
    shop.journal.close()
    assert newest is not None
    content = (tmp_path / HEAD).read_bytes()
    for at in range(0, len(content), 7):
        flipped(tmp_path / HEAD, at, at % 8)
        found = HeadFile(tmp_path).read()
        assert found is not None
        assert found == newest or found.seq < last
        (tmp_path / HEAD).write_bytes(content)


def test_the_file_has_the_last_record_with_its_own_signature(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    shop.sale()
    *_, last = shop.journal.records()
    shop.journal.close()
    parts = (str(last.seq), last.hash.hex(), KEYS.public_hex, last.signature.hex())
    text = " ".join(("pos-head-2", *parts))
    slot = f"{text} {hashlib.sha256(text.encode()).hexdigest()}\n".encode().ljust(SLOT_BYTES)
    assert slot in (tmp_path / HEAD).read_bytes()


def test_the_head_of_an_earlier_release_is_held_against_the_journal(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    shop.sale()
    seq, digest = shop.journal.head()
    shop.journal.close()
    for number, missing in ((seq, []), (seq + 2, ["2 records are missing"])):
        signature = KEYS.sign(f"pos-head-1\n{number}\n{digest}\n".encode())
        text = f"pos-head-1 {number} {digest} {KEYS.public_hex} {signature.hex()}\n"
        (tmp_path / HEAD).write_bytes(text.encode().ljust(SLOT_BYTES) * 2)
        faults = verify_journal(tmp_path).faults
        assert [fault[:21] for fault in faults] == missing
    assert isinstance(records_of_a_start(tmp_path), JournalFault)
    (tmp_path / HEAD).write_bytes(text.encode().replace(b"pos-head-1 ", b"pos-head-2 ") * 2)
    assert HeadFile(tmp_path).read() is None


def test_a_head_that_another_signed_is_not_believed_of_this_terminal(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path)
    shop.sale()
    seq, digest = shop.journal.head()
    shop.journal.close()
    forged = Head.signed(seq, bytes.fromhex(digest), TerminalKeys.generate())
    (tmp_path / HEAD).write_bytes(forged.file())
    assert verify_journal(tmp_path).faults == [f"{HEAD} is signed by another terminal"]


def test_a_new_key_signs_the_head_from_then_on(tmp_path: Path) -> None:
    keys = TerminalKeys.load_or_create(tmp_path)
    shop = Shop.open(tmp_path, keys=keys)
    shop.journal.change_key()
    shop.journal.append(TerminalStarted(version="1", schema=1))
    head = HeadFile(tmp_path).read()
    assert head is not None
    assert head.public_hex == shop.journal.keys.public_hex != keys.public_hex
    shop.journal.close()
    assert verify_journal(tmp_path).faults == []


def test_a_head_that_cannot_be_written_undoes_no_record_and_stops_the_next(
    tmp_path: Path,
) -> None:
    class Failing(HeadFile):
        def write(self, offset: int, data: bytes) -> None:
            if broken:
                raise OSError(5, "Input/output error")
            super().write(offset, data)

    class Headless(Storage):
        def open_head(self, directory: Path) -> HeadFile:
            return Failing(directory)

    broken = False
    shop = Shop.open(tmp_path, storage=Headless())
    broken = True
    sale = shop.intent()
    shop.journal.append(sale)
    assert shop.journal.open_intents()
    with pytest.raises(JournalFault) as raised:
        shop.journal.append(TerminalStarted(version="1", schema=1))
    assert raised.value.trouble is Trouble.IO
    shop.journal.close()
    assert isinstance(records_of_a_start(tmp_path), int)
