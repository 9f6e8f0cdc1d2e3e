"""An export as an accountant meets it: LibreOffice opens it, and tells what each cell holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from firmware.core.kinds import Kind, Result
from tests.journal.story import CARD

CALC = shutil.which("soffice")
if CALC is None:
    pytest.skip(
        "EXPORTS ARE NOT OPENED IN LIBREOFFICE: apt-get install libreoffice-calc",
        allow_module_level=True,
    )
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
COLUMNS_MAX = 60
# what the import dialog asks: comma, quote, UTF-8, from line 1, English, and whether "Format quoted
# field as text" is ticked
CSV = "--infilter=Text - txt - csv (StarCalc):44,34,76,1,,1033,{}"
AMOUNTS = ["128.5", "9.9", "-9.9", "-8.5", "0", "0.03", "0"]
HARMLESS = r'|of:=(TRUE|FALSE)\(\)|of:="[A-Z0-9]+"'  # a truth value; an identifier for spreadsheets
Cell = tuple[str, str]  # what kind of value it is, and the value


@pytest.fixture
def day(shop):
    """Sales, one of them voided; a refund; a declined one; a card that says `=1+1`; training."""
    first = shop.sale(12_850)
    shop.void(shop.sale(990))
    shop.refund(first, 850)
    shop.end(shop.intent(Kind.SALE, 5_000), Result.DECLINED)
    facts = {"hash": "c3" * 32, "first6": "622848", "last4": "0012", "pan_length": 19}
    shop.sale(3, card=type(CARD)(**facts, scheme="=1+1"))
    shop.sale(777, training=True)
    return shop


@pytest.fixture
def opened(pos, day, tmp_path):
    """Exports to a file of this name, and opens it: each sheet's rows, as cells by column."""

    def open_in_calc(name: str, *words: str, filter_: str = "") -> dict[str, list[dict[str, Cell]]]:
        path = tmp_path / name
        ended = pos("journal", "export", "-o", path, *words, "--data", day.directory)
        assert (ended.code, ended.out, ended.err) == (0, "", "")
        command = [str(CALC), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
        command += [filter_] * bool(filter_)
        command += ["--convert-to", "fods", "--outdir", str(tmp_path), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        tree = ET.parse(path.with_suffix(".fods"))
        return {str(sheet.get(f"{TABLE}name")): rows(sheet) for sheet in tree.iter(f"{TABLE}table")}

    return open_in_calc


def rows(sheet: ET.Element) -> list[dict[str, Cell]]:
    lines = [cells(row) for row in sheet.iter(f"{TABLE}table-row")]
    heads = [text for _, text in lines[0] if text]
    return [dict(zip(heads, line, strict=False)) for line in lines[1:] if any(t for _, t in line)]


def cells(row: ET.Element) -> list[Cell]:
    found: list[Cell] = []
    for cell in row.iter(f"{TABLE}table-cell"):
        kind = cell.get(f"{OFFICE}value-type", "")
        value = cell.get(f"{OFFICE}{'value' if kind == 'float' else f'{kind}-value'}")
        text = "".join(cell.itertext()).strip() if value is None else value
        formula = cell.get(f"{TABLE}formula", "")
        assert re.fullmatch(HARMLESS, formula), f"{text}: {formula}"
        repeated = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
        found += [(kind, text)] * min(repeated, COLUMNS_MAX)
    return found


def column(trade: list[dict[str, Cell]], name: str) -> list[Cell]:
    return [row[name] for row in trade]


def test_a_workbook_has_numbers_to_add_up_and_identifiers_with_their_zeros(opened):
    sheets = opened("trade.xlsx")
    assert list(sheets) == ["Transactions", "Batches", "Totals"]
    trade = sheets["Transactions"]
    assert column(trade, "amount") == [("float", amount) for amount in AMOUNTS]
    assert trade[2]["voucher"] == ("string", "000003")
    assert trade[2]["batch"] == ("string", "000001")
    assert trade[0]["authorisation"] == ("string", "123456")
    assert trade[0]["reference"] == ("string", "000001000001")
    assert trade[0]["operator"] == ("string", "01")
    assert trade[0]["merchant_name"] == ("string", "幸福小店")
    assert trade[5]["scheme"] == ("string", "=1+1")
    assert trade[0]["date"] == ("date", "2026-03-02")
    assert trade[0]["time"] == ("time", "PT10H00M00S")
    (total,) = sheets["Totals"]
    assert total["net"] == ("float", "120.03")
    assert total["voids_amount"] == ("float", "-9.9")
    (batch,) = sheets["Batches"]
    assert (batch["batch"], batch["net"]) == (("string", "000001"), ("float", "120.03"))


def test_csv_keeps_its_zeros_where_quoted_fields_are_text(opened):
    (trade,) = opened("trade.csv", filter_=CSV.format("true")).values()
    assert column(trade, "amount") == [("float", amount) for amount in AMOUNTS]
    assert trade[2]["voucher"] == ("string", "000003")
    assert trade[0]["authorisation"] == ("string", "123456")
    assert trade[0]["merchant_name"] == ("string", "幸福小店")
    assert trade[5]["scheme"] == ("string", "'=1+1")


def test_csv_for_spreadsheets_keeps_its_zeros_with_no_box_ticked(opened):
    (trade,) = opened("trade.csv", "--spreadsheet", filter_=CSV.format("false")).values()
    assert column(trade, "amount") == [("float", amount) for amount in AMOUNTS]
    assert trade[0]["date"] == ("date", "2026-03-02")
    assert trade[2]["voucher"] == ("string", "000003")
    assert trade[0]["authorisation"] == ("string", "123456")
    assert trade[0]["merchant_name"] == ("string", "幸福小店")
    assert trade[5]["scheme"] == ("string", "'=1+1")
