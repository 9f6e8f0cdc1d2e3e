"""How it ends when it is told to: one bound for all of it, and at once when told twice."""

from __future__ import annotations

import signal
import socket
import threading

import pytest

from firmware.audit.data import reading
from firmware.core.clock import SystemClock
from firmware.terminal.loop import END_MS, GRACE_MS, Ending, Inbox
from hw.worker import JobWorker, WorkerThread
from tests.cli.test_run import starts
from tests.crash.far_host import signed_on
from tests.playing import provision
from tests.soak.days import VIEW_S
from tests.soak.house import SETTINGS, House, stop_bound_s


class HandClock(SystemClock):
    """A clock that a test moves."""

    now_ms = 0

    def monotonic_ms(self):
        return self.now_ms


def test_all_of_the_ending_is_under_what_the_unit_allows():
    assert GRACE_MS < END_MS < stop_bound_s() * 1000 * 2 / 3


def test_the_time_left_runs_out_from_when_it_was_asked():
    clock, inbox = HandClock(), Inbox()
    ending = Ending(clock, lambda: inbox.asked)
    clock.now_ms = 60_000
    assert ending.left_ms == END_MS
    inbox.stop()
    ending.begin()
    clock.now_ms += 3_000
    ending.begin()
    assert ending.left_ms == END_MS - 3_000
    clock.now_ms += END_MS
    assert ending.left_ms == 0


def test_asked_once_more_there_is_no_time_left():
    inbox = Inbox()
    ending = Ending(HandClock(), lambda: inbox.asked)
    inbox.stop()
    ending.begin()
    assert ending.left_ms == END_MS
    inbox.stop()
    assert ending.left_ms == 0


def test_threads_that_hang_share_one_bound():
    """Four of them took four times as long."""
    clock, hang = HandClock(), threading.Event()
    threads = [WorkerThread(f"{n}", hang.wait, SystemClock()) for n in range(4)]
    asked = []

    def left_ms():
        asked.append(clock.now_ms)
        clock.now_ms += 10
        return max(0, 100 - clock.now_ms)

    assert [thread.join(left_ms) for thread in threads] == [False] * 4
    assert len(asked) <= 10 + len(threads)
    hang.set()
    assert all(thread.join() for thread in threads)


def test_a_thread_that_ends_is_waited_for():
    worker = JobWorker("host", lambda _event: None, SystemClock())
    done = []
    worker.submit(1, lambda: done.append("farewell"))
    worker.end()
    assert worker.thread.join()
    assert done == ["farewell"]


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_it(tmp_path, started, asked):
    service = started()
    service.send_signal(asked)
    assert service.wait(timeout=2 * stop_bound_s()) == 0
    assert service.stderr.read().splitlines()[-1].endswith("event=ended")
    again = started()
    again.send_signal(asked)
    again.send_signal(asked)
    assert again.wait(timeout=2 * stop_bound_s()) == 0
    assert starts(tmp_path / "data") == 2


@pytest.fixture
def silent_host():
    """A host that takes whatever is sent and never answers; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("times", [1, 2])
def test_while_the_host_is_silent_and_the_printer_stuck_nothing_is_lost(
    tmp_path, silent_host, times
):
    data = tmp_path / "data"
    provision(data)
    signed_on(data)
    line = ("host.address=127.0.0.1", f"host.port={silent_host}", "host.kind=tcp")
    patience = f"host.timeout_s={END_MS // 1000 + 2}"  # past the ending, and no longer
    house = House(data, None, (*SETTINGS, *line, patience))
    house.start()
    house.tell("stick")
    house.tell("press 5 0 0 ENTER")
    house.wait(lambda: house.sees("核对"), 60, "the check")
    house.pause(VIEW_S)
    house.tell("press ENTER")
    house.wait(lambda: house.sees("请插卡"), 60, "a card that is asked for")
    house.insert("unionpay-credit")
    house.wait(lambda: house.sees("请输入密码"), 60, "the PIN")
    house.tell("press 1 2 3 4 5 6 ENTER")
    house.wait(lambda: house.sees("交易处理中"), 60, "the host that is asked")
    for _ in range(times - 1):
        house.again(signal.SIGTERM)
    assert house.end(signal.SIGTERM) == 0
    assert house.endings_s[-1] < stop_bound_s()
    assert "ended without waiting" in house.log.read_text()
    with reading(data) as journal:
        assert [each.stan for each in journal.open_intents()] == [1]
    house.start()
    house.wait(lambda: house.sees("冲正", "员01"), 60, "a reversal")
    assert house.end(signal.SIGKILL) == -signal.SIGKILL
    with reading(data) as journal:
        assert [each.transaction.stan for each in journal.reversals()] == [1]
        assert journal.open_intents() == []
