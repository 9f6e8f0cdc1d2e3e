"""Two terminals and `pos acquirer serve` over TLS, any of them killed at any message."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from firmware.acquirer.rules import Deed, Rule
from tests.line.day import VICTIMS, Day, Kill, prepared

SEED = int(os.environ.get("LINE_SEED", "1"))
A_FEW = 3
PARTS = 4  # of the full sweep: LINE_SEED 1 to 4 are all moments, each with each victim
TYPES = ("0100", "0200", "0220", "0400", "0500", "0320", "0800")  # the second message of each
SLOW = ("lost", "silence")
DEEDS = (
    "wrong-mac",
    "close",
    *(
        pytest.param(deed, marks=pytest.mark.long)
        for deed in (*SLOW, "twice", "half", "garbage", "sign-on-again", "code")
    ),
)
PRINTED_EVERY = 5


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("line") / "prepared"
    prepared(folder)
    return folder


def lived(disks: Path, folder: Path, kill: Kill) -> tuple[Day, list[str]]:
    day = Day(disks, folder, kill)
    try:
        return day, day.live()
    finally:
        day.close()


@pytest.fixture(scope="module")
def whole(disks: Path, tmp_path_factory: pytest.TempPathFactory) -> Kill:
    """A day that nothing happens to: how many moments it has."""
    kill = Kill()
    day, broken = lived(disks, tmp_path_factory.mktemp("line") / "whole", kill)
    assert broken == []
    shown = [len(terminal.shown) for terminal in day.terminals]
    assert shown == [11, 10], "every payment of the story was shown approved"
    assert [(one.ended, one.count, one.said) for one in day.uploads] == [(True, 5, 5), (True, 4, 4)]
    # two sales, one that was undone, a hold; a sale. A void and a refund have none
    assert [one.taken for one in day.chips] == [4, 1]
    print(f"a day has {len(kill.moments)} moments", flush=True)
    return kill


def sweep(
    disks: Path, folder: Path, moments: list[tuple[int, str]], figure: Callable[[str], None]
) -> None:
    died = 0
    for count, (at, victim) in enumerate(moments, 1):
        kill = Kill(at, victim)
        _, broken = lived(disks, folder / f"{at}-{victim}", kill)
        assert broken == [], f"killed at {at} ({kill.moments[at - 1]}): {victim}"
        died += len(kill.moments) >= at
        if count % PRINTED_EVERY == 0:
            told = f"{count} of {len(moments)} days, {died} kills: 0 twice, 0 lost, 0 dropped"
            print(told, flush=True)
    assert died == len(moments)
    figure(f"three processes, {died} kills at messages: 0 twice, 0 lost, 0 dropped reversals")


def test_killed_at_some_messages_nothing_is_lost(
    disks: Path, whole: Kill, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    chance, last = Random(SEED), len(whole.moments)
    victims = itertools.cycle(VICTIMS)
    moments = [(chance.randrange(1, last - 8), next(victims)) for _ in range(A_FEW)]
    sweep(disks, tmp_path, moments, figure)


@pytest.mark.parametrize("deed", DEEDS)
def test_whatever_the_acquirer_does_both_sides_agree(
    disks: Path, tmp_path: Path, deed: Deed
) -> None:
    code = "96" if deed == "code" else ""
    types = ("0200", "0500", "0320") if deed in SLOW else TYPES  # each is waited for
    rules = [Rule(does=deed, code=code, type=kind, skip=1, times=1) for kind in types]
    day = Day(disks, tmp_path / deed, Kill(), rules)
    try:
        assert day.live() == []
    finally:
        day.close()


@pytest.mark.long
def test_killed_at_a_part_of_all_messages_nothing_is_lost(
    disks: Path, whole: Kill, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    last = len(whole.moments)
    moments = [(at, victim) for at in range(1, last - 8) for victim in VICTIMS]
    sweep(disks, tmp_path, moments[SEED % PARTS :: PARTS], figure)
