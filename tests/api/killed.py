"""A simulator as a process of its own, which is killed and started again on what it left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

COMMAND = [sys.executable, "-m", "firmware", "sim", "--headless", "--api", "--virtual", "--data"]
START_S, ANSWER_S = 60, 40


class Simulator:
    """`pos sim --headless --api --virtual` on one folder, through as many lives as it takes."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.lives = 0
        self.start()

    def start(self) -> None:
        """Begin a life; returns when the API is heard."""
        self._process = subprocess.Popen(
            [*COMMAND, str(self._data)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ready = json.loads(self._process.stdout.readline())
        self._api, self._sim, self._token = ready["api"], ready["sim"], ready["token"]
        self.lives += 1

    def kill(self) -> None:
        """SIGKILL: nothing is closed in order."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(START_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request to the API. Raises OSError or HTTPException where it is killed meanwhile."""
        raw = json.dumps(body).encode() if body is not None else b""
        return self._send(self._api, method, path, raw)

    def play(self, lines: str) -> tuple[int, Any]:
        """Lines of the scenario language, at the bench."""
        return self._send(self._sim, "POST", "/play", lines.encode())

    def _send(self, base: str, method: str, path: str, raw: bytes) -> tuple[int, Any]:
        place = urlsplit(base)
        assert place.hostname is not None
        line = HTTPConnection(place.hostname, place.port, timeout=ANSWER_S)
        try:
            line.request(method, place.path + path, raw, {"Authorization": f"Bearer {self._token}"})
            answer = line.getresponse()
            told = answer.read()
        finally:
            line.close()
        return answer.status, json.loads(told) if told.startswith(b"{") else told.decode()


class Struck:
    """Kills a simulator after a while of the chance's choosing, once."""

    def __init__(self, simulator: Simulator, chance: Random, most_s: float) -> None:
        self._timer = threading.Timer(chance.uniform(0, most_s), simulator.kill)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.join()


GONE = (OSError, HTTPException, ValueError)
