"""The PDF of an evidence file, A4: a page of summary, then frames, receipts, data.

Laid out by ReportLab, with the glyphs that are used embedded, so that Chinese shows everywhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Picture
from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Image,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from firmware.audit.evidence_case import Case, emv_rows
from firmware.audit.evidence_words import CHIP_HEAD, LIMITS, STORY_HEAD, name_text, story, summary
from firmware.audit.keyring import fingerprint_of
from hw.printer_font import FACES

FACE, FACE_FILE = "Paper", FACES / "paper-hanzi.ttf"
MISSING = "〓"
AGREED = (
    "插卡之前，金额已在终端显示屏上核对并按确认键；画面见下页。",
    "Before the card went in the amount was checked on the display and ENTER pressed: see below.",
)
REPRINTED = (
    "签购单按流水重打，标有“重打印”。",
    "The receipts are printed anew from the journal and marked as duplicates.",
)
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
FRAME_SCALE = 4  # dots of a frame, so that no reader blurs them
FRAME_WIDTH = 64 * mm
PAPER_DOTS_PER_MM = 8  # of the printer, so that receipts are shown in their size
RECEIPT_HEIGHT = 215 * mm  # what a page holds below a heading
_TEXT = ParagraphStyle("text", fontName=FACE, fontSize=9.5, leading=13, wordWrap="CJK")
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=8, leading=10.5)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontSize=13, leading=18, spaceBefore=10, spaceAfter=4)
_TITLE = ParagraphStyle("title", parent=_TEXT, fontSize=15, leading=21, alignment=TA_LEFT)
_LINES = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), FACE, 9),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]
)


def pdf(case: Case) -> bytes:
    """The whole PDF. The same case gives the same bytes."""
    if FACE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(FACE, str(FACE_FILE)))
    sale = case.family[0]
    title = f"争议证据 Evidence · 凭证 voucher {sale.batch:06d} / {sale.stan:06d}"
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author=sale.merchant_name,
        invariant=1,
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont(FACE, 8)
        canvas.drawString(MARGIN, 10 * mm, drawable(title))
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"{page.page}")

    document.build(list(_story(case, title)), onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


def drawable(text: str) -> str:
    """`text` with the mark of a missing sort for each character that the face lacks."""
    glyphs = pdfmetrics.getFont(FACE).face.charToGlyph
    return "".join(c if ord(c) in glyphs else MISSING for c in text)


def _words(text: str, style: ParagraphStyle = _TEXT) -> Paragraph:
    return Paragraph(escape(drawable(text)), style)


def _story(case: Case, title: str) -> Iterator[Any]:
    yield _words(title, _TITLE)
    yield Spacer(0, 4 * mm)
    yield from _summary(case)
    yield PageBreak()
    yield from _frames(case)
    yield from _events(case)
    yield from _receipts(case)
    yield from _chip(case)
    yield from _verification(case)


def _summary(case: Case) -> Iterator[Any]:
    rows = [(_words(label), _words(words)) for label, words in summary(case)]
    yield Table(rows, colWidths=(60 * mm, WIDTH - 60 * mm), style=_LINES)
    yield Spacer(0, 5 * mm)
    if case.sound:
        yield _words("终端流水与签购单核验无误。The journal and the receipts verify.")
    else:
        yield _words("核验未通过。They do NOT verify.")
        yield from (_words(fault, _SMALL) for fault in (*case.report.faults, *case.faults))
    yield Spacer(0, 3 * mm)
    for chinese, english in (*((AGREED,) if case.frames else ()), REPRINTED, *LIMITS):
        yield _words(chinese, _SMALL)
        yield _words(english, _SMALL)
    yield Spacer(0, 3 * mm)
    for record, key in case.keys:
        words = f"公钥指纹 Key fingerprint (record {record} …)  {fingerprint_of(key)}"
        yield _words(words, _SMALL)


def _frames(case: Case) -> Iterator[Any]:
    yield _words("一、持卡人同意的画面 The frames that were agreed to", _HEAD)
    if not case.frames:
        yield _words("无。None.")
    for sha256, frame in case.frames.items():
        size = (frame.width * FRAME_SCALE, frame.height * FRAME_SCALE)
        yield KeepTogether(
            [
                _image(frame.resize(size), FRAME_WIDTH),
                _words(f"SHA-256 {sha256}", _SMALL),
                Spacer(0, 3 * mm),
            ]
        )


def _image(picture: Picture.Image, width: float) -> Image:
    height = width * picture.height / picture.width
    if height > RECEIPT_HEIGHT:
        width, height = width * RECEIPT_HEIGHT / height, RECEIPT_HEIGHT
    file = io.BytesIO()
    picture.convert("L").save(file, format="PNG")
    file.seek(0)
    assert ImageReader(file).getSize() == picture.size
    return Image(file, width, height, hAlign="LEFT")


def _events(case: Case) -> Iterator[Any]:
    yield _words("二、经过 What happened", _HEAD)
    rows = [
        (number, at, _words(words, _SMALL), digits) for number, at, words, digits in story(case)
    ]
    yield _table(STORY_HEAD, rows, (22 * mm, 42 * mm, WIDTH - 98 * mm, 34 * mm))


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float]) -> Table:
    """A table whose head comes again on each page; strings in it are never broken."""
    return Table([tuple(head), *rows], colWidths=widths, style=_LINES, repeatRows=1)


def _receipts(case: Case) -> Iterator[Any]:
    """Both copies of each transaction side by side, a page each."""
    receipts = list(case.receipts.items())
    for at in range(0, len(receipts), 2):
        pair = receipts[at : at + 2]
        pictures = [
            _image(
                receipt.image, min(receipt.image.width / PAPER_DOTS_PER_MM * mm, WIDTH / 2 - 6 * mm)
            )
            for _, receipt in pair
        ]
        names = [_words(name, _SMALL) for name, _ in pair]
        heading = f"三、签购单 The receipts {at // 2 + 1}"
        table = Table([pictures, names], colWidths=[WIDTH / 2] * len(pair))
        yield PageBreak()
        yield KeepTogether([_words(heading, _HEAD), table])


def _chip(case: Case) -> Iterator[Any]:
    yield PageBreak()
    yield _words("四、芯片数据 The chip's data (EMV)", _HEAD)
    for one in case.family:
        rows = [
            (tag, _words(name, _SMALL), _words(value, _SMALL), _words(words, _SMALL))
            for tag, name, value, words in emv_rows(one.emv)
        ]
        if rows:
            yield _words(f"{one.stan:06d} {name_text(one)}")
            yield _table(CHIP_HEAD, rows, (14 * mm, 50 * mm, 50 * mm, WIDTH - 114 * mm))


def _verification(case: Case) -> Iterator[Any]:
    yield _words("五、核验 Verification", _HEAD)
    report = case.report
    rows = [
        ("流水记录 Records", str(report.records)),
        ("链首摘要 Head", report.head_hash),
        *(("公钥 Public key", key) for key in report.keys),
        *((f"二维码 QR {number}", text) for number, text in case.signed_records.items()),
    ]
    cells = [(_words(label, _SMALL), _words(words, _SMALL)) for label, words in rows]
    yield Table(cells, colWidths=(40 * mm, WIDTH - 40 * mm), style=_LINES)
    yield _words("用 `pos verify 文件.zip` 核验。`pos verify FILE.zip` checks it.", _SMALL)
