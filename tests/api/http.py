"""A simulator in this process and a client of it: what the tests over HTTP share."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from firmware.core.config import Config
from firmware.core.config_file import set_from_text
from firmware.lab.scenario.stage import STAGE_CONFIG, START
from firmware.lab.target.target import Failed, Target

PAY = "press ENTER\ninsert unionpay-debit\npress 123456 ENTER\n"
ORDER = {"amount_minor": 12_850, "currency": "CNY", "reference": "order 4711"}


class Answer:
    """What came back: status, headers, and the body as JSON or text."""

    def __init__(self, status: int, headers: HTTPMessage, raw: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def kind(self) -> str:
        """The problem's type, without its prefix."""
        return str(self.json["type"]).removeprefix("urn:pos:problem:")


def configured(settings: Mapping[str, str]) -> Config:
    """The stage's settings with some others, by their keys with `__` for the dot."""
    config = STAGE_CONFIG
    for key, value in settings.items():
        config = set_from_text(config, key.replace("__", "."), value, source="test")
    return config


class Till:
    """A target that runs, and requests to it."""

    def __init__(self, directory: Path, *, start: datetime = START, **settings: str) -> None:
        self.target = Target(directory, configured(settings), virtual=True, start=start)
        self.target.start()
        self.directory = directory

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.target.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        connection = HTTPConnection(*self.address, timeout=30)
        try:
            sent = {"Authorization": f"Bearer {self.target.token}", **(headers or {})}
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def vanish(self, method: str, path: str, body: Any = None) -> None:
        """Send a request whole and be gone: nobody reads the answer."""
        raw = json.dumps(body).encode() if body else b""
        with socket.create_connection(self.address, timeout=30) as line:
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n"
                f"Authorization: Bearer {self.target.token}\r\nContent-Length: {len(raw)}\r\n\r\n"
            )
            line.sendall(head.encode() + raw)

    def put(self, name: str, **changed: Any) -> Answer:
        return self.ask("PUT", f"/v1/payments/{name}", ORDER | changed)

    def get(self, name: str) -> Any:
        return self.ask("GET", f"/v1/payments/{name}").json

    def play(self, lines: str) -> None:
        failed = self.target.play(lines).result(60)
        assert not isinstance(failed, Failed), failed

    def events(self, after: int, count: int) -> Iterator[tuple[int, Any]]:
        """Up to `count` events after a record; the connection is cut then."""
        with socket.create_connection(self.address, timeout=30) as line:
            head = (
                f"GET /v1/events HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n"
                f"Authorization: Bearer {self.target.token}\r\nLast-Event-ID: {after}\r\n\r\n"
            )
            line.sendall(head.encode())
            file = line.makefile("rb")
            number, seen = 0, 0
            while seen < count:
                raw = file.readline()
                if not raw:
                    return  # the terminal is off
                text = raw.decode().strip()
                if text.startswith("id: "):
                    number = int(text[4:])
                elif text.startswith("data: ") and number:
                    yield number, json.loads(text[6:])
                    number, seen = 0, seen + 1

    def close(self) -> None:
        self.target.close()
