"""The screens around transactions: idle, lists, keyed digits, messages, out of service."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.ui import glyphs, icons
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX, Canvas
from firmware.ui.rows import (
    LOW_PX,
    SHIFT_MAX_PX,
    TALL_PX,
    AmountRow,
    RowAlign,
    ScreenRow,
    SplitRow,
    TextRow,
    stack,
)
from firmware.ui.screen_parts import (
    APART_PX,
    Words,
    clipped,
    fits,
    header,
    mark_of,
    place,
    store_row,
)
from firmware.ui.screens import (
    Attract,
    Idle,
    Listing,
    Menu,
    Notice,
    OutOfService,
    TextEntry,
)
from firmware.ui.texts import Text

LISTING_COLUMNS = 21  # half-width, of a row
ATTRACT_ROWS = 3


def idle(screen: Idle, words: Words, canvas: Canvas) -> None:
    """Whose terminal this is, that it waits for an amount, and the time.

    The amount takes the place of the last two rows, and all above them stays where it is.
    """
    owner, when = screen.owner, f"{screen.date} {screen.time}"
    mark = mark_of(words, training=screen.training, test_keys=screen.test_keys)
    bar = words(Text.ENTER_AMOUNT if screen.sells else Text.SUPERVISOR_BAR)
    lines = 1 if screen.notice else 2
    rows, beneath = place(words, owner, bar, mark=mark, time=screen.time, name_lines=lines)
    rows += beneath
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=5, faces=(LOW_PX,), lines=2))
    elif not beneath:
        rows.append(TextRow("", faces=(LOW_PX,)))
    if not (beneath and screen.notice):  # the time stands in the bar at the top
        operator = screen.operator
        by = [words(Text.OPERATOR_SHORT, operator=operator)] if operator else [""]
        rows.append(SplitRow([when], by, keep=1, inset_px=SHIFT_MAX_PX))
    stack(canvas, rows)
    canvas.shift(screen.shift_px)


def attract(screen: Attract, words: Words, canvas: Canvas) -> None:
    """The price list: key, name, price; what to press takes turns with whose terminal this is.

    A notice stands in place of both. Without items it sends people to the touch screen.
    """
    rows: list[ScreenRow] = [TextRow(clipped(screen.owner.merchant), faces=(LOW_PX,), inverse=True)]
    if screen.test_keys:
        bar = words(Text.TEST_KEYS)
        rows = [SplitRow([clipped(screen.owner.merchant, bar)], [bar], inverse=True, keep=10)]
    pages = max(1, -(-len(screen.items) // ATTRACT_ROWS))
    first = screen.page % pages * ATTRACT_ROWS
    for key, name, price in screen.items[first : first + ATTRACT_ROWS]:
        item = f"{key} {name}"
        offer = [item, clipped(item, str(price) + " ")]
        rows.append(SplitRow(offer, [str(price)], keep=5, inset_px=SHIFT_MAX_PX))
    if not screen.items:
        rows.append(TextRow(words(Text.KIOSK_ON_SCREEN), keep=5, lines=2, inset_px=SHIFT_MAX_PX))
    if screen.notice:
        rows.append(TextRow(words(screen.notice), faces=(LOW_PX,), inverse=True))
    elif screen.page % 2 or not screen.items:
        rows.append(store_row(words, screen.owner, inset_px=SHIFT_MAX_PX))
    else:
        choose = words(Text.KIOSK_CHOOSE)
        rows.append(TextRow(choose, faces=(LOW_PX,), inset_px=SHIFT_MAX_PX))
    stack(canvas, rows)
    canvas.shift(screen.shift_px)


class SlotsRow:
    """What was keyed, a slot a character, so that it is seen how many are wanted."""

    keep = 6
    heights_px = (20, 18, 16)

    def __init__(self, shown: str, width: int) -> None:
        self._shown, self._width = shown, max(width, len(shown), 1)

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        canvas.lines.append(self._shown)
        pitch = min(14, WIDTH_PX // self._width)
        left = (WIDTH_PX - pitch * self._width) // 2
        for index in range(self._width):
            x = left + index * pitch
            canvas.fill(x + 1, y + height_px - 1, pitch - 2, 1)
            if index < len(self._shown):
                picture = glyphs.line(TALL_PX, self._shown[index])
                canvas.draw(picture, x + (pitch - picture.width_px) // 2, y)


def text_entry(screen: TextEntry, words: Words, canvas: Canvas) -> None:
    """A question and the slots of its answer."""
    rows: list[ScreenRow] = header(words, words(screen.title), training=screen.training)
    rows.append(SlotsRow(screen.shown, screen.width))
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=3, lines=2, inverse=True))
    elif screen.hint:
        rows.append(TextRow(words(screen.hint), keep=2))
    else:
        rows.append(TextRow("", faces=(LOW_PX,)))
    stack(canvas, rows)


class CellsRow:
    """One row of a list: one or two items beside each other, the chosen one inverse."""

    keep = 5

    def __init__(
        self, texts: Sequence[str], selected: int | None, columns: int, face: int = LOW_PX
    ) -> None:
        self._texts, self._selected, self._face = texts, selected, face
        self._cell_px = WIDTH_PX // columns

    @property
    def heights_px(self) -> Sequence[int]:
        return (self._face + 1, self._face)

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        canvas.lines.append(" ".join(self._texts))
        for index, text in enumerate(self._texts):
            x = index * self._cell_px
            canvas.draw(glyphs.line(self._face, text), x + 1, y + height_px - self._face)
            if index == self._selected:  # a dark line above keeps it apart from the header
                canvas.invert(x, y + 1, self._cell_px, height_px - 1)


def menu(screen: Menu, words: Words, canvas: Canvas) -> None:
    """A list by numbers: two columns where every item fits half of it; pages if it is long."""
    items = [
        f"{number} {words(item)}" if number <= 9 else words(item)
        for number, item in enumerate(screen.items, start=1)
    ]
    face = glyphs.face(LOW_PX)
    widest = max((face.width_px(item) for item in items), default=0)
    columns = 2 if len(items) > 4 and widest <= WIDTH_PX // 2 - 1 else 1
    bar = header(words, words(screen.title), "1/1", training=screen.training)
    rows_a_page = (HEIGHT_PX - sum(row.heights_px[-1] for row in bar)) // LOW_PX
    pages = max(1, -(-len(items) // (rows_a_page * columns)))
    page = screen.selected // (rows_a_page * columns)
    right = f"{page + 1}/{pages}" if pages > 1 else ""
    bar = header(words, words(screen.title), right, training=screen.training)
    first = page * rows_a_page * columns
    shown = items[first : first + rows_a_page * columns]
    rows: list[ScreenRow] = [*bar]
    tall = glyphs.face(TALL_PX)
    spacious = len(items) <= 2 and all(tall.width_px(item) < WIDTH_PX for item in items)
    for offset in range(min(rows_a_page, len(shown))):
        cells = shown[offset::rows_a_page]
        chosen = screen.selected - first - offset
        at = chosen // rows_a_page if chosen >= 0 and chosen % rows_a_page == 0 else None
        rows.append(
            CellsRow(
                [clipped(cell) for cell in cells], at, columns, TALL_PX if spacious else LOW_PX
            )
        )
    stack(canvas, rows, floating=True, gap_max_px=4 if spacious else 1)


def listing(screen: Listing, words: Words, canvas: Canvas) -> None:
    """A page of rows."""
    right = f"{screen.page}/{screen.pages}" if screen.pages > 1 else ""
    rows: list[ScreenRow] = header(words, words(screen.title), right, training=screen.training)
    tall = glyphs.face(TALL_PX)
    faces = [LOW_PX]
    if len(screen.rows) <= 3 and all(tall.width_px(row) <= WIDTH_PX for row in screen.rows):
        faces = [TALL_PX, LOW_PX]
    rows += [TextRow(row, faces=faces, keep=5, align=RowAlign.LEFT) for row in screen.rows]
    stack(canvas, rows, floating=True, gap_max_px=2)


def notice(screen: Notice, words: Words, canvas: Canvas) -> None:
    """A message: title, what and why, what to press."""
    icon = icons.WARNING if screen.warning else None
    title = words(screen.title)
    rows: list[ScreenRow] = []
    if (
        screen.training
        and screen.prompt
        and not icon
        and fits(words(Text.TRAINING), title, WIDTH_PX - APART_PX)
    ):
        rows += header(words, title, training=True)  # a question, its keys and all it asks about
    else:
        if screen.training:
            rows += header(words, "", training=True)
        rows.append(TextRow(title, keep=2, lines=2, inverse=True, icon=icon))
    if screen.amount:
        rows.append(AmountRow(screen.amount, heights_px=(24, 22, 20, 18, 16)))
    # more than two lines are a table, rather than a message
    align = RowAlign.LEFT if len(screen.body) > 2 else RowAlign.CENTRE
    rows += [TextRow(words(line), keep=4, lines=3, align=align) for line in screen.body]
    if screen.prompt:
        rows.append(TextRow(words(screen.prompt), faces=(LOW_PX,), keep=5, lines=2))
    elif not screen.body:
        rows.insert(-1, TextRow("", faces=(LOW_PX,)))  # the title alone stands in the middle
    stack(canvas, rows, floating=not screen.prompt)


def out_of_service(screen: OutOfService, words: Words, canvas: Canvas) -> None:
    """Which device stopped trade, and what to do."""
    title = TextRow(words(Text.OUT_OF_SERVICE), keep=4, inverse=True, icon=icons.WARNING)
    rows: list[ScreenRow] = [title]
    if screen.customer:
        rows.append(TextRow(words(Text.KIOSK_CALL_STAFF), keep=3))
        rows.append(TextRow(words(screen.reason), faces=(LOW_PX,), keep=2))
        rows.append(store_row(words, screen.owner))
        stack(canvas, rows)
        return
    rows.append(TextRow(words(screen.reason), keep=3, lines=2))
    if screen.detail:
        rows.append(TextRow(screen.detail, keep=2))
    rows.append(TextRow(words(screen.advice), keep=2, lines=2))
    rows.append(store_row(words, screen.owner))
    stack(canvas, rows)
