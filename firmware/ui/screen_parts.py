"""Rows that several screens share: the header, whose terminal it is, an amount's kind."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import Kind
from firmware.ui import glyphs
from firmware.ui.canvas import WIDTH_PX
from firmware.ui.rows import GAP_PX, LOW_PX, SHIFT_MAX_PX, RowAlign, ScreenRow, SplitRow, TextRow
from firmware.ui.screens import Owner, Phrase
from firmware.ui.texts import Language, Text
from firmware.ui.wrap import wrap

APART_PX = 6  # between two texts that would else be read as one
KINDS = {
    Kind.SALE: Text.SALE,
    Kind.VOID: Text.VOID,
    Kind.REFUND: Text.REFUND,
    Kind.PREAUTH: Text.PREAUTH,
    Kind.PREAUTH_VOID: Text.PREAUTH_VOID,
    Kind.COMPLETION: Text.COMPLETION,
    Kind.COMPLETION_VOID: Text.COMPLETION_VOID,
}


class Words(Struct, frozen=True):
    """The catalogue in one language."""

    language: Language

    def __call__(self, said: Phrase | Text | Kind, **values: object) -> str:
        """What is said, with its values in place."""
        if isinstance(said, Kind):
            said = KINDS[said]
        if isinstance(said, Text):
            said = Phrase.of(said, **values)
        return said.in_language(self.language)


def header(words: Words, title: str, right: str = "", *, training: bool) -> list[ScreenRow]:
    """The bar at the top: the title; when nothing counts, 培训 TRAINING beside or above it."""
    if not training:
        if right:
            return [SplitRow([title, clipped(title, right)], [right], inverse=True)]
        return [TextRow(title, keep=1, inverse=True)]
    bar = words(Text.TRAINING)
    close = bar.replace(" ", "")  # so that what stands beside it stands apart from it
    beside = f"{title} {right}".rstrip()
    if fits(close, beside, WIDTH_PX - APART_PX):
        return [SplitRow([bar, close], [beside], inverse=True, keep=10, gap_px=APART_PX)]
    marked = SplitRow([bar], [right], inverse=True, keep=10)
    return [marked, TextRow(title, faces=(LOW_PX,), keep=2)]


def mark_of(words: Words, *, training: bool, test_keys: bool) -> str:
    """The mark of training mode or of test keys; "" for neither."""
    return words(Text.TRAINING) if training else words(Text.TEST_KEYS) if test_keys else ""


def place(
    words: Words, owner: Owner, bar: str, *, mark: str, time: str = "", name_lines: int = 2
) -> tuple[list[ScreenRow], list[ScreenRow]]:
    """The rows at the top of idle and amount entry, with owner and prompt; and the rows beneath.

    Both screens draw them alike, so that the first digit changes little on the display. A name of
    a merchant may take two rows. `mark` stands in a bar of its own, with the name where that fits,
    else with `time`. The rows beneath have no room above the prompt.
    """
    name = _shortened(owner.merchant, 1 if mark else name_lines)
    whose = TextRow(name, keep=2, faces=(LOW_PX,), lines=name_lines, inset_px=SHIFT_MAX_PX)
    rows: list[ScreenRow] = [whose, store_row(words, owner, inset_px=SHIFT_MAX_PX)]
    if mark:
        close = mark.replace(" ", "")
        if fits(close, name, WIDTH_PX - APART_PX):
            rows[0] = SplitRow([mark, close], [name], inverse=True, keep=10, gap_px=APART_PX)
        else:
            rows.insert(0, SplitRow([mark], [time], inverse=True, keep=10))
    above = 1 if whose.heights_px[0] > LOW_PX else 2
    asked = TextRow(bar, keep=3, inverse=True, align=RowAlign.RIGHT)
    return [*rows[:above], asked], rows[above:]


def _shortened(name: str, lines: int) -> str:
    """`name`, cut with an ellipsis if it takes more than `lines` of the low face.

    The amount check shows a long name in full, turn by turn.
    """
    parts = wrap(name, LOW_PX, WIDTH_PX - SHIFT_MAX_PX)
    if len(parts) <= lines:
        return name
    return "".join([*parts[: lines - 1], clipped(parts[lines - 1] + parts[lines], " ")])


def fits(left: str, right: str, width_px: int = WIDTH_PX) -> bool:
    """Whether two texts stand beside each other in the low face."""
    face = glyphs.face(LOW_PX)
    return face.width_px(left) + GAP_PX + face.width_px(right) <= width_px


def one_line(text: str) -> bool:
    """Whether a text stands on one line of the low face, with narrow spaces if need be."""
    return TextRow(text, faces=(LOW_PX,), lines=9).heights_px[0] == LOW_PX


def clipped(text: str, beside: str = "") -> str:
    """`text` cut with an ellipsis so that it stands beside another in the low face."""
    if fits(text, beside):
        return text
    end = max((n for n in range(len(text)) if fits(text[:n] + "…", beside)), default=0)
    return text[:end] + "…"


def store_row(words: Words, owner: Owner, *, inset_px: int = 0) -> SplitRow:
    """Store and terminal number, in full, with what they are where that fits."""
    store = words(Text.STORE, store=owner.store)
    terminal = words(Text.TERMINAL, terminal=owner.terminal)
    return SplitRow(
        [store, owner.store, owner.store],
        [terminal, terminal, owner.terminal],
        keep=9,
        gap_px=6,
        inset_px=inset_px,
    )
