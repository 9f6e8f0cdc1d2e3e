"""Draws the header and every wire of `hw.board.WIRES` as SVG, without a library.

`python -m hw.wiring [FILE]` draws the diagram anew, by default the one in this folder.

The header stands in the middle as it does on the Pi with its USB sockets down: odd positions left,
even ones right. A wire from the far column passes between two pins. Each wire runs level, down its
own channel and level again; channels are given out so that wires of a part cross only where the
order of its terminals makes them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from msgspec import Struct

from hw.board import KEYPAD, WIRES, KeyMatrix, Wire

DIAGRAM = Path(__file__).with_name("wiring.svg")
WIDTH, HEIGHT = 960, 690
_TOP, _PITCH = 96, 26  # of the header's first row of pins, and between rows
_ODD_X, _EVEN_X = 467, 493
_RADIUS = 9
_LABEL_ROOM, _CHANNEL = 62, 9
_BOX_WIDTH = 150
_LEFT_EDGE, _RIGHT_EDGE = 230, WIDTH - 230  # the sides of the parts that face the header
_NAMES = {"POWER": "3V3", "GROUND": "GND"}  # of pins that are no GPIO
_COLOURS = {"POWER": "#c0392b", "GROUND": "#333333"}
_SIGNALS = ("#1f77b4", "#2a9d4b", "#b8860b", "#8e44ad", "#d35400", "#16808f", "#c2388a", "#5d6d1e")


class Part(Struct, frozen=True):
    """A box: on which side of the header, and the row of the header its first terminal is at."""

    name: str
    left: bool
    row: int
    note: str = ""
    matrix: KeyMatrix | None = None


PARTS = (
    Part("OLED (I²C)", left=True, row=1, note="or the one on SPI"),
    Part("Buzzer and lights", left=True, row=7, note="extras; 330 Ω in each light's wire"),
    Part("Keypad", left=True, row=13, matrix=KEYPAD),
    Part("Printer (serial TTL)", left=False, row=3, note="a supply of its own, never the Pi's 5 V"),
    Part("OLED (SPI)", left=False, row=10, note="or the one on I²C"),
)
_USB = ("USB sockets:", "card reader", "printer and keypad, if on USB")


def drawn(wires: Sequence[Wire] = WIRES) -> str:
    """The diagram as an SVG document. Raises ValueError for a wire of a part that has no place."""
    if strangers := {wire.part for wire in wires} - {part.name for part in PARTS}:
        raise ValueError(f"no place for {', '.join(sorted(strangers))}")
    body = [*_header()]
    for part in PARTS:
        body += _part(part, [wire for wire in wires if wire.part == part.name])
    body += [*_pins(wires), *_usb()]  # pins over wires, so that every number can be read
    return "\n".join((*_opening(), *body, "</svg>", ""))


def _opening() -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="DejaVu Sans, Arial, sans-serif"'
        ' font-size="12">'
    )
    yield "<title>Wiring of the terminal to the Raspberry Pi's 40-pin header</title>"
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'


# --- header ---


def _header() -> Iterator[str]:
    x, width = _ODD_X - 17, _EVEN_X - _ODD_X + 34
    yield _text(WIDTH // 2, 34, "Raspberry Pi header", anchor="middle", bold=True, size=15)
    yield _text(WIDTH // 2, 54, "SD card at this end", anchor="middle", colour="#777777")
    yield _box(x, _TOP - 18, width, 19 * _PITCH + 36, "#20242a", "#20242a")


def _pins(wires: Sequence[Wire]) -> Iterator[str]:
    """The two columns of pins; those in use are filled, and pin 1 is square as on the board."""
    used = {wire.pin.header for wire in wires}
    for number in range(1, 41):
        at = _pin_x(number), _pin_y(number)
        fill = "#f2c14e" if number in used else "#4a505a"
        ink = "#20242a" if number in used else "#aeb4bd"
        yield (
            _box(at[0] - _RADIUS, at[1] - _RADIUS, 2 * _RADIUS, 2 * _RADIUS, fill, fill)
            if number == 1
            else f'<circle cx="{at[0]}" cy="{at[1]}" r="{_RADIUS}" fill="{fill}"/>'
        )
        yield _text(at[0], at[1] + 3, str(number), anchor="middle", size=9, colour=ink)


def _pin_x(number: int) -> int:
    return _ODD_X if number % 2 else _EVEN_X


def _pin_y(number: int) -> int:
    return _TOP + (number - 1) // 2 * _PITCH


# --- parts and their wires ---


def _part(part: Part, wires: Sequence[Wire]) -> Iterator[str]:
    """A part's box, its terminals and their wires."""
    if part.matrix is None:  # a pad's wires stay in the order of its tail
        wires = sorted(wires, key=lambda wire: _leaves_at(wire, left=part.left))
    top = _TOP + (part.row - 1) * _PITCH
    edge = _LEFT_EDGE if part.left else _RIGHT_EDGE
    box_width = _BOX_WIDTH + (70 if part.matrix else 0)
    x = edge - box_width if part.left else edge
    bottom = top + (len(wires) - 1) * _PITCH
    yield _box(x, top - 18, box_width, bottom - top + 36, "#f4f5f7", "#5a6270")
    yield _text(x + 2, top - 26, part.name, bold=True, size=14)
    if part.note:
        yield _text(x + 2, bottom + 34, part.note, colour="#777777", size=11)
    if part.matrix:
        yield from _keys(part.matrix, x + 14, (top + bottom) // 2)
    channels = _channels(wires, top, left=part.left)
    for index, wire in enumerate(wires):
        y = top + index * _PITCH
        yield from _wire(wire, edge, y, channels[index], _colour(wire, index), left=part.left)
        inwards = -12 if part.left else 12
        yield _text(edge + inwards, y + 4, wire.terminal, anchor="end" if part.left else "start")


def _channels(wires: Sequence[Wire], top: int, *, left: bool) -> list[int]:
    """The x of each wire's channel: of those going down the first is outermost, else last."""
    falls = [top + index * _PITCH > _leaves_at(wire, left=left) for index, wire in enumerate(wires)]
    down = [index for index, falling in enumerate(falls) if falling]
    up = [index for index, falling in enumerate(falls) if not falling]
    steps = {index: step for step, index in enumerate([*up, *reversed(down)])}
    first = _ODD_X - 24 - _LABEL_ROOM if left else _EVEN_X + 24 + _LABEL_ROOM
    outwards = -_CHANNEL if left else _CHANNEL
    return [first + outwards * steps[index] for index in range(len(wires))]


def _leaves_at(wire: Wire, *, left: bool) -> int:
    """The y at which a wire leaves the header: a pin of the far column's, half a row lower."""
    near = (wire.pin.header % 2 == 1) == left
    return _pin_y(wire.pin.header) + (0 if near else _PITCH // 2)


def _wire(wire: Wire, edge: int, y: int, channel: int, colour: str, *, left: bool) -> Iterator[str]:
    pin, out = wire.pin.header, _leaves_at(wire, left=left)
    path = f"M{_pin_x(pin)} {_pin_y(pin)}V{out}H{channel}V{y}H{edge}"
    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    yield f'<circle cx="{edge}" cy="{y}" r="4" fill="{colour}"/>'
    x = _ODD_X - 24 if left else _EVEN_X + 24
    name = _NAMES.get(wire.pin.name.partition("_")[0], wire.pin.name)
    yield _text(x, out + 4, name, anchor="end" if left else "start", size=10, halo=True)


def _colour(wire: Wire, index: int) -> str:
    kind = wire.pin.name.partition("_")[0]
    return _COLOURS.get(kind, _SIGNALS[index % len(_SIGNALS)])


def _keys(matrix: KeyMatrix, x: int, middle: int) -> Iterator[str]:
    """The pad from the front, legends as printed on its keys."""
    top = middle - 17 * len(matrix.legends)
    for r, legend in enumerate(matrix.legends):
        for c, key in enumerate(legend):
            left, high = x + 34 * c, top + 34 * r
            yield _box(left, high, 31, 31, "#ffffff", "#5a6270")
            size = 12 if len(key.value) == 1 else 7
            yield _text(left + 15, high + 19, key.value, anchor="middle", size=size)


def _usb() -> Iterator[str]:
    top = _TOP + 19 * _PITCH + 18
    yield _text(WIDTH // 2, top + 22, _USB[0], anchor="middle", colour="#777777")
    for index, line in enumerate(_USB[1:]):
        yield _text(WIDTH // 2, top + 40 + 16 * index, line, anchor="middle")


# --- marks ---


def _box(  # noqa: PLR0917 - SVG's own order
    x: int, y: int, width: int, height: int, fill: str, stroke: str
) -> str:
    size = f'width="{width}" height="{height}" rx="3"'
    return f'<rect x="{x}" y="{y}" {size} fill="{fill}" stroke="{stroke}"/>'


def _text(
    x: int,
    y: int,
    text: str,
    *,
    anchor: str = "start",
    size: int = 12,
    bold: bool = False,
    colour: str = "#20242a",
    halo: bool = False,
) -> str:
    marks = f' text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    marks += ' font-weight="bold"' if bold else ""
    marks += ' stroke="#ffffff" stroke-width="4" paint-order="stroke"' if halo else ""
    return f'<text x="{x}" y="{y}"{marks}>{escape(text)}</text>'


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DIAGRAM
    target.write_text(drawn(), encoding="utf-8")
    print(target)
