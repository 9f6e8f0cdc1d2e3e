"""A kiosk's price list: every mistake in it is named with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from firmware.cli.config import example
from firmware.core.config import Config, ConfigError, Item, Kiosk
from firmware.core.config_file import from_tables, load

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
