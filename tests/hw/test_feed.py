"""Paper comes out as fast as the motor turns, and no faster than its bytes come."""

from __future__ import annotations

import pytest

from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.feed import Advance, Mechanism

LINE = Advance(30, 0)


@pytest.mark.parametrize(("columns", "ms"), [(32, 75), (48, 25)])
def test_on_usb_a_line_takes_what_the_motor_takes(columns, ms):
    assert Mechanism.of(columns, None).paces_ms([LINE, LINE], 0) == [ms, ms]


def test_on_a_serial_line_nothing_is_printed_before_it_has_come():
    slow = Mechanism.of(32, 9_600)
    # 960 bytes are a second; the motor then needs 75 ms for 30 dots
    assert slow.paces_ms([Advance(30, 960), Advance(30, 1_920)], 0) == [1_075, 1_000]


def test_what_came_long_ago_waits_for_the_motor_alone():
    buffered = [Advance(400, 100), Advance(400, 200)]
    assert Mechanism.of(32, 9_600).paces_ms(buffered, 5_000) == [1_000, 1_000]


def test_a_printer_tells_how_its_paper_moved():
    printer = PrinterModel()
    printer.receive(b"A\nB\n")
    seen = printer.advanced
    assert printer.advances_since(0) == [Advance(30, 2), Advance(30, 4)]
    printer.receive(b"\x1bJ\x50")
    assert printer.advances_since(seen) == [Advance(80, 7)]
    assert printer.advances_since(printer.advanced) == []


def test_what_waited_for_paper_moves_when_there_is_some():
    printer = PrinterModel()
    printer.fail_paper_out()
    printer.receive(b"A\n")
    assert printer.advances_since(0) == []
    printer.clear()
    assert [each.rows for each in printer.advances_since(0)] == [30]
