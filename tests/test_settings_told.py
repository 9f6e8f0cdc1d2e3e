"""What changed of the settings between two starts stands in the journal, in words and masked."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from firmware.audit.dossier import dossier
from firmware.core.config import Config
from firmware.core.config_file import from_tables, with_setting
from firmware.core.config_kiosk import Item
from firmware.core.config_section import metas
from firmware.core.masked import SecretKey
from firmware.journal.connection import DATABASE, connect_read_only
from firmware.journal.faults import RuleBroken
from firmware.journal.lookups import Lookups
from firmware.journal.records import SettingChanged, SettingsRecorded, TerminalStarted
from firmware.journal.settings import change_words
from firmware.journal.verify import verify_journal
from firmware.lab.scenario.stage import STAGE_CONFIG
from firmware.terminal.settings_told import is_amount, is_secret, settings_told
from tests.flows.test_other_terminal import SALE, play
from tests.journal.story import Shop

KEY = SecretKey(bytes(32))
PAN = "6228480012340012"
AT_IDLE = ("expect screen", "请输入金额")


def records(directory: Path) -> list[object]:
    with contextlib.closing(connect_read_only(directory / DATABASE)) as db:
        return [entry.record for entry in Lookups(db).records()]


def changes(directory: Path) -> list[SettingChanged]:
    return [each for each in records(directory) if isinstance(each, SettingChanged)]


def test_the_first_start_records_every_setting_and_no_later_one_does(tmp_path: Path):
    for _ in range(3):
        play(tmp_path, STAGE_CONFIG, AT_IDLE)
    told = [each for each in records(tmp_path) if isinstance(each, SettingsRecorded)]
    assert len(told) == 1
    assert told[0].settings["sale.max_amount"] == '"50000.00"'
    assert told[0].settings["general.currency"] == '"CNY"'
    assert changes(tmp_path) == []


def test_a_change_is_a_record_with_both_values_before_anybody_trades(tmp_path: Path):
    play(tmp_path, STAGE_CONFIG, *SALE)
    moved = with_setting(STAGE_CONFIG, "sale.max_amount", "100.00", source="moved")
    for _ in range(2):
        play(tmp_path, moved, AT_IDLE)
    change = SettingChanged(
        key="sale.max_amount", before='"50000.00"', after='"100.00"', by="configuration"
    )
    assert changes(tmp_path) == [change]
    kept = records(tmp_path)
    assert isinstance(kept[kept.index(change) - 1], TerminalStarted), "in the start's own commit"
    play(tmp_path, STAGE_CONFIG, AT_IDLE)
    assert [each.after for each in changes(tmp_path)] == ['"100.00"', '"50000.00"']
    notes = verify_journal(tmp_path).notes
    assert any('sale.max_amount was "50000.00", is "100.00"' in note for note in notes)
    assert verify_journal(tmp_path).faults == []


def kiosk(price: str) -> Config:
    items = [{"key": "1", "name": "茶", "price": price}, {"key": "2", "name": "饼", "price": "5"}]
    return from_tables({"kiosk": {"items": items[: 1 if price == "9" else 2]}}, source="kiosk")


def test_a_price_of_a_list_is_a_setting_of_its_own(tmp_path: Path):
    for config in (kiosk("3"), kiosk("4"), kiosk("9")):
        play(tmp_path, config, AT_IDLE)
    assert [(each.key, each.before, each.after) for each in changes(tmp_path)] == [
        ("kiosk.items.1.price", '"3.00"', '"4.00"'),
        ("kiosk.items.1.price", '"4.00"', '"9.00"'),
        ("kiosk.items.2.key", '"2"', ""),
        ("kiosk.items.2.name", '"饼"', ""),
        ("kiosk.items.2.price", '"5.00"', ""),
    ]


def test_a_currency_changes_what_every_limit_means(tmp_path: Path):
    play(tmp_path, STAGE_CONFIG, AT_IDLE)
    dinars = with_setting(STAGE_CONFIG, "general.currency", "KWD", source="moved")
    play(tmp_path, dinars, AT_IDLE)
    told = {each.key: (each.before, each.after) for each in changes(tmp_path)}
    assert told["general.currency"] == ('"CNY"', '"KWD"')
    assert told["sale.max_amount"] == ('"50000.00"', '"5000.000"')


def test_a_card_number_among_the_settings_is_masked_and_its_change_shows():
    config = from_tables({"emv": {"exceptions": [PAN]}}, source="a")
    other = from_tables({"emv": {"exceptions": [f"{PAN} 01"]}}, source="a")
    told, changed = (settings_told(each, KEY)["emv.exceptions"] for each in (config, other))
    assert told.startswith('["*** ')
    assert told != changed
    assert not any(PAN[at : at + 6] in told for at in range(len(PAN) - 5))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("", "[]", "kiosk.items has no items"),
        ("[]", "", "kiosk.items had no items"),
        ("", "7", "kiosk.items is new: 7"),
        ("7", "", "kiosk.items is gone, was 7"),
        ("7", "8", "kiosk.items was 7, is 8"),
    ],
)
def test_a_change_is_told_as_a_sentence(before, after, words):
    assert change_words(SettingChanged("kiosk.items", before=before, after=after, by="")) == words


def test_what_a_named_file_holds_is_part_of_the_setting(tmp_path: Path):
    path = tmp_path / "accounts.toml"
    config = from_tables({"host": {"accounts": path.name}}, source="a")
    files = {"host.accounts": path}
    gone = settings_told(config, KEY, files)["host.accounts"]
    path.write_text("pin = 123456")
    first = settings_told(config, KEY, files)["host.accounts"]
    path.write_text("pin = 654321")
    second = settings_told(config, KEY, files)["host.accounts"]
    path.unlink()
    os.mkfifo(path)
    assert settings_told(config, KEY, files)["host.accounts"] == gone  # and not waited for
    assert gone == '"accounts.toml" unreadable'
    assert first.startswith('"accounts.toml" ')
    assert first != second
    assert "123456" not in first


def test_every_setting_is_told_by_its_key():
    told = settings_told(Config(), KEY)
    for name in Config.__struct_fields__:
        for field in getattr(Config(), name).__struct_fields__:
            assert f"{name}.{field}" in told or (name, field) == ("kiosk", "items")


def test_a_journal_of_a_release_before_learns_them_all_at_once(tmp_path: Path):
    shop = Shop.open(tmp_path)
    shop.journal.append(TerminalStarted(version="0.1.0", schema=3))
    settings = settings_told(Config(), KEY)
    (told,) = shop.journal.settings_to_record(settings, "configuration")
    assert isinstance(told, SettingsRecorded)
    shop.journal.append(told)
    assert shop.journal.settings_to_record(settings, "configuration") == ()
    shop.reopen()
    assert shop.journal.settings() == told.settings


@pytest.mark.parametrize(
    ("before", "after"), [('"1"', '"2"'), ("", '"2"'), ('"50000.00"', '"50000.00"')]
)
def test_a_change_from_what_was_not_is_refused(tmp_path: Path, before: str, after: str):
    shop = Shop.open(tmp_path)
    shop.journal.append(SettingsRecorded(settings={"sale.max_amount": '"50000.00"'}))
    with pytest.raises(RuleBroken, match=r"sale\.max_amount changed"):
        shop.journal.append(
            SettingChanged(key="sale.max_amount", before=before, after=after, by="configuration")
        )


def test_a_dispute_shows_what_changed_between_a_sale_and_its_refund(tmp_path: Path):
    shop = Shop.open(tmp_path)
    shop.journal.append(SettingsRecorded(settings={"refund.pin": "false"}))
    sale = shop.sale()
    change = SettingChanged(key="refund.pin", before="false", after="true", by="configuration")
    shop.journal.append(change)
    shop.refund(sale, 100)
    later = SettingChanged(key="refund.pin", before="true", after="false", by="configuration")
    shop.journal.append(later)
    lines = list(dossier(shop.journal, shop.find(sale)))
    assert lines.count("  key = refund.pin") == 1
    listed = shop.journal.setting_changes(1)
    assert [entry.record for entry in listed] == [change, later]


def says(hint: object, word: str) -> bool:
    """Whether a type, or anything in it, is marked with a word."""
    here = any((meta.extra or {}).get(word) for meta in metas(hint))
    return here or any(says(each, word) for each in get_args(hint))


def test_what_is_told_by_a_types_name_is_what_the_type_says():
    sections = {type(getattr(Config(), name)) for name in Config.__struct_fields__} | {Item}
    amounts, secrets = [], []
    for section in sections:
        for name, hint in get_type_hints(section, include_extras=True).items():
            written = section.__annotations__[name]
            assert is_amount(written) == says(hint, "amount"), name
            assert is_secret("", written) == says(hint, "secret"), name
            amounts += [name] * is_amount(written)
            secrets += [name] * is_secret("", written)
    assert "max_amount" in amounts
    assert secrets == ["exceptions"]
