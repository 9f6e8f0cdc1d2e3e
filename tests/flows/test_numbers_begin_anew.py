"""A terminal and its host settle the last batch there is a number for, and go on with batch 1."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from firmware.core.payment import BATCH_MAX
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import BatchOpened
from firmware.lab.scenario.stage import STAGE_CONFIG
from tests.flows.test_other_terminal import SALE, SETTLE, play
from tests.journal.story import Shop
from tests.playing import refund


def go_on(directory: Path, batch: int) -> None:
    """Another number for the batch that is open and empty, as an acquirer may give one."""
    shop = Shop.open(directory, keys=TerminalKeys.load(directory))
    with closing(shop.journal):
        shop.journal.append(BatchOpened(batch=batch, told=True))


def open_batch(directory: Path) -> int:
    shop = Shop.open(directory, keys=TerminalKeys.load(directory))
    with closing(shop.journal):
        return shop.journal.batch()


def test_batch_1_after_the_last_one_is_traded_settled_and_refunded(tmp_path: Path):
    traded = []
    for _ in range(2):  # twice around, with a restart before each batch
        for ahead in (None, BATCH_MAX // 3, BATCH_MAX * 2 // 3, BATCH_MAX, None):
            if ahead is not None:
                go_on(tmp_path, ahead)
            play(
                tmp_path,
                STAGE_CONFIG,
                *SALE,
                ("expect totals", "sales=1/2000"),
                *SETTLE,
                ("expect books balanced",),
            )
            traded.append(open_batch(tmp_path) - 1 or BATCH_MAX)
    around = [BATCH_MAX // 3, BATCH_MAX * 2 // 3, BATCH_MAX]
    assert traded == [1, *around, 1, 2, *around, 1]
    play(
        tmp_path,
        STAGE_CONFIG,
        *refund(1, 500, "visa-credit"),
        ("expect totals", "sales=0/0", "refunds=1/500"),
        ("expect books balanced",),
        *SETTLE,
        ("expect books balanced",),
    )
