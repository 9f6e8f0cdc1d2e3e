"""`pos verify`, `journal go-on`, `journal new-books`: what is missing is said, and the way back."""

import shutil
from pathlib import Path

import pytest

from firmware.acquirer.books import BOOKS
from firmware.journal.connection import LOG
from firmware.journal.head import HEAD
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import CopyRestored, TailLost
from firmware.journal.store import Journal
from tests.journal.story import Clock, Shop, outcome_of


@pytest.fixture
def files(tmp_path) -> Path:
    """What a power cut leaves: two sales in the database, and five in the log."""
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    for _ in range(2):
        shop.sale()
    shop.reopen()
    for _ in range(5):
        shop.sale()
    kept = tmp_path / "kept"
    shutil.copytree(directory, kept)
    shop.journal.close()
    return kept


def without_log(files):
    (files / LOG).unlink()
    return files


def test_verify_says_how_many_records_are_missing(pos, files):
    whole = pos("verify", files)
    assert (whole.code, whole.out.splitlines()[-1]) == (0, "intact")
    ended = pos("verify", without_log(files))
    assert ended.code == 1
    assert ended.out.splitlines()[-2:] == [
        "fault   10 records are missing at the end: it ends at record 6, and had 16",
        "NOT INTACT",
    ]


def test_verify_says_where_nothing_anchors_the_tail(pos, files):
    (without_log(files) / HEAD).unlink()
    ended = pos("verify", files)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "intact, tail not anchored")
    assert "records missing at its end would not show" in ended.out


def test_verify_holds_a_backup_against_the_head_in_it(pos, files, tmp_path):
    backup = tmp_path / "backup.tar"
    assert pos("backup", backup, "--data", files).code == 0
    ended = pos("verify", backup)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "intact")


def test_a_journal_goes_on_after_the_last_voucher_that_was_given_out(pos, files):
    ended = pos("journal", "go-on", "--data", without_log(files), "--after", "1/7")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "records 7 to 16 are missing; it goes on after record 6"
    journal = Journal.open(files, TerminalKeys.load(files), Clock())
    *_, lost, restored = (entry.record for entry in journal.records())
    assert journal.next_stan() == 8
    journal.close()
    assert isinstance(lost, TailLost)
    assert restored == CopyRestored(batch=1, stan=7)
    again = pos("verify", files)
    assert (again.code, again.out.splitlines()[-1]) == (0, "intact")
    assert "records up to 16 are missing" in again.out


def test_a_whole_journal_needs_no_going_on(pos, files):
    refusal = pos("journal", "go-on", "--data", files, "--after", "1/7").refusal(1)
    assert "no record is missing" in refusal
    journal = Journal.open(files, TerminalKeys.load(files), Clock())
    assert journal.head()[0] == 16
    journal.close()


def test_a_voucher_before_what_is_left_is_refused_and_nothing_is_written(pos, files):
    refusal = pos("journal", "go-on", "--data", without_log(files), "--after", "1/1").refusal(1)
    assert "--after" in refusal
    assert pos("verify", files).code == 1


def test_what_is_undecided_is_reversed_only_when_it_is_asked_for(pos, tmp_path):
    directory, kept = tmp_path / "data", tmp_path / "kept"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    intent = shop.intent()
    shop.journal.append(intent)
    shop.reopen()
    shop.journal.append(outcome_of(intent))
    shutil.copytree(directory, kept)
    shop.journal.close()
    (kept / LOG).unlink()
    refusal = pos("journal", "go-on", "--data", kept, "--after", "1/1").refusal(1)
    assert "--reverse-open" in refusal
    assert pos("journal", "go-on", "--data", kept, "--after", "1/1", "--reverse-open").code == 0
    journal = Journal.open(kept, TerminalKeys.load(kept), Clock())
    assert [owed.transaction.stan for owed in journal.reversals()] == [1]
    journal.close()


def test_books_that_nobody_missed_are_not_replaced(pos, files):
    assert not (files / BOOKS).exists()
    assert "no books are missed" in pos("journal", "new-books", "--data", files).refusal(1)
