"""The threads behind the drivers: what they post, and how it shows when one of them is not well."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware.core.clock import SystemClock
from firmware.terminal.devices import SharedHeader, TellingDisplay
from hw.board import KEYPAD
from hw.events import Device, DeviceBack, DeviceLost, JobDone, Key, KeyPressed
from hw.gpio import PinHeader
from hw.keypad import HEADER_RETRY_MS, MatrixKeypad
from hw.oled import Oled
from hw.ports import DeviceFault
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Ssd1306
from hw.worker import KEYPAD_STUCK_MS, JobWorker, KeypadWorker, WorkerThread
from tests.cli.bench import TickingClock

PATIENCE_S = 10


@dataclass
class HandClock(SystemClock):
    """A clock that a test moves."""

    now_ms: int = 0

    def monotonic_ms(self):
        return self.now_ms


@dataclass
class Scans:
    """A keypad whose scans do what a test says."""

    scan_period_ms: int = 1
    at_rest: bool = True
    scanned: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    bug: Exception | None = None
    closed: bool = False

    def scan(self, now_ms):
        self.scanned.set()
        if self.bug is not None:
            raise self.bug
        self.may_go_on.wait(PATIENCE_S)
        return []

    def close(self):
        self.closed = True


def test_jobs_are_done_in_order_and_what_they_raise_is_their_result():
    done = queue.SimpleQueue()
    worker = JobWorker("printer", done.put, SystemClock())
    worker.thread.start()
    failure = OSError("paper jam")

    def fail():
        raise failure

    worker.submit(1, lambda: "first")
    worker.submit(2, fail)
    worker.submit(3, lambda: "third")
    results = [done.get(timeout=PATIENCE_S) for _ in range(3)]
    assert all(isinstance(result, JobDone) for result in results)
    assert [(one.token, one.result) for one in results] == [
        (1, "first"),
        (2, failure),
        (3, "third"),
    ]
    assert worker.thread.alive
    worker.end()
    worker.thread.join()
    assert not worker.thread.alive


def test_a_key_goes_from_the_matrix_through_the_thread():
    matrix, events, clock = Matrix(KEYPAD), queue.SimpleQueue(), TickingClock()
    keypad = MatrixKeypad(lambda: PinHeader(matrix.factory))
    worker = KeypadWorker(keypad, events.put, clock)
    worker.thread.start()
    clock.wait_for(lambda: keypad.at_rest, "the first scans")
    matrix.press(Key.D7)
    event = events.get(timeout=PATIENCE_S)
    assert isinstance(event, KeyPressed)
    assert event.key is Key.D7
    worker.end()
    worker.thread.join()


def test_a_thread_whose_driver_hangs_is_not_alive_and_is_again_when_it_goes_on():
    clock, keypad = HandClock(), Scans()
    worker = KeypadWorker(keypad, lambda _event: None, clock)
    worker.thread.start()
    assert keypad.scanned.wait(PATIENCE_S)
    assert worker.thread.alive
    clock.now_ms += KEYPAD_STUCK_MS
    assert not worker.thread.alive
    keypad.scanned.clear()
    keypad.may_go_on.set()
    assert keypad.scanned.wait(PATIENCE_S)
    assert worker.thread.alive
    worker.end()
    worker.thread.join()
    assert keypad.closed


def test_a_bug_in_a_driver_is_kept_for_the_main_loop():
    bug = KeyError("row 5")
    worker = KeypadWorker(Scans(bug=bug), lambda _event: None, SystemClock())
    worker.thread.start()
    worker.thread.join()
    assert worker.thread.failure is bug
    assert not worker.thread.alive


def test_a_thread_without_a_limit_may_take_its_time():
    clock, release = HandClock(), threading.Event()
    thread = WorkerThread("host", lambda: release.wait(PATIENCE_S) and None, clock)
    thread.start()
    clock.now_ms += 3_600_000
    assert thread.alive
    release.set()
    thread.join()
    assert not thread.alive


def test_a_keypad_that_is_not_there_is_lost_once_and_tried_again_every_two_seconds():
    tries, matrix = [], Matrix(KEYPAD)

    def connect():
        tries.append(now_ms)
        if now_ms < 3 * HEADER_RETRY_MS:
            raise DeviceFault(Device.KEYPAD, "no header")
        return PinHeader(matrix.factory)

    keypad, events = MatrixKeypad(connect), []
    for now_ms in range(0, 4 * HEADER_RETRY_MS, 5):
        events += keypad.scan(now_ms)
    assert tries == [0, HEADER_RETRY_MS, 2 * HEADER_RETRY_MS, 3 * HEADER_RETRY_MS]
    assert events == [
        DeviceLost(Device.KEYPAD, "no header", 0),
        DeviceBack(Device.KEYPAD, 3 * HEADER_RETRY_MS),
    ]
    assert keypad.at_rest
    keypad.close()


@pytest.mark.skipif(Path("/dev/gpiochip0").exists(), reason="this machine has a header")
def test_a_machine_without_a_header_says_so_for_the_part_that_asks():
    header = SharedHeader()
    with pytest.raises(DeviceFault, match="display: lgpio") as fault:
        header.of(Device.DISPLAY)
    assert fault.value.device is Device.DISPLAY


def test_a_lost_display_is_logged_once_and_its_return_too(caplog):
    caplog.set_level("INFO")
    chip = Ssd1306()
    display = TellingDisplay(Oled(lambda: chip))
    chip.fail(broken=True)
    for _ in range(3):
        with pytest.raises(DeviceFault):
            display.reopen()
    chip.fail(broken=False)
    display.reopen()
    assert [record.getMessage() for record in caplog.records] == ["device lost", "device back"]
