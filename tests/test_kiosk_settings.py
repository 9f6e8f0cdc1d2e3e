"""A kiosk's price list: every mistake in it is named with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from firmware.core.config import Config, ConfigError
from firmware.core.config_example import example
from firmware.core.config_file import from_tables, load
from firmware.core.config_kiosk import Item, Kiosk
from firmware.terminal.settings import checked, settings_without_effect, warnings_of
from tests.source import ROOT

GOOD = """
[general]
profile = "kiosk"
[[kiosk.items]]
key = "1"
name = "豆浆"
price = "3.00"
[[kiosk.items]]
key = "5"
name = "小笼包"
price = 1800
"""
ITEM_1_EN = "f: kiosk.items 1.name_en: expected at most"


def test_a_price_list_is_read_in_major_and_minor_units(tmp_path: Path):
    path = tmp_path / "pos.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(path).kiosk.items == (
        Item(key="1", name="豆浆", price=300),
        Item(key="5", name="小笼包", price=1800),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('key = "5"', 'key = "1"'), "f: kiosk.items 2.key: 1 is another item's"),
        (('key = "5"', 'key = "0"'), "f: kiosk.items 2.key: "),
        (('price = "3.00"', 'price = "0.00"'), "f: kiosk.items 1.price: expected more than"),
        (('price = "3.00"', 'price = "3"'), None),
        (('price = "3.00"', 'price = "60000.00"'), "f: kiosk.items 1.price: expected at most"),
        (('name = "豆浆"', 'name = ""'), "f: kiosk.items 1.name: "),
        (
            ('name = "豆浆"', 'name = "三鲜小笼包配红豆浆大杯"'),
            "f: kiosk.items 1.name: expected at most",
        ),
        (('name = "豆浆"', 'name = "三鲜小笼包配红豆浆杯"'), None),
        (('name = "豆浆"', 'title = "豆浆"'), "f: kiosk.items 1.title: unknown"),
        (('name = "豆浆"\n', ""), "f: kiosk.items 1.name: missing"),
        (("[[kiosk.items]]", "[[kiosk.item]]"), "f: kiosk.item: unknown"),
        (('key = "5"\n', ""), 'f: kiosk.items 2.key: expected "1" to "9": without kiosk.shop'),
        (('name = "豆浆"', 'name = "Soy milk, no sugar"'), None),
        (('name = "豆浆"', 'name = "豆浆"\nname_en = "Soy milk"'), None),
        (('name = "豆浆"', 'name = "豆浆"\nname_en = "Soy milk, cold and sweet"'), ITEM_1_EN),
        (('name = "豆浆"', 'name = "豆\\u0007浆"'), "f: kiosk.items 1.name: "),
        (
            ('name = "豆浆"', 'name = "豆浆"\npicture = "a.png"'),
            "f: kiosk.items 1.picture: expected kio",
        ),
        (('name = "豆浆"', 'name = "豆浆"\npicture = "../a.png"'), "f: kiosk.items 1.picture: "),
        (('name = "豆浆"', 'name = "豆浆"\npicture = "a.exe"'), "f: kiosk.items 1.picture: "),
    ],
)
def test_a_mistake_has_its_place(change: tuple[str, str], said: str | None):
    tables = tomllib.loads(GOOD.replace(*change))
    if said is None:
        assert from_tables(tables, source="f").kiosk.items
        return
    with pytest.raises(ConfigError) as raised:
        from_tables(tables, source="f")
    assert any(str(mistake).startswith(said) for mistake in raised.value.mistakes)


def test_a_kiosk_with_nothing_to_sell_does_not_start():
    with pytest.raises(ConfigError, match="at least one item"):
        from_tables({"general": {"profile": "kiosk"}}, source="f")


def test_the_example_of_all_settings_can_be_read_back():
    assert from_tables(tomllib.loads("\n".join(example())), source="f") == Config()
    assert Config().kiosk == Kiosk()


SHOP = """
[api]
port = 8441
[kiosk]
shop = true
pictures = "pictures"
[[kiosk.items]]
name = "手冲耶加雪菲单品咖啡大杯"
price = "38.00"
picture = "coffee.png"
"""


def test_a_touch_screen_sells_long_names_without_keys(tmp_path: Path):
    path = tmp_path / "pos.toml"
    path.write_text(SHOP, encoding="utf-8")
    settings = checked(path)
    assert settings.config.kiosk.items[0].key == ""
    assert settings.pictures == tmp_path / "pictures"
    (told,) = [str(each) for each in warnings_of(settings) if "kiosk.items" in str(each)]
    assert told.endswith(f"picture: there is no file {tmp_path}/pictures/coffee.png")
    assert [name for name, _ in settings_without_effect(settings.config)] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('price = "38.00"', 'price = "0.00"'), "f: kiosk.items 1.price: expected more than"),
        (("port = 8441", 'listen = "192.0.2.7"'), "f: kiosk.shop: expected false while api.listen"),
        ((SHOP[SHOP.index("[[") :], ""), "f: kiosk.items: expected at least one item"),
    ],
)
def test_a_mistake_of_a_touch_screen_has_its_place(change: tuple[str, str], said: str):
    with pytest.raises(ConfigError) as raised:
        from_tables(tomllib.loads(SHOP.replace(*change)), source="f")
    assert [str(mistake).startswith(said) for mistake in raised.value.mistakes] == [True]


def test_a_touch_screen_without_the_api_is_named():
    config = from_tables(tomllib.loads(SHOP.replace("port = 8441", "")), source="f")
    assert ("kiosk.shop", "an api.port") in settings_without_effect(config)


def test_the_worked_example_is_sound():
    example = ROOT / "firmware" / "kiosk" / "example" / "shop.toml"
    settings = checked(example)
    assert not [each for each in warnings_of(settings) if ".picture" in str(each)]
