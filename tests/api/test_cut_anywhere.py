"""The power goes after every effect of a till's payment, and the till may go with it.

Whatever was left: the same `PUT` again is one charge and one answer, the same for ever. The disks
are those that `tests.crash.cuts` keeps, each started with the API on it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from firmware.api.till_service import digest_of
from firmware.api.types import PaymentOrder
from firmware.core.kinds import Kind
from firmware.journal.order_records import OrderTaken
from firmware.lab.scenario.stage import START
from firmware.payments.tills import Done, TillAnswer, TillAsked
from tests.api.http import PAY, Till, configured
from tests.crash.cuts import OFF_MS, Approval, Cut, Witness, copy
from tests.crash.rig import Rig

DECLINES = {"host__test_amounts": "true"}  # the last two digits are the acquirer's answer
SEED, SHORT_EVERY = 17, 6
SETTLED = "remove\nwait 5m\n"
STORIES = {
    "approved": (PAY, "wait 10s", "remove", "wait 1m"),
    "declined": (PAY, "wait 10s", "remove", "wait 1m"),
    "silent": ("fault host silent", PAY, "wait 1m", "clear host", "remove", "wait 10m"),
    "pulled": ("fault card pull-at 9", PAY, "wait 10s", "clear card", "wait 1m"),
    "pulled late": ("fault card pull-at 15", PAY, "wait 10s", "clear card", "wait 1m"),
    "given up": ("press ENTER", "press CANCEL", "wait 1m"),
}


def body_of(story: str) -> dict[str, Any]:
    """What the till sends."""
    minor = 12_851 if story == "declined" else 12_850
    return {"amount_minor": minor, "currency": "CNY", "reference": "order 4711"}


def settings_of(story: str) -> dict[str, str]:
    """The terminal's, beside the stage's own."""
    return DECLINES if story == "declined" else {}


def order(body: dict[str, Any]) -> OrderTaken:
    """The order as the API takes it of a body."""
    asked = PaymentOrder(**body)
    return OrderTaken(
        id="a",
        digest=digest_of(asked),
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        till="simulator",
        reference=asked.reference,
        expires_in_s=asked.expires_in_s,
    )


def cuts_of(story: str, folder: Path) -> Witness:
    """Every state that the disks go through while the order is carried out."""
    folder.mkdir(parents=True)
    config = configured(settings_of(story))
    rig = Rig(folder / "live", config)
    try:
        terminal = rig.power_on()
        rig.bench.time.run_until(terminal.runner, 1_000)
        witness = Witness(rig, folder / "cuts")
        witness.note(None)
        answer: Future[TillAnswer] = Future()
        terminal.runner.step(TillAsked(order(body_of(story)), answer))  # type: ignore[arg-type]
        assert answer.result(0) is Done.RECORDED
        rig.plays(STORIES[story], folder)
        rig.on_answered = lambda _effect: None
    finally:
        rig.close()
    return witness


class Again:
    """A terminal that is started on what a cut left, and the till that asks the same again."""

    def __init__(self, story: str, cut: Cut, folder: Path, chance: Random) -> None:
        copy(cut.disks, folder)
        start = START + timedelta(milliseconds=cut.at_ms + OFF_MS)
        self.till = Till(folder, start=start, **settings_of(story))
        self.body, self.chance = body_of(story), chance

    def close(self) -> None:
        self.till.close()
        shutil.rmtree(self.till.directory)

    def end(self) -> Any:
        """Ask until the payment has ended, with both sides going in between; gives how."""
        if self.chance.random() < 0.3:
            self.till.vanish("PUT", "/v1/payments/a", self.body)
            self.till.play("wait 1s")
        if self.chance.random() < 0.3:
            self.till.play("power cut\npower on")
        self.till.play(SETTLED)
        asked = self.till.ask("PUT", "/v1/payments/a", self.body)
        assert asked.status in (200, 201), asked.raw
        if not asked.json["final"]:  # it was never taken: now it is
            self.till.play(PAY + "wait 10s\n" + SETTLED)
        return self.till.get("a")

    def hold(self, shown: frozenset[Approval]) -> str:
        """One charge at most, one answer, for ever; and another payment works. Gives the end."""
        till, end = self.till, self.end()
        assert end["final"], end
        for lines in ("", "power cut\npower on\nwait 1m", "wait 2h"):
            till.play(lines)
            again = till.ask("PUT", "/v1/payments/a", self.body)
            assert (again.status, again.json) == (200, end)
        paid = end["state"] == "approved"
        till.play(f"expect books balanced\nexpect totals sales={int(paid)}/{12_850 * paid}")
        if any(each.kind is Kind.SALE for each in shown):
            assert paid, "it was shown approved"
        assert till.put("b", amount_minor=100).status == 201
        till.play(PAY + 'expect screen "交易成功"')
        return str(end["state"])


@pytest.mark.parametrize("story", STORIES)
def test_whenever_the_power_goes_the_same_put_is_one_charge_and_one_answer(
    story: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
    progress: Callable[[str], None],
) -> None:
    witness = cuts_of(story, tmp_path / "story")
    every = 1 if pytestconfig.getoption("--long") else SHORT_EVERY
    chance, ends = Random(SEED), Counter[str]()
    tried = witness.cuts[chance.randrange(every) :: every]
    for number, cut in enumerate(tried):
        again = Again(story, cut, tmp_path / f"on-{number}", chance)
        try:
            ends[again.hold(cut.shown)] += 1
        except AssertionError as broken:
            broken.add_note(f"{story}: cut after effect {cut.after} ({cut.effect})")
            raise
        finally:
            again.close()
        done = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        progress(f"{story}: {number + 1} of {len(tried)} disks: {done}")
    words = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
    figure(
        f"till, power cut, {story}: {witness.effects} effects, {len(witness.cuts)} different disks,"
        f" {len(tried)} started: {words}; charged twice 0, answered differently 0"
    )
