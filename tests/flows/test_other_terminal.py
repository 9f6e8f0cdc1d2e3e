"""A voucher of another terminal or store is known by its number, and refused with its owner."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from firmware.core.config import Config, ConfigError
from firmware.core.config_file import with_setting
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG
from tests import playing

SALE = (
    ("press", "2000", "ENTER"),
    ("press", "ENTER"),
    ("insert", "visa-credit"),
    ("expect screen", "交易成功"),
    ("press", "ENTER"),
    ("remove",),
    ("expect paper", "持卡人存根"),
)


SETTLE = (("press", "MENU", "6"), ("press", "ENTER"), ("expect screen", "对账平"))


def play(directory: Path, config: Config, *lines: str | tuple[str, ...]) -> None:
    with closing(Player(directory, directory, config)) as player:
        playing.play(player, *lines)


@pytest.mark.parametrize(
    ("setting", "value"), [("merchant.terminal", "10000009"), ("merchant.store", "S02")]
)
@pytest.mark.parametrize(
    "way",
    [
        ("MENU", "2", "246810", "ENTER", "1", "ENTER"),
        ("MENU", "3", "246810", "ENTER", "1", "ENTER", "ENTER"),
    ],
    ids=["void", "refund"],
)
def test_what_was_sold_under_another_number_is_refused_with_its_owner(
    tmp_path: Path, setting: str, value: str, way: tuple[str, ...]
):
    play(tmp_path, STAGE_CONFIG, *SALE, *SETTLE)
    moved = with_setting(STAGE_CONFIG, setting, value, source="moved")
    play(
        tmp_path,
        moved,
        ("press", *way),
        ("expect screen", "此笔属于 门店S01", "终端10000001"),
        ("expect totals", "voids=0/0", "refunds=0/0"),
    )


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("merchant.number", "104110054110009", ("属于商户编号", "104110054110001")),
        ("general.currency", "KWD", ("原交易币种", "CNY")),
    ],
)
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_what_was_sold_for_another_merchant_or_in_another_currency_is_refused(
    tmp_path: Path, setting: str, value: str, words: tuple[str, ...], language: str
):
    """Before anything is sent: no card is asked for, and 20.00 never becomes KWD 2.000."""
    play(tmp_path, STAGE_CONFIG, *SALE, *SETTLE)
    moved = with_setting(STAGE_CONFIG, setting, value, source="moved")
    moved = with_setting(moved, "general.language", language, source="moved")
    for menu in (("MENU", "2", "246810", "ENTER", "1"), ("MENU", "3", "246810", "ENTER", "1")):
        date = ("ENTER",) if menu[1] == "3" else ()
        play(
            tmp_path,
            moved,
            ("press", *menu, "ENTER", *date),
            ("expect screen", words[1], *(words[:1] if language == "zh_CN" else ())),
            ("expect no screen", "2.000"),
            ("expect totals", "voids=0/0", "refunds=0/0"),
        )


@pytest.mark.parametrize(
    ("setting", "value", "ours"),
    [
        ("merchant.terminal", "10000009", "10000001"),
        ("merchant.number", "104110054110009", "104110054110001"),
        ("general.currency", "HKD", "CNY"),
    ],
)
def test_no_terminal_starts_under_another_number_before_its_batch_is_settled(
    tmp_path: Path, setting: str, value: str, ours: str
):
    play(tmp_path, STAGE_CONFIG, *SALE)
    moved = with_setting(STAGE_CONFIG, setting, value, source="moved")
    with pytest.raises(ConfigError, match=f"{setting}: expected {ours}.*instead of {value}"):
        play(tmp_path, moved, ("expect screen", "请输入金额"))
    play(tmp_path, STAGE_CONFIG, *SETTLE)
    play(tmp_path, moved, ("expect screen", "请输入金额"))


def test_a_reversal_that_is_owed_keeps_the_number_it_was_begun_under(tmp_path: Path):
    owed = (("fault", "host", "silent"), *SALE[:3], ("wait", "2m"))
    play(tmp_path, STAGE_CONFIG, *owed)
    moved = with_setting(STAGE_CONFIG, "merchant.terminal", "10000009", source="moved")
    with pytest.raises(ConfigError, match="expected 10000001"):
        play(tmp_path, moved, ("expect screen", "请输入金额"))


def test_a_number_that_is_not_ours_at_all_is_told_whose_terminal_this_is(tmp_path: Path):
    play(
        tmp_path,
        STAGE_CONFIG,
        ("press", "MENU", "2", "246810", "ENTER", "999", "ENTER"),
        ("expect screen", "无此凭证号", "本终端10000001"),
    )
