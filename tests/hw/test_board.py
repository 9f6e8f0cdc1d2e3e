"""The board's data: a table that people wire by, and pins that exist."""

import re
from pathlib import Path

import pytest
from gpiozero.pins.pi import PiBoardInfo

from hw import board
from hw.board import BoardPin
from hw.events import Key

README = Path(board.__file__).with_name("README.md")
REVISIONS = {"Pi 3B": 0xA02082, "Pi 4B": 0xC03111, "Zero 2 W": 0x902120, "Pi 5": 0xD04170}


def wiring_table():
    """The rows of README's wiring table: part, terminal, header pin, BCM."""
    wiring = README.read_text(encoding="utf-8").split("## Wiring")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in wiring.splitlines()
        if line.startswith("|")
    ]
    assert rows[0] == ["part", "terminal", "header pin", "BCM"]
    return rows[2:]


def name_on(revision, pin):
    return PiBoardInfo.from_revision(revision).headers["J8"].pins[pin.header].name


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=REVISIONS)
@pytest.mark.parametrize("pin", BoardPin, ids=lambda pin: pin.name)
def test_every_pin_is_on_every_pi_what_its_name_says(revision, pin):
    wanted = pin.name if pin.name.startswith("GPIO") else {"P": "3V3", "G": "GND"}[pin.name[0]]
    assert name_on(revision, pin) == wanted
    if wanted.startswith("GPIO"):
        assert wanted == f"GPIO{pin.bcm}"
    else:
        with pytest.raises(ValueError):
            _ = pin.bcm


def test_the_wiring_table_says_what_the_board_says_row_by_row():
    wanted = [
        [wire.part, wire.terminal, str(wire.pin.header), name_on(0xC03111, wire.pin)]
        for wire in board.WIRES
    ]
    assert wiring_table() == wanted


def test_no_pin_has_two_wires_and_none_is_without():
    pins = [wire.pin for wire in board.WIRES]
    assert len(pins) == len(set(pins))
    assert set(pins) == set(BoardPin)


def test_the_matrix_stays_clear_of_the_buses():
    i2c1, spi0, uart0, hat_eeprom = {2, 3}, set(range(7, 12)), {14, 15}, {0, 1}
    matrix = {pin.bcm for pin in (*board.KEYPAD.rows, *board.KEYPAD.columns)}
    assert len(matrix) == 8
    assert not matrix & (i2c1 | spi0 | uart0 | hat_eeprom)


def test_every_key_is_on_the_matrix_once():
    keys = [key for legend in board.KEYPAD.legends for key in legend]
    assert sorted(keys, key=list(Key).index) == list(Key)


def test_the_keypad_is_drawn_as_the_board_has_it():
    drawn = re.findall(r"^  row \d +(.*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert [line.split() for line in drawn] == [
        [key.value for key in legend] for legend in board.KEYPAD.legends
    ]
