"""A stage whose acquirer is at the end of a real line: what a scenario cannot ask of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmware.core.masked import SecretKey
from firmware.lab.far_acquirer import FarAcquirer
from firmware.lab.scenario.language import ScenarioError
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import Stage
from tests.playing import play


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    far = FarAcquirer("127.0.0.1", port, SecretKey(bytes(range(16))))  # nobody is there any more
    place = tmp_path / "terminal"
    player = Player(
        place, tmp_path, make_stage=lambda told: Stage(place, told, acquirer=far.of_stage)
    )
    with closing(player):
        yield player


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("expect books balanced", "books are not here"),
        ("elsewhere hold unionpay-debit 1000 A", "is not at this acquirer"),
        ("acquirer 51", "set host.kind acquirer"),
        ("expect uploaded chip=1", "set host.kind acquirer"),
    ],
)
def test_what_is_out_of_reach_is_named(player: Player, line: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        play(player, line)


def test_what_found_no_connection_is_told_as_not_delivered(player: Player) -> None:
    play(player, "press 1000 ENTER", "press ENTER", "insert visa-credit", "wait 20s")
    assert player.stage.line.undelivered


def test_a_fault_can_be_put_on_its_line(player: Player) -> None:
    play(player, "fault host down")
    play(player, "press 1000 ENTER", "press ENTER", "insert visa-credit", "wait 20s")
    assert player.stage.line.spoilt
