"""Strangers are refused: by Host, by Origin, without token; over HTTP and WebSocket alike."""

from __future__ import annotations

import socket

import pytest

from firmware.lab.page.browser import served
from firmware.lab.page.guard import hosts_of


@pytest.fixture(scope="module")
def server():
    with served() as (_, server):
        yield server


def status_of(server, path: str, headers: dict[str, str], method: str = "GET") -> int:
    """The HTTP status of a request sent as it stands, no client adding what it thinks right."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as wire:
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(wire.recv(4096).split(b" ", 2)[1])


def upgrade(origin: str | None) -> dict[str, str]:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    return headers if origin is None else headers | {"Origin": origin}


# what is right is {} to be filled in; the rest is what a stranger would send
HOSTS = [
    ("127.0.0.1:{port}", True),
    ("localhost:{port}", True),
    ("evil.example:{port}", False),
    ("127.0.0.1", False),
    ("127.0.0.1:1", False),
    ("127.0.0.1.evil.example:{port}", False),
    ("", False),
]
ORIGINS = [
    ("http://127.0.0.1:{port}", True),
    ("http://localhost:{port}", True),
    ("http://evil.example", False),
    ("http://evil.example:{port}", False),
    ("http://127.0.0.1:1", False),
    ("https://127.0.0.1:{port}", False),
    ("null", False),
]
TOKENS = [
    ("?token={token}", True),
    ("", False),
    ("?token=", False),
    ("?token=wrong", False),
    ("?token={token}x", False),
    ("?token=wrong&token={token}", False),
]


def filled(server, text: str) -> str:
    return text.replace("{port}", str(server.port)).replace("{token}", server.token)


@pytest.mark.parametrize(("host", "welcome"), HOSTS)
def test_only_our_own_names_are_answered(server, host, welcome):
    headers = {"Host": filled(server, host)}
    query = f"?token={server.token}"
    assert status_of(server, f"/{query}", headers) == (200 if welcome else 403)
    origin = f"http://127.0.0.1:{server.port}"
    assert status_of(server, f"/ws{query}", headers | upgrade(origin)) == (101 if welcome else 403)


@pytest.mark.parametrize(("origin", "welcome"), ORIGINS)
def test_only_our_own_pages_may_ask(server, origin, welcome):
    host = {"Host": f"127.0.0.1:{server.port}"}
    query = f"?token={server.token}"
    given = filled(server, origin)
    assert status_of(server, f"/{query}", host | {"Origin": given}) == (200 if welcome else 403)
    assert status_of(server, f"/ws{query}", host | upgrade(given)) == (101 if welcome else 403)


@pytest.mark.parametrize(("query", "welcome"), TOKENS)
@pytest.mark.parametrize("path", ["/", "/static/main.js", "/ws", "/download/journal.csv"])
def test_without_the_token_there_is_nothing(server, path, query, welcome):
    headers = {"Host": f"127.0.0.1:{server.port}"}
    good = 200
    if path == "/ws":
        headers |= upgrade(f"http://127.0.0.1:{server.port}")
        good = 101
    assert status_of(server, path + filled(server, query), headers) == (good if welcome else 403)


def test_a_websocket_must_come_from_a_page(server):
    headers = {"Host": f"127.0.0.1:{server.port}"} | upgrade(None)
    assert status_of(server, f"/ws?token={server.token}", headers) == 403


def test_a_cookie_alone_opens_no_websocket(server):
    headers = {"Host": f"127.0.0.1:{server.port}"}
    cookie = {"Cookie": f"pos-page-{server.port}={server.token}"}
    assert status_of(server, "/static/main.js", headers | cookie) == 200
    origin = f"http://127.0.0.1:{server.port}"
    assert status_of(server, "/ws", headers | cookie | upgrade(origin)) == 403


def test_what_would_change_something_needs_an_origin(server):
    headers = {"Host": f"127.0.0.1:{server.port}", "Content-Length": "0"}
    assert status_of(server, f"/?token={server.token}", headers, "POST") == 403


def test_nothing_outside_the_static_folder_is_served(server):
    headers = {"Host": f"127.0.0.1:{server.port}"}
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd"):
        assert status_of(server, f"{path}?token={server.token}", headers) == 404


@pytest.mark.parametrize("asked", ["", "voucher=1", "voucher=1&batch=1", "voucher=-1&batch=x"])
def test_evidence_of_no_voucher_is_none(server, asked):
    headers = {"Host": f"127.0.0.1:{server.port}"}
    path = f"/download/evidence.zip?token={server.token}&{asked}"
    assert status_of(server, path, headers) == 404


def test_each_run_has_its_own_token(server):
    with served() as (_, other):
        assert other.token != server.token
        headers = {"Host": f"127.0.0.1:{other.port}"}
        assert status_of(other, f"/?token={server.token}", headers) == 403


def test_an_address_of_a_lab_is_one_more_name_and_no_more():
    extra = hosts_of("192.0.2.7", 8440) - hosts_of("127.0.0.1", 8440)
    assert extra == {"192.0.2.7:8440"}
    assert "127.0.0.2:8440" in hosts_of("127.0.0.2", 8440)
