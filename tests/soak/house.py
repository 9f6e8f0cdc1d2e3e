"""One terminal's process, seen from outside: its display, its keys, and what it takes of memory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from firmware.ops.install import plan
from hw.sim.cards import tray
from hw.sim.reader.pcscd import SOCKET_VARIABLE, PrivatePcscd
from tests.machine import heeding_hangups
from tests.moved import python_path

ROOT = Path(__file__).parents[2]
READY_S = 60
SLOT_S = 1.0  # pcscd looks at its slots every 0.4 s
SETTINGS = (
    "check.min_view_ms=300",
    "sale.undo_s=0",
    "sale.duplicate_window_s=0",
    "sale.unusual_min_history=1000",
    "host.test_amounts=false",
)


def stop_bound_s() -> int:
    """What the service manager allows for the ending, as the unit says."""
    unit = Path(plan.__file__).with_name("service.txt").read_text("utf-8")
    found = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert found is not None
    return int(found[1])


class Taken(Struct, frozen=True):
    """What the process takes at a moment at rest."""

    rss_kib: int
    files: int
    threads: int
    wal_bytes: int  # of journal and books


class House:
    """Starts the process on `data`, again and again; `pcscd` is where its cards go, if any."""

    def __init__(self, data: Path, pcscd: PrivatePcscd | None, settings: tuple[str, ...]) -> None:
        self._data = data
        self._pcscd = pcscd
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._inside = False
        self._changed = threading.Condition()
        self.panel = ""
        self.endings_s: list[float] = []
        self.log = data.with_name("terminal.log")

    # --- the process ---

    def start(self) -> None:
        """Start it and wait for the first screen."""
        environment = os.environ | {"PYTHONPATH": python_path(ROOT)}
        environment.pop(SOCKET_VARIABLE, None)
        if self._pcscd is not None:
            environment[SOCKET_VARIABLE] = str(self._pcscd.socket)
        self.panel = ""
        with self.log.open("a") as log, heeding_hangups():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.terminal", self._data, *self._settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                cwd="/",
            )
        self._ears = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._ears.start()
        self.wait(lambda: bool(self.panel), READY_S, "a first screen")

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end; gives the exit code. Notes how long it took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(how)
        code = self._process.wait(timeout=4 * stop_bound_s())
        took_s = time.monotonic() - began
        self._ears.join()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        if how is not signal.SIGKILL:
            self.endings_s.append(took_s)
        self._inside = self._inside and self._pcscd is not None
        return code

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def again(self, how: signal.Signals) -> None:
        """Another signal, without waiting."""
        assert self._process is not None
        self._process.send_signal(how)

    def taken(self) -> Taken:
        """What it takes now."""
        assert self._process is not None
        proc = Path(f"/proc/{self._process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        logs = ("journal.db-wal", "host-books.db-wal")
        wal = [self._data / name for name in logs]
        return Taken(
            rss_kib=int(status["VmRSS"].split()[0]),
            files=len(list((proc / "fd").iterdir())),
            threads=int(status["Threads"]),
            wal_bytes=sum(path.stat().st_size for path in wal if path.exists()),
        )

    def open_below(self, directory: Path) -> list[str]:
        """The files below `directory` that the process has open."""
        assert self._process is not None
        links = Path(f"/proc/{self._process.pid}/fd").iterdir()
        found = []
        for link in links:
            try:
                found.append(str(link.readlink()))
            except FileNotFoundError:  # closed meanwhile
                continue
        return [path for path in found if path.startswith(f"{directory}/")]

    # --- hands and eyes ---

    def tell(self, line: str) -> None:
        """A line to the hands in the process; nobody is there any more when it has ended."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def insert(self, name: str) -> None:
        """A card into the slot; nothing when one is in."""
        if self._inside:
            return
        self._inside = True
        if self._pcscd is None:
            self.tell(f"insert {name}")
        else:
            self._pcscd.insert(tray()[name])

    def remove(self) -> None:
        """The card out of it."""
        if self._inside:
            self._inside = False
            if self._pcscd is None:
                self.tell("remove")
            else:
                self._pcscd.remove()
                self.pause(SLOT_S)

    def sees(self, *texts: str) -> bool:
        return any(text in self.panel for text in texts)

    def wait(self, holds: Callable[[], bool], patience_s: float, what: str) -> None:
        """Wait until something holds. Raises AssertionError."""
        with self._changed:
            held = self._changed.wait_for(lambda: holds() or not self.alive, patience_s)
        assert self.alive, f"it ended while waiting for {what}: {self.log.read_text()[-800:]}"
        assert held, f"waited in vain for {what}; it says {self.panel!r}"

    def pause(self, seconds: float) -> None:
        """Time that a person, or pcscd, takes."""
        threading.Event().wait(seconds)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                said = json.loads(line)
                with self._changed:
                    if process is self._process and "display" in said:
                        self.panel = "".join(said["display"].split())
                    self._changed.notify_all()
        process.wait()
        with self._changed:
            self._changed.notify_all()
