"""A wall clock that was moved is said in the journal, whose order is its numbers."""

from __future__ import annotations

from pathlib import Path

from firmware.journal.records import ClockJumped
from firmware.scenario.language import Step
from firmware.scenario.player import Player


def jumps(player: Player) -> list[int]:
    terminal = player.stage.terminal
    assert terminal is not None
    entries = terminal.ledger.journal.records()
    return [each.record.by_s for each in entries if isinstance(each.record, ClockJumped)]


def play(player: Player, *lines: str) -> None:
    for line in lines:
        words = line.split()
        verb = " ".join(words[:2]) if words[0] == "power" else words[0]
        player.play(Step(verb, tuple(words[len(verb.split()) :]), "here:1"))


def test_a_jump_is_recorded_once_before_what_comes_after(tmp_path: Path) -> None:
    player = Player(tmp_path, tmp_path)
    play(player, "press 100 CANCEL", "fault clock jump +1d", "press 100 CANCEL", "press 1 CANCEL")
    assert jumps(player) == [86_400]
    player.close()


def test_a_clock_that_is_behind_the_last_record_at_start_is_recorded(tmp_path: Path) -> None:
    player = Player(tmp_path, tmp_path)
    play(player, "press 100 CANCEL", "power cut", "fault clock jump -2h", "power on")
    (by_s,) = jumps(player)
    assert -7_200 <= by_s <= -7_100
    player.close()


def test_time_that_passes_is_no_jump(tmp_path: Path) -> None:
    player = Player(tmp_path, tmp_path)
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
    player.close()
