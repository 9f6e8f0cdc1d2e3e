"""The power goes at every commit and every message of a sign-on and of a batch upload: nothing is
lost, and nothing goes out again that was recorded as taken.
"""

from __future__ import annotations

import copy
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acquirer.line_acquirer import LineAcquirer
from tests.flows.at_a_line import AWAY, PAID, Counter
from tests.flows.test_other_terminal import SALE

SHORT_EVERY = 3  # of the copies, in the short form
SETTLE = (("press", "MENU", "6"), ("press", "ENTER"))


class Cuts:
    """Copies of the disk and of the acquirer, made before each commit and around each message."""

    def __init__(self, counter: Counter, folder: Path, every: int) -> None:
        self.counter, self.folder, self.every = counter, folder, every
        self.made: list[tuple[Path, LineAcquirer]] = []

    def begin(self) -> None:
        self.counter.db.set_trace_callback(self._traced)
        exchange = self.counter.acquirer.exchange

        def around(message: bytes, timeout_ms: int) -> bytes | None:
            self._copy()
            answer = exchange(message, timeout_ms)
            self._copy()
            return answer

        self.counter.acquirer.exchange = around  # type: ignore[method-assign]

    def end(self) -> None:
        self._copy()
        self.counter.db.set_trace_callback(None)
        del self.counter.acquirer.exchange  # type: ignore[method-assign]

    def _traced(self, sql: str) -> None:
        if sql.upper().startswith(("BEGIN", "COMMIT")):
            self._copy()

    def _copy(self) -> None:
        place = self.folder / f"{len(self.made)}"
        shutil.copytree(self.counter.directory, place)
        acquirer = copy.copy(self.counter.acquirer)
        acquirer.__dict__.pop("exchange", None)
        for name in ("seen", "booked", "uploaded", "codes"):
            setattr(acquirer, name, copy.deepcopy(getattr(self.counter.acquirer, name)))
        self.made.append((place, acquirer))

    def each(self, check: Callable[[Counter], None]) -> int:
        """Start the terminal from copies and hold it to `check`; how many there were."""
        for place, acquirer in itertools.islice(self.made, 1, None, self.every):
            counter = Counter(place)
            counter.acquirer = acquirer
            try:
                counter.play(("wait", "5m"))
                check(counter)
            finally:
                counter.player.close()
        return len(self.made)


@pytest.fixture
def cuts(tmp_path: Path, pytestconfig: pytest.Config) -> Cuts:
    terminal, copies = tmp_path / "terminal", tmp_path / "copies"
    terminal.mkdir()
    copies.mkdir()
    every = 1 if pytestconfig.getoption("--long") else SHORT_EVERY
    return Cuts(Counter(terminal), copies, every)


def elements(acquirer: LineAcquirer) -> list[str]:
    """What was uploaded, each once: an element may come again whose answer was lost."""
    return list(dict.fromkeys(acquirer.uploaded))


def test_a_batch_upload_that_is_cut_anywhere_is_ended(cuts: Cuts) -> None:
    counter = cuts.counter
    for number in range(10):
        counter.play(("press", str(2_000 + number), "ENTER"), *SALE[1:], ("tear",))
    counter.play(*AWAY)
    counter.acquirer.balanced = False
    cuts.begin()
    counter.play(*SETTLE, ("expect screen", "对账不平"))
    cuts.end()
    whole = elements(counter.acquirer)
    chips = [f"203 {stan:06d}" for stan in range(1, 11)]
    assert [one[:2] for one in whole[:2]] == ["08", "02"]
    assert whole[2:] == [*chips, "0010"]
    counter.player.close()

    def ended(again: Counter) -> None:
        if again.terminal.data.journal.batch() == 1:  # cut before the totals were fixed
            assert "0500" not in again.acquirer.types()
            again.play(*SETTLE, ("expect screen", "对账不平"))
        assert again.terminal.data.journal.batch() == 2
        assert elements(again.acquirer) == whole
        # at the most the one message that was under way goes out twice
        assert len(again.acquirer.uploaded) <= len(whole) + 1
        assert again.acquirer.types().count("0500") <= 2
        assert "0400" not in again.acquirer.types()
        assert again.acquirer.standing == sum(range(2_000, 2_010))
        assert again.sealed() == 0

    assert cuts.each(ended) > 50  # messages and commits of 14 elements, before and after each


@pytest.mark.parametrize("demand", ["another day", "77", "99"])
def test_a_sign_on_that_is_cut_anywhere_leaves_keys_that_work(cuts: Cuts, demand: str) -> None:
    counter = cuts.counter
    counter.play(*SALE, ("tear",), ("wait", "24h" if demand == "another day" else "1m"))
    if demand != "another day":
        counter.acquirer.codes["0200"] = [demand]
    cuts.begin()
    counter.play(("press", "3000", "ENTER"), *PAID[1:], *AWAY)
    cuts.end()
    assert counter.acquirer.types().count("0800") == 2
    counter.player.close()

    def sells(again: Counter) -> None:
        again.acquirer.codes.clear()
        journal = again.terminal.data.journal
        assert (journal.reversals(), journal.open_intents()) == ([], [])
        before = again.acquirer.standing
        assert before == journal.totals(1).sales_minor
        again.play(("press", "CANCEL"), ("press", "4000", "ENTER"), *PAID[1:], ("wait", "5m"))
        if again.acquirer.standing == before:  # keys were lost in the cut: it has new ones now
            assert again.acquirer.types().count("0400")
            again.play(*AWAY, ("press", "4000", "ENTER"), *PAID[1:], ("wait", "5m"))
        assert again.acquirer.standing == before + 4_000
        assert journal.totals(1).sales_minor == before + 4_000

    assert cuts.each(sells) > 8  # the intent, sign-on and outcome, each before and after
