"""A 1-bit frame as display controllers keep it, and the windows in which two frames differ.

A page is eight rows high and one byte a column, its top row in bit 0. The bus dominates the time
a display takes, so what is chosen here is what costs the fewest bytes on the bus.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

from msgspec import Struct
from PIL import Image

Pages = tuple[bytes, ...]
# Runs of changed bytes with so few others between them are one run from the beginning.
NARROW_GAP_BYTES = 1
# More windows than this are not tried in pairs: that would take longer than it saves.
GATHERED_MAX = 12


class Window(Struct, frozen=True):
    """A rectangle of display memory: pages and columns, both ends included."""

    page_first: int
    page_last: int
    column_first: int
    column_last: int

    @property
    def size_bytes(self) -> int:
        """Display memory inside the window."""
        pages = self.page_last - self.page_first + 1
        return pages * (self.column_last - self.column_first + 1)

    def joined(self, other: Window) -> Window:
        """The smallest window around both."""
        top, bottom = self.page_first, self.page_last
        left, right = self.column_first, self.column_last
        return Window(  # asked hundreds of times a frame
            top if top < other.page_first else other.page_first,
            bottom if bottom > other.page_last else other.page_last,
            left if left < other.column_first else other.column_first,
            right if right > other.column_last else other.column_last,
        )

    def holds(self, other: Window) -> bool:
        """Whether all of `other` lies within."""
        return (
            self.page_first <= other.page_first <= other.page_last <= self.page_last
            and self.column_first <= other.column_first <= other.column_last <= self.column_last
        )

    def of(self, pages: Pages) -> bytes:
        """The bytes of a frame inside the window, row of columns by row of columns."""
        columns = slice(self.column_first, self.column_last + 1)
        return b"".join(page[columns] for page in pages[self.page_first : self.page_last + 1])


def pack(image: Image.Image) -> Pages:
    """The pages of a mode "1" image whose height is a multiple of eight."""
    # a clockwise quarter turn makes each column a row of bits, lowest pixel first, so the bytes
    # come out with the top row in bit 0 and without a loop over pixels
    columns = image.transpose(Image.Transpose.ROTATE_270).tobytes()
    pages = image.height // 8
    return tuple(columns[pages - 1 - page :: pages] for page in range(pages))


def blank(width_px: int, height_px: int) -> Pages:
    """The pages of an empty frame."""
    return (bytes(width_px),) * (height_px // 8)


def changed(
    old: Pages | None, new: Pages, *, window_bytes: int, spans_pages: bool
) -> Sequence[Window]:
    """Windows that together hold every byte in which two frames differ: all of them without `old`.

    `window_bytes` is what addressing one more window costs on the bus: what lies nearer than that
    shares a window. With `spans_pages` a window may be several pages high. The cost on the bus is
    never above that of one window around everything.
    """
    if old is None:
        last_page, last_column = len(new) - 1, len(new[0]) - 1
        if spans_pages:
            return [Window(0, last_page, 0, last_column)]
        return [Window(page, page, 0, last_column) for page in range(len(new))]
    narrow = _on_each_page(old, new, min(NARROW_GAP_BYTES, window_bytes))
    wide = _bridged(narrow, window_bytes)
    if not spans_pages:
        return wide
    ways = (_gathered(wide, window_bytes), _gathered(_grown(narrow, window_bytes), window_bytes))
    return min(ways, key=lambda windows: _cost_bytes(windows, window_bytes))


def _cost_bytes(windows: Sequence[Window], window_bytes: int) -> int:
    return sum(window.size_bytes + window_bytes for window in windows)


def _on_each_page(old: Pages, new: Pages, gap_bytes: int) -> list[Window]:
    """A window a run of changed bytes, page by page."""
    return [
        Window(page, page, first, last)
        for page, (before, after) in enumerate(zip(old, new, strict=True))
        for first, last in _runs(before, after, gap_bytes)
    ]


def _bridged(runs: Sequence[Window], gap_bytes: int) -> list[Window]:
    """Runs of a page joined over gaps of up to `gap_bytes`."""
    windows: list[Window] = []
    for run in runs:
        before = windows[-1] if windows else run
        gap = run.column_first - before.column_last - 1
        if windows and before.page_first == run.page_first and gap <= gap_bytes:
            windows[-1] = before.joined(run)
        else:
            windows.append(run)
    return windows


def _grown(runs: Sequence[Window], window_bytes: int) -> list[Window]:
    """Runs joined with those beneath them where that is cheaper."""
    windows: list[Window] = []
    growing: list[Window] = []  # windows that end on the page above
    for _, on_page in itertools.groupby(runs, key=lambda run: run.page_first):
        here = [_joined_where_cheaper(run, growing, window_bytes) for run in on_page]
        windows += growing
        growing = here
    return windows + growing


def _runs(before: bytes, after: bytes, gap_bytes: int) -> Iterator[tuple[int, int]]:
    """First and last column of each run of changed bytes, over gaps of up to `gap_bytes`."""
    if before == after:
        return
    differing = [x for x, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    first = last = differing[0]
    for column in differing[1:]:
        if column - last - 1 > gap_bytes:
            yield first, last
            first = column
        last = column
    yield first, last


def _joined_where_cheaper(window: Window, others: list[Window], window_bytes: int) -> Window:
    """`window` joined with each of `others` whose own window would cost more; takes them out."""
    for other in list(others):
        between = max(other.column_first, window.column_first) - window_bytes - 1
        if between > window.column_last or between > other.column_last:
            continue  # so far apart no joined window is cheaper
        joined = window.joined(other)
        if joined.size_bytes <= window.size_bytes + other.size_bytes + window_bytes:
            others.remove(other)
            window = joined
    return window


def _gathered(windows: list[Window], window_bytes: int) -> list[Window]:
    """`windows` with any two joined where that is cheaper, the greatest saving first.

    What lies within the joined window needs none of its own, which may be what makes it cheaper.
    """
    gathered: list[Window] = []
    for window in windows:
        gathered.append(_joined_where_cheaper(window, gathered, window_bytes))
    while joined := _best_joined(gathered, window_bytes):
        gathered = [window for window in gathered if not joined.holds(window)]
        gathered.append(joined)
    return gathered


def _best_joined(windows: list[Window], window_bytes: int) -> Window | None:
    """The window around two of `windows` that saves most on the bus, or None when none saves."""
    best, best_bytes = None, 0
    pairs = list(itertools.combinations(windows, 2)) if len(windows) <= GATHERED_MAX else []
    if windows:
        pairs.append((functools.reduce(Window.joined, windows),) * 2)  # one around everything
    apart_bytes = _cost_bytes(windows, window_bytes)
    for one, other in pairs:
        joined = one.joined(other)
        joined_bytes = joined.size_bytes + window_bytes
        if joined_bytes + best_bytes >= apart_bytes:  # even if it held them all
            continue
        within = [each for each in windows if joined.holds(each)]
        saved_bytes = _cost_bytes(within, window_bytes) - joined_bytes
        if saved_bytes > best_bytes:
            best, best_bytes = joined, saved_bytes
    return best
