"""The command line as a person meets it: its exit code, what it prints, and its one-line errors."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.core.kinds import Kind, Result
from firmware.journal.keys import TerminalKeys
from tests.journal.story import Shop
from tests.machine import heeding_hangups
from tests.moved import python_path

ROOT = Path(__file__).resolve().parents[2]
# no such bus, no such printer, nobody at the other end: nothing that this machine could have
QUIET = """
[display]
port = 20
[printer]
kind = "none"
[host]
kind = "tcp"
address = "192.0.2.1"
port = 9
plain = true
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def done(self) -> str:
        """What a command prints that ends well."""
        assert self.code == 0, self.err
        return self.out

    def refusal(self, code: int) -> str:
        """What a command says that ends with this code: one line, and nothing else."""
        assert self.code == code, self.err
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert not self.out
        return lines[0]


Pos = Callable[..., Ended]


@pytest.fixture
def pos(capsys: pytest.CaptureFixture[str]) -> Pos:
    """Runs a command: `pos("journal", "list")`."""

    def run(*words: object) -> Ended:
        try:
            code = main([str(word) for word in words])
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with keys in files, whose journal stays open as a running terminal's does."""
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    yield shop
    shop.journal.close()


@pytest.fixture
def notify_socket(tmp_path):
    """systemd's end of the notify socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        yield listener


@pytest.fixture
def started(tmp_path, notify_socket):
    """Starts `pos run` as a process of its own, on a machine without any of the parts."""
    environment = os.environ | {
        "PYTHONPATH": python_path(ROOT),
        "NOTIFY_SOCKET": notify_socket.getsockname(),
        "WATCHDOG_USEC": "200000",
        "PCSCLITE_CSOCK_NAME": str(tmp_path / "no-pcscd"),
    }
    command = [sys.executable, "-m", "firmware", "run", "--data", "data"]
    with ExitStack() as running:

        def start(settings=""):
            (tmp_path / "pos.toml").write_text(QUIET + settings)
            with heeding_hangups():
                process = subprocess.Popen(
                    command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
                )
            running.enter_context(process)
            running.callback(process.kill)
            while notify_socket.recv(100) != b"READY=1":
                pass
            return process

        yield start


@pytest.fixture
def day(shop: Shop) -> Shop:
    """A day's trade: two sales, one of them voided; a refund; a declined one; one in training."""
    first = shop.sale(12_850)
    second = shop.sale(990)
    shop.void(second)
    shop.refund(first, 850)
    shop.end(shop.intent(Kind.SALE, 5_000), Result.DECLINED)
    shop.sale(777, training=True)
    return shop
