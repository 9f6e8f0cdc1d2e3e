"""The windows in which two frames differ: whole, and no dearer on the bus than they must be."""

import itertools
import random

import pytest
from PIL import Image

from hw import frame


@pytest.mark.parametrize("seed", range(40))
def test_no_two_windows_would_be_cheaper_as_one(seed):
    """What lies within the joined window would need none of its own."""
    chooser = random.Random(seed)
    old = frame.blank(128, 64)
    image = Image.new("1", (128, 64))
    for _ in range(chooser.randrange(2, 7)):
        x, y = chooser.randrange(120), chooser.randrange(56)
        image.paste(1, (x, y, x + chooser.randrange(1, 30), y + chooser.randrange(1, 14)))
    new = frame.pack(image)
    windows = frame.changed(old, new, window_bytes=10, spans_pages=True)
    differing = {(page, x) for page in range(8) for x in range(128) if old[page][x] != new[page][x]}
    held = {
        (page, x)
        for window in windows
        for page in range(window.page_first, window.page_last + 1)
        for x in range(window.column_first, window.column_last + 1)
    }
    assert differing <= held
    for one, other in itertools.combinations(windows, 2):
        joined = one.joined(other)
        within = [each for each in windows if joined.holds(each)]
        assert sum(each.size_bytes + 10 for each in within) <= joined.size_bytes + 10
