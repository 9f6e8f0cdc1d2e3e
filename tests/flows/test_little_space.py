"""A disk that is nearly full: nothing begins that might not end, and what is owed goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import disk_usage

import pytest

from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.storage import Storage
from firmware.lab.scenario.disk import Disk
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import START, Stage
from firmware.terminal.data_directory import SPACE_MIN_BYTES, DataDirectory
from tests.playing import play, sale

SALE = sale(2_000, "visa-credit")
STOPPED = ("expect screen", "存储空间已满", "请清理存储空间")
SERVES = ("expect screen", "请输入金额")


class Crowded(Disk):
    """A disk that may have little left; what is written still finds room."""

    left_bytes = SPACE_MIN_BYTES

    def free_bytes(self, directory: Path) -> int:
        return self.left_bytes


class Shop:
    """A player on a crowded disk."""

    def __init__(self, directory: Path) -> None:
        self.disk = Crowded(directory)
        self.player = Player(
            directory, directory, make_stage=lambda told: Stage(directory, told, disk=self.disk)
        )

    def play(self, *lines: str | tuple[str, ...]) -> None:
        play(self.player, *lines)

    def leave(self, free_bytes: int) -> None:
        self.disk.left_bytes = free_bytes


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.player.close()


def test_a_terminal_does_not_start_to_serve_with_little_space(shop: Shop) -> None:
    shop.play(SERVES, ("power cut",))
    shop.leave(SPACE_MIN_BYTES - 1)
    shop.play(("power on",), STOPPED, ("wait", "1m"), STOPPED)
    shop.leave(SPACE_MIN_BYTES)
    shop.play(SERVES, *SALE, ("expect books balanced",))


@pytest.mark.parametrize(
    "begins",
    [
        pytest.param([("press", "100", "ENTER")], id="sale"),
        pytest.param([("press", "MENU", "2", "246810", "ENTER")], id="void"),
        pytest.param([("press", "MENU", "3", "246810", "ENTER")], id="refund"),
        pytest.param([("press", "MENU", "6"), ("press", "ENTER")], id="settlement"),
    ],
)
def test_nothing_that_moves_money_begins_with_little_space(
    shop: Shop, begins: list[tuple[str, ...]]
) -> None:
    shop.play(*SALE)
    shop.leave(SPACE_MIN_BYTES - 1)
    shop.play(*begins, STOPPED)
    shop.leave(SPACE_MIN_BYTES)
    shop.play(SERVES, ("expect totals", "sales=1/2000", "voids=0/0", "refunds=0/0"))
    shop.play(("expect books balanced",))


def test_an_undo_does_not_begin_with_little_space(shop: Shop) -> None:
    shop.play(*SALE[:4])
    shop.leave(SPACE_MIN_BYTES - 1)
    shop.play(("press", "CANCEL"), STOPPED, ("remove",))
    shop.leave(SPACE_MIN_BYTES)
    shop.play(SERVES, ("expect totals", "sales=1/2000", "voids=0/0"), ("expect books balanced",))


def test_what_is_owed_goes_out_while_there_is_little_space(shop: Shop) -> None:
    shop.play(("fault", "host", "down"), *SALE[:3], ("expect screen", "冲正待发"))
    shop.play(("press", "ENTER"), ("remove",))
    shop.leave(SPACE_MIN_BYTES - 1)
    shop.play(("press", "100", "ENTER"), ("expect screen", "冲正未完成"), ("power cut",))
    shop.play(("power on",), STOPPED, ("clear", "host"), ("wait", "4m"), STOPPED)
    shop.play(("expect books balanced",))


def test_a_start_sends_what_is_owed_before_it_looks_for_space(shop: Shop) -> None:
    shop.play(("fault", "host", "down"), *SALE[:3], ("expect screen", "冲正待发"), ("power cut",))
    shop.leave(SPACE_MIN_BYTES - 1)
    shop.play(("clear", "host"), ("power on",), STOPPED, ("expect books balanced",))


def test_what_is_left_is_measured_on_the_journals_own_disk(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path, lambda: START)
    data.check_space()
    data.close()


@pytest.mark.parametrize(
    ("free_bytes", "trouble"),
    [
        pytest.param(lambda _: SPACE_MIN_BYTES - 1, Trouble.FULL, id="little"),
        pytest.param(lambda directory: disk_usage(directory / "gone").free, Trouble.IO, id="gone"),
    ],
)
def test_too_little_or_an_unknown_amount_is_named(
    tmp_path: Path, free_bytes: Callable[[Path], int], trouble: Trouble
) -> None:
    class Full(Storage):
        def free_bytes(self, directory: Path) -> int:
            return free_bytes(directory)

    data = DataDirectory(tmp_path, lambda: START, Full())
    with pytest.raises(JournalFault) as caught:
        data.check_space()
    data.close()
    assert caught.value.trouble is trouble
