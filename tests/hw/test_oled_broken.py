"""The OLED driver where a transfer breaks within, and what is seen of healing and wrong chips."""

import pytest
from PIL import ImageDraw

from firmware.ops.doctor.display import picture
from hw.oled import Oled, OledChip
from hw.ports import DeviceFault
from tests.hw.test_oled import (
    BLACK,
    DISPLAYS,
    cost,
    lit_display,
    noise,
    same,
    seen_at_each_transfer,
)

CHIPS = pytest.mark.parametrize("chip", OledChip, ids=lambda chip: chip.value)
WHOLE = 500  # bytes: a whole frame has more


SHORT_EVERY = 5  # bytes of a whole frame, in the short form; coprime to its rows of 128


def points(sent, pytestconfig):
    """After how many bytes it breaks: any, but within a whole frame some, all its beginning."""
    if sent < WHOLE or pytestconfig.getoption("--long"):
        return range(sent)
    return [*range(40), *range(40, sent, SHORT_EVERY), sent - 1]


@CHIPS
@pytest.mark.parametrize("once", [False, True])
def test_a_transfer_broken_after_any_byte_leaves_no_wrong_picture(chip, once, pytestconfig):
    """The chip keeps its power, and waits for the rest of a command or of memory.

    Broken once it is repeated, and what is repeated is no rest of the command that broke.
    """
    for change in (noise(2), with_digit(noise(1))):
        panel, oled = lit_display(chip)
        before = panel.bus_bytes - 2 * panel.transactions
        oled.show(change)
        sent = panel.bus_bytes - 2 * panel.transactions - before
        for arrived in points(sent, pytestconfig):
            panel, oled = lit_display(chip)
            panel.break_within(arrived, once=once)
            if not once:
                with pytest.raises(DeviceFault):
                    oled.show(change)
                panel.break_within(None)
            oled.show(change)
            assert same(panel.image(), change), arrived


@CHIPS
def test_initialisation_broken_after_any_byte_leaves_no_wrong_picture(chip):
    for arrived in range(60):
        panel, oled = lit_display(chip)
        panel.break_within(arrived)
        with pytest.raises(DeviceFault):
            oled.reopen()
        panel.break_within(None)
        oled.reopen(noise(3))
        assert same(panel.image(), noise(3)), arrived
        assert panel.addressing_mode == (0b10 if chip is OledChip.SH1106 else 0b00)


def with_digit(image):
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle((40, 20, 52, 40), fill=1)
    return changed


@CHIPS
def test_the_frame_that_heals_is_the_one_to_come(chip):
    """A display reset unseen stays dark until the new frame is there: no old one before."""
    panel, oled = lit_display(chip)
    panel.power_on()
    seen = seen_at_each_transfer(panel)
    oled.reopen(noise(2))
    assert all(same(image, BLACK) for image in seen)
    assert same(panel.image(), noise(2))
    assert cost(panel, lambda: oled.show(noise(2))) == 0


@CHIPS
def test_the_wrong_chip_moves_the_doctors_picture(chip):
    """What a person sees of the wrong display.chip: its frame is not whole."""
    for other, model in DISPLAYS.items():
        panel = model()
        oled = Oled(lambda panel=panel: panel, chip)
        oled.show(picture())
        fits = {chip, other} <= {OledChip.SSD1306, OledChip.SSD1309} or chip is other
        assert same(panel.image(), picture()) == fits, other
