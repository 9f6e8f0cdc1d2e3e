"""Documents into ESC/POS bytes."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from segno import make_qr

from hw.ports import Align, Cut, Feed, Qr, Size, TextLine
from hw.printer_dots import BAND_BYTES_MAX, BAND_ROWS_MAX, QR_MODULE_PX_MAX, QR_QUIET_MODULES
from hw.printer_encode import QR_BYTES_MAX, Encoder, Mode, PrinterProfile, printable, printer_has
from hw.printer_font import PaperFont, columns_of
from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.kinds import kind_of

FONT = PaperFont()
SHORT = st.text(max_size=12)
NATIVE = st.characters(codec="gb2312").filter(printer_has)  # "・" has four bytes in GB18030
PARTS = st.one_of(
    st.builds(
        TextLine, SHORT, st.sampled_from(Size), st.sampled_from(Align), st.booleans()
    ),
    st.builds(Feed, st.integers(0, 300)),
    st.builds(Qr, SHORT),
    st.just(Cut()),
)  # fmt: skip


def native(*parts):
    return Encoder(PrinterProfile(), FONT).body(parts)


def raster(*parts):
    return Encoder(PrinterProfile(mode=Mode.RASTER), FONT).body(parts)


def bands(data):
    """Columns in bytes and rows of each GS v 0 in `data`."""
    found = []
    while (start := data.find(b"\x1dv0")) >= 0:
        width = int.from_bytes(data[start + 4 : start + 6], "little")
        height = int.from_bytes(data[start + 6 : start + 8], "little")
        found.append((width, height))
        data = data[start + 8 + width * height :]
    return found


def test_a_native_job_begins_in_a_known_state_with_chinese_on():
    assert Encoder(PrinterProfile(), FONT).setup() == b"\x1b@\x1bt\x00\x1c&"
    assert native().endswith(b"\x1c.")


def test_native_text_is_gb18030():
    assert native(TextLine("消费 12.50，")) == "消费 12.50，\n".encode("gb18030") + b"\x1c."


def test_the_yen_sign_of_latin_1_becomes_the_one_printers_have():
    assert native(TextLine("¥1")) == native(TextLine("￥1"))
    assert b"\xa3\xa4" in native(TextLine("¥1"))


def test_style_is_sent_when_it_changes_and_undone_at_the_end():
    data = native(
        TextLine("a", bold=True), TextLine("b", bold=True), TextLine("c", Size.LARGE, Align.RIGHT)
    )
    assert data == (b"\x1bE\x01a\nb\n\x1ba\x02\x1d!\x11\x1bE\x00c\n\x1ba\x00\x1d!\x00\x1c.")


def test_a_line_with_a_character_that_printers_may_lack_is_sent_as_dots():
    assert printer_has("签购单 RMB ￥ – …")
    for text in ("ก", "😀", "\ue000", "𠮷", "ö"):
        assert not printer_has(text), text
        assert bands(native(TextLine(text))), text
    assert bands(native(TextLine("签购单"))) == []


def test_raster_bands_are_short_and_only_as_wide_as_their_ink():
    [(width, height)] = bands(raster(TextLine("ab")))
    assert width == 3
    assert height < 24  # rows without ink are fed
    assert [width for width, _ in bands(raster(TextLine("ab", align=Align.RIGHT)))] == [3]
    assert [width for width, _ in bands(raster(TextLine("ab", align=Align.CENTRE)))] == [3]
    for width, height in bands(raster(Qr("x" * 300), TextLine("x" * 32, Size.TALL))):
        assert height <= BAND_ROWS_MAX
        assert 8 + width * height <= BAND_BYTES_MAX


def test_no_band_is_as_high_as_printers_of_the_pos_5890k_kind_stumble_over():
    """They print garbage, or stop, after a band whose height is a multiple of 48 rows."""
    document = (TextLine("国" * 16), TextLine("国" * 8, Size.LARGE), Qr("x" * 300), TextLine("end"))
    for mode in Mode:
        model = PrinterModel(32, FONT, kind=kind_of(["band-48"]))
        encoder = Encoder(PrinterProfile(mode=mode, qr=False), FONT)
        model.receive(encoder.setup() + encoder.body(document))
        assert model.paper.text.endswith("end"), mode
        assert model.anomalies == []


def test_the_control_stops_a_printer_of_that_kind():
    model = PrinterModel(32, FONT, kind=kind_of(["band-48"]))
    model.receive(b"\x1dv0\x00\x01\x00\x30\x00" + bytes([255] * 48) + b"lost\n")
    assert "lost" not in model.paper.text


def test_mixed_text_needs_no_chinese_in_the_printer_and_keeps_every_column():
    model = PrinterModel(32, FONT, kind=kind_of(["no-chinese"]))
    encoder = Encoder(PrinterProfile(mode=Mode.MIXED), FONT)
    lines = (
        TextLine("终端号 TERMINAL:        10000001"),
        TextLine("操作员 01", align=Align.RIGHT, bold=True),
        TextLine("金额 RMB 1.50", Size.LARGE),
        TextLine("备注：￥12.50（谢谢）", align=Align.CENTRE),
    )
    model.receive(encoder.setup() + encoder.body(lines))
    assert model.paper.text == (
        "终端号 TERMINAL:        10000001\n" + " " * 23 + "操作员 01\n金额 RMB 1.50\n"
        "     备注：￥12.50（谢谢）"
    )
    assert model.anomalies == []


def test_a_payload_is_text_on_a_head_that_draws_no_qr_and_dots_where_that_is_set():
    for qr in (True, False):
        model = PrinterModel(32, FONT, kind=kind_of(["no-qr"]))
        encoder = Encoder(PrinterProfile(qr=qr), FONT)
        model.receive(encoder.setup() + encoder.body((Qr("POS1"),)))
        assert ("k1A2" in model.paper.text) == qr


def test_a_printer_that_feeds_by_half_rows_spaces_lines_as_all_others_do():
    heights = []
    for traits, motion_dpi in (([], 0), (["half-rows"], 180)):
        model = PrinterModel(32, FONT, kind=kind_of(traits))
        encoder = Encoder(PrinterProfile(mode=Mode.RASTER, motion_dpi=motion_dpi), FONT)
        model.receive(encoder.setup() + encoder.body((TextLine("国"), TextLine(), TextLine("国"))))
        heights.append(model.paper.height_px)
    assert heights[0] == heights[1]


def test_blank_lines_cost_three_bytes():
    assert raster(TextLine()) == native(TextLine())[:-2] == b"\x1bJ\x1e"


def test_a_line_too_wide_for_the_paper_goes_on_below():
    for mode in Mode:
        model = PrinterModel()
        encoder = Encoder(PrinterProfile(mode=mode), FONT)
        model.receive(encoder.setup() + encoder.body((TextLine("x" * 31 + "国" + "y" * 5),)))
        assert model.paper.text == "x" * 31 + "\n国yyyyy"
        assert model.anomalies == []


def test_a_payload_no_symbol_can_hold_is_marked_on_paper():
    for payload in ("", "x" * 3000):
        model = PrinterModel()
        model.receive(Encoder(PrinterProfile(), FONT).setup() + native(Qr(payload)))
        assert "〓 QR 〓" in model.paper.text


def test_a_long_payload_fits_its_paper():
    for columns in (32, 48):
        model = PrinterModel(columns)
        encoder = Encoder(PrinterProfile(columns), FONT)
        model.receive(encoder.setup() + encoder.body((Qr("签" * 777),)))
        assert model.anomalies == []
        assert model.paper.has_qr == ("签" * 777,)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=4), st.sampled_from(Mode), st.sampled_from((32, 48)))
@example([TextLine("\x1b@\x1dv0\x10\x04\x01", bold=True)], Mode.NATIVE, 32)
def test_whatever_the_document_the_printer_understands_every_byte(document, mode, columns):
    model = PrinterModel(columns, FONT)
    encoder = Encoder(PrinterProfile(columns, cutter=True, mode=mode), FONT)
    model.receive(encoder.setup() + encoder.body(tuple(document)))
    assert model.anomalies == []


@settings(max_examples=100, deadline=None)
@given(st.text(NATIVE, max_size=16), st.sampled_from(Size))
@example("Ｑ￥－—　，", Size.LARGE)
def test_native_text_reads_back_as_it_was_written(text, size):
    model = PrinterModel(32, FONT)
    model.receive(Encoder(PrinterProfile(), FONT).setup() + native(TextLine(text, size)))
    if columns_of(text) * (2 if size is Size.LARGE else 1) <= 32:
        assert model.paper.text.strip() == printable(text).strip(" 　")


def test_a_native_symbol_has_the_largest_modules_that_leave_room_for_it():
    """Its size is reckoned, not drawn: as segno draws it, for payloads of every version."""
    room_px = PrinterProfile().width_px
    for length in (1, 14, 15, 180, 181, *range(20, QR_BYTES_MAX, 99), QR_BYTES_MAX):
        data = native(Qr("a" * length))
        modules = len(make_qr(b"a" * length, "M", mode="byte", boost_error=False, mask=0).matrix)
        module_px = data[data.index(b"1C") + 2]
        assert module_px == min(QR_MODULE_PX_MAX, room_px // (modules + 2 * QR_QUIET_MODULES))
