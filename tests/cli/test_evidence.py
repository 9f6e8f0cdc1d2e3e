"""`pos evidence`: what a bank gets holds together by itself, and shows what is not as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from firmware.__main__ import main
from firmware.audit.data import reading
from firmware.journal.keys import TerminalKeys
from firmware.journal.signed_record import signed_record
from firmware.lab.issuers import tray_books
from tests.api.counter import Counter
from tests.cli.conftest import Pos
from tests.journal.tamper import forge_sql
from tests.playing import played

STORY = "sale-wrong-amount-noticed-a-minute-later-is-voided"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A terminal's data directory after a sale of 128.50 and its void."""
    return played(tmp_path_factory.mktemp("data"), STORY)


def packed(data: Path, output: Path, *arguments: str) -> zipfile.ZipFile:
    code = main(["evidence", *arguments, "-o", str(output), "--data", str(data)])
    assert code == 0
    return zipfile.ZipFile(output)


class Reader(HTMLParser):
    """Everything that is read on a page, and where its pictures come from."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.sources = "", []

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"

    def handle_starttag(self, tag, attrs) -> None:
        self.sources += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_reads_by_itself_in_both_languages(data: Path, tmp_path: Path):
    archive = packed(data, tmp_path / "e.zip", "1")
    reader = Reader()
    reader.feed(archive.read("index.html").decode())
    for words in ("RMB 128.50", "幸福小店", "10000001", "消费撤销 VOID", "The chip's data", "经过"):
        assert words in reader.text
    assert len(reader.sources) == 2 + 4  # two agreed frames, two copies of two receipts
    assert all(source.startswith("data:image/png") for source in reader.sources)


def test_a_void_and_its_sale_are_one_case(data: Path, tmp_path: Path):
    of_sale = packed(data, tmp_path / "sale.zip", "1")
    of_void = packed(data, tmp_path / "void.zip", "2", "--batch", "1")
    assert of_sale.namelist() == of_void.namelist()
    assert of_sale.read("records.json") == of_void.read("records.json")
    for name in ("merchant", "cardholder"):
        text = of_sale.read(f"vouchers/000001-000001-{name}.txt").decode()
        assert "RMB 128.50" in text
        assert "重打印 DUPLICATE" in text


def test_whoever_has_the_paper_can_check_it_by_the_keys_in_the_file(
    data: Path, tmp_path: Path, pos: Pos
):
    directory = tmp_path / "data"
    shutil.copytree(data, directory)
    with reading(directory) as journal:
        sale = journal.by_voucher(1)
        assert sale is not None
        printed = signed_record(sale, TerminalKeys.load(directory))
    assert pos("journal", "new-key", "--data", directory).code == 0
    keys = tmp_path / "terminal-key.pem"
    keys.write_bytes(packed(directory, tmp_path / "e.zip", "1").read(keys.name))
    assert pos("verify", "--qr", printed, "--key", keys).code == 0


def test_the_agreed_frame_is_the_one_that_the_intent_names(data: Path, tmp_path: Path):
    archive = packed(data, tmp_path / "e.zip", "1")
    records = json.loads(archive.read("records.json"))
    intents = [one["says"] for one in records if one["says"]["type"] == "IntentRecorded"]
    assert [one["kind"] for one in intents] == ["sale", "void"]
    for intent in intents:
        name = f"frames/{intent['frame_sha256'][:16]}.png"
        with archive.open(name) as file:
            assert hashlib.sha256(Image.open(file).tobytes()).hexdigest() == intent["frame_sha256"]


def test_the_chips_data_are_decoded_and_no_card_number_is_in_any_file(data: Path, tmp_path: Path):
    archive = packed(data, tmp_path / "e.zip", "1")
    sale = {one["tag"]: one for one in json.loads(archive.read("emv.json"))["000001"]}
    assert sale["95"]["name"] == "Terminal Verification Results (TVR)"
    assert "ONLINE" in sale["9F34"]["meaning"]
    (number,) = [one.pan.reveal() for one in tray_books() if one.name == "unionpay-debit"]
    for name in archive.namelist():
        assert number.encode() not in archive.read(name)


def test_a_journal_that_was_tampered_with_says_so_and_the_command_fails(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in data.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
            (copy / path.name).chmod(0o600)
    forge_sql(copy / "journal.db", "UPDATE records SET body = replace(body, '12850', '12851')")
    output = tmp_path / "e.zip"
    assert main(["evidence", "1", "-o", str(output), "--data", str(copy)]) == 1
    assert "NOT VERIFIED" in capsys.readouterr().out
    assert "核验未通过" in zipfile.ZipFile(output).read("index.html").decode()


@pytest.mark.parametrize(
    ("arguments", "code"), [(["7"], 1), (["1", "--batch", "9"], 1), (["x"], 2), (["0"], 2)]
)
def test_what_is_not_there_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
):
    output = tmp_path / "e.zip"
    try:
        found = main(["evidence", *arguments, "-o", str(output), "--data", str(data)])
    except SystemExit as left:
        found = left.code
    assert found == code
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not output.exists()


def test_a_tills_order_is_named_where_a_bank_looks(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    counter.order("order-7", reference="table 12")
    counter.do("press ENTER\ninsert unionpay-debit\npress 123456 ENTER\nremove\nwait 1m")
    counter.close()
    reader = Reader()
    archive = packed(tmp_path / "terminal", tmp_path / "e.zip", "1")
    reader.feed(archive.read("index.html").decode())
    for words in ("订单号 Order", "table 12", "order-7"):
        assert words in reader.text
