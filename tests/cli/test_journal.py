"""`pos journal`: what a shop's owner reads and exports, while the terminal trades."""

import sqlite3

import pytest

from firmware.audit.keyring import pem_of
from firmware.core.kinds import Copy, GuardKind
from firmware.journal.connection import DATABASE
from firmware.journal.paper_records import PrintQueued, PrintSent
from firmware.journal.records import GuardOverridden, SettingChanged, SettingsRecorded
from tests.journal.story import CARD, confirmed, opened


def test_the_open_batch_is_listed_while_the_terminal_holds_it(pos, day):
    lines = pos("journal", "list", "--data", day.directory).done().splitlines()
    assert lines[0].startswith("batch   voucher  date")
    assert [line.split()[1] for line in lines[1:-2]] == [f"00000{n}" for n in range(1, 6)]
    assert "2026-03-02  10:00:00  01  sale" in lines[1]
    assert "128.50  CNY  ****0012  approved 00" in lines[1]
    assert "refunded 8.50" in lines[1]
    assert "voided by 000003" in lines[2]
    assert lines[-2] == (
        "5 transactions; approved in CNY: sales 2/138.40, voids 1/9.90, refunds 1/8.50"
    )
    assert lines[-1] == "batch 000001 is open, this is all of it; --date 2026-03-02 a day's"


def test_no_line_of_a_listing_shows_more_of_a_card_than_its_last_four_digits(pos, day):
    assert CARD.first6 not in pos("journal", "list", "--data", day.directory).out


def test_a_listing_tells_what_changed_of_the_settings_in_its_batch_or_on_its_day(pos, shop):
    key, by = "sale.max_amount", "configuration"
    shop.journal.append(SettingsRecorded(settings={key: '"50.00"'}))
    shop.sale(100)
    shop.journal.append(SettingChanged(key=key, before='"50.00"', after='"90.00"', by=by))
    shop.settle()
    shop.clock.advance(days=1)
    shop.journal.append(SettingChanged(key=key, before='"90.00"', after='"70.00"', by=by))
    first = f'setting changed: {key} was "50.00", is "90.00"'
    second = f'setting changed: {key} was "90.00", is "70.00"'
    for which, told, untold in (
        (("--batch", "1"), first, second),
        ((), second, first),
        (("--date", "2026-03-02"), first, second),
        (("--date", "2026-03-03"), second, first),
    ):
        out = pos("journal", "list", *which, "--data", shop.directory).out
        assert told in out
        assert untold not in out


def test_training_transactions_are_listed_apart(pos, day):
    out = pos("journal", "list", "--training", "--data", day.directory).out
    assert "7.77" in out
    assert "128.50" not in out


def test_a_settled_batch_is_listed_by_its_number(pos, day):
    day.settle()
    day.sale(100)
    assert "128.50" not in pos("journal", "list", "--data", day.directory).out
    named = pos("journal", "list", "--batch", "1", "--data", day.directory).out
    assert "128.50" in named
    assert "is open" not in named


def test_an_empty_open_batch_says_where_the_trade_is(pos, day):
    day.settle()
    lines = pos("journal", "list", "--data", day.directory).out.splitlines()
    assert lines[-2:] == [
        "no transactions",
        (
            "batch 000002 is open, this is all of it;"
            " --batch 1 the one before, --date 2026-03-02 a day's"
        ),
    ]


def test_a_day_is_listed_over_its_batches(pos, shop):
    shop.sale(100)
    shop.settle()
    shop.sale(200)
    shop.clock.advance(days=1)
    shop.sale(300)
    out = pos("journal", "list", "--date", "2026-03-02", "--data", shop.directory).out
    assert "2 transactions; approved in CNY: sales 2/3.00" in out
    old = pos("journal", "list", "--date", "20260303", "--data", shop.directory)
    assert (old.code, old.out.count("300")) == (0, 0)
    assert "sales 1/3.00" in old.out
    assert old.err == "pos: 20260303 is written 2026-03-03 now\n"


def test_a_day_without_trade_has_no_transactions(pos, shop):
    out = pos("journal", "list", "--date", "2026-03-02", "--data", shop.directory).out
    assert "no transactions" in out


def test_a_voucher_is_shown_with_every_record_that_speaks_of_it(pos, shop):
    overridden = GuardOverridden(guard=GuardKind.UNUSUAL_AMOUNT, shown="usual 10.00", operator="01")
    other = shop.sale(500)
    shop.agree()
    shop.journal.append(overridden)
    sale = shop.sale(12_850)
    shop.journal.append(
        PrintQueued(job=1, copy=Copy.MERCHANT, batch=1, stan=other.stan),
        PrintQueued(job=2, copy=Copy.MERCHANT, batch=1, stan=sale.stan),
        PrintSent(job=1),
        PrintSent(job=2),
    )
    shop.void(sale)
    out = pos("journal", "show", sale.stan, "--data", shop.directory).out
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("record")] == [
        "AmountAgreed",
        "GuardOverridden",
        "IntentRecorded",
        "OutcomeRecorded",
        "PrintQueued",
        "PrintSent",
        "IntentRecorded",
        "OutcomeRecorded",
    ]
    assert "amount        128.50 CNY" in out
    assert "voided by     000003" in out
    assert "job = 1" not in out


def test_a_reversal_is_among_the_records_of_its_voucher(pos, shop):
    intent = shop.intent()
    shop.journal.append(intent)
    shop.journal.append(opened(intent))
    shop.journal.append(confirmed(intent))
    out = pos("journal", "show", "000001", "--data", shop.directory).out
    assert "state         reversed" in out
    assert "ReversalOpened" in out
    assert "ReversalConfirmed" in out


def test_of_two_batches_with_the_same_voucher_number_one_can_be_named(pos, shop):
    shop.sale(100)
    shop.settle()
    assert "batch 000001" in pos("journal", "show", 1, "--batch", 1, "--data", shop.directory).out
    refusal = pos("journal", "show", 1, "--batch", 2, "--data", shop.directory).refusal(1)
    assert refusal == "pos: there is no voucher 000001 in batch 000002"


def test_the_public_key_is_given_as_pem(pos, shop):
    ended = pos("journal", "key", "--data", shop.directory)
    assert ended.out == pem_of(shop.journal.keys.public_key)


@pytest.mark.parametrize(
    "words",
    [
        ("journal",),
        ("journal", "burn"),
        ("journal", "show"),
        ("journal", "show", "0"),
        ("journal", "show", "1000000"),
        ("journal", "show", "one"),
        ("journal", "list", "--batch", "-1"),
        ("journal", "list", "--date", "2026-02-30"),
        ("journal", "list", "--date", "yesterday"),
        ("journal", "list", "--date", "2026-03-02", "--batch", "1"),
        ("journal", "export", "--format", "xml"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(pos, words):
    assert pos(*words).refusal(2).startswith("pos")


def test_a_place_without_a_journal_is_named(pos, tmp_path):
    refusal = pos("journal", "list", "--data", tmp_path / "nowhere").refusal(2)
    assert refusal == f"pos: {tmp_path}/nowhere: there is no journal here"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_journal_is_named(pos, tmp_path):
    (tmp_path / DATABASE).write_bytes(b"not a database, though of some length" * 100)
    assert "journal corrupt" in pos("journal", "list", "--data", tmp_path).refusal(1)


@pytest.mark.parametrize(("found", "words"), [(1_000, "later release"), (0, "start the terminal")])
def test_a_journal_of_another_release_is_not_misread(pos, shop, found, words):
    shop.journal.close()
    database = sqlite3.connect(shop.directory / DATABASE)
    database.execute(f"PRAGMA user_version = {found}")
    database.close()
    assert words in pos("journal", "list", "--data", shop.directory).refusal(1)


def test_a_batch_that_is_still_to_come_is_refused(pos, shop):
    refusal = pos("journal", "list", "--batch", "7", "--data", shop.directory).refusal(1)
    assert refusal == "pos: there is no batch 000007"
