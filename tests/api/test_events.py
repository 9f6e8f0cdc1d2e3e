"""Events: each change once, in order, however often the connection is cut."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from firmware.api.news import RECENT_MAX
from tests.api.http import PAY, Till

PAYMENTS, PAYMENTS_LONG, SEED = 50, 1_000, 17
PAID_EVERY, CUT_EVERY = 5, 20  # payments to one that is paid, to one in which the power goes


def test_events_come_while_it_happens(till: Till) -> None:
    till.put("a")
    till.play(PAY + 'expect screen "交易成功"')
    events = list(till.events(0, 3))
    states = [event["payments"][0]["state"] for _, event in events]
    assert states == ["taken", "authorising", "approved"]
    assert [number for number, _ in events] == [event["version"] for _, event in events]
    assert events[-1][0] == till.get("a")["version"]


@dataclass
class Follower:
    """A till that follows the events, is cut off at random, and goes on after the last it had."""

    till: Till
    chance: random.Random
    seen: list[tuple[int, Any]] = field(default_factory=list)
    cuts: int = 0
    final: set[str] = field(default_factory=set)
    wanted: int = 0

    def follow(self) -> None:
        """Until all wanted payments have ended."""
        while len(self.final) < self.wanted:
            had = len(self.seen)
            after = self.seen[-1][0] if self.seen else 0
            try:
                for number, event in self.till.events(after, self.chance.randint(1, 9)):
                    self.seen.append((number, event))
                    self._note(event)
                    if len(self.final) == self.wanted:
                        return
            except OSError:
                pass  # the terminal is off, as a power cut has it
            self.cuts += len(self.seen) > had

    def _note(self, event: Any) -> None:
        ended = ("approved", "cancelled", "reversed")
        self.final |= {each["id"] for each in event["payments"] if each["state"] in ended}


def trade(till: Till, payments: int) -> int:
    """So many payments, paid, given up, or cut short by the power; gives how many were paid."""
    paid = 0
    for number in range(payments):
        assert till.put(f"p{number}", amount_minor=1_000 + number).status == 201
        if number % CUT_EVERY == CUT_EVERY - 1:
            till.play("power cut\npower on\nwait 1s")
        elif number % PAID_EVERY:
            till.play("press CANCEL\nwait 1s")
        else:
            till.play(PAY + "remove\nwait 10s\npress CANCEL\ntear\nwait 1s")
            paid += 1
    return paid


def test_a_client_that_is_cut_at_random_misses_none_and_gets_none_twice(
    till: Till, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    payments = PAYMENTS_LONG if pytestconfig.getoption("--long") else PAYMENTS
    follower = Follower(till, random.Random(SEED), wanted=payments)
    reading = threading.Thread(target=follower.follow)
    reading.start()
    paid = trade(till, payments)
    reading.join(60)
    assert not reading.is_alive(), "it waits for events that never come"
    whole = list(till.events(0, len(follower.seen)))
    assert follower.seen == whole
    assert len(whole) == paid * 3 + (payments - paid) * 2
    assert len({number for number, _ in whole}) == len(whole)
    figure(
        f"till's events: {payments} payments, {len(whole)} events, the client cut {follower.cuts}"
        f" times: 0 missing, 0 twice"
    )


def test_events_go_on_after_a_power_cut(till: Till) -> None:
    till.put("a")
    ((number, _),) = till.events(0, 1)
    till.play("power cut\npower on\nwait 1s")
    ((_, event),) = till.events(number, 1)
    assert event["payments"] == [{"id": "a", "state": "cancelled"}]


def test_streams_that_are_behind_and_that_have_caught_up_get_the_same(till: Till) -> None:
    """More events than are kept for all: one stream begins before them, one among them."""
    behind = till.events(0, 2 * (RECENT_MAX // 2 + 5))
    till.put("p0")
    first = next(behind)
    for number in range(RECENT_MAX // 2 + 5):
        till.play("press CANCEL\nwait 1s")
        till.put(f"p{number + 1}")
    seen = [first, *behind]
    assert seen == list(till.events(0, len(seen)))
    middle = seen[len(seen) // 2][0]
    assert list(till.events(middle, 5)) == seen[len(seen) // 2 + 1 :][:5]
    assert [number for number, _ in seen] == sorted({number for number, _ in seen})


def test_a_disk_that_is_away_for_a_while_costs_no_event(till: Till) -> None:
    events = till.events(0, 3)
    till.put("a")
    seen = [next(events)]
    till.play("fault disk gone\nwait 5s")
    assert till.ask("GET", "/v1/payments/a").status == 503
    till.play("clear disk\nwait 30s")
    assert till.put("b").status == 201
    seen += events
    states = [(each["id"], each["state"]) for _, event in seen for each in event["payments"]]
    assert states == [("a", "taken"), ("a", "cancelled"), ("b", "taken")]
