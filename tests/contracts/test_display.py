"""What every display owes the firmware: see hw.ports.Display."""

import time

import pytest
from PIL import Image, ImageDraw

from hw.oled import Oled, OledChip
from hw.sim.panel.ssd1306 import Sh1106, Ssd1306, Ssd1309
from tests.contracts.at_the_bench import PART

DISPLAYS = {OledChip.SSD1306: Ssd1306, OledChip.SSD1309: Ssd1309, OledChip.SH1106: Sh1106}
BLACK = Image.new("1", (128, 64))


class OnModel:
    """A display whose bus's time is counted."""

    def __init__(self, chip):
        self.panel = DISPLAYS[chip]()
        self.display = Oled(lambda: self.panel, chip)

    def is_showing(self, image):
        return self.panel.image().tobytes() == image.tobytes()

    def show_ms(self, image):
        before_us = self.panel.bus_us()
        self.display.show(image)
        return (self.panel.bus_us() - before_us) / 1000


class OnPart:
    """The OLED of this terminal."""

    def __init__(self, display):
        self.display = display
        self.display.show(BLACK)

    def is_showing(self, _image):
        return True  # nothing can look at the part

    def show_ms(self, image):
        start_s = time.monotonic()
        self.display.show(image)
        return (time.monotonic() - start_s) * 1000


@pytest.fixture(params=[*OledChip, PART], ids=str)
def bench(request):
    if request.param == "part":
        bench = OnPart(request.getfixturevalue("terminal").part("display"))
    else:
        bench = OnModel(request.param)
    yield bench
    bench.display.close()


def checkers(phase):
    image = BLACK.copy()
    draw = ImageDraw.Draw(image)
    for x in range(0, 128, 8):
        for y in range(0, 64, 8):
            if (x + y) // 8 % 2 == phase:
                draw.rectangle((x, y, x + 7, y + 7), fill=1)
    return image


class TestDisplay:
    def test_it_is_128_by_64(self, bench):
        assert (bench.display.width_px, bench.display.height_px) == (128, 64)

    def test_a_whole_frame_blocks_for_at_most_100_ms(self, bench):
        bench.show_ms(BLACK)
        assert max(bench.show_ms(checkers(phase)) for phase in (0, 1)) <= 100

    def test_an_unchanged_frame_costs_nearly_nothing(self, bench):
        bench.show_ms(checkers(0))
        assert bench.show_ms(checkers(0)) <= 5

    def test_a_changed_cell_is_much_faster_than_a_frame(self, bench):
        bench.show_ms(BLACK)
        cell = BLACK.copy()
        cell.paste(1, (64, 16, 80, 32))
        assert bench.show_ms(cell) < bench.show_ms(checkers(0)) / 2

    def test_only_a_frame_of_its_own_kind_is_taken(self, bench):
        for wrong in (Image.new("L", (128, 64)), Image.new("1", (64, 128))):
            with pytest.raises(ValueError):
                bench.display.show(wrong)

    def test_it_can_be_reopened_at_any_time(self, bench):
        bench.display.reopen()
        bench.display.show(checkers(0))
        assert bench.is_showing(checkers(0))
        bench.display.reopen()
        assert bench.is_showing(checkers(0))

    def test_closing_twice_is_well(self, bench):
        bench.display.show(checkers(0))
        bench.display.close()
        bench.display.close()
        assert bench.is_showing(BLACK)
