"""A settlement whose totals are not the host's: said on the display, on the slip and in the
journal.

No scenario can set it up, for the terminal and its host agree; here the host forgets a sale.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from firmware.journal.records import SettlementCompleted
from firmware.lab.scenario.player import Player
from tests.playing import play

SALES = """
press 850 ENTER
press ENTER
insert visa-credit
press ENTER
remove
press 2000 ENTER
press ENTER
insert visa-credit
press ENTER
remove
tear
"""
SETTLE = """
press MENU 6
expect screen "消费 2笔 28.50"
press ENTER
expect screen "结算完成" "对账不平" "消费 2笔 28.50"
"""


@pytest.fixture
def player(player: Player, tmp_path: Path) -> Player:
    play(player, SALES)
    forget_a_sale(tmp_path)
    return player


def forget_a_sale(directory: Path) -> None:
    """The host loses 8.50 that the terminal has an approval for.

    Not its last answer: books without that are found out at the next start.
    """
    with closing(sqlite3.connect(directory / "host-books.db")) as books, books:
        gone = books.execute("DELETE FROM transactions WHERE amount_minor = 850").rowcount
    books.close()
    assert gone == 1


def settlements(player: Player) -> list[SettlementCompleted]:
    records = player.stage.terminal.data.journal.records()
    return [each.record for each in records if isinstance(each.record, SettlementCompleted)]


def test_the_slip_says_by_how_much_and_the_journal_keeps_both(player: Player) -> None:
    play(player, SETTLE)
    play(player, 'expect paper "对账不平 NOT BALANCED" "差额(终端-主机) DIFFERENCE"')
    play(player, 'expect paper "8.50" "28.50" "20.00"')
    (kept,) = settlements(player)
    assert (kept.totals.sales, kept.totals.sales_minor) == (2, 2850)
    assert (kept.host_totals.sales, kept.host_totals.sales_minor) == (1, 2000)
    assert not kept.balanced


def test_it_is_said_again_on_every_reprint_and_no_power_cut_forgets_it(player: Player) -> None:
    play(player, SETTLE)
    play(player, "power cut\npower on\nwait 1m\ntear\npress CANCEL\npress MENU 5 3")
    play(player, 'expect paper "对账不平 NOT BALANCED" "重打印 DUPLICATE" "8.50"')


def test_the_next_batch_opens_and_owes_nothing_to_the_last(player: Player) -> None:
    play(player, SETTLE + "press ENTER\n")
    play(player, SALES + "expect totals sales=2/2850\npress MENU 6\npress ENTER")
    play(player, 'expect screen "对账平"')
    assert [each.balanced for each in settlements(player)] == [False, True]
