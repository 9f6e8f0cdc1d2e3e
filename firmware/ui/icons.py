"""The few pictures on the display: outcome, warning and the spinner."""

from __future__ import annotations

from firmware.ui.glyphs import Bitmap

TICK = Bitmap.drawn(
    "............",
    "..........##",
    ".........###",
    "........###.",
    ".......###..",
    "##....###...",
    "###..###....",
    ".######.....",
    "..####......",
    "...##.......",
    "............",
    "............",
)
CROSS = Bitmap.drawn(
    "............",
    "##........##",
    "###......###",
    ".###....###.",
    "..###..###..",
    "...######...",
    "....####....",
    "...######...",
    "..###..###..",
    ".###....###.",
    "###......###",
    "##........##",
)
WARNING = Bitmap.drawn(
    ".....##.....",
    ".....##.....",
    "....####....",
    "....#..#....",
    "...##..##...",
    "...##..##...",
    "..###..###..",
    "..########..",
    ".####..####.",
    ".####..####.",
    "############",
    "############",
)
STAR = Bitmap.drawn(
    "...#...",
    ".#.#.#.",
    "..###..",
    "#######",
    "..###..",
    ".#.#.#.",
    "...#...",
)
STAR_SMALL = Bitmap.drawn("....", "#..#", ".##.", ".##.", "#..#", "....", "....")


def _spinner() -> tuple[Bitmap, ...]:
    """Eight dots in a ring; the leading three are large, so that it is seen to turn."""
    ring = ((5, 0), (8, 2), (10, 5), (8, 8), (5, 10), (2, 8), (0, 5), (2, 2))
    frames = []
    for lead in range(len(ring)):
        rows = [0] * 12
        for index, (x, y) in enumerate(ring):
            tail = (lead - index) % len(ring)
            bits = 0b11 if tail < 3 else 0b10
            for row in (y, y + 1) if tail < 3 else (y,):
                rows[row] |= bits << 10 - x
        frames.append(Bitmap(12, tuple(rows)))
    return tuple(frames)


SPINNER = _spinner()
