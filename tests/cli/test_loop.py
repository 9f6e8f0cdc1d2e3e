"""The main loop: sleeps until something happens, watches its workers, ends when it may."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

import pytest

from firmware.terminal.loop import GRACE_MS, LEAST_WAIT_MS, Inbox, Loop, Stop
from firmware.terminal.service_manager import ServiceManager
from hw.events import DeviceEvent, Key, KeyPressed

SECOND_MS = 1_000


@dataclass
class Script:
    """A clock, a runner and an inbox in one: `happen` maps moments to what arrives then."""

    happen: dict[int, DeviceEvent | Stop]
    every_ms: int = SECOND_MS
    busy_until_ms: int = 0
    outages: tuple[range, ...] = ()
    now_ms: int = 0
    steps: list[tuple[int, DeviceEvent | None]] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)
    deadline_ms: int = 0
    looks: int = 0

    def monotonic_ms(self):
        return self.now_ms

    def take(self, timeout_ms):
        self.waits.append(timeout_ms)
        due = [at for at in self.happen if at <= self.now_ms + timeout_ms]
        if not due:
            self.now_ms += timeout_ms
            return None
        first = min(due)
        self.now_ms = max(self.now_ms, first)
        return self.happen.pop(first)

    @property
    def settled(self):
        return self.now_ms >= self.busy_until_ms

    @property
    def out_of_service(self):
        return any(self.now_ms in outage for outage in self.outages)

    def start(self):
        self.deadline_ms = self.every_ms

    def look(self):
        self.looks += 1

    def step(self, event):
        self.steps.append((self.now_ms, event))
        self.deadline_ms = self.now_ms + self.every_ms


@dataclass
class Worker:
    """A worker's thread as the loop sees it."""

    name: str = "keypad"
    alive: bool = True
    failure: Exception | None = None
    started: bool = False

    def start(self):
        self.started = True


@pytest.fixture
def notified(tmp_path):
    """systemd's end of the notify socket; gives the messages that have come."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(0)

        def come():
            messages = []
            while True:
                try:
                    messages.append(listener.recv(100).decode())
                except BlockingIOError:
                    return messages

        come.path = str(path)
        yield come


def ran(script, workers=(), manager=None):
    Loop(script, script.take, script, workers, manager or ServiceManager()).run()
    return script


def test_events_are_stepped_when_they_come_and_deadlines_when_they_are_due():
    press = KeyPressed(Key.D1, 1_500)
    script = ran(Script({1_500: press, 4_000: Stop.ASKED}))
    assert script.steps == [(1_000, None), (1_500, press), (2_500, None), (3_500, None)]


def test_between_deadlines_it_sleeps():
    script = ran(Script({3_600_000: Stop.ASKED}, every_ms=60_000))
    assert len(script.steps) == 59
    assert min(script.waits) >= SECOND_MS


def test_a_deadline_that_does_not_move_on_makes_no_loop_that_spins():
    script = ran(Script({10_000: Stop.ASKED}, every_ms=0))
    assert script.waits.count(0) <= 1
    assert 2 < len(script.steps) <= 10_000 // LEAST_WAIT_MS + 1


def test_asked_to_stop_it_ends_at_once_when_the_flow_waits_for_people():
    assert ran(Script({2_500: Stop.ASKED})).now_ms == 2_500


def test_asked_to_stop_it_waits_for_a_device_at_work():
    script = ran(Script({2_500: Stop.ASKED}, busy_until_ms=5_000))
    assert 5_000 <= script.now_ms <= 6_000


def test_a_device_that_does_not_come_back_holds_it_no_longer_than_the_grace():
    script = ran(Script({2_500: Stop.ASKED}, busy_until_ms=10**9))
    assert 2_500 + GRACE_MS <= script.now_ms <= 2_500 + GRACE_MS + 2_000


def test_asked_twice_it_ends_without_grace():
    script = ran(Script({2_500: Stop.ASKED, 2_600: Stop.ASKED}, busy_until_ms=10**9))
    assert script.now_ms == 2_600


def test_the_service_manager_gets_ready_then_signs_of_life_then_the_end(notified):
    manager = ServiceManager(notified.path, watchdog_ms=2_000)
    ran(Script({4_500: Stop.ASKED}, every_ms=60_000), [Worker()], manager)
    messages = notified()
    assert messages[:2] == ["WATCHDOG=1", "READY=1"]
    assert messages[-1] == "STOPPING=1"
    assert messages.count("WATCHDOG=1") == 5  # at once, and every half of the time allowed


def test_the_watchdog_starves_while_a_worker_is_stuck(notified):
    stuck = Worker(alive=False)
    manager = ServiceManager(notified.path, watchdog_ms=2_000)
    ran(Script({10_000: Stop.ASKED}), [Worker(), stuck], manager)
    assert "WATCHDOG=1" not in notified()


def test_the_service_manager_learns_when_trade_begins_stops_and_goes_on(notified):
    outages = (range(1_500), range(6_500, 8_500))
    ran(
        Script({12_500: Stop.ASKED}, busy_until_ms=500, outages=outages),
        (),
        ServiceManager(notified.path),
    )
    told = [message for message in notified() if message.startswith("STATUS=")]
    assert told == [
        "STATUS=out of service",
        "STATUS=in service",
        "STATUS=in service before, out of service now",
        "STATUS=in service",
    ]


def test_the_lights_show_when_trade_begins_stops_and_goes_on():
    shown = []
    script = Script({9_500: Stop.ASKED}, outages=(range(1_500), range(6_500, 8_500)))
    Loop(script, script.take, script, (), ServiceManager(), trading=shown.append).run()
    assert shown == [False, True, False, True]


def test_what_a_worker_died_of_is_raised():
    dead = Worker(alive=False, failure=KeyError("scan"))
    with pytest.raises(KeyError, match="scan"):
        ran(Script({}), [dead])


def test_a_watchdog_meant_for_another_process_is_not_fed():
    environment = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "20000000"}
    assert ServiceManager.of(environment).watchdog_ms == 20_000
    assert ServiceManager.of(environment | {"WATCHDOG_PID": "1"}).watchdog_ms is None
    assert ServiceManager.of({"WATCHDOG_USEC": "20000000"}).watchdog_ms is None
    assert ServiceManager.of(environment | {"WATCHDOG_USEC": "soon"}).watchdog_ms is None


def test_a_service_manager_that_does_not_listen_is_no_reason_to_stop(tmp_path):
    script = ran(Script({2_000: Stop.ASKED}), (), ServiceManager(str(tmp_path / "nobody")))
    assert script.steps


def test_an_abstract_socket_is_named_by_an_at_sign():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0pos-terminal-test")
        listener.settimeout(5)
        ServiceManager("@pos-terminal-test").ready()
        assert listener.recv(100) == b"READY=1"


def test_the_inbox_gives_events_in_order_from_any_thread():
    inbox = Inbox()
    assert inbox.take(0) is None
    events = [KeyPressed(Key.D1, at) for at in range(3)]
    poster = threading.Thread(target=lambda: [inbox.post(event) for event in events])
    poster.start()
    assert [inbox.take(5_000) for _ in events] == events
    inbox.stop()
    assert inbox.take(5_000) is Stop.ASKED
    poster.join()
