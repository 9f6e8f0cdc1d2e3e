"""The chips' models against their datasheets: a wrong model would prove wrong drivers right."""

import pytest

from hw.sim.panel.ssd1306 import Sh1106, Ssd1306, Ssd1309

UPRIGHT = (0xA1, 0xC8)


def lit(panel):
    """The pixels that the eye sees lit, as a set of (x, y)."""
    image = panel.image()
    return {(x, y) for x in range(128) for y in range(64) if image.getpixel((x, y))}


def column(x, page):
    return {(x, page * 8 + row) for row in range(8)}


@pytest.fixture
def panel():
    """An SSD1306 upright, lit, horizontally addressed and with empty memory."""
    panel = Ssd1306()
    panel.command(0x8D, 0x14, 0x20, 0x00, *UPRIGHT, 0x21, 0, 127, 0x22, 0, 7, 0xAF)
    panel.data(bytes(1024))
    return panel


def test_bit_0_is_the_top_row_of_its_page(panel):
    panel.command(0x21, 5, 127, 0x22, 2, 7)
    panel.data([0x01, 0x80])
    assert lit(panel) == {(5, 16), (6, 23)}


def test_horizontal_addressing_goes_on_with_the_next_page_of_the_window(panel):
    panel.command(0x21, 10, 11, 0x22, 3, 4)
    panel.data([0xFF, 0, 0, 0xFF])
    assert lit(panel) == column(10, 3) | column(11, 4)


def test_horizontal_addressing_starts_over_at_the_windows_end(panel):
    panel.command(0x21, 10, 11, 0x22, 3, 4)
    panel.data([0, 0, 0, 0, 0xFF])
    assert lit(panel) == column(10, 3)


def test_vertical_addressing_goes_down_before_it_goes_right(panel):
    panel.command(0x20, 0x01, 0x21, 10, 11, 0x22, 3, 4)
    panel.data([0xFF, 0, 0, 0xFF, 0xFF])  # the fifth starts over
    assert lit(panel) == column(10, 3) | column(11, 4)
    panel.data([0xFF])
    assert lit(panel) == column(10, 3) | column(10, 4) | column(11, 4)


def test_page_addressing_stays_on_its_page(panel):
    panel.command(0x20, 0x02, 0xB6, 0x0F, 0x17)  # page 6, column 0x7F
    panel.data([0xFF, 0xFF])
    assert lit(panel) == column(127, 6) | column(0, 6)


def test_a_command_may_be_cut_anywhere_between_transfers(panel):
    for byte in (0x21, 5, 127, 0x22, 2, 7):
        panel.command(byte)
    panel.data([0x01])
    assert lit(panel) == {(5, 16)}


def test_without_remaps_the_picture_stands_on_its_head(panel):
    panel.command(0xA0, 0xC0, 0x21, 0, 127, 0x22, 0, 7)
    panel.data([0x01])
    assert lit(panel) == {(127, 63)}


def test_the_segment_remap_leaves_what_is_stored_and_the_com_remap_does_not(panel):
    panel.command(0x21, 0, 127, 0x22, 0, 7)
    panel.data([0x01])
    panel.command(0xA0)
    assert lit(panel) == {(0, 0)}
    panel.command(0xC0)
    assert lit(panel) == {(0, 63)}


@pytest.mark.parametrize(
    "command", [(0x44,), (0xD3, 0x04)], ids=["the start line", "a display offset"]
)
def test_the_picture_is_shifted_by(panel, command):
    panel.command(0x21, 0, 127, 0x22, 0, 7)
    panel.data([0x10])
    panel.command(*command)
    assert lit(panel) == {(0, 0)}


def test_a_smaller_multiplex_leaves_rows_dark(panel):
    panel.command(0xA8, 0x1F, 0xA7)
    assert len(lit(panel)) == 128 * 32


def test_inverse_lights_what_is_dark(panel):
    panel.command(0xA7)
    assert len(lit(panel)) == 128 * 64
    panel.command(0xA6)
    assert lit(panel) == set()


def test_the_whole_panel_can_be_lit_whatever_is_in_memory(panel):
    panel.command(0xA5)
    assert len(lit(panel)) == 128 * 64


def test_an_ssd1306_without_its_charge_pump_is_dark_and_an_ssd1309_needs_none():
    for chip, pixels in ((Ssd1306, 0), (Ssd1309, 128 * 64)):
        panel = chip()
        panel.command(0xA5, 0xAF)
        assert len(lit(panel)) == pixels


def test_the_sh1106_shows_its_columns_2_to_129_and_never_leaves_a_page():
    panel = Sh1106()
    panel.command(*UPRIGHT, 0xAF)
    for page in range(8):
        panel.command(0xB0 | page, 0x00, 0x10)
        panel.data(bytes(140))  # what is past column 131 is lost
    panel.command(0xB3, 0x02, 0x10)
    panel.data([0xFF])
    panel.command(0xB4, 0x01, 0x18)
    panel.data([0xFF, 0xFF])
    assert lit(panel) == column(0, 3) | column(127, 4)


def test_the_sh1106_knows_no_windows():
    panel = Sh1106()
    panel.command(0x20, 0x21, 0x22, 0x8D)
    assert panel.undefined == [0x20, 0x21, 0x22, 0x8D]


def test_without_its_remap_the_sh1106_is_mirrored_at_once():
    panel = Sh1106()
    panel.command(*UPRIGHT, 0xAF, 0xA6)
    for page in range(8):
        panel.command(0xB0 | page, 0x00, 0x10)
        panel.data(bytes(132))
    panel.command(0xB0, 0x02, 0x10)
    panel.data([0x01])
    panel.command(0xA0)
    assert lit(panel) == {(127, 0)}


def test_each_transfer_costs_its_address_and_control_byte():
    panel = Ssd1306()
    panel.command(0xAE)
    panel.data(bytes(16))
    assert (panel.transactions, panel.bus_bytes) == (2, 3 + 18)
    assert panel.bus_us(clock_hz=400_000) == 21 * 9 * 10 // 4


def test_a_command_longer_than_an_smbus_block_is_refused():
    with pytest.raises(ValueError):
        Ssd1306().command(*[0xE3] * 33)


def test_what_the_datasheet_does_not_define_is_noted():
    panel = Ssd1306()
    panel.command(0xE3, 0x2E, 0xD9, 0xF1, 0xFF, 0xAD)
    assert panel.undefined == [0xFF, 0xAD]


def test_a_mended_wire_finds_a_chip_that_has_been_without_power(panel):
    panel.command(0x81, 0x01)
    panel.fail(broken=True)
    with pytest.raises(OSError, match="Remote I/O"):
        panel.command(0xAF)
    with pytest.raises(OSError, match="Remote I/O"):
        panel.data([0])
    panel.fail(broken=False)
    assert (panel.is_on, panel.contrast) == (False, 0x7F)
    panel.command(0x8D, 0x14, 0xAF)
    assert 3000 < len(lit(panel)) < 5000  # noise
