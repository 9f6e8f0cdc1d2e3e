"""The screens of a transaction: from the first digit to the outcome, the amount always in sight."""

from __future__ import annotations

from firmware.core.kinds import Kind
from firmware.core.money import MoneyError, capitals
from firmware.ui import glyphs, icons
from firmware.ui.canvas import WIDTH_PX, Canvas
from firmware.ui.rows import (
    GAP_PX,
    LOW_PX,
    TALL_PX,
    AmountRow,
    KeyedAmountRow,
    ScreenRow,
    SplitRow,
    TextRow,
    stack,
)
from firmware.ui.screen_parts import Words, clipped, fits, header, mark_of, place, store_row
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    CardPrompt,
    Original,
    Outcome,
    PinEntry,
    Processing,
)
from firmware.ui.texts import Language, Text
from firmware.ui.wrap import wrap

# heights of the amount, in px: alone with a prompt, and where two more lines want the tall face
_ALONE = (30, 28, 26, 24, 22, 20, 18, 16)
_BESIDE_TWO = (24, 22, 20, 18, 16)


_KEYS = {  # by what is done to an original
    Kind.VOID: Text.ORIGINAL_KEYS_VOID,
    Kind.REFUND: Text.ORIGINAL_KEYS_REFUND,
    Kind.PREAUTH_VOID: Text.ORIGINAL_KEYS_VOID,
    Kind.COMPLETION: Text.ORIGINAL_KEYS_COMPLETION,
    Kind.COMPLETION_VOID: Text.ORIGINAL_KEYS_VOID,
}


def amount_entry(screen: AmountEntry, words: Words, canvas: Canvas) -> None:
    """Whose terminal this is and what the amount is for, as on idle; the amount as it is keyed.

    Why it was refused takes the place of whose terminal this is.
    """
    title, amount = words(screen.title), screen.amount
    if screen.notice:
        rows: list[ScreenRow] = header(words, title, training=screen.training)
        rows.append(KeyedAmountRow(amount))
        rows.append(TextRow(words(screen.notice), keep=3, lines=2, inverse=True))
        stack(canvas, rows)
        return
    mark = mark_of(words, training=screen.training, test_keys=screen.test_keys)
    rows, _ = place(words, screen.owner, title, mark=mark)
    stack(canvas, [*rows, KeyedAmountRow(amount, heights_px=_BESIDE_TWO)])
    canvas.shift(screen.shift_px)


def amount_check(screen: AmountCheck, words: Words, canvas: Canvas) -> None:
    """Everything that moves money, on every turn: merchant, store, terminal, kind, amount, detail.

    Question, keys and capital numerals take turns on the last row, the question first; 核对 stays
    beside the amount. A merchant's name too long for its row takes turns with itself.
    """
    rows = _whose(screen, words)
    rows.append(AmountRow(screen.amount, words(Text.CHECK), heights_px=_BESIDE_TWO))
    details = [words(phrase) for phrase in screen.detail]
    if len(details) == 2 and fits(details[0], details[1], WIDTH_PX - GAP_PX):
        rows.append(SplitRow([details[0]], [details[1]], keep=8, gap_px=2 * GAP_PX))
    else:
        rows += [TextRow(detail, faces=(LOW_PX,), keep=8, lines=2) for detail in details]
    if len(rows) <= 4:  # a fifth row of text has room; 核对 stands beside the amount anyway
        turns = _turns(screen, words, lines=1 if screen.training or details else 2)
        rows.append(TextRow(turns[screen.phase % len(turns)], keep=0, lines=2))
    stack(canvas, rows)


def _whose(screen: AmountCheck, words: Words) -> list[ScreenRow]:
    """What is done with the money, and for whom."""
    kind, owner = words(screen.kind), screen.owner
    where = f"{owner.store} {owner.terminal}"
    if not screen.training:
        return [_merchant_row(kind, owner.merchant, screen.phase), store_row(words, owner)]
    rows = header(words, kind, training=True)
    if fits(owner.merchant, where):
        return [*rows, SplitRow([owner.merchant], [where], keep=9)]
    return [*rows, _merchant_row("", owner.merchant, screen.phase), store_row(words, owner)]


def _merchant_row(kind: str, merchant: str, phase: int) -> ScreenRow:
    tag_px = glyphs.face(LOW_PX).width_px(kind) + 2 + GAP_PX if kind else 0
    turns = wrap(merchant, LOW_PX, WIDTH_PX - tag_px)
    name = turns[phase % len(turns)]
    return SplitRow([kind], [name], tag=True, keep=7) if kind else TextRow(name, faces=(LOW_PX,))


def _turns(screen: AmountCheck, words: Words, lines: int) -> list[str]:
    """What stands on the last row, turn by turn."""
    keys = Text.CHECK_KEYS_KIOSK if screen.customer else Text.CHECK_KEYS
    ask = Text.CHECK_ITEM if screen.customer else Text.CHECK_AMOUNT
    turns = [words(ask), words(keys)]
    if screen.notice:
        turns.append(words(screen.notice))
    if words.language is not Language.ZH:
        return turns
    try:
        parts = wrap(capitals(screen.amount), LOW_PX, WIDTH_PX)
    except MoneyError:  # a currency that has no capital numerals
        return turns
    return [*turns, *("".join(parts[i : i + lines]) for i in range(0, len(parts), lines))]


def card_prompt(screen: CardPrompt, words: Words, canvas: Canvas) -> None:
    """What to do with the card."""
    rows: list[ScreenRow] = header(words, words(screen.kind), training=screen.training)
    if screen.amount:
        rows.append(AmountRow(screen.amount, heights_px=_BESIDE_TWO if screen.notice else _ALONE))
    rows.append(TextRow(words(screen.prompt), keep=4, lines=2))
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=3, lines=2, inverse=True))
    stack(canvas, rows, floating=not screen.amount)


def pin_entry(screen: PinEntry, words: Words, canvas: Canvas) -> None:
    """A star a digit beside the prompt; beneath it what went wrong, or which keys end it."""
    rows: list[ScreenRow] = header(words, words(screen.kind), training=screen.training)
    if screen.amount:
        rows.append(AmountRow(screen.amount, heights_px=_BESIDE_TWO))
    rows.append(StarsRow(words(Text.ENTER_PIN), screen.digits))
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=3, inverse=True))
    else:
        rows.append(TextRow(words(Text.PIN_KEYS), faces=(LOW_PX,), keep=2))
    stack(canvas, rows)


class StarsRow:
    """The prompt and a star for each digit keyed, small ones for a long PIN."""

    keep = 6
    heights_px = (16, 12)

    def __init__(self, prompt: str, digits: int) -> None:
        self._prompt, self._digits = prompt, digits

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        """Draw prompt, stars and the place of the next digit."""
        canvas.lines.append(f"{self._prompt} {'*' * self._digits}".rstrip())
        prompt = glyphs.line(LOW_PX, self._prompt)
        above = (height_px - LOW_PX) // 2
        canvas.draw(prompt, 0, y + above)
        left = prompt.width_px + 5
        roomy = left + (self._digits + 1) * (icons.STAR.width_px + 1) <= WIDTH_PX
        star = icons.STAR if roomy else icons.STAR_SMALL
        pitch = star.width_px + 1
        for index in range(self._digits):
            canvas.draw(star, left + index * pitch, y + above + 3)
        canvas.fill(left + self._digits * pitch, y + above + 10, star.width_px, 1)


def processing(screen: Processing, words: Words, canvas: Canvas) -> None:
    """What is under way, a turning ring beside it, and whether the card must stay."""
    rows: list[ScreenRow] = header(words, words(screen.kind), training=screen.training)
    if screen.amount:
        rows.append(AmountRow(screen.amount, heights_px=_BESIDE_TWO))
    ring = icons.SPINNER[screen.spinner % len(icons.SPINNER)]
    rows.append(TextRow(words(screen.text), icon=ring, keep=4, lines=2))
    if screen.keep_card:
        stay = Text.KIOSK_WAIT if screen.customer else Text.DO_NOT_REMOVE
        rows.append(TextRow(words(stay), inverse=True, keep=3))
    stack(canvas, rows)


def outcome(screen: Outcome, words: Words, canvas: Canvas) -> None:
    """How it ended: a tick on a lit bar, or a cross on a dark one with the reason beneath."""
    rows: list[ScreenRow] = []
    kind = words(screen.kind)
    if screen.training:
        rows += header(words, kind, training=True)
        kind = ""
    text, code = words(screen.text), screen.code
    declined = bool(code) and not screen.approved
    reason_apart = declined and not screen.training  # in training the bar takes its room
    title = words(Text.DECLINED) if reason_apart else text
    rows.append(_ending(title, kind, approved=screen.approved, undecided=screen.undecided))
    labels = [each for each in (screen.voucher, f"[{code}]" if declined else "") if each]
    rows.append(AmountRow(screen.amount, *labels, heights_px=(26, 24, 22, 20, 18, 16)))
    if reason_apart:
        rows.append(TextRow(text, keep=3, lines=2))
    if screen.prompt:
        rows.append(TextRow(words(screen.prompt), faces=(LOW_PX,), keep=2, lines=2))
    if screen.undo_s is not None:
        undo = Text.CANCEL_UNDO_KIOSK if screen.customer else Text.CANCEL_UNDO
        offer = words(undo, seconds=screen.undo_s)
        rows.append(TextRow(offer, faces=(LOW_PX,), keep=6, inverse=True))
    stack(canvas, rows)


def _ending(title: str, kind: str, *, approved: bool, undecided: bool) -> ScreenRow:
    """How it ended, and of what: on one line in the tallest face that takes both, else on two."""
    icon = icons.TICK if approved else icons.WARNING if undecided else icons.CROSS
    beside = icon.width_px + 1 + glyphs.face(LOW_PX).width_px(kind)
    # in one face the two would read as one phrase, so they stand further apart
    for face, gap in ((TALL_PX, 1), (LOW_PX, 6)) if kind else ():
        if beside + gap + glyphs.face(face).width_px(title) <= WIDTH_PX:
            return SplitRow(
                [title], [kind], icon=icon, left_face=face, gap_px=gap, inverse=approved, keep=8
            )
    both = f"{title} ({kind})" if kind else title
    return TextRow(both, icon=icon, inverse=approved, keep=8, lines=3)


def original(screen: Original, words: Words, canvas: Canvas) -> None:
    """The original transaction, in full, and what will be done to it."""
    kind, owner = words(screen.kind), screen.owner
    rows: list[ScreenRow] = []
    if screen.training:
        rows += header(words, kind, training=True)
    else:
        names = [owner.merchant, clipped(owner.merchant, kind + "  ")]
        rows.append(SplitRow([kind], names, tag=True, keep=9))
    where = f"{owner.store} {owner.terminal}"
    labels = [] if fits(where, screen.voucher) else [screen.voucher]  # beside the amount, then
    rows.append(SplitRow([where], ["" if labels else screen.voucher], keep=9))
    rows.append(AmountRow(screen.amount, *labels, heights_px=_BESIDE_TWO))
    tail = screen.card.replace(" ", "")[-4:]  # the groups of four may split it
    if screen.left:
        left = words(Text.LEFT_TO_REFUND, left=screen.left)
        cards = [words(Text.CARD_TAIL, tail=tail), f"*{tail}"]
        rows.append(SplitRow(cards, [left], keep=9, gap_px=6))
    else:
        rows.append(TextRow(screen.card, faces=(LOW_PX,), keep=9))
    rows.append(_original_turn(screen, words))
    stack(canvas, rows)


def _original_turn(screen: Original, words: Words) -> ScreenRow:
    """The last row: when it was and who sold, then what the keys do."""
    if screen.phase % 2:
        return TextRow(words(_KEYS[screen.kind]), faces=(LOW_PX,))
    when = f"{screen.date[2:]} {screen.time}"
    by = [words(Text.OPERATOR_SHORT, operator=screen.operator), screen.operator]
    return SplitRow([when], by, keep=9, gap_px=6)
