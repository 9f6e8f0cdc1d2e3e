"""Whatever pages do, the terminal stays whole: keys come up, floods end, slow pages miss out."""

from __future__ import annotations

import contextlib
import json
import socket
from datetime import UTC, datetime
from time import monotonic

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from firmware.lab.page import commands
from firmware.lab.page.hub import Hub, Seen
from firmware.lab.page.pace import PacedTime
from firmware.lab.scenario.language import parse
from firmware.lab.scenario.playing import play
from hw.sim.time import VirtualClock
from tests.lab.page.conftest import PATIENCE_S, said, wait_for

HELD_S = 0.7  # sixty times this is longer than the 30 s after which a key is stuck


def opened(server):
    return connect(
        f"ws://127.0.0.1:{server.port}/ws?token={server.token}",
        origin=f"http://127.0.0.1:{server.port}",
        max_size=None,
    )


def is_cut_off(server, messages: list[str]) -> bool:
    """Whether the server ends a connection by which this is said; it has ten seconds to."""
    with opened(server) as page:
        try:
            for message in messages:
                page.send(message)
            while True:
                page.recv(timeout=10)
        except ConnectionClosed:
            return True
        except TimeoutError:
            return False


def press(session, *keys: str) -> None:
    """Each key down until the display echoes it, then up until its contact is seen open."""
    for key in keys:
        before = session.hub.state("display")
        session.submit(commands.Down(key))
        wait_for(session.hub, lambda before=before: session.hub.state("display") != before)
        session.submit(commands.Up(key))
        wait_for(session.hub, lambda: session.hub.state("keys") == [])


def hold(session, key: str, for_s: float) -> None:
    """A key down and up again, while time passes sixty times as fast."""
    session.submit(commands.Speed(60))
    session.submit(commands.Down(key))
    wait_for(session.hub, lambda: session.hub.state("keys") == [key])
    until_s = monotonic() + for_s
    while monotonic() < until_s:
        recording(session)
    session.submit(commands.Up(key))


def recording(session) -> str:
    before = session.hub.state("recording")
    session.submit(commands.Save())
    wait_for(session.hub, lambda: session.hub.state("recording") != before)
    return session.hub.state("recording")["text"]


def test_a_page_that_dies_holds_no_key_down(bench):
    session, server = bench
    with opened(server) as page:
        page.send(json.dumps({"do": "down", "key": "5"}))
        wait_for(session.hub, lambda: session.hub.state("keys") == ["5"])
        page.socket.shutdown(socket.SHUT_RDWR)  # without a word, as a killed browser
    wait_for(session.hub, lambda: session.hub.state("keys") == [])
    press(session, "7")
    assert "0.57" in said(session.hub)


def test_a_key_is_held_as_long_as_the_hand_holds_it_however_fast_time_passes(bench):
    session, _ = bench
    hold(session, "5", HELD_S)
    press(session, "7")
    assert "0.57" in said(session.hub)


def test_a_key_counts_though_the_terminal_was_busy(bench):
    session, _ = bench
    for key in "1285":  # all wait in the queue before the first is taken
        session.submit(commands.Down(key))
        session.submit(commands.Up(key))
    wait_for(session.hub, lambda: "12.85" in said(session.hub))


def test_a_flood_is_cut_off_and_the_terminal_goes_on(bench):
    session, server = bench
    assert is_cut_off(server, ['{"do":"act","line":"remove"}'] * 20_000)
    press(session, "7")
    assert "0.07" in said(session.hub)


@pytest.mark.parametrize(
    "message",
    ["", "not json", "[]", '{"do":"boom"}', '{"do":"down"}', '{"do":"speed","times":7}', "{" * 999],
)
def test_what_is_no_wish_ends_the_connection_and_nothing_else(bench, message):
    session, server = bench
    before = session.hub.state("display"), session.hub.state("steps")
    assert is_cut_off(server, [message])
    assert (session.hub.state("display"), session.hub.state("steps")) == before


@pytest.mark.parametrize(
    "line",
    ["set sale.max_amount 1", "include /etc/passwd", "save screen /tmp/x", "insert no-such-card",
     "fault printer boom", "at 5s remove", "press 1", ""],
)  # fmt: skip
def test_a_page_does_what_hands_do_and_no_more(bench, line):
    session, _ = bench
    before = session.hub.state("steps")
    session.submit(commands.Act(line))
    wait_for(session.hub, lambda: session.hub.state("notice")["count"] == 1)
    assert session.hub.state("steps") == before


def test_a_key_that_is_held_is_held_when_it_replays(bench, tmp_path):
    session, _ = bench
    hold(session, "5", HELD_S)
    told = recording(session)
    at_ms = {(step.verb, *step.words): step.at_ms for step in parse(told, "told")}
    assert at_ms["up", "5"] - at_ms["down", "5"] >= 1000 * HELD_S
    until_down, _, _ = told.partition("down 5\n")
    held = 'wait 31s\nexpect screen "Keypad fault"\nup 5\nwait 1s\nexpect no screen "Keypad"'
    file = tmp_path / "bench.pos"
    file.write_text(f"{until_down}down 5\n{held}\n")
    play(file)


def test_a_dropped_file_includes_what_was_dropped_with_it(bench):
    session, _ = bench
    story = 'include parts/amount.pos\nexpect screen "8.80"'
    session.submit(commands.Play("x.pos", story, {"amount.pos": "press 880"}))
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("end") == "held")
    assert "press 880" in recording(session)


def test_a_file_with_a_wrong_setting_leaves_the_terminal_and_its_data(bench):
    session, _ = bench
    place = session.place
    for count in (1, 2):
        session.submit(commands.Play("x.pos", "set no.such 1\npress 1"))
        wait_for(session.hub, lambda count=count: session.hub.state("notice")["count"] == count)
    assert session.place == place
    assert (place / "journal.db").is_file()


def test_a_story_has_the_printer_that_it_sets(bench):
    session, _ = bench
    story = (
        'set stage.printer mute\nset general.language zh_CN\nwait 1m\nexpect screen "小票是否打出"'
    )
    session.submit(commands.Play("x.pos", story))
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("end") == "held")


def test_files_that_include_each_other_are_refused(bench):
    session, _ = bench
    session.submit(commands.Play("x.pos", "include y.pos", {"y.pos": "include x.pos"}))
    wait_for(session.hub, lambda: session.hub.state("notice")["count"] == 1)
    assert "includes itself" in session.hub.state("notice")["words"]


def test_a_dropped_file_reads_and_writes_no_other(bench, tmp_path):
    session, _ = bench
    session.submit(commands.Play("x.pos", "press 1\ninclude /etc/passwd"))
    wait_for(session.hub, lambda: session.hub.state("notice")["count"] == 1)
    assert "x.pos:2: passwd is wanted too" in session.hub.state("notice")["words"]
    target = tmp_path / "screen.png"
    session.submit(commands.Play("y.pos", f"save screen {target}\npress 1"))
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("end") == "held")
    assert not target.exists()


def test_what_was_done_is_a_scenario_that_holds(bench, tmp_path):
    session, _ = bench
    press(session, *"12850", "ENTER")
    session.submit(commands.Act("insert unionpay-debit"))
    wait_for(session.hub, lambda: session.hub.state("slot") is not None)
    session.submit(commands.Act("fault printer paper-out"))
    session.submit(commands.Act("power cut"))
    wait_for(session.hub, lambda: not session.hub.state("power")["on"])
    session.submit(commands.Act("power on"))
    wait_for(session.hub, lambda: session.hub.state("power")["on"])
    told = recording(session)
    for line in ("press ENTER", "insert unionpay-debit", "power cut", "power on"):
        assert line in told
    file = tmp_path / "bench.pos"
    file.write_text(told)
    play(file)


def test_a_recording_tells_what_came_of_it(bench, tmp_path):
    session, _ = bench
    file = tmp_path / "bench.pos"
    file.write_text(recording(session).replace("sales=0/0", "sales=1/1"))
    with pytest.raises(AssertionError, match="sales=0/0"):
        play(file)


def test_ten_pages_cost_the_terminal_what_one_does(bench):
    session, server = bench
    hub = session.hub
    with contextlib.ExitStack() as open_pages:
        pages = [open_pages.enter_context(opened(server)) for _ in range(10)]
        for page in pages:
            page.recv(timeout=PATIENCE_S)  # it is there, and has seen all
        woken = hub.listeners
        press(session, "7")
        for page in pages:
            while "0.07" not in page.recv(timeout=PATIENCE_S):
                pass
    assert woken == 1  # whoever tells ten pages is told once


def test_a_page_that_takes_nothing_holds_nobody_up(bench):
    session, server = bench
    with opened(server) as deaf, opened(server) as page:
        deaf.recv(timeout=PATIENCE_S)
        for n in range(3000):  # far more than a socket's buffers hold
            session.hub.put("notice", {"count": n, "words": "x" * 4000})
        press(session, "7")
        while "0.07" not in page.recv(timeout=PATIENCE_S):
            pass


def test_a_slow_page_misses_frames_and_never_the_last():
    hub, page = Hub(), Seen()
    for n in range(1000):
        hub.put("display", n)
        hub.add("trace", n)
    found = {one.get("state") or one["log"]: one for one in json.loads(hub.news(page))}
    assert found["display"]["value"] == 999
    assert found["trace"]["entries"] == list(range(600, 1000))
    assert hub.news(page) == b"[]"


class _Driven:
    """Something that wants to be stepped every hundred virtual milliseconds."""

    settled = True

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.deadline_ms = 100
        self.steps: list[int] = []

    def step(self, _event: object) -> None:
        self.steps.append(self._clock.monotonic_ms())
        self.deadline_ms += 100


@pytest.mark.parametrize(
    ("speed", "by_hand", "steps"), [(1, False, 2), (10, False, 20), (60, False, 120), (60, True, 2)]
)
def test_time_passes_as_fast_as_it_is_told(speed, by_hand, steps):
    wall = [0.0]
    clock = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))
    time = PacedTime(clock, lambda _s: None, wall_s=lambda: wall[0])
    time.speed, time.by_hand = speed, by_hand
    driven = _Driven(clock)
    wall[0] = 0.2
    time.catch_up(driven)
    assert driven.steps == [100 * n for n in range(1, steps + 1)]


def test_a_machine_too_slow_for_the_speed_gets_slower_time_and_no_growing_debt():
    """It could not hold sixty: each turn took longer than the one before, and keys waited."""
    wall = [0.0]
    clock = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))
    time = PacedTime(clock, lambda _s: None, wall_s=lambda: wall[0])
    time.speed = 60

    class Slow(_Driven):
        def step(self, event: object) -> None:
            super().step(event)
            wall[0] += 0.01  # ten times what a step may take at this speed

    driven, turns = Slow(clock), []
    wall[0] = 1.0
    for _ in range(10):
        began_s = wall[0]
        time.catch_up(driven)
        turns.append(wall[0] - began_s)
    assert max(turns) < 1
    assert driven.steps == [100 * n for n in range(1, len(driven.steps) + 1)]


def test_a_day_of_waiting_in_a_story_is_watched_in_seconds():
    wall = [0.0]

    def wait(seconds: float) -> None:
        wall[0] += max(seconds, 0.001)

    clock = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))
    time = PacedTime(clock, wait, wall_s=lambda: wall[0])
    driven = _Driven(clock)
    driven.deadline_ms = 1 << 60
    time.run_until(driven, 86_400_000)
    assert clock.monotonic_ms() == 86_400_000
    assert 2 < wall[0] < 4


def test_an_error_in_a_dropped_file_names_its_line(bench):
    session, _ = bench
    session.submit(commands.Play("x.pos", "press 1\nboom"))
    wait_for(session.hub, lambda: session.hub.state("notice")["count"] == 1)
    assert "x.pos:2" in session.hub.state("notice")["words"]
