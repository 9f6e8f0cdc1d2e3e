"""Events: each change once, in order, however often the connection is cut."""

from __future__ import annotations

import random

from tests.api.http import PAY, Till


def test_events_come_while_it_happens(till: Till) -> None:
    till.put("a")
    till.play(PAY + 'expect screen "交易成功"')
    events = list(till.events(0, 3))
    states = [event["payments"][0]["state"] for _, event in events]
    assert states == ["taken", "authorising", "approved"]
    assert [number for number, _ in events] == [event["version"] for _, event in events]
    assert events[-1][0] == till.get("a")["version"]


def test_resumed_at_random_none_is_missing_and_none_is_twice(till: Till) -> None:
    for number in range(12):
        till.put(f"p{number}", amount_minor=1_000 + number)  # no card pays the same twice
        till.play("press CANCEL\nwait 1s" if number % 3 else PAY + "remove\nwait 10s\npress ENTER")
    whole = list(till.events(0, 4 * 3 + 8 * 2))
    chance, seen = random.Random(7), []
    while len(seen) < len(whole):
        after = seen[-1][0] if seen else 0
        most = min(chance.randint(1, 5), len(whole) - len(seen))
        seen += till.events(after, most)
    assert seen == whole


def test_events_go_on_after_a_power_cut(till: Till) -> None:
    till.put("a")
    ((number, _),) = till.events(0, 1)
    till.play("power cut\npower on\nwait 1s")
    ((_, event),) = till.events(number, 1)
    assert event["payments"] == [{"id": "a", "state": "cancelled"}]
