"""Two confirmations that differ in anything that moves money never show the same frame."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.kinds import RESTS_ON, Kind
from firmware.core.money import CURRENCIES, Money
from firmware.ui.render import Frame, render
from firmware.ui.screens import AmountCheck, Original, Owner, Phrase
from firmware.ui.texts import Language, Text

LANGUAGES = st.sampled_from(Language)
AMOUNTS = st.builds(
    Money,
    st.one_of(st.integers(0, 999_999_999), st.integers(0, 9).map(lambda n: 10**n)),
    st.sampled_from([CURRENCIES["CNY"], CURRENCIES["HKD"], CURRENCIES["JPY"]]),
)
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
OWNERS = st.builds(
    Owner,
    merchant=st.text("幸福小店大富贵酒楼ABC", min_size=1, max_size=6),
    store=st.text(SIGNS + "-abc", min_size=1, max_size=8),
    terminal=st.text(SIGNS, min_size=8, max_size=8),
)
VOUCHERS = st.integers(1, 999_999).map("{:06d}".format)
TAILS = st.integers(0, 9_999).map("{:04d}".format)
DETAILS = st.one_of(
    st.just(()),
    st.builds(
        lambda voucher, tail: (
            Phrase.of(Text.ORIGINAL_OF, voucher=voucher),
            Phrase.of(Text.CARD_TAIL, tail=tail),
        ),
        VOUCHERS,
        TAILS,
    ),
)
CHECKS = st.builds(
    AmountCheck, OWNERS, st.sampled_from(Kind), AMOUNTS, DETAILS, training=st.booleans()
)
ORIGINALS = st.builds(
    Original,
    st.sampled_from([kind for kind, before in RESTS_ON.items() if before]),
    TAILS.map("6228 48** **** {}".format),
    AMOUNTS,
    st.one_of(st.none(), AMOUNTS),
    st.dates().map(lambda day: f"20{day.year % 100:02d}-{day.month:02d}-{day.day:02d}"),
    st.times().map(lambda time: f"{time:%H:%M}"),
    st.integers(0, 99).map("{:02d}".format),
    VOUCHERS,
    OWNERS,
    st.booleans(),
)
CHECK_FIELDS = ("owner", "kind", "amount", "detail", "training")
ORIGINAL_FIELDS = (
    "kind",
    "card",
    "amount",
    "left",
    "date",
    "time",
    "operator",
    "voucher",
    "owner",
    "training",
)

# what stands on every turn; date, time and operator stand on the first
IDENTIFYING = ("kind", "card", "amount", "left", "voucher", "owner", "training")


def two(strings: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Two that differ."""
    return st.lists(strings, min_size=2, max_size=2, unique=True)


def turns(screen: AmountCheck, language: Language) -> list[Frame]:
    return [render(replace(screen, phase=phase), language) for phase in range(4)]


@given(CHECKS, CHECKS, st.sampled_from(CHECK_FIELDS), LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_checks_that_differ_in_one_thing_never_look_alike_on_any_turn(
    one: AmountCheck, source: AmountCheck, name: str, language: Language
) -> None:
    other = replace(one, **{name: getattr(source, name)})
    assume(one != other)
    ours = {frame.packed for frame in turns(one, language)}
    theirs = {frame.packed for frame in turns(other, language)}
    assert not ours & theirs


@given(CHECKS, OWNERS, st.sampled_from(["merchant", "store", "terminal"]), LANGUAGES)
@settings(max_examples=100, deadline=None)
def test_checks_of_another_merchant_store_or_terminal_never_look_alike(
    one: AmountCheck, whose: Owner, name: str, language: Language
) -> None:
    owner = replace(one.owner, **{name: getattr(whose, name)})
    assume(owner != one.owner)
    ours = {frame.packed for frame in turns(one, language)}
    theirs = {frame.packed for frame in turns(replace(one, owner=owner), language)}
    assert not ours & theirs


@given(CHECKS, two(VOUCHERS), two(TAILS), LANGUAGES)
@settings(max_examples=100, deadline=None)
def test_refunds_of_another_voucher_or_to_another_card_never_look_alike(
    one: AmountCheck, vouchers: list[str], tails: list[str], language: Language
) -> None:
    def frames(voucher: str, tail: str) -> set[bytes]:
        detail = Phrase.of(Text.ORIGINAL_OF, voucher=voucher), Phrase.of(Text.CARD_TAIL, tail=tail)
        return {frame.packed for frame in turns(replace(one, detail=detail), language)}

    ours = frames(vouchers[0], tails[0])
    assert not ours & frames(vouchers[1], tails[0])
    assert not ours & frames(vouchers[0], tails[1])


@given(CHECKS, st.integers(1, 9_999_999), st.integers(0, 9), LANGUAGES)
@settings(max_examples=100, deadline=None)
def test_one_digit_of_the_amount_changes_the_frame(
    one: AmountCheck, place: int, digit: int, language: Language
) -> None:
    text = list(str(one.amount.minor))
    text[place % len(text)] = str(digit)
    other = replace(one, amount=Money(int("".join(text)), one.amount.currency))
    assume(one.amount != other.amount)
    ours = {frame.packed for frame in turns(one, language)}
    assert not ours & {frame.packed for frame in turns(other, language)}


def original_turns(screen: Original, language: Language) -> list[Frame]:
    return [render(replace(screen, phase=phase), language) for phase in range(2)]


def _place(original: Original) -> tuple[str, str]:
    return original.owner.store, original.owner.terminal


def one_currency(original: Original) -> bool:
    """What is left of a sale is money of its currency: the terminal has no other."""
    return original.left is not None and original.left.currency == original.amount.currency


@given(ORIGINALS, ORIGINALS, st.sampled_from(ORIGINAL_FIELDS), LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_originals_that_differ_in_one_thing_never_look_alike(
    one: Original, source: Original, name: str, language: Language
) -> None:
    other = replace(one, **{name: getattr(source, name)})
    assume(one != other)
    assume(all(each.left is None or one_currency(each) for each in (one, other)))
    assert render(one, language).packed != render(other, language).packed


@given(ORIGINALS, ORIGINALS, st.sampled_from(IDENTIFYING), LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_originals_that_differ_in_what_moves_money_never_look_alike_on_any_turn(
    one: Original, source: Original, name: str, language: Language
) -> None:
    other = replace(one, **{name: getattr(source, name)})
    assume(one != other)
    # training moves no money: its words take the place of the merchant's name
    assume(not (other.training and name == "owner" and _place(one) == _place(other)))
    assume(all(each.left is None or one_currency(each) for each in (one, other)))
    ours = {frame.packed for frame in original_turns(one, language)}
    assert not ours & {frame.packed for frame in original_turns(other, language)}


@given(ORIGINALS, LANGUAGES)
@settings(max_examples=50, deadline=None)
def test_an_original_says_on_its_second_turn_which_key_does_what(
    screen: Original, language: Language
) -> None:
    said = original_turns(screen, language)[1].text
    assert ("按确认" in said and "按取消" in said) or ("ENTER" in said and "CANCEL" in said)


@given(CHECKS, LANGUAGES)
@settings(max_examples=30, deadline=None)
def test_equal_screens_give_equal_frames(screen: AmountCheck, language: Language) -> None:
    again = replace(screen, owner=replace(screen.owner))
    assert render(screen, language) == render(again, language)


@given(CHECKS, st.sampled_from([Language.ZH]))
@settings(max_examples=50, deadline=None)
def test_every_turn_says_to_check(screen: AmountCheck, language: Language) -> None:
    assert all("核对" in frame.text for frame in turns(screen, language))


def test_question_keys_and_capital_numerals_take_turns() -> None:
    whose = Owner("幸福小店", "S01", "10000001")
    screen = AmountCheck(whose, Kind.SALE, Money(12_850, CURRENCIES["CNY"]))
    prompt, keys, capitals, again = turns(screen, Language.ZH)
    assert "请持卡人核对金额" in prompt.text
    assert "正确按确认 错误按取消" in keys.text
    assert "壹佰贰拾捌元伍角整" in capitals.text
    assert again == prompt
    question, keys, *_ = turns(screen, Language.EN)
    assert "Amount correct?" in question.text
    assert "ENTER yes, CANCEL no" in keys.text


def test_a_long_name_is_shown_in_full_turn_by_turn() -> None:
    name = "上海浦东新区幸福里大富贵餐饮管理有限公司第一分店"
    whose = Owner(name, "S01", "10000001")
    screen = AmountCheck(whose, Kind.SALE, Money(12_850, CURRENCIES["CNY"]))
    first_lines = [frame.text.split("\n")[0] for frame in turns(screen, Language.ZH)[:3]]
    assert "".join(line.removeprefix("消费 ") for line in first_lines) == name


def test_the_other_terminal_of_one_merchant_never_looks_alike() -> None:
    name = "上海浦东新区幸福里大富贵餐饮管理有限公司第一分店"
    amount = Money(12_850, CURRENCIES["CNY"])
    ours = AmountCheck(Owner(name, "S01", "10000001"), Kind.SALE, amount)
    theirs = AmountCheck(Owner(name, "S01", "10000002"), Kind.SALE, amount)
    for language in Language:
        frames = {frame.packed for frame in turns(ours, language)}
        assert not frames & {frame.packed for frame in turns(theirs, language)}
