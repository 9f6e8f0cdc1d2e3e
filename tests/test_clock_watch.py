"""A wall clock that was moved is said in the journal, whose order is its numbers."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from firmware.core.kinds import GuardKind
from firmware.journal.connection import DATABASE, connect_read_only
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.keys import TerminalKeys
from firmware.journal.paper_records import PrintSent
from firmware.journal.records import (
    ClockJumped,
    DeviceFailed,
    DeviceRecovered,
    GuardOverridden,
    TerminalStarted,
)
from firmware.journal.store import Journal
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import START, Stage
from firmware.terminal.clock_watch import RELEASED, ClockWatch
from firmware.ui.texts import Language, Text
from tests.playing import play


def records(player: Player) -> list[object]:
    terminal = player.stage.terminal
    assert terminal is not None
    return [each.record for each in terminal.data.journal.records()]


def jumps(player: Player) -> list[int]:
    return [each.by_s for each in records(player) if isinstance(each, ClockJumped)]


def test_a_jump_is_recorded_once_before_what_comes_after(player: Player) -> None:
    play(player, "press 100 CANCEL", "fault clock jump +1d", "press 100 CANCEL", "press 1 CANCEL")
    assert jumps(player) == [86_400]


def test_a_jump_that_could_not_be_written_is_recorded_once_the_disk_is_well(player: Player) -> None:
    play(player, "fault disk io", "fault clock jump +1d", "wait 2m", "clear disk", "wait 2m")
    assert jumps(player) == [86_400]


def test_a_clock_that_is_behind_the_last_record_at_start_is_recorded(player: Player) -> None:
    play(player, "press 100 CANCEL", "power cut", "fault clock jump -2h", "power on")
    (by_s,) = jumps(player)
    assert -7_200 <= by_s <= -7_100


def test_time_that_passes_is_no_jump(player: Player) -> None:
    play(
        player,
        "press 100 CANCEL",
        "wait 3d",
        "press 100 CANCEL",
        "power cut",
        "wait 1h",
        "power on",
    )
    assert jumps(player) == []


def test_nothing_is_dated_by_a_senseless_clock_and_what_it_said_is_journaled_when_it_is_right(
    player: Player, tmp_path: Path
) -> None:
    # a paper is owed, which must wait, too
    play(player, "fault printer offline", "press 2000 ENTER", "press ENTER", "insert visa-credit")
    play(player, "wait 1m", "remove", "power cut", "clear printer", "fault clock jump -3d")
    before = len(records_on_disk(tmp_path))
    play(player, "power on", "press 1 CANCEL", "wait 1m", "power cut")
    assert len(records_on_disk(tmp_path)) == before
    play(player, "power on", "clear clock", "wait 1m")
    failed, back, started, *papers = records(player)[before:]
    assert isinstance(failed, DeviceFailed)
    assert failed.device == "clock"
    assert "2026-11-19T09:0" in failed.detail
    assert back == DeviceRecovered(device="clock")
    assert isinstance(started, TerminalStarted)
    assert PrintSent(job=1) in papers


def test_whoever_trusted_a_clock_stands_in_the_journal(player: Player) -> None:
    play(player, "press 100 CANCEL", "power cut", "fault clock jump -3d", "power on")
    play(player, "press ENTER", "press 246810 ENTER", "wait 1m")
    (trusted,) = [each for each in records(player) if isinstance(each, GuardOverridden)]
    assert (trusted.guard, trusted.operator) == (GuardKind.CLOCK, "00")
    assert "2026-11-19T09:0" in trusted.shown
    (by_s,) = jumps(player)
    assert -259_200 <= by_s < -259_000


def records_on_disk(directory: Path) -> list[object]:
    with closing(connect_read_only(directory / DATABASE)) as db:
        return db.execute("SELECT seq FROM records").fetchall()


YEARS_ON = START.replace(year=2031, month=7)


@pytest.mark.parametrize("moment", [YEARS_ON, START.replace(year=2032, month=2, day=29)])
def test_a_terminal_that_is_new_years_after_its_release_comes_into_service(
    tmp_path: Path, moment: datetime
) -> None:
    stage = Stage(tmp_path, fresh=True, start=moment)
    terminal = stage.power_on()
    assert Text.SIGN_ON.in_language(Language.ZH) in stage.display_text
    kinds = [type(each.record) for each in terminal.data.journal.records()]
    assert TerminalStarted in kinds
    assert DeviceFailed not in kinds
    stage.close()


def test_a_new_journal_begins_on_the_day_that_it_is_however_late(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, TerminalKeys.load_or_create(tmp_path), lambda: YEARS_ON)
    assert {each.moment for each in journal.records()} == {YEARS_ON}
    ClockWatch().check(YEARS_ON, 0, journal)
    with pytest.raises(JournalFault) as fault:
        ClockWatch().check(RELEASED - timedelta(seconds=1), 0, journal)
    assert fault.value.trouble is Trouble.CLOCK_UNSET
    journal.close()


def test_a_terminal_that_was_shut_away_for_years_asks_the_supervisor_once_and_sells(
    tmp_path: Path,
) -> None:
    Stage(tmp_path).close()
    player = Player(
        tmp_path, tmp_path, make_stage=lambda config: Stage(tmp_path, config, start=YEARS_ON)
    )
    play(player, "wait 1s")
    assert Text.CLOCK_FAULT.in_language(Language.ZH) in player.stage.display_text
    play(player, "press ENTER", "press 246810 ENTER", "wait 1m")
    play(player, "press 2000 ENTER", "press ENTER", "insert visa-credit", "wait 5s")
    assert Text.APPROVED.in_language(Language.ZH) in player.stage.display_text
    play(player, "wait 1m", "remove", "wait 1m", "power cut", "power on")
    assert Text.ENTER_AMOUNT.in_language(Language.ZH) in player.stage.display_text
    (trusted,) = [each for each in records(player) if isinstance(each, GuardOverridden)]
    assert trusted.guard is GuardKind.CLOCK
    player.close()
