"""The OLED driver against the chips' models: what reaches the display, and what it costs."""

import errno
import gc
import itertools
import random
import subprocess
import sys
from pathlib import Path

import luma.core.device
import luma.oled.device
import pytest
from gpiozero import PinSetInput
from gpiozero.pins.mock import MockFactory, MockPin
from luma.core.interface.serial import i2c as luma_i2c
from PIL import Image, ImageChops, ImageDraw

from hw import board
from hw.events import Device
from hw.gpio import PinHeader
from hw.oled import Oled, OledChip, i2c, spi
from hw.ports import DeviceFault
from hw.sim.panel.ssd1306 import Sh1106, SpiDev, Ssd1306, Ssd1309

DISPLAYS = {OledChip.SSD1306: Ssd1306, OledChip.SSD1309: Ssd1309, OledChip.SH1106: Sh1106}
BLACK = Image.new("1", (128, 64))
WHOLE_FRAME_BUS_BYTES = {OledChip.SSD1306: 1034, OledChip.SSD1309: 1034, OledChip.SH1106: 1080}


@pytest.fixture(params=list(OledChip), ids=lambda chip: chip.value)
def chip(request):
    return request.param


@pytest.fixture
def panel(chip):
    return DISPLAYS[chip]()


@pytest.fixture
def oled(panel, chip):
    driver = Oled(lambda: panel, chip)
    yield driver
    driver.close()


def noise(seed):
    return Image.frombytes("1", (128, 64), random.Random(seed).randbytes(1024))


def same(seen, wanted):
    return ImageChops.logical_xor(seen, wanted).getbbox() is None


def lit_display(chip, level=None):
    panel = DISPLAYS[chip]()
    oled = Oled(lambda: panel, chip, level=level)
    oled.show(noise(1))
    return panel, oled


def with_text(text, *, at=(8, 24)):
    image = BLACK.copy()
    ImageDraw.Draw(image).text(at, text, fill=1, font_size=16)
    return image


def cost(panel, act):
    before = panel.bus_bytes
    act()
    return panel.bus_bytes - before


def seen_at_each_transfer(panel):
    """What the eye sees after each transfer of data from now on."""
    seen = []
    panel.on_data = lambda: seen.append(panel.image())
    return seen


def test_the_display_shows_the_frame(oled, panel):
    oled.show(with_text("128.50"))
    assert same(panel.image(), with_text("128.50"))


def test_every_corner_and_orientation_is_as_lumas_own_driver_shows_it(oled, panel, chip):
    image = BLACK.copy()
    for x, y in itertools.product((0, 127), (0, 63)):
        image.putpixel((x, y), 1)
    image.putpixel((3, 1), 1)  # which corner is which
    oled.show(image)
    reference = DISPLAYS[chip]()
    getattr(luma.oled.device, chip.value)(reference).display(image)
    assert same(panel.image(), image)
    assert same(reference.image(), image)


def test_a_module_built_in_upside_down_shows_the_frame_turned(panel, chip):
    Oled(lambda: panel, chip, rotate=2).show(with_text("A"))
    assert same(panel.image(), with_text("A").transpose(Image.Transpose.ROTATE_180))


def test_a_quarter_turn_does_not_fit_the_display(panel, chip):
    with pytest.raises(ValueError):
        Oled(lambda: panel, chip, rotate=1)


def test_any_sequence_of_frames_leaves_the_last_one_on_the_display(oled, panel):
    chooser = random.Random(11)
    image = BLACK.copy()
    for step in range(60):
        box = sorted(chooser.sample(range(128), 2)), sorted(chooser.sample(range(64), 2))
        (x0, x1), (y0, y1) = box
        image = image.copy()
        image.paste(noise(step).crop((x0, y0, x1, y1)), (x0, y0))
        oled.show(image)
        assert same(panel.image(), image), f"frame {step}"


def test_no_frame_costs_more_than_lumas_whole_frame(oled, panel, chip):
    oled.show(noise(1))
    sparse = noise(1)
    for x, y in itertools.product(range(0, 128, 5), range(0, 64, 8)):
        sparse.putpixel((x, y), 1 - bool(sparse.getpixel((x, y))))
    for image in (noise(2), BLACK, sparse, noise(1)):
        assert 0 < cost(panel, lambda image=image: oled.show(image)) <= WHOLE_FRAME_BUS_BYTES[chip]


def test_the_same_frame_again_costs_nothing(oled, panel):
    oled.show(noise(1))
    assert cost(panel, lambda: oled.show(noise(1))) == 0


def test_one_changed_cell_costs_its_bytes_and_its_addresses(oled, panel, chip):
    oled.show(BLACK)
    cell = BLACK.copy()
    cell.paste(1, (40, 16, 56, 32))  # a 16×16 cell: two pages of 16 bytes
    wanted = 32 + (2 * 7 if chip is OledChip.SH1106 else 10)
    assert cost(panel, lambda: oled.show(cell)) == wanted


def test_an_amount_in_16_px_digits_echoes_each_key_within_a_hundred_bus_bytes(oled, panel):
    frames = [
        with_text(f"{amount:>9}", at=(40, 24)) for amount in ("0.01", "0.12", "1.28", "12.85")
    ]
    oled.show(frames[0])
    for image in frames[1:]:
        assert 0 < cost(panel, lambda image=image: oled.show(image)) <= 100


def test_memory_noise_at_power_on_is_never_lit(panel, chip):
    lit = []

    class Watched:
        """The chip's wire, looking at the display after each transfer."""

        def command(self, *cmd):
            panel.command(*cmd)
            lit.append(panel.image().getbbox())

        def data(self, data):
            panel.data(data)
            lit.append(panel.image().getbbox())

        def cleanup(self):
            panel.cleanup()

    Oled(Watched, chip).show(BLACK)
    assert panel.is_on
    assert set(lit) == {None}


def test_nothing_is_sent_that_the_datasheet_does_not_define(panel, chip):
    oled = Oled(lambda: panel, chip, level=10)
    oled.show(noise(1))
    oled.close()
    # luma gives the SH1106 the SSD1306's memory mode and charge pump, which it ignores
    assert panel.undefined == ([0x20, 0x8D] if chip is OledChip.SH1106 else [])


@pytest.mark.parametrize("level", [0, 3, 255])
def test_brightness_is_the_chips_contrast(chip, level):
    panel, _ = lit_display(chip, level)
    assert panel.contrast == level


def test_a_frame_of_the_wrong_kind_is_a_bug_and_not_a_fault(oled):
    for wrong in (Image.new("L", (128, 64)), Image.new("1", (64, 128))):
        with pytest.raises(ValueError):
            oled.show(wrong)


def test_a_broken_wire_is_a_named_fault_wherever_it_breaks(chip):
    """Break at every transfer of a frame in turn; mended, reopening gives the whole picture."""
    panel, oled = lit_display(chip)
    before = panel.transactions
    oled.show(noise(2))
    transfers = panel.transactions - before
    assert transfers >= 2
    for taken in range(transfers):
        panel, oled = lit_display(chip, level=5)
        panel.fail(broken=True, after_transfers=taken)
        with pytest.raises(DeviceFault) as fault:
            oled.show(noise(2))
        assert fault.value.device is Device.DISPLAY
        with pytest.raises(DeviceFault):
            oled.reopen()
        panel.fail(broken=False)
        assert not panel.is_on  # it has been without power
        oled.reopen()
        assert same(panel.image(), noise(2))
        assert panel.contrast == 5


def test_showing_after_a_fault_initialises_the_display_first(oled, panel):
    oled.show(noise(1))
    panel.fail(broken=True)
    with pytest.raises(DeviceFault):
        oled.show(noise(2))
    panel.fail(broken=False)
    oled.show(noise(1))
    assert same(panel.image(), noise(1))


def test_reopening_heals_a_display_that_was_reset_unseen(oled, panel):
    oled.show(noise(1))
    panel.power_on()
    assert same(panel.image(), BLACK)
    oled.reopen()
    assert same(panel.image(), noise(1))


def test_nothing_is_seen_of_reopening_a_display_that_is_well(chip):
    panel, oled = lit_display(chip, level=5)
    seen = seen_at_each_transfer(panel)
    oled.reopen()
    assert len(seen) >= 1
    assert all(same(image, noise(1)) for image in seen)
    assert panel.contrast == 5


def test_a_display_that_was_reset_stays_dark_until_its_frame_is_there(oled, panel):
    """Its memory is noise."""
    oled.show(noise(1))
    panel.power_on()
    seen = seen_at_each_transfer(panel)
    oled.reopen()
    assert all(same(image, BLACK) for image in seen)
    assert same(panel.image(), noise(1))


def test_reopening_costs_a_frame_and_few_bytes_more(oled, panel, chip):
    oled.show(noise(1))
    assert 0 < cost(panel, oled.reopen) <= WHOLE_FRAME_BUS_BYTES[chip] + 80


def test_a_terminal_starts_with_its_display_unplugged(oled, panel):
    panel.fail(broken=True)
    for _ in range(3):
        with pytest.raises(DeviceFault):
            oled.show(noise(1))
    panel.fail(broken=False)
    oled.reopen()
    assert same(panel.image(), noise(1))


def devices_alive():
    gc.collect()
    return sum(isinstance(thing, luma.core.device.device) for thing in gc.get_objects())


def test_a_display_lost_for_long_leaves_no_device_behind_in_an_exit_hook(oled, panel):
    oled.show(noise(1))
    before = devices_alive()
    panel.fail(broken=True)
    for _ in range(10):
        with pytest.raises(DeviceFault):
            oled.reopen()
    panel.fail(broken=False)
    oled.reopen()
    assert devices_alive() == before


def test_the_device_that_luma_keeps_until_the_exit_holds_nothing(oled):
    oled.show(BLACK)
    made = [each for each in gc.get_objects() if type(each).__module__ == "hw.oled"]
    kept = [each for each in made if isinstance(each, luma.core.device.device)]
    assert [vars(each) for each in kept] == [{} for _ in kept] != []


def test_nothing_is_written_to_the_display_at_exit():
    script = (
        "import atexit, sys\n"
        "from PIL import Image\n"
        "from hw.oled import Oled\n"
        "from hw.sim.panel.ssd1306 import Ssd1306\n"
        "glass = Ssd1306()\n"
        "atexit.register(lambda: print(glass.transactions - sent))\n"  # runs after luma's hook
        "Oled(lambda: glass).show(Image.new('1', (128, 64), 1))\n"
        "sent = glass.transactions\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_closing_darkens_the_display_and_never_raises(oled, panel):
    oled.show(noise(1))
    oled.close()
    assert not panel.is_on
    oled.show(noise(1))
    panel.fail(broken=True)
    oled.close()
    oled.close()


class SmBus:
    """A chip behind luma's own I²C interface, at the level of SMBus blocks."""

    def __init__(self, panel, address):
        self.panel = panel
        self.address = address

    def write_i2c_block_data(self, address, control, block):
        if address != self.address:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        {0x00: lambda: self.panel.command(*block), 0x40: lambda: self.panel.data(block)}[control]()


def test_lumas_own_i2c_interface_carries_the_frame(panel, chip):
    bus = SmBus(panel, 0x3C)
    oled = Oled(lambda: luma_i2c(bus=bus, address=0x3C), chip)
    oled.show(noise(5))
    assert same(panel.image(), noise(5))
    panel.fail(broken=True)  # luma gives commands' errors another name than data's
    with pytest.raises(DeviceFault, match="not found on address: 0x3C"):
        oled.show(noise(6))


def test_a_display_at_another_address_is_a_fault(panel, chip):
    bus = SmBus(panel, 0x3D)
    with pytest.raises(DeviceFault):
        Oled(lambda: luma_i2c(bus=bus, address=0x3C), chip).show(BLACK)


def test_a_pi_whose_bus_is_switched_off_says_which():
    with pytest.raises(DeviceFault, match="/dev/i2c-99"):
        Oled(i2c(port=99)).show(BLACK)


def test_lumas_own_spi_interface_carries_the_frame(panel, chip):
    header = PinHeader(MockFactory())
    device = SpiDev(panel, header.factory.pin(board.OLED_SPI.data_command.bcm))
    oled = Oled(spi(lambda: header, spidev=device), chip)
    oled.show(noise(5))
    assert same(panel.image(), noise(5))
    assert device.opened == (0, 0)
    assert device.max_speed_hz == board.OLED_SPI.clock_hz
    assert header.factory.pin(board.OLED_SPI.reset.bcm).state  # low is reset


class DyingPin(MockPin):
    """A pin that takes no level any more once it is dead."""

    dead = False

    def _set_state(self, value):
        if self.dead:
            raise PinSetInput(f"cannot set state of pin {self!r}")
        super()._set_state(value)


def test_pins_that_fail_are_the_displays_fault(panel, chip):
    header = PinHeader(MockFactory(pin_class=DyingPin))
    pin = header.factory.pin(board.OLED_SPI.data_command.bcm)
    oled = Oled(spi(lambda: header, spidev=SpiDev(panel, pin)), chip)
    oled.show(noise(5))
    pin.dead = True
    with pytest.raises(DeviceFault):
        oled.show(noise(6))
