"""The PDF of an evidence file, as a reader of PDFs reads it."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from firmware.__main__ import main
from tests.cli.test_evidence import data  # noqa: F401 - a fixture

pypdf = pytest.importorskip("pypdf", reason="THE PDF IS NOT READ: there is no pypdf")
A4_PT = (595, 842)


@pytest.fixture(scope="module")
def archive(data: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:  # noqa: F811
    output = tmp_path_factory.mktemp("pack") / "e.zip"
    assert main(["evidence", "1", "-o", str(output), "--data", str(data)]) == 0
    return zipfile.ZipFile(output)


@pytest.fixture(scope="module")
def reader(archive: zipfile.ZipFile):
    return pypdf.PdfReader(io.BytesIO(archive.read("evidence.pdf")))


def test_the_first_page_says_who_when_how_much_authorisation_and_outcome(reader):
    text = reader.pages[0].extract_text()
    for words in (
        "幸福小店 (104110054110001)",
        "S01, 10000001",
        "6250 94** **** 0016",
        "2026-11-22 09:00:07",
        "RMB 128.50",
        "联机密码，由发卡行核验 PIN, checked by the issuer",
        "授权码 Authorisation code",
        "成功 approved [00]",
        "2026-11-22 09:01:22",
        "RMB -128.50",
        "Charged in the",
        "RMB 0.00",
        "It does not prove whose key this is",
    ):
        assert words in text, words
    assert "二" not in text.replace("二维码", ""), "the summary is one page"


def test_every_page_is_a4_and_no_date_is_broken(reader):
    for page in reader.pages:
        assert tuple(round(float(edge)) for edge in page.mediabox[2:]) == A4_PT
    happened = reader.pages[1].extract_text()
    assert happened.count("2026-11-22 09:0") == 12
    assert "联机前先记录 消费 SALE" in happened


def test_frames_receipts_and_the_chips_data_follow(reader):
    assert len(reader.pages[1].images) == 2
    assert [len(page.images) for page in reader.pages[2:4]] == [2, 2]
    last = reader.pages[4].extract_text()
    for words in ("9F34", "ONLINE_PIN", "P1*104110054110001*10000001", "pos verify"):
        assert words in last


def test_its_glyphs_are_in_it(reader):
    fonts = {
        font
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
        if "Courier" not in str(font) and "Helvetica" not in str(font.get_object()["/BaseFont"])
    }
    assert fonts
    for font in fonts:
        assert "/FontFile2" in font.get_object()["/FontDescriptor"].get_object()


def test_the_same_case_makes_the_same_file(data: Path, archive: zipfile.ZipFile, tmp_path: Path):  # noqa: F811
    again = tmp_path / "e.zip"
    assert main(["evidence", "2", "--batch", "1", "-o", str(again), "--data", str(data)]) == 0
    assert zipfile.ZipFile(again).read("evidence.pdf") == archive.read("evidence.pdf")


@pytest.mark.skipif(
    shutil.which("pdftotext") is None,
    reason="THE PDF IS NOT READ BY POPPLER: apt-get install poppler-utils",
)
def test_another_reader_reads_the_same(archive: zipfile.ZipFile):
    document = archive.read("evidence.pdf")
    command = ["pdftotext", "-layout", "-", "-"]
    done = subprocess.run(command, input=document, capture_output=True, check=True)
    text = done.stdout.decode()
    assert "最终扣款 Charged in the end" in text
    assert text.count("2026-11-22 09:00:07") >= 2
