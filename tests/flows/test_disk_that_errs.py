"""A disk that answers with errors takes the terminal out of service, never its process down."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmware.journal.records import DeviceFailed, DeviceRecovered, Record, ReversalOpened
from firmware.lab.scenario.disk import Disk
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import Stage
from tests.playing import play

IOERR_READ, IOERR_WRITE = 266, 778  # SQLITE_IOERR_*. See sqlite.org/rescode.html
SALE = (
    ("press", "2000", "ENTER"),
    ("press", "ENTER"),
    ("insert", "visa-credit"),
    ("wait", "20s"),
    ("press", "ENTER"),
    ("remove",),
    ("wait", "1m"),
)


class BadSector(Disk):
    """A disk that fails one read of the journal, the `fails_at`th, or writes.

    Those of records in which `refuses` stands.
    """

    reads, fails_at = 0, 0
    refuses: str | None = None
    refused = 0

    def connect(self, path: Path) -> sqlite3.Connection:
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql, *values):
                disk.reads += sql.startswith("SELECT")
                if disk.reads == disk.fails_at != 0:
                    disk.fails_at = 0
                    raise error_of_disk(IOERR_READ)
                if disk.refuses is not None and sql.startswith("INSERT INTO records"):
                    body = values[0][2]
                    if disk.refuses in body:
                        disk.refused += 1
                        raise error_of_disk(IOERR_WRITE)
                return super().execute(sql, *values)

        return sqlite3.connect(path, isolation_level=None, timeout=0, factory=Connection)


def error_of_disk(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


def player_at(directory: Path) -> Player:
    disk = BadSector(directory)
    return Player(
        directory, directory, make_stage=lambda config: Stage(directory, config, disk=disk)
    )


def disk_of(player: Player) -> BadSector:
    disk = player.stage.disk
    assert isinstance(disk, BadSector)
    return disk


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    with closing(player_at(tmp_path)) as player:
        yield player


@pytest.fixture
def disk(player: Player) -> BadSector:
    return disk_of(player)


def reads_of_a_sale(directory: Path, fails_at: int) -> int:
    """Sell while one read fails; how many there were. Then the terminal serves, and all is told."""
    with closing(player_at(directory)) as player:
        disk = disk_of(player)
        disk.reads, disk.fails_at = 0, fails_at
        play(player, *SALE)
        reads = disk.reads
        play(player, ("expect screen", "请输入金额"), ("expect books balanced",))
        return reads


def test_a_read_that_fails_anywhere_in_a_sale_leaves_a_terminal_that_serves(
    tmp_path: Path, pytestconfig: pytest.Config
):
    shop = tmp_path / "shop"
    Stage(shop).close()
    reads = reads_of_a_sale(shutil.copytree(shop, tmp_path / "well"), fails_at=0)
    assert reads > 60
    for number in range(1, reads + 1, 1 if pytestconfig.getoption("--long") else 7):
        reads_of_a_sale(shutil.copytree(shop, tmp_path / f"read {number}"), fails_at=number)


def test_a_disk_that_takes_no_write_is_named_and_not_tried_without_end(
    player: Player, disk: BadSector
):
    play(player, ("fault", "host", "down"), *SALE)
    disk.refuses = ""
    play(player, ("press", "100"), ("expect screen", "存储故障"), ("wait", "1m"))
    play(player, ("expect screen", "存储故障"))
    assert 0 < disk.refused < 60
    disk.refuses = None
    play(player, ("expect screen", "请输入金额"), ("clear", "host"), ("wait", "4m"))
    play(player, ("expect books balanced",))


def test_what_a_disk_cut_short_is_not_put_down_to_the_power(player: Player, disk: BadSector):
    """Neither on the display, nor to the acquirer."""
    disk.refuses = "OutcomeRecorded"
    play(player, *SALE[:3], ("expect screen", "存储故障"))
    disk.refuses = None
    play(player, ("expect screen", "恢复服务", "未完交易已冲正 000001"))
    opened = [each.reason for each in records_of(player.stage) if isinstance(each, ReversalOpened)]
    assert opened == ["out of service"]


def test_a_disk_that_fails_amid_another_outage_is_named_and_that_all_is_back_is_journaled(
    player: Player, disk: BadSector
):
    play(player, ("fault", "keypad", "lost"), ("expect screen", "键盘故障"))
    disk.refuses = ""
    play(player, ("clear", "keypad"), ("expect screen", "存储故障"))
    disk.refuses = None
    play(player, ("expect screen", "请输入金额"))
    assert told_of_devices(player.stage) == [
        (DeviceFailed, "keypad"),
        (DeviceFailed, "journal"),
        (DeviceRecovered, "journal"),
        (DeviceRecovered, "keypad"),
    ]


def told_of_devices(stage: Stage) -> list[tuple[type[Record], str]]:
    device = (DeviceFailed, DeviceRecovered)
    return [(type(each), each.device) for each in records_of(stage) if isinstance(each, device)]


def records_of(stage: Stage) -> list[Record]:
    assert stage.terminal is not None
    return [entry.record for entry in stage.terminal.data.journal.records()]
