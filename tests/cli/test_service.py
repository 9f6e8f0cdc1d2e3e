"""The terminal as its service meets it: killed in a sale, or stuck; the next start makes it good.

Parts are modelled, in a process of its own; the host is at the other end of a real socket.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time

import pytest

from firmware.audit.data import reading
from firmware.core.clock import SystemClock
from firmware.journal.transactions import State
from tests.cli.conftest import ROOT
from tests.crash.far_host import FarHost, signed_on
from tests.moved import python_path

WATCHDOG_US = 400_000
BACK_WITHIN_S = 10
UNIT = (ROOT / "firmware/ops/install/service.txt").read_text(encoding="utf-8")
[RESTART_S] = (int(seconds) for seconds in re.findall(r"^RestartSec=(\d+)$", UNIT, re.MULTILINE))
READY, ALIVE, IN_SERVICE = b"READY=1", b"WATCHDOG=1", b"STATUS=in service"


class SlowBooks:
    """Books that take what they are sent, and keep the answer back until they are told."""

    def __init__(self, books):
        self._books = books
        self.taken, self.answers = threading.Event(), threading.Event()

    def exchange(self, message, timeout_ms):
        answer = self._books.exchange(message, timeout_ms)
        self.taken.set()
        self.answers.wait()
        return answer

    def close(self):
        self.answers.set()
        self._books.close()


@pytest.fixture
def host(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    far = FarHost(SystemClock().now)
    far.open(data)
    signed_on(data)
    yield far
    far.books.close()
    far.close()


@pytest.fixture
def counter(tmp_path, host, notify_socket):
    """Starts the terminal's process and waits until it is ready."""
    data = tmp_path / "data"
    environment = os.environ | {
        "PYTHONPATH": python_path(ROOT),
        "NOTIFY_SOCKET": notify_socket.getsockname(),
        "WATCHDOG_USEC": str(WATCHDOG_US),
    }
    command = [sys.executable, "-m", "tests.cli.counter", str(data), str(host.port)]
    running = []

    def start():
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, text=True)
        running.append(process)
        wait_for(notify_socket, READY)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def wait_for(notify_socket, wanted):
    """Wait until systemd gets this message."""
    while notify_socket.recv(100) != wanted:
        pass


def order(process, words):
    process.stdin.write(f"{words}\n")
    process.stdin.flush()


def test_killed_in_a_sale_it_comes_back_and_finishes_what_was_open(
    tmp_path, host, counter, notify_socket, figure
):
    books = host.books
    host.books = slow = SlowBooks(books)
    killed = counter()
    order(killed, "sell")
    assert slow.taken.wait(20), "the host has debited the card, and the terminal does not know"
    killed.kill()
    killed.wait()
    slow.answers.set()
    host.books = books
    began = time.monotonic()
    again = counter()
    wait_for(notify_socket, IN_SERVICE)
    took_s = RESTART_S + time.monotonic() - began
    host.come_to_rest()
    with reading(tmp_path / "data") as journal:
        assert journal.last_transaction().state is State.REVERSED
        assert (journal.open_intents(), journal.reversals()) == ([], [])
    order(again, "go")
    assert again.wait(20) == 0
    figure(
        f"killed in a sale: in service again after {took_s:.1f} s, systemd's {RESTART_S} s in it"
    )
    assert took_s < BACK_WITHIN_S


def test_a_main_loop_that_is_stuck_starves_the_watchdog_and_the_next_start_is_well(
    counter, notify_socket
):
    stuck = counter()
    wait_for(notify_socket, IN_SERVICE)
    wait_for(notify_socket, ALIVE)
    order(stuck, "hang")
    notify_socket.settimeout(4 * WATCHDOG_US / 1_000_000)
    with pytest.raises(TimeoutError):
        wait_for(notify_socket, READY)
    assert stuck.poll() is None, "it hangs, and does not end by itself"
    notify_socket.settimeout(20)
    stuck.kill()  # as systemd does now
    stuck.wait()
    counter()
    wait_for(notify_socket, IN_SERVICE)
