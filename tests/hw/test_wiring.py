"""The wiring diagram: the committed one is what the board's data draws, wire by wire."""

import re
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from hw.board import WIRES, BoardPin
from hw.wiring.__main__ import DIAGRAM, HEIGHT, WIDTH, drawn

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [each.text for each in ET.fromstring(svg).iter(f"{SVG}text")]


def paths(svg):
    return [each.attrib["d"] for each in ET.fromstring(svg).iter(f"{SVG}path")]


def test_the_committed_diagram_is_current():
    assert DIAGRAM.read_text(encoding="utf-8") == drawn(), "run `python -m hw.wiring`"


def test_every_wire_and_terminal_is_drawn():
    assert len(paths(drawn())) == len(WIRES)
    assert {wire.terminal for wire in WIRES} <= set(texts(drawn()))
    assert {wire.part for wire in WIRES} <= set(texts(drawn()))


def test_a_wire_moved_on_the_board_moves_in_the_diagram():
    moved = (replace(WIRES[0], pin=BoardPin.POWER_3V3_SPI), *WIRES[1:])
    assert drawn(moved) != drawn()


def test_a_part_without_a_place_is_named():
    with pytest.raises(ValueError, match="Scale"):
        drawn((*WIRES, replace(WIRES[0], part="Scale")))


def test_no_two_wires_lie_upon_each_other():
    """Two wires that shared a stretch would read as one."""
    lines = set()
    for path in paths(drawn()):
        x, _, out, channel, end, edge = map(int, re.findall(r"\d+", path))
        level = {(out, at) for at in range(*sorted((x, channel)))}
        level |= {(end, at) for at in range(*sorted((channel, edge)))}
        upright = {(at, channel, "v") for at in range(*sorted((out, end)))}
        assert not lines & (level | upright), path
        lines |= level | upright
    assert lines


def test_everything_is_within_the_picture():
    boxes = list(ET.fromstring(drawn()).iter(f"{SVG}rect"))
    assert boxes
    for each in boxes:
        left, top = int(each.get("x", "0")), int(each.get("y", "0"))
        assert 0 <= left <= WIDTH - int(each.attrib["width"])
        assert 0 <= top <= HEIGHT - int(each.attrib["height"])
