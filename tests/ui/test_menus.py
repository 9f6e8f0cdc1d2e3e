"""Every item of a menu fits its line, and a menu shows which is chosen."""

from __future__ import annotations

from firmware.flows import menu, operators, other, preauth, query, reprint
from firmware.ui.render import render
from firmware.ui.screens import Menu, Phrase
from firmware.ui.texts import Language, Text
from tests.ui.test_fit import LANGUAGES, TRAINING, assert_whole, longest

# what a list offers: nothing else stands behind a number
IN_MENUS = [
    text
    for text in Text
    if text.name.startswith(("MENU_", "REPRINT_", "QUERY_", "OPERATOR_", "CHOOSE_", "SIGN_O"))
    or text in (Text.SALE, Text.VOID, Text.REFUND, Text.BALANCE, Text.TRAINING_MODE, Text.LANGUAGE)
    or text is Text.PREAUTH
    or text in (Text.PENDING_SLIPS, Text.PENDING_REVERSALS, Text.VERSION_ITEM, Text.API_CERTIFICATE)
]


@LANGUAGES
@TRAINING
def test_every_item_of_a_menu_fits(language: Language, training: bool) -> None:
    for text in IN_MENUS:
        screen = Menu(Phrase.of(Text.MENU), (longest(text),) * 9, 8, training)
        assert_whole(render(screen, language), text)


def test_the_menus_of_the_flows_offer_no_other_items() -> None:
    lists = (
        *(menu.ITEMS, operators.ITEMS, other.ITEMS, query.ITEMS),
        *(reprint.ITEMS, reprint.COPIES, preauth.ITEMS),
    )
    assert {item for items in lists for item in items} <= set(IN_MENUS)


@LANGUAGES
def test_a_menu_shows_the_chosen_item_and_numbers_up_to_nine(language: Language) -> None:
    items = tuple(Phrase.of((f"第{n}项操作员密码", f"Item number {n}")) for n in range(1, 12))
    for selected in range(len(items)):
        frame = render(Menu(Phrase.of(Text.MENU), items, selected), language)
        number = f"{selected + 1} " if selected < 9 else ""
        assert f"{number}{items[selected].in_language(language)}" in frame.text
    assert render(Menu(Phrase.of(Text.MENU), items, 0), language) != render(
        Menu(Phrase.of(Text.MENU), items, 1), language
    )
