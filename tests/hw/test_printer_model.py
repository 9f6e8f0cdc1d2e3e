"""The modelled printer: ESC/POS as Epson's reference has it, on paper that can be read."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hw.ports import Qr, Size, TextLine
from hw.printer_encode import Encoder, Mode, PrinterProfile
from hw.printer_font import PaperFont
from hw.sim.printer.escpos import BUFFER_BYTES, PrinterModel

FONT = PaperFont()
JOB = (TextLine("签购单 SLIP", Size.LARGE, bold=True), Qr("POS1"), TextLine("尾 tail"))
CHINESE = b"\x1b@\x1c&"


def fed(data):
    model = PrinterModel(32, FONT)
    model.receive(data)
    return model


def ink(model, box):
    """Share of black dots in a box of the paper."""
    part = model.paper.image().crop(box)
    return part.histogram()[0] / (part.width * part.height)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1), st.sampled_from(Mode))
def test_bytes_may_arrive_in_any_chunks(sizes, mode):
    encoder = Encoder(PrinterProfile(mode=mode), FONT)
    data = encoder.setup() + encoder.body(JOB)
    chunked = PrinterModel(32, FONT)
    start = 0
    for size in sizes:
        chunked.receive(data[start : start + size])
        start += size
    chunked.receive(data[start:])
    whole = fed(data)
    assert chunked.paper.image().tobytes() == whole.paper.image().tobytes()
    assert chunked.paper.has_qr == whole.paper.has_qr


# a paper that breaks off leaves the rest of it to be taken for commands, and for their sizes
BEGUN = st.sampled_from([bytes((lead, name)) for lead in (0x1B, 0x1C, 0x1D) for name in range(128)])
SMALL = st.binary(max_size=3).map(lambda data: bytes(byte % 4 for byte in data))
QR = st.builds(
    lambda function, data: b"\x1d(k" + bytes((len(data) + 2, 0, 49, function)) + data,
    st.sampled_from((67, 69, 80, 81)),
    st.binary(max_size=4),
)
BROKEN_OFF = st.lists(BEGUN | SMALL | QR | st.binary(max_size=6)).map(b"".join)


@settings(max_examples=600, deadline=None)
@given(st.binary(max_size=200) | BROKEN_OFF)
@example(b"\x1b*\x21\x00\x00")
@example(b"\x1d(k\x04\x00\x31\x50\x30\xff\x1d(k\x03\x00\x31\x51\x30")
@example(b"\x1ba\x03 \n")
def test_no_bytes_can_break_the_model(data):
    model = fed(data)
    assert model.bytes_received == len(data)
    assert model.paper.image().width == 384
    assert isinstance(model.paper.text, str)


def test_hanzi_are_hanzi_only_in_chinese_mode():
    assert fed(CHINESE + "消费\n".encode("gb18030")).paper.text == "消费"
    assert "消" not in fed(b"\x1b@" + "消费\n".encode("gb18030")).paper.text
    assert fed(CHINESE + b"\x1c.\x1bt\x10caf\xe9\n").paper.text == "café"


def test_broken_hanzi_are_marked_and_recorded():
    model = fed(CHINESE + b"\x81\x20\n")
    assert model.paper.text == "〓"
    assert model.anomalies == ["81 20 is no character of GB18030"]


@pytest.mark.parametrize(
    ("command", "size"),
    [
        (b"", (12, 24)),
        (b"\x1d!\x01", (12, 48)),
        (b"\x1d!\x10", (24, 24)),
        (b"\x1d!\x11", (24, 48)),
        (b"\x1b!\x30", (24, 48)),
        (b"\x1bM\x01", (9, 17)),
        (b"\x1c!\x0c", (12, 24)),  # of hanzi alone
    ],
)
def test_sizes_of_ascii_characters(command, size):
    model = fed(b"\x1b@\x1dB\x01" + command + b"  |\n")  # white on black, so its size shows
    assert ink(model, (0, 0, 2 * size[0], size[1])) == 1.0
    assert ink(model, (3 * size[0], 0, 384, size[1])) == 0.0


def test_chinese_size_is_of_chinese_characters():
    model = fed(CHINESE + b"\x1dB\x01\x1c!\x0c" + "　\n".encode("gb18030"))
    assert ink(model, (0, 0, 48, 48)) == 1.0


def test_underline_bold_and_upside_of_modes_are_undone_by_initialise():
    plain = ink(fed(b"H\n"), (0, 0, 12, 24))
    assert ink(fed(b"\x1bE\x01H\n"), (0, 0, 12, 24)) > plain
    assert ink(fed(b"\x1b-\x02 \n"), (0, 22, 12, 24)) == 1.0
    assert ink(fed(b"\x1bE\x01\x1b-\x02\x1dB\x01\x1b@H\n"), (0, 0, 12, 24)) == plain


def test_lines_stand_where_they_are_told():
    assert fed(b"\x1ba\x01ab\n\x1ba\x02ab\n\x1ba\x00ab\n").paper.text.split("\n") == [
        " " * 15 + "ab", " " * 30 + "ab", "ab",
    ]  # fmt: skip
    assert fed(b"a\x1b$\x78\x00b\n").paper.text == "ab"
    assert fed(b"\x1dL\x18\x00a\n").paper.text == "  a"


def test_feeds_are_measured_in_dots_and_lines():
    for data, height_px in [
        (b"a\n", 30), (b"\x1b3\x32a\n", 50), (b"\x1b3\x32\x1b2a\n", 30), (b"\n\n", 60),
        (b"\x1bd\x03", 90), (b"\x1bJ\x07", 7), (b"a\x1bJ\x07", 37),
    ]:  # fmt: skip
        assert fed(data).paper.height_px == height_px, data


def test_blank_paper_between_lines_reads_as_blank_lines():
    assert fed(b"a\n\n\x1bd\x01b\n").paper.text == "a\n\n\nb"


def test_dots_print_as_raster_and_as_bit_image():
    raster = fed(b"\x1dv0\x00\x01\x00\x02\x00\xff\x81")
    assert raster.paper.height_px == 2
    assert [raster.paper.image().getpixel((x, 1)) for x in (0, 1, 7, 8)] == [0, 255, 0, 255]
    assert fed(b"\x1dv0\x03\x01\x00\x01\x00\xff").paper.height_px == 2
    columns = fed(b"\x1b*\x21\x02\x00" + b"\xff\xff\xff\x00\x00\x01" + b"\n")
    assert ink(columns, (0, 0, 1, 24)) == 1.0
    assert columns.paper.image().getpixel((1, 23)) == 0
    assert ink(columns, (1, 0, 2, 23)) == 0.0
    for model in (raster, columns):
        assert model.anomalies == []


def test_a_symbol_is_kept_with_what_it_says():
    data = b"\x1d(k\x03\x001C\x04\x1d(k\x03\x001E1\x1d(k\x05\x001P0ab\x1d(k\x03\x001Q0"
    model = fed(data)
    assert model.paper.has_qr == ("ab",)
    assert model.paper.height_px == 21 * 4
    assert model.anomalies == []


@pytest.mark.parametrize(
    ("data", "anomaly"),
    [
        (b"\x07", "control 07h"),
        (b"\x1b~", "ESC ~ is not modelled"),
        (b"\x1d(L\x02\x000p", "GS ( L is not modelled"),
        (b"x" * 33 + b"\n", "a line wider than the paper"),
        (b"a\x1dv0\x00\x01\x00\x01\x00\xff", "GS v 0 within a line"),
        (b"\x1dv0\x00\x31\x00\x01\x00" + b"\xff" * 49, "dots wider than the paper"),
        (b"a\x1ba\x01\n", "ESC a within a line"),
        (b"\x1bt\x63", "ESC t 99"),
    ],
)
def test_what_a_printer_might_not_do_is_recorded_and_passed_over(data, anomaly):
    model = fed(data + b"\nafter\n")
    assert model.anomalies == [anomaly]
    assert model.paper.text.endswith("after")


def test_torn_off_paper_keeps_what_is_on_it_and_the_rest_is_blank():
    model = fed(b"one\n\x1dVB\x00")
    torn = model.paper.tear()
    model.receive(b"two\n")
    assert torn.text == "one"
    assert len(torn.cuts_px) == 1
    assert model.paper.text == "two"
    assert model.paper.height_px == 30


def status(model, n):
    model.receive(b"\x10\x04%c" % n)
    return model.answers()


def test_status_answers_tell_cover_and_paper():
    model = PrinterModel(32, FONT)
    assert [status(model, n) for n in (1, 2, 3, 4)] == [b"\x12"] * 4
    model.fail_paper_out()
    assert [status(model, n) for n in (1, 2, 3, 4)] == [b"\x1a", b"\x32", b"\x12", b"\x7e"]
    model.fail_paper_out(on=False)
    model.fail_cover_open()
    assert [status(model, n) for n in (1, 2)] == [b"\x1a", b"\x16"]


def test_status_is_answered_amid_dots_and_the_bytes_stay_dots():
    model = fed(b"\x1dv0\x00\x01\x00\x03\x00\x10\x04\x01")
    assert model.answers() == b"\x12"
    assert model.paper.height_px == 3


def test_the_question_that_waits_its_turn_is_not_answered_without_paper():
    model = fed(b"\x1dr\x01")
    assert model.answers() == b"\x00"
    model.fail_paper_out()
    model.receive(b"a\n\x1dr\x01")
    assert model.answers() == b""
    model.fail_paper_out(on=False)
    assert model.answers() == b"\x00"
    assert model.paper.text == "a"


def test_out_of_paper_bytes_wait_in_the_buffer_until_it_is_full():
    model = PrinterModel(32, FONT)
    model.fail_paper_out()
    assert model.receive(b"kept\n" + bytes(5000)) == BUFFER_BYTES
    with pytest.raises(TimeoutError):
        model.receive(b"x")
    assert model.paper.text == ""
    model.fail_paper_out(on=False)
    assert model.paper.text == "kept"


def test_a_dead_wire_has_taken_as_many_bytes_as_it_was_given():
    model = PrinterModel(32, FONT)
    model.transport.reopen()
    model.dies_after(4)
    assert model.transport.write(bytes(50) + b"\x10\x04\x01" + b"ab\ncd\n") == 57
    for use in (model.transport.reopen, lambda: model.transport.write(b"x")):
        with pytest.raises(OSError, match="no printer on the wire"):
            use()
    assert model.paper.text == "ab"
    model.clear()
    model.transport.reopen()
    model.transport.write(b"d\n")
    assert model.paper.text == "ab\ncd"  # what was taken is still in the printer


def test_switching_it_off_forgets_all_but_the_paper():
    model = fed(b"one\n\x1bE\x01half a line")
    model.power_cycle()
    model.receive(b"two\n")
    assert model.paper.text == "one\ntwo"


def test_faults_are_told_to_whoever_waits():
    model = PrinterModel(32, FONT)
    told = []
    model.on_change = lambda: told.append(True)
    for change in (
        model.fail_paper_out, model.fail_cover_open, model.fail_offline, model.clear,
        lambda: model.dies_after(10),
    ):  # fmt: skip
        change()
    assert len(told) == 5
