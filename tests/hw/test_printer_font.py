"""The face on paper: every cell in its columns, nothing missing in silence."""

from PIL import Image, ImageChops, ImageFont

from hw.ports import Align, Size
from hw.printer_font import (
    ASCII_PX,
    FACES,
    MISSING,
    PaperFont,
    aligned,
    columns_of,
    without_controls,
)
from hw.sim.printer.paper_reader import characters_of, emboldened, read_band

FONT = PaperFont()
ASCII = "".join(map(chr, range(0x21, 0x7F)))


def gb2312():
    for lead in range(0xA1, 0xF8):
        for trail in range(0xA1, 0xFF):
            yield from bytes((lead, trail)).decode("gb2312", errors="ignore")


def test_every_character_of_gb2312_can_be_drawn():
    assert [character for character in gb2312() if not FONT.can_draw(character)] == []


def test_traditional_characters_and_rarer_names_can_be_drawn():
    assert FONT.can_draw("繁體字收據商戶存根退貨謝謝惠顧")
    assert FONT.can_draw("喆堃镕珺彧甯翀")


def test_a_missing_glyph_is_told_and_printed_as_a_mark():
    for text in ("ก", "😀", "\ue000", "\x07", "\ud800"):
        assert not FONT.can_draw(text)
    assert FONT.cell("ก").tobytes() == FONT.cell(MISSING).tobytes()
    assert FONT.can_draw("a 　一")


def test_a_cell_is_its_columns_wide_and_keeps_all_its_ink():
    for character in ASCII + "国，（）￥ｇ＿が":
        cell = FONT.cell(character)
        assert cell.size == (12 * columns_of(character), 24)
        assert cell.getbbox() is not None
    basic = ImageFont.Layout.BASIC
    face = ImageFont.truetype(str(FACES / "paper-ascii.ttf"), ASCII_PX, layout_engine=basic)
    for character in "gjpqy|_Q,;@":
        left, top, right, bottom = FONT.cell(character).getbbox()
        alone = face.getmask(character, mode="1").getbbox()
        assert (right - left, bottom - top) == (alone[2] - alone[0], alone[3] - alone[1])


def test_no_two_ascii_characters_look_the_same():
    for bold in (False, True):
        assert len({FONT.cell(character, bold=bold).tobytes() for character in ASCII}) == 94


def test_bold_adds_dots_and_takes_none_away():
    for character in ASCII.replace("_", "") + "消费撤销":  # _ is as wide as its cell
        plain, bold = FONT.cell(character), FONT.cell(character, bold=True)
        assert ImageChops.subtract(plain.convert("L"), bold.convert("L")).getbbox() is None
        assert bold.histogram()[255] > plain.histogram()[255]
        assert emboldened(plain.tobytes()) == bold.tobytes()


def test_sizes_are_multiples_of_the_cell():
    assert FONT.text("a国").size == (36, 24)
    assert FONT.text("a国", Size.TALL).size == (36, 48)
    assert FONT.text("a国", Size.LARGE).size == (72, 48)


def test_control_characters_never_reach_paper():
    assert without_controls("a\x1b@\n\x00\x9b\ud800b") == "a?@????b"


def test_alignment_is_in_dots():
    dots = Image.new("1", (12, 24), 255)
    boxes = {align: aligned(dots, align, 384).getbbox() for align in Align}
    assert boxes[Align.LEFT] == (0, 0, 12, 24)
    assert boxes[Align.CENTRE] == (186, 0, 198, 24)
    assert boxes[Align.RIGHT] == (372, 0, 384, 24)


def test_no_hanzi_could_be_read_as_two_ascii_characters():
    known = characters_of(FACES)
    narrow = {dots for dots in known if len(dots) == 48}
    blank = bytes(48)
    wide = {dots: character for dots, character in known.items() if len(dots) == 72}
    assert len(wide) > len(narrow) > 90
    for dots, character in wide.items():
        cell = Image.frombytes("1", (24, 24), dots)
        halves = {cell.crop((x, 0, x + 12, 24)).tobytes() for x in (0, 12)}
        # the reader tries the whole cell first, so only what equals two letters could mislead
        assert not halves <= narrow - {blank}, character


def test_a_dot_out_of_place_is_not_read():
    line = aligned(FONT.text("金额 128.50"), Align.LEFT, 384)
    assert [read.text for read in read_band(line, FONT)] == ["金额 128.50"]
    line.putpixel((50, 12), 255 - line.getpixel((50, 12)))
    assert read_band(line, FONT) == []
