"""The checks of the parts, on the real drivers over modelled parts: healthy and broken."""

from datetime import UTC, datetime

import pytest
from gpiozero.pins.mock import MockFactory
from msgspec.structs import replace

from firmware.doctor.display import DisplayCheck
from firmware.doctor.findings import Verdict
from firmware.doctor.keypad import KeypadCheck, Matrix
from firmware.doctor.printer import PrinterCheck
from firmware.doctor.reader import SOCKET, ReaderCheck
from firmware.doctor.signals import SignalsCheck
from hw.board import KEYPAD, SIGNALS
from hw.card_reader import PcscReader
from hw.evdev_keypad import UsbKeypad
from hw.events import Device, Key
from hw.gpio import Header
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import DeviceFault
from hw.printer import EscposPrinter
from hw.printer_encode import Mode
from hw.signals import Signals
from hw.sim import matrix as sim
from hw.sim.cards import tray
from hw.sim.escpos import PrinterModel
from hw.sim.pcsc import PcscModel
from hw.sim.ssd1306 import Ssd1306
from hw.sim.usb_keypad import UsbKeypadModel
from hw.sim.virtual import VirtualClock
from tests.doctor.machine import ModelMachine, verdicts, worst

GOOD, WARNING, BAD, SKIPPED = Verdict.GOOD, Verdict.WARNING, Verdict.BAD, Verdict.SKIPPED
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
I2C = "/dev/i2c-1"
ADAPTER = "/sys/bus/i2c/devices/i2c-1"
SPEED = f"{ADAPTER}/of_node/clock-frequency"


def display_check(chip, machine, bus="i2c"):
    return DisplayCheck(machine, Oled(lambda: chip), VirtualClock(NOON), bus, 1, 0x3C)


def bus_at(clock_hz):
    return ModelMachine({I2C: b"", SPEED: clock_hz.to_bytes(4, "big")})


def test_a_glass_that_answers_on_a_fast_bus_is_good():
    chip = Ssd1306()
    assert verdicts(display_check(chip, bus_at(400_000))) == [GOOD, GOOD]
    assert chip.is_lit


def test_a_slow_bus_is_a_warning_with_the_line_to_write():
    [(detail, advice)] = worst(display_check(Ssd1306(), bus_at(100_000)))
    assert detail == "i2c-1 runs at 100 kHz"
    assert "i2c_arm_baudrate=400000" in advice


def test_a_glass_that_does_not_answer_is_bad_with_the_other_address():
    chip = Ssd1306()
    chip.fail(broken=True)
    [(_, advice)] = worst(display_check(chip, bus_at(400_000)))
    assert "display.address = 0x3d" in advice


@pytest.mark.parametrize(
    ("machine", "bus", "words"),
    [
        (ModelMachine(), "i2c", "dtparam=i2c_arm=on"),
        (ModelMachine({ADAPTER: b""}), "i2c", "sudo modprobe i2c-dev"),
        (ModelMachine(), "spi", "dtparam=spi=on"),
    ],
    ids=["no I²C", "no module", "no SPI"],
)
def test_a_bus_that_cannot_be_used_is_bad_and_the_glass_left_alone(machine, bus, words):
    chip = Ssd1306()
    [(_, advice)] = worst(display_check(chip, machine, bus))
    assert words in advice
    assert not chip.is_lit


def test_a_bus_that_is_closed_to_who_looks_is_left_to_the_permissions():
    chip = Ssd1306()
    machine = ModelMachine({I2C: b""}, closed_to={"alice": {I2C}})
    assert verdicts(display_check(chip, machine)) == [SKIPPED]
    assert not chip.is_lit


def test_on_spi_a_frame_is_sent_and_nobody_claims_that_it_arrived():
    chip = Ssd1306()
    [finding] = display_check(chip, ModelMachine({"/dev/spidev0.0": b""}), "spi").look()
    assert finding.verdict is GOOD
    assert "does not tell" in finding.detail
    assert chip.is_lit


class Hand:
    """Presses the key that it is asked for, 50 ms after the last one is up; not the dead ones."""

    def __init__(self, layout=KEYPAD, dead=()):
        self.clock = VirtualClock(NOON)
        self.matrix = sim.Matrix(KEYPAD)
        self.keypad = MatrixKeypad(self.matrix.factory, layout)
        self._dead = dead
        self._next = None
        self._due_ms = 0

    def ask(self, words):
        self.matrix.release_all()
        self._next = Key(words.rpartition(" ")[2])
        self._due_ms = self.clock.monotonic_ms() + 50

    def pause(self, milliseconds):
        self.clock.advance_to(self.clock.monotonic_ms() + milliseconds)
        if self._next and self._next not in self._dead and self.clock.monotonic_ms() > self._due_ms:
            self.matrix.press(self._next)
            self._next = None

    def check(self, *, asked=True):
        rows, columns = ("abcd", "wxyz")
        matrix = Matrix(KEYPAD.legends, tuple(rows), tuple(columns))
        ask = self.ask if asked else None
        return KeypadCheck(self.keypad, self.clock, self.pause, matrix, ask)


def test_a_well_wired_pad_is_good():
    assert verdicts(Hand().check()) == [GOOD, GOOD]


def test_nobody_at_the_bench_is_asked_for_nothing():
    assert verdicts(Hand().check(asked=False)) == [GOOD, SKIPPED]


def test_pins_that_fail_are_bad():
    hand = Hand()
    hand.matrix.fail(broken=True)
    assert verdicts(hand.check()) == [BAD]


def test_extras_are_heard_and_seen():
    pins = MockFactory(revision=sim.PI_4B_REVISION)
    signals = Signals(lambda: Header(pins), buzzer=True, lights=True)
    assert verdicts(SignalsCheck(signals)) == [GOOD]
    assert pins.pin(SIGNALS.green.bcm).state
    signals.close()
    pins.close()


def test_extras_that_cannot_be_had_are_a_warning_each_and_never_bad():
    def absent():
        raise DeviceFault(Device.KEYPAD, "lgpio: no header")

    found = worst(SignalsCheck(Signals(absent, buzzer=True, lights=True)))
    assert [detail for detail, _ in found] == [
        f"the pin of {name} cannot be had" for name in ("buzzer", "green", "red")
    ]


class UsbBench:
    """A USB pad, the check on it, and a person who presses what is asked for."""

    def __init__(self, without=()):
        self.pad = UsbKeypadModel()
        self.keypad = UsbKeypad(self.pad.connect)
        self.clock = VirtualClock(NOON)
        self.without = {key.value for key in without}

    def check(self, *, person=True):
        ask = self.obey if person else None
        return KeypadCheck(self.keypad, self.clock, self.pause, None, ask)

    def pause(self, milliseconds):
        self.clock.advance_to(self.clock.monotonic_ms() + milliseconds)

    def obey(self, words):
        label = words.removeprefix("press ")
        if label not in self.without:
            self.pad.press(Key(label))
            self.pad.release(Key(label))


def test_a_usb_pad_with_every_key_is_good():
    assert verdicts(UsbBench().check()) == [GOOD, GOOD]


def test_a_usb_pad_that_lacks_keys_is_bad_with_its_legend():
    [(detail, advice)] = worst(UsbBench(without=[Key.MENU, Key.HASH]).check())
    assert detail == "silent: # MENU"
    assert "+ or tab is MENU" in advice


def test_a_usb_pad_that_is_not_there_is_bad_with_where_to_look():
    bench = UsbBench()
    bench.pad.unplug()
    [(detail, advice)] = worst(bench.check(person=False))
    assert detail == "No such file or directory"
    assert "keypad.device" in advice


def test_a_usb_pad_that_another_program_has_is_bad_and_says_so():
    def taken():
        raise DeviceFault(Device.KEYPAD, "/dev/pos-keypad cannot be grabbed: busy")

    check = KeypadCheck(UsbKeypad(taken), VirtualClock(NOON), lambda _ms: None, None, None)
    [(_, advice)] = worst(check)
    assert "what else has it?" in advice


def test_a_key_that_jams_is_bad():
    hand = Hand()
    hand.matrix.press(Key.D5)
    assert worst(hand.check())[0][0] == "a key reads as pressed"


@pytest.mark.parametrize(
    ("dead", "advice"),
    [
        (KEYPAD.legends[1], "check the wire of row 2 (b)"),
        ([legend[3] for legend in KEYPAD.legends], "check the wire of column 4 (z)"),
        ([Key.D5], "these contacts are worn or dirty: clean or replace the pad"),
    ],
    ids=["row", "column", "key"],
)
def test_silent_keys_lead_to_their_wire(dead, advice):
    assert [each for _, each in worst(Hand(dead=dead).check())] == [advice]


def test_a_pad_that_is_not_connected_is_given_up_soon():
    hand = Hand(dead=list(Key))
    [(detail, advice)] = worst(hand.check())
    assert detail == "silent: 1 2 3 CANCEL 4"
    assert "connector" in advice


def test_two_wires_on_each_others_pins_are_named():
    a, b, c, d = KEYPAD.rows
    [(detail, advice)] = worst(Hand(replace(KEYPAD, rows=(b, a, c, d))).check())
    assert detail.startswith("1 gave 4, ")
    assert advice == "these wires are on each other's pins: row 1 (a), row 2 (b)"


def reader_check(model, ask=None, machine=None):
    driver = PcscReader(model, VirtualClock(NOON), pause=lambda _ms: None)
    return ReaderCheck(machine or ModelMachine({SOCKET: b""}), driver, ask)


def test_a_card_in_a_reader_gives_its_atr():
    slot = PcscModel()
    card = tray()["visa-credit"]
    slot.insert(card)
    found = list(reader_check(slot).look())
    assert [each.verdict for each in found] == [GOOD, GOOD]
    assert found[1].detail.startswith("ATR 3B")


def test_a_card_is_asked_for_when_somebody_is_there():
    slot = PcscModel()
    asked = []

    def insert(words):
        asked.append(words)
        slot.insert(tray()["visa-credit"])

    assert verdicts(reader_check(slot, insert)) == [GOOD, GOOD]
    assert asked == ["put a card into the reader, chip first"]


def test_without_a_card_and_without_a_person_the_atr_is_skipped():
    assert verdicts(reader_check(PcscModel())) == [GOOD, SKIPPED]


def test_a_card_that_never_comes_is_bad():
    assert verdicts(reader_check(PcscModel(), ask=lambda _words: None)) == [GOOD, BAD]


def test_no_daemon_leads_to_its_package():
    [(_, advice)] = worst(reader_check(PcscModel(), machine=ModelMachine()))
    assert advice.startswith("apt install pcscd")


@pytest.mark.parametrize("fault", ["unplug", "kill_daemon"])
def test_no_reader_is_bad(fault):
    slot = PcscModel()
    getattr(slot, fault)()
    assert verdicts(reader_check(slot)) == [BAD]


def printer(model, mode=Mode.NATIVE):
    return EscposPrinter(model.transport, mode=mode)


def test_a_ready_printer_is_good_and_uses_no_paper():
    model = PrinterModel()
    assert verdicts(PrinterCheck(printer(model))) == [GOOD, SKIPPED]
    assert not model.paper.text.strip()


def test_no_printer_is_no_fault():
    assert verdicts(PrinterCheck(None)) == [SKIPPED]


@pytest.mark.parametrize(
    ("fault", "detail", "verdict"),
    [
        ("fail_paper_out", "paper-out", BAD),
        ("fail_cover_open", "cover-open", BAD),
        ("fail_offline", "offline", BAD),
        ("fail_paper_near_end", "near-end", WARNING),
    ],
)
def test_what_the_printer_says_of_itself_is_told(fault, detail, verdict):
    model = PrinterModel()
    getattr(model, fault)()
    found = next(iter(PrinterCheck(printer(model)).look()))
    assert (found.detail, found.verdict) == (detail, verdict)


def test_the_test_slip_has_a_chinese_line_in_the_printers_signs_and_as_dots():
    model = PrinterModel()
    slips = {mode.value: printer(model, mode) for mode in Mode}
    assert verdicts(PrinterCheck(printer(model), slips)) == [GOOD, GOOD, GOOD]
    assert model.paper.text.count("中文测试：签购单￥128.50，谢谢！") == 2
    assert model.anomalies == []


def test_a_slip_that_breaks_off_is_bad():
    model = PrinterModel()
    check = PrinterCheck(printer(model), {"native": printer(model)})
    found = check.look()
    assert next(found).verdict is GOOD
    model.dies_after(40)
    assert [each.verdict for each in found] == [BAD]
