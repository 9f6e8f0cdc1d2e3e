"""The screens of a transaction: from the first digit to the outcome, the amount always in sight."""

from __future__ import annotations

from firmware.money import MoneyError, capitals
from firmware.ui import glyphs, icons
from firmware.ui.canvas import WIDTH_PX, Canvas
from firmware.ui.parts import Words, clipped, fits, header, store_row
from firmware.ui.rows import GAP_PX, LOW_PX, TALL_PX, AmountRow, Row, SplitRow, TextRow, stack
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


def amount_entry(screen: AmountEntry, words: Words, canvas: Canvas) -> None:
    """What the amount is for, the amount as it is keyed, and why it was refused."""
    rows: list[Row] = header(words, words(screen.title), training=screen.training)
    rows.append(AmountRow(screen.amount))
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=3, lines=2, inverse=True))
    stack(canvas, rows)


def amount_check(screen: AmountCheck, words: Words, canvas: Canvas) -> None:
    """Everything that moves money, on every turn: merchant, store, terminal, kind, amount, detail.

    Prompt and capital numerals take turns on the last row; 核对 stays beside the amount. A
    merchant's name too long for its row takes turns with itself.
    """
    rows = _whose(screen, words)
    rows.append(AmountRow(screen.amount, words(Text.CHECK), heights_px=(24, 22, 20, 18, 16)))
    details = [words(phrase) for phrase in screen.detail]
    if len(details) == 2 and fits(details[0], details[1]):
        rows.append(SplitRow([details[0]], [details[1]], keep=8))
    else:
        rows += [TextRow(detail, faces=(LOW_PX,), keep=8, lines=2) for detail in details]
    if len(rows) <= 4:  # a fifth row of text has room; 核对 stands beside the amount anyway
        turns = _turns(screen, words, lines=1 if screen.training or details else 2)
        rows.append(TextRow(turns[screen.phase % len(turns)], keep=0, lines=2))
    stack(canvas, rows)


def _whose(screen: AmountCheck, words: Words) -> list[Row]:
    """What is done with the money, and for whom."""
    kind, owner = words(screen.kind), screen.owner
    where = f"{owner.store} {owner.terminal}"
    if not screen.training:
        return [_merchant_row(kind, owner.merchant, screen.phase), store_row(words, owner)]
    rows = header(words, kind, training=True)
    if fits(owner.merchant, where):
        return [*rows, SplitRow([owner.merchant], [where], keep=9)]
    return [*rows, _merchant_row("", owner.merchant, screen.phase), store_row(words, owner)]


def _merchant_row(kind: str, merchant: str, phase: int) -> Row:
    tag_px = glyphs.face(LOW_PX).width_px(kind) + GAP_PX if kind else 0
    turns = wrap(merchant, LOW_PX, WIDTH_PX - tag_px)
    name = turns[phase % len(turns)]
    return SplitRow([kind], [name], tag=True, keep=7) if kind else TextRow(name, faces=(LOW_PX,))


def _turns(screen: AmountCheck, words: Words, lines: int) -> list[str]:
    """What stands on the last row, turn by turn."""
    prompt = words(Text.CHECK_AMOUNT)
    if words.language is not Language.ZH:
        return [prompt]
    try:
        parts = wrap(capitals(screen.amount), LOW_PX, WIDTH_PX)
    except MoneyError:  # a currency that has no capital numerals
        return [prompt]
    return [prompt, *("".join(parts[i : i + lines]) for i in range(0, len(parts), lines))]


def card_prompt(screen: CardPrompt, words: Words, canvas: Canvas) -> None:
    """What to do with the card."""
    rows: list[Row] = header(words, words(screen.kind), training=screen.training)
    rows.append(AmountRow(screen.amount))
    rows.append(TextRow(words(screen.prompt), keep=4, lines=2))
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=3, lines=2, inverse=True))
    stack(canvas, rows)


def pin_entry(screen: PinEntry, words: Words, canvas: Canvas) -> None:
    """A star a digit beside the prompt; beneath it what went wrong, or what to do without a PIN."""
    rows: list[Row] = header(words, words(screen.kind), training=screen.training)
    rows.append(AmountRow(screen.amount))
    stars = "*" * screen.digits
    face = TALL_PX if screen.digits <= 8 else LOW_PX
    rows.append(
        SplitRow([words(Text.ENTER_PIN)], [stars or "_"], face=face, left_face=LOW_PX, keep=6)
    )
    if screen.notice:
        rows.append(TextRow(words(screen.notice), keep=3, inverse=True))
    else:
        rows.append(TextRow(words(Text.ENTER_PIN_NO_PIN), faces=(LOW_PX,), keep=2))
    stack(canvas, rows)


def processing(screen: Processing, words: Words, canvas: Canvas) -> None:
    """What is under way, a turning ring beside it, and whether the card must stay."""
    rows: list[Row] = header(words, words(screen.kind), training=screen.training)
    rows.append(AmountRow(screen.amount))
    ring = icons.SPINNER[screen.spinner % len(icons.SPINNER)]
    rows.append(TextRow(words(screen.text), icon=ring, keep=4))
    if screen.keep_card:
        rows.append(TextRow(words(Text.DO_NOT_REMOVE), inverse=True, keep=3))
    stack(canvas, rows)


def outcome(screen: Outcome, words: Words, canvas: Canvas) -> None:
    """How it ended: a tick on a lit bar, or a cross on a dark one with the reason beneath."""
    rows: list[Row] = []
    kind = words(screen.kind)
    if screen.training:
        rows += header(words, kind, training=True)
        kind = ""
    text, code = words(screen.text), screen.code
    declined = bool(code) and not screen.approved
    title = words(Text.DECLINED) if declined else text
    rows.append(_ending(title, kind, approved=screen.approved))
    labels = [each for each in (screen.voucher, f"[{code}]" if declined else "") if each]
    rows.append(AmountRow(screen.amount, *labels, heights_px=(26, 24, 22, 20, 18, 16)))
    if declined:
        rows.append(TextRow(text, keep=3, lines=2))
    if screen.prompt:
        rows.append(TextRow(words(screen.prompt), faces=(LOW_PX,), keep=2))
    if screen.undo_s is not None:
        offer = words(Text.CANCEL_UNDO, seconds=screen.undo_s)
        rows.append(TextRow(offer, faces=(LOW_PX,), keep=6, inverse=True))
    stack(canvas, rows)


def _ending(title: str, kind: str, *, approved: bool) -> Row:
    icon = icons.TICK if approved else icons.CROSS
    width = icon.width_px + GAP_PX + glyphs.face(TALL_PX).width_px(title)
    if kind and width + glyphs.face(LOW_PX).width_px(kind) <= WIDTH_PX:
        return SplitRow([title], [kind], icon=icon, left_face=TALL_PX, inverse=approved, keep=8)
    return TextRow(f"{title} {kind}".rstrip(), icon=icon, inverse=approved, keep=8, lines=2)


def original(screen: Original, words: Words, canvas: Canvas) -> None:
    """The original transaction, in full, and what will be done to it."""
    kind, owner = words(screen.kind), screen.owner
    title = words(screen.title)
    rows: list[Row] = []
    merchant = owner.merchant if owner else "" if title == kind else title
    if screen.training:
        rows += header(words, kind, training=True)
    else:
        rows.append(SplitRow([kind], [merchant, clipped(merchant, kind + "  ")], tag=True, keep=9))
    by = [words(Text.OPERATOR_SHORT, operator=screen.operator), screen.operator]
    if owner:
        rows.append(SplitRow([f"{owner.store} {owner.terminal}"], by, keep=9))
    rows.append(AmountRow(screen.amount, heights_px=(24, 22, 20, 18, 16)))
    left = words(Text.LEFT_TO_REFUND, left=screen.left) if screen.left else ""
    tail = "*" + screen.card[-4:]
    cards = [screen.card, screen.card.replace(" ", ""), tail] if left else [screen.card]
    rows.append(SplitRow(cards, [left, left, left.replace(" ", "")], keep=9))
    short_date = screen.date[2:]
    rows.append(SplitRow([screen.voucher], [f"{short_date} {screen.time}"], keep=9))
    stack(canvas, rows)
