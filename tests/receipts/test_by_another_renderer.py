"""Receipts as a renderer draws them that is not ours, read back: text and code are what was sent.

`emupos` interprets ESC/POS by itself, with faces of its own; it wants Python 3.13, as Debian 13
has. `zxing-cpp` reads the codes. Where they are not installed, nothing is tried.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops

from firmware.core.config import Merchant
from firmware.core.kinds import Copy
from firmware.receipts.transaction import transaction_receipt
from hw.ports import Document, Qr, Size, TextLine
from hw.printer_encode import Encoder, Mode, PrinterProfile, printable
from hw.printer_font import CELL_HEIGHT_PX, CELL_WIDTH_PX, PaperFont, aligned
from hw.sim.printer.paper_reader import read_band

FONT = PaperFont()
# a signed record as a sale has it: 45 characters and more of base 45, which a telephone reads
RECORD = (
    "P1*104110054110001*10000001*000001*000027*SA*12850*CNY*20261122*193205*00*604812*%A $B+C-D./E:"
)
MODES = [(Mode.NATIVE, True), (Mode.NATIVE, False), (Mode.MIXED, True), (Mode.MIXED, False)]
every_way = pytest.mark.parametrize("way", [*MODES, (Mode.RASTER, False)])
both_widths = pytest.mark.parametrize("columns", [32, 48])
both_languages = pytest.mark.parametrize("language", ["zh", "en"])


def receipt(transaction: Any, merchant: Merchant, columns: int, language: str) -> Document:
    """A sale's merchant copy, of a shop with a name in this language."""
    named = transaction(merchant_name="HAPPY STORE") if language == "en" else transaction()
    shop = replace(merchant, name="HAPPY STORE") if language == "en" else merchant
    copy = Copy.MERCHANT
    return transaction_receipt(named, shop, copy=copy, columns=columns, duplicate=False, qr=RECORD)


def drawn(document: Document, profile: PrinterProfile) -> tuple[Image.Image, str, set[str]]:
    """Ink as 1, the renderer's own dump of the text, and the commands that it does not know."""
    config = pytest.importorskip("emupos.config")
    tokenizer = pytest.importorskip("emupos.printer.escpos.tokenizer").Tokenizer()
    cell = config.FontCell(width=12, height=24)
    model = pytest.importorskip("emupos.printer.escpos.model").PrintModel(
        "printer",
        config.PrinterProfile(
            type="printer", name="printer", dpi=203, width_dots=profile.width_px,
            font_a=cell, font_b=config.FontCell(width=9, height=17),
            code_pages={0: "PC437"}, default_code_page=0, drawer_sensor_open_level="high",
        ),
    )  # fmt: skip
    encoder = Encoder(profile, FONT)
    unknown: set[str] = set()
    for token in tokenizer.feed(encoder.setup() + encoder.body(document)):
        unknown |= {event.data["bytes"] for event in model.process(token)}
    assert tokenizer.close() is None
    paper = model.finish("cut")
    ink = ImageChops.invert(Image.open(io.BytesIO(paper.png)).convert("1"))
    # its picture ends with the last ink, in the middle of a line; paper goes on
    longer = Image.new("1", (ink.width, ink.height + CELL_HEIGHT_PX))
    longer.paste(ink)
    return longer, paper.text, unknown


def lines_of(document: Document) -> list[TextLine]:
    return [part for part in document if isinstance(part, TextLine) and part.text.strip()]


@every_way
@both_widths
@both_languages
def test_the_code_on_a_receipt_says_what_was_signed(
    transaction: Any,
    merchant: Merchant,
    columns: int,
    way: tuple[Mode, bool],
    language: str,
) -> None:
    mode, qr = way
    reader = pytest.importorskip("zxingcpp")
    document = receipt(transaction, merchant, columns, language)
    ink, _, _ = drawn(document, PrinterProfile(columns, mode=mode, qr=qr))
    seen = [code.text for code in reader.read_barcodes(ImageChops.invert(ink).convert("L"))]
    assert seen == [part.data for part in document if isinstance(part, Qr)] == [RECORD]


@both_widths
@both_languages
def test_native_text_is_read_back(
    transaction: Any, merchant: Merchant, columns: int, language: str
) -> None:
    """The renderer shows each byte of GB18030 as a sign of its code page: back to bytes."""
    document = receipt(transaction, merchant, columns, language)
    _, text, unknown = drawn(document, PrinterProfile(columns))
    assert unknown == set()
    printed = [
        line.strip() for line in text.encode("cp437", "replace").decode("gb18030").split("\n")
    ]
    wanted = [printable(line.text).strip() for line in lines_of(document)]
    assert [line for line in printed if line in wanted] == wanted


@both_widths
@both_languages
def test_mixed_text_is_read_back(
    transaction: Any, merchant: Merchant, columns: int, language: str
) -> None:
    """ASCII as the renderer dumps it; hanzi dot by dot, each in its own columns."""
    document = receipt(transaction, merchant, columns, language)
    profile = PrinterProfile(columns, mode=Mode.MIXED, qr=False)
    ink, text, unknown = drawn(document, profile)
    assert unknown == set()
    squeezed = "".join(text.split())
    top = 0
    for line in lines_of(document):
        if line.text.isascii() or line.size is Size.NORMAL:
            runs = "".join(sign if sign.isascii() else "\n" for sign in line.text).split("\n")
            assert [run for run in runs if "".join(run.split()) not in squeezed] == []
        top = found(ink, line, profile.width_px, top)


def found(ink: Image.Image, line: TextLine, width_px: int, top: int) -> int:
    """The row at which the hanzi of a line stand, from `top` on."""
    text = "".join(sign if not sign.isascii() else " " for sign in printable(line.text))
    if not text.strip():
        return top
    hanzi = FONT.text(text, line.size, bold=line.bold)
    whole = FONT.text(printable(line.text), line.size, bold=line.bold)
    room = Image.new("1", whole.size)
    room.paste(hanzi, (0, 0))
    wanted = aligned(room, line.align, width_px)
    for y in range(top, ink.height - wanted.height + 1):
        window = ink.crop((0, y, ink.width, y + wanted.height))
        if ImageChops.logical_and(window, wanted).tobytes() == wanted.tobytes():
            return y
    raise AssertionError(f"not on paper: {line.text}")


@both_widths
@both_languages
def test_text_as_dots_is_read_back(
    transaction: Any, merchant: Merchant, columns: int, language: str
) -> None:
    document = receipt(transaction, merchant, columns, language)
    ink, _, unknown = drawn(document, PrinterProfile(columns, mode=Mode.RASTER))
    assert unknown == set()
    read = [line.text.strip() for line in read_band(ink, FONT)]
    assert read == [printable(line.text).strip() for line in lines_of(document)]
    assert ink.height > len(read) * CELL_HEIGHT_PX
    assert ink.width == columns * CELL_WIDTH_PX
