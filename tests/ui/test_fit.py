"""Every text, with the longest values it can hold, fits every place where it can stand."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Kind
from firmware.core.money import CURRENCIES, Money
from firmware.flows.desk import total_line
from firmware.flows.outage import words_of
from firmware.flows.query import ROWS_PER_PAGE
from firmware.iso8583.responses import RESPONSES
from firmware.journal.faults import Trouble
from firmware.receipts.columns import grouped
from firmware.ui.canvas import Canvas
from firmware.ui.examples import yuan
from firmware.ui.render import Frame, render
from firmware.ui.rows import AmountRow
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    Attract,
    CardPrompt,
    Idle,
    Listing,
    Menu,
    Notice,
    Original,
    Outcome,
    OutOfService,
    Owner,
    Phrase,
    PinEntry,
    Processing,
    Screen,
    TextEntry,
)
from firmware.ui.service_screens import ATTRACT_ROWS, LISTING_COLUMNS, SHIFT_MAX_PX
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text

LONGEST = {
    "amount": "9999999.99",
    "by": "+99999",
    "check": "82E13665",
    "group": 8,
    "header": "603100311003",
    "number": 2,
    "tpdu": "6000030000",
    "count": 999,
    "days": 3650,
    "key": "CANCEL",
    "currency": "KWD",
    "left": "9999999.99",
    "limit": "9999999.99",
    "merchant": "MMMMMMMMMMMMMMM",
    "operator": "99",
    "seconds": 999,
    "store": "ABCD-123",
    "sum": "99999999.99",
    "tail": "9999",
    "terminal": "99999999",
    "time": "23:59",
    "tries": 9,
    "usual": "9999999.99",
    "version": "10.20.30",
    "voucher": "999999",
}
BIG = yuan(999_999_999)  # what AMOUNT_DIGITS_MAX lets a person key
OWNERS = {
    Language.ZH: Owner("幸福餐饮贸易小店", "ABCD-123", "99999999"),
    Language.EN: Owner("HAPPY STORE AND SONS", "ABCD-123", "99999999"),
}
# refusals are sentences: they stand in messages and under what was keyed, nowhere else
SENTENCES = {
    Text.AMOUNT_OVER_LIMIT,
    Text.AMOUNT_OVER_LEFT,
    Text.UNUSUAL_BODY,
    Text.DUPLICATE_BODY,
    Text.OTHER_TERMINAL,
    Text.OTHER_MERCHANT,
    Text.REFUND_LIMIT,
    Text.REFUND_DAY_LIMIT,
    Text.SALE_DAY_LIMIT,
    Text.CARD_DAY_LIMIT,
    Text.TOTAL_SALES,
    Text.TOTAL_VOIDS,
    Text.TOTAL_REFUNDS,
    Text.BATCH_SETTLED,
    Text.CANCEL_UNDO,
    Text.PRESS_ENTER_TO_GO_ON,
    Text.CLOCK_MOVED_DAYS,
    Text.TOTAL_REFUNDS_LONG,
    Text.APPROVED_SLIP_PENDING,
    Text.CHANGE_DEFAULT,
    Text.PASSWORD_LOCKED,
    Text.RECOVERED_REVERSED,
    Text.REVERSAL_FIRST,
    Text.OFFLINE_FIRST,
    Text.REFUND_FIRST,
}
WORDS = [text for text in Text if text not in SENTENCES]
PRINTER_LACKS = [text for text in Text if text.name.startswith("PRINTER_")]
WHOSE = OWNERS[Language.EN]
VOID, SALE_AMOUNT = Kind.VOID, Phrase.of(Text.SALE_AMOUNT)
TRAINING = pytest.mark.parametrize("training", [False, True], ids=["real", "training"])
LANGUAGES = pytest.mark.parametrize("language", Language, ids=lambda each: each.value)


def longest(text: Text) -> Phrase:
    names = [name for _, name, _, _ in string.Formatter().parse(text.value[0]) if name]
    return Phrase.of(text, **{name: LONGEST[name] for name in names})


def assert_whole(frame: Frame, what: object) -> None:
    assert frame.cut == (), what
    assert "…" not in frame.text, what


@LANGUAGES
def test_every_example_screen_is_whole(language: Language) -> None:
    for name, screen in specimens(language).items():
        assert_whole(render(screen, language), name)


def test_both_languages_of_a_text_take_the_same_values() -> None:
    for text in Text:
        wordings = [
            {name for _, name, _, _ in string.Formatter().parse(wording) if name}
            for wording in text.value
        ]
        assert wordings[0] == wordings[1], text


ANYWHERE: dict[str, Callable[[Phrase, bool], Screen]] = {
    "entry title": lambda said, t: AmountEntry(WHOSE, VOID, BIG, said, training=t),
    "card prompt": lambda said, t: CardPrompt(VOID, BIG, said, training=t),
    "card notice": lambda said, t: CardPrompt(VOID, BIG, SALE_AMOUNT, said, t),
    "PIN notice": lambda said, t: PinEntry(VOID, BIG, 12, said, t),
    "progress": lambda said, t: Processing(VOID, BIG, said, keep_card=True, training=t),
    "outcome": lambda said, t: Outcome(VOID, BIG, approved=False, text=said, training=t),
    "outcome prompt": lambda said, t: Outcome(
        VOID, BIG, approved=True, text=said, voucher="999999", prompt=said, training=t
    ),
    "question": lambda said, t: TextEntry(said, "9" * 12, 12, training=t),
    "hint": lambda said, t: TextEntry(SALE_AMOUNT, "9" * 12, 12, hint=said, training=t),
    "menu title": lambda said, t: Menu(said, (Phrase.of(Text.SALE),) * 8, training=t),
    "message title": lambda said, t: Notice(said, (said,), training=t, warning=True),
    "question's prompt": lambda said, t: Notice(SALE_AMOUNT, (), said, BIG, training=t),
}
IN_MESSAGES: dict[str, Callable[[Phrase, bool], Screen]] = {
    "message": lambda said, t: Notice(SALE_AMOUNT, (said,), training=t, warning=True),
    "why an amount is refused": lambda said, t: AmountEntry(WHOSE, VOID, BIG, SALE_AMOUNT, said, t),
    "why digits are refused": lambda said, t: TextEntry(
        Phrase.of(Text.ENTER_PIN), "9" * 12, 12, notice=said, training=t
    ),
}


@LANGUAGES
@TRAINING
@pytest.mark.parametrize("place", ANYWHERE)
def test_every_word_fits_every_place(place: str, language: Language, training: bool) -> None:
    for text in WORDS:
        assert_whole(render(ANYWHERE[place](longest(text), training), language), text)


@LANGUAGES
@TRAINING
@pytest.mark.parametrize("place", IN_MESSAGES)
def test_every_text_fits_a_message(place: str, language: Language, training: bool) -> None:
    for text in Text:
        if text in (Text.OTHER_TERMINAL, Text.OTHER_MERCHANT) and place != "message":
            continue  # a refused original is told in a message of its own
        assert_whole(render(IN_MESSAGES[place](longest(text), training), language), text)


@LANGUAGES
@TRAINING
@pytest.mark.parametrize("code", RESPONSES)
def test_every_response_fits_a_declined_outcome(
    code: str, language: Language, training: bool
) -> None:
    screen = Outcome(
        VOID,
        BIG,
        approved=False,
        text=Phrase.of(RESPONSES[code]),
        code=code,
        prompt=Phrase.of(Text.FAILED_REVERSAL_DUE),
        training=training,
    )
    frame = render(screen, language)
    assert_whole(frame, code)
    assert f"[{code}]" in frame.text


@LANGUAGES
@TRAINING
@pytest.mark.parametrize(
    "prompt",
    [
        Phrase.of(Text.ENTER_NEXT_COPY),
        Phrase.of(Text.APPROVED_SLIP_PENDING),
        *map(Phrase.of, PRINTER_LACKS),
    ],
    ids=lambda prompt: prompt.in_language(Language.EN),
)
def test_an_approval_with_all_it_can_say_is_whole(
    prompt: Phrase, language: Language, training: bool
) -> None:
    screen = Outcome(
        Kind.SALE,
        BIG,
        approved=True,
        text=Phrase.of(Text.APPROVED),
        voucher="999999",
        prompt=prompt,
        undo_s=600,
        training=training,
    )
    assert_whole(render(screen, language), prompt)


@LANGUAGES
@TRAINING
@pytest.mark.parametrize("kind", Kind)
def test_confirmations_are_whole_on_every_turn(
    kind: Kind, language: Language, training: bool
) -> None:
    owner = OWNERS[language]
    detail = (longest(Text.ORIGINAL_OF), longest(Text.CARD_TAIL))
    for details in ((), detail[:1], detail):
        for phase in range(4):
            check = AmountCheck(owner, kind, BIG, details, phase, training)
            frame = render(check, language)
            assert_whole(frame, check)
            for said in ("9999999.99", owner.store, owner.terminal):
                assert said in frame.text
            for phrase in details:
                assert phrase.in_language(language) in frame.text


@LANGUAGES
@TRAINING
@pytest.mark.parametrize("name", ["三鲜小笼包配红豆浆杯", "MMMMMMMMMMMM"])
def test_the_check_of_an_item_is_whole_on_every_turn(
    name: str, language: Language, training: bool
) -> None:
    for phase in range(3):
        item = (Phrase.of((name, name)),)
        check = AmountCheck(OWNERS[language], Kind.SALE, BIG, item, phase, training)
        frame = render(check, language)
        assert_whole(frame, check)
        assert name in frame.text


@LANGUAGES
@TRAINING
@pytest.mark.parametrize("left", [None, BIG], ids=["void", "refund"])
@pytest.mark.parametrize("pan_length", [13, 16, 19])
def test_the_original_is_whole(
    pan_length: int, left: Money | None, language: Language, training: bool
) -> None:
    owner = replace(OWNERS[language], merchant="幸福小店")
    kind = Kind.REFUND if left else Kind.VOID
    card = grouped("622848" + "*" * (pan_length - 10) + "0012")
    screen = Original(
        kind,
        card,
        BIG,
        left,
        "2026-11-22",
        "23:59",
        "99",
        "999999",
        owner,
        training,
    )
    frame = render(screen, language)
    assert_whole(frame, screen)
    always = ("9999999.99", owner.store, owner.terminal, "999999")
    tail = "0012" if left else card
    for said in (*always, tail, "26-11-22", "99"):
        assert said in frame.text
    keys = render(replace(screen, phase=1), language)
    assert_whole(keys, screen)
    for said in (*always, tail):
        assert said in keys.text


@LANGUAGES
@TRAINING
def test_idle_is_whole_with_every_notice(language: Language, training: bool) -> None:
    notices = [
        longest(text)
        for text in (
            Text.RECEIPTS_PENDING,
            Text.REVERSALS_PENDING,
            Text.SETTLE_SOON,
            Text.CARD_BEFORE_AMOUNT,
            Text.CLOCK_MOVED,
            Text.CLOCK_MOVED_DAYS,
        )
    ]
    notices += map(Phrase.of, PRINTER_LACKS)
    for notice in (None, *notices):
        screen = Idle(OWNERS[language], "2026-11-22", "23:59", "99", notice, training)
        frame = render(screen, language)
        assert_whole(frame, notice)
        assert "23:59" in frame.text


@LANGUAGES
def test_the_burn_in_shift_moves_no_text_off_the_display(language: Language) -> None:
    whose, price = OWNERS[language], (("1", "豆浆", BIG),)
    for screen in (
        Idle(whose, "2026-11-22", "23:59", "99"),
        Attract(whose, price),
        AmountEntry(whose, Kind.SALE, BIG, SALE_AMOUNT),
        AmountEntry(whose, Kind.SALE, yuan(12_850), SALE_AMOUNT),
    ):
        packed = render(screen, language).packed
        edges = {packed[row * 16 + 15] & 3 for row in range(64)}
        assert edges <= {0, 3}, "the last columns hold nothing, or a bar"
        moved = render(replace(screen, shift_px=SHIFT_MAX_PX), language).packed
        for row in range(0, 1024, 16):
            before = int.from_bytes(packed[row : row + 16], "big")
            assert int.from_bytes(moved[row : row + 16], "big") == before >> SHIFT_MAX_PX


@LANGUAGES
def test_out_of_service_is_whole_for_every_device(language: Language) -> None:
    reasons = [text for text in Text if text.name.startswith("DEVICE_")]
    reasons += [*(one for one, _ in map(words_of, Trouble)), Text.BOOKS_FAULT, Text.SETTINGS_FAULT]
    advices = [text for text in Text if text.name.startswith("ADVICE_")]
    assert min(len(reasons), len(advices)) > 3
    for reason in reasons:
        for advice in advices:
            for detail in ("", "2026-11-22 23:59", "m" * LISTING_COLUMNS):
                screen = OutOfService(OWNERS[language], longest(reason), longest(advice), detail)
                assert_whole(render(screen, language), (reason, advice, detail))


@LANGUAGES
@TRAINING
def test_settlement_totals_are_whole(language: Language, training: bool) -> None:
    lines = tuple(
        total_line(text, 999, "99999999.99", language)
        for text in (Text.TOTAL_SALES, Text.TOTAL_VOIDS, Text.TOTAL_REFUNDS)
    )
    question = Text.SETTLE_TRAINING if training else Text.SETTLE_TOTALS
    prompt = Phrase.of(Text.PRESS_ENTER_TO_GO_ON)
    for title, said in ((question, prompt), (Text.SETTLING, None)):
        frame = render(Notice(Phrase.of(title), lines, said, training=training), language)
        assert_whole(frame, title)
        assert not said or said.in_language(language) in frame.text
    todo, unbalanced = Phrase.of(Text.UNBALANCED_TODO), Phrase.of(Text.UNBALANCED)
    assert_whole(render(Notice(unbalanced, lines, todo, warning=True), language), unbalanced)


@LANGUAGES
@TRAINING
def test_a_page_of_a_listing_is_whole(language: Language, training: bool) -> None:
    rows = ("9" * LISTING_COLUMNS,) * ROWS_PER_PAGE
    screen = Listing(Phrase.of(Text.QUERY_LIST), rows, 99, 99, training)
    assert_whole(render(screen, language), screen)


def test_every_item_of_a_price_list_has_its_turn() -> None:
    whose = OWNERS[Language.ZH]
    items = tuple((str(n), f"点心{n}", yuan(n * 100)) for n in range(1, 10))
    pages = [render(Attract(whose, items, page=page), Language.ZH) for page in range(3)]
    assert ATTRACT_ROWS * len(pages) == len(items)
    for index, (_, name, price) in enumerate(items):
        assert f"{name} {price}" in pages[index // ATTRACT_ROWS].text
    assert render(Attract(whose, items, page=6), Language.ZH) == pages[0]
    assert all(whose.terminal in page.text for page in pages[1::2])
    assert all("请按数字键选择商品" in page.text for page in pages[::2])


@pytest.mark.parametrize("alpha", ["CNY", "JPY", "KWD"])
@pytest.mark.parametrize("minor", [0, 5, 12_850, 999_999_999, 999_999_999_999])
@pytest.mark.parametrize("height_px", AmountRow(BIG).heights_px)
def test_an_amount_is_never_shortened_and_larger_than_any_text(
    height_px: int, minor: int, alpha: str
) -> None:
    amount = Money(minor, CURRENCIES[alpha])
    canvas = Canvas()
    AmountRow(amount).draw(canvas, 0, height_px)
    assert canvas.cut == []
    assert str(amount) in canvas.lines[0]
    lit = [y for y, row in enumerate(canvas.rows) if row & (1 << 64) - 1]
    assert lit[-1] - lit[0] + 1 >= 14  # a digit of the tall face is 10 px high
