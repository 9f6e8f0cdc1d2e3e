"""The power goes after every single effect of every flow that moves money, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.lab.host_line import LineFault
from tests.crash.cuts import Cut, Restarted, Story, cuts_of, restarted
from tests.crash.stories import NAIVE_SALE, STORIES

SECOND_CUT_EVERY = 8  # in the short form: every eighth of the cuts is cut again while it recovers


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_whenever_the_power_goes_books_and_journal_agree_when_it_is_back(
    story: Story, tmp_path: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    every = 1 if pytestconfig.getoption("--long") else SECOND_CUT_EVERY
    witness = cuts_of(story, tmp_path)
    assert len(witness.cuts) >= 3, "the story writes something"
    again, unreached = 0, 0
    for number, cut in enumerate(witness.cuts):
        found = restarted(cut, tmp_path / f"on-{number}", story)
        _hold(found, cut)
        if found.reversed:  # and once more with the host out of reach when the power is back
            unreached += 1
            folder = tmp_path / f"unreached-{number}"
            _hold(restarted(cut, folder, story, LineFault.DOWN), cut, "no line at first")
        for second, follow in enumerate(found.cuts if number % every == 0 else ()):
            again += 1
            folder = tmp_path / f"on-{number}-{second}"
            _hold(restarted(follow, folder, story), cut, f"again after {follow.effect}")
    figure(
        f"power cut, {story.name}: {witness.effects} effects, {len(witness.cuts)} different disks,"
        f" {again} cut again during recovery, {unreached} begun without a line: 0 broken promises"
    )


def test_terminal_that_records_only_what_was_approved_loses_money(tmp_path: Path) -> None:
    """The control: without an intent before the host, the same cuts find money that is lost."""
    lost = []
    for number, cut in enumerate(cuts_of(NAIVE_SALE, tmp_path).cuts):
        lost += restarted(cut, tmp_path / f"on-{number}", NAIVE_SALE).broken
    assert "only in the host's books: sale 000001/000001 of 12850 on unionpay-debit" in lost


def _hold(found: Restarted, cut: Cut, besides: str = "") -> None:
    words = f"power cut after effect {cut.after} ({cut.effect}) {besides}"
    assert not found.broken, f"{words}: {'; '.join(found.broken)}"
