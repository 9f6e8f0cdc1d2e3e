"""`pos journal export`: sums that are right, and identifiers that stay what they are."""

from __future__ import annotations

import csv
import io
import json

import pytest

from firmware.journal.connection import DATABASE
from firmware.journal.transactions import State
from tests.journal.story import CARD
from tests.journal.tamper import forge_sql


def exported(pos, shop, *words):
    ended = pos("journal", "export", *words, "--data", shop.directory)
    assert (ended.code, ended.err) == (0, "")
    return list(csv.DictReader(io.StringIO(ended.out)))


def minor(amount: str) -> int:
    return int(amount.replace(".", ""))


def test_the_amounts_add_up_to_what_the_merchant_gets_whatever_is_among_the_rows(pos, day):
    day.settle()
    day.sale(1)
    rows = exported(pos, day)
    assert len(rows) == 7
    assert sum(minor(row["amount"]) for row in rows) == 12_001  # 128.50 - 8.50 + 0.01
    assert all(int(row["amount_minor"]) == minor(row["amount"]) for row in rows)
    by_type = [(row["type"], row["amount"]) for row in rows]
    assert by_type[2:4] == [("void", "-9.90"), ("refund", "-8.50")]


def test_what_was_declined_and_a_training_transaction_move_nothing_and_say_what_was_requested(
    pos, day
):
    silent = [row for row in exported(pos, day) if row["counts"] == "0"]
    assert [(row["amount"], row["requested"], row["state"], row["training"]) for row in silent] == [
        ("0.00", "50.00", State.DECLINED.value, "False"),
        ("0.00", "7.77", State.APPROVED.value, "True"),
    ]


def test_totals_are_a_table_of_their_own(pos, day):
    (total,) = exported(pos, day, "--table", "totals")
    record, head = day.journal.head()
    assert total == {
        "first_date": "2026-03-02",
        "last_date": "2026-03-02",
        "currency": "CNY",
        "sales": "2",
        "sales_amount": "138.40",
        "voids": "1",
        "voids_amount": "-9.90",
        "refunds": "1",
        "refunds_amount": "-8.50",
        "completions": "0",
        "completions_amount": "0.00",
        "completion_voids": "0",
        "completion_voids_amount": "0.00",
        "net": "120.00",
        "net_minor": "12000",
        "head_record": str(record),
        "head_hash": head,
    }


def test_batches_are_a_table_of_their_own_with_their_settlement(pos, day):
    day.settle()
    day.sale(1)
    first, second = exported(pos, day, "--table", "batches")
    assert (first["batch"], first["net"], first["settled"]) == ("000001", "120.00", "2026-03-02")
    assert first["balanced"] == "True"
    assert (second["batch"], second["net"], second["settled"]) == ("000002", "0.01", "")


@pytest.fixture
def week(shop):
    """A sale a day from 2 to 5 March of 1.00, 2.00, 3.00, 4.00; the second day settles twice."""
    for number in range(1, 5):
        shop.sale(100 * number)
        if number == 2:
            shop.settle()
            shop.sale(50)
        if number in (2, 3):
            shop.settle()
        shop.clock.advance(days=1)
    return shop


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["1.00", "2.00", "0.50", "3.00", "4.00"]),
        (("--from", "2026-03-03"), ["2.00", "0.50", "3.00", "4.00"]),
        (("--to", "2026-03-03"), ["1.00", "2.00", "0.50"]),
        (("--from", "2026-03-03", "--to", "2026-03-04"), ["2.00", "0.50", "3.00"]),
        (("--date", "2026-03-03"), ["2.00", "0.50"]),
        (("--batch", "2"), ["0.50"]),
        (("--batch", "2-3"), ["0.50", "3.00"]),
        (("--batch", "1", "--date", "2026-03-03"), ["2.00"]),
        (("--date", "2020-01-01"), []),
    ],
)
def test_days_and_batches_can_be_chosen(pos, week, words, expected):
    assert [row["amount"] for row in exported(pos, week, *words)] == expected


def test_json_lines_are_the_same_rows(pos, day):
    ended = pos("journal", "export", "--format", "jsonl", "--data", day.directory)
    rows = [json.loads(line) for line in ended.out.splitlines()]
    plain = exported(pos, day)
    assert [{name: str(cell) for name, cell in row.items()} for row in rows] == plain
    assert rows[0]["amount_minor"] == 12_850


def test_an_empty_journal_exports_as_a_heading_alone(pos, shop):
    assert exported(pos, shop) == []
    assert exported(pos, shop, "--table", "totals") == []


def test_the_format_is_told_by_the_files_name(pos, day, tmp_path):
    target = tmp_path / "trade.jsonl"
    assert pos("journal", "export", "-o", target, "--data", day.directory).code == 0
    assert json.loads(target.read_text(encoding="utf-8").splitlines()[0])["type"] == "sale"


def test_an_export_goes_to_a_file_whole(pos, day, tmp_path):
    target = tmp_path / "trade.csv"
    ended = pos("journal", "export", "-o", target, "--data", day.directory)
    assert (ended.code, ended.out) == (0, "")
    assert len(target.read_text(encoding="utf-8").splitlines()) == 1 + 6
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["trade.csv"]


@pytest.mark.parametrize("name", ["trade.csv", "trade.xlsx"])
def test_an_export_that_does_not_add_up_is_refused_and_leaves_no_file(pos, day, tmp_path, name):
    day.journal.close()
    forge_sql(day.directory / DATABASE, "UPDATE batches SET sales_minor = sales_minor + 1")
    refusal = pos("journal", "export", "-o", tmp_path / name, "--data", day.directory).refusal(1)
    assert "sales of batch 000001 are 2/13840, the journal's own totals 2/13841" in refusal
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def card(scheme: str, *, length: int = 19):
    facts = {"hash": "c3" * 32, "first6": "622848", "last4": "0012"}
    return type(CARD)(**facts, pan_length=length, scheme=scheme)


@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_what_a_card_says_of_itself_is_no_formula_in_a_spreadsheet(pos, shop, sign):
    shop.sale(100, card=card(sign))
    assert exported(pos, shop)[0]["scheme"] == f"'{sign}"


def test_a_cards_quotes_and_commas_stay_in_their_cell(pos, shop):
    shop.sale(100, card=card('A "B", C\r\nD'))
    (row,) = exported(pos, shop)
    assert (row["scheme"], row["operator"]) == ('A "B", C\r\nD', "01")


def test_a_short_card_number_shows_its_last_four_digits_alone(pos, shop):
    shop.sale(100, card=card("X", length=12))
    assert exported(pos, shop)[0]["card"] == "********0012"


def test_utf_8_is_marked_on_request(pos, day):
    words = ("journal", "export", "--data", day.directory)
    assert pos(*words).out.startswith("date,")
    assert pos(*words, "--bom").out.startswith("\ufeffdate,")


def test_a_spreadsheet_gets_its_identifiers_as_formulas_on_request_alone(pos, day):
    out = pos("journal", "export", "--spreadsheet", "--data", day.directory).out
    assert out.startswith("\ufeffdate,")
    (row, *_) = csv.DictReader(io.StringIO(out[1:]))
    assert (row["voucher"], row["amount"]) == ('="000001"', "128.50")
    assert exported(pos, day)[0]["voucher"] == "000001"


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("--xlsx",), 2, "a workbook is a file: name it with -o FILE.xlsx"),
        (("--xlsx", "-o", "-"), 2, "a workbook is a file: name it with -o FILE.xlsx"),
        (("--xlsx", "-o", "a.xlsx", "--table", "totals"), 2, "leave out --table"),
        (("--format", "jsonl", "--bom"), 2, "--bom and --spreadsheet are for CSV, not for jsonl"),
        (("--format", "xml"), 2, "invalid choice"),
        (("--table", "all"), 2, "invalid choice"),
        (("--date", "2026-03-02", "--to", "2026-03-03"), 2, "without --from and --to"),
        (("--from", "2026-03-04", "--to", "2026-03-03"), 2, "2026-03-04 is after --to 2026-03-03"),
        (("--batch", "3-2"), 2, "the first batch comes first"),
        (("--batch", "0"), 2, "a batch number is 1 to"),
        (("--batch", "1-"), 2, "a batch number is 1 to"),
        (("--batch", "7"), 1, "there is no batch 000007"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(pos, shop, words, code, expected):
    assert expected in pos("journal", "export", *words, "--data", shop.directory).refusal(code)


@pytest.mark.parametrize("name", ["folder.csv", "folder.xlsx"])
def test_an_export_that_cannot_be_written_says_so(pos, shop, tmp_path, name):
    target = tmp_path / "no" / "such" / name
    refusal = pos("journal", "export", "-o", target, "--data", shop.directory).refusal(2)
    assert refusal == f"pos: {target}: No such file or directory"
