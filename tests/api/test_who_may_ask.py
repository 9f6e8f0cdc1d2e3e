"""Hosts, origins, tokens, scopes, sizes, slow bodies; no secret comes out and no body breaks it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.__main__ import main
from firmware.api import guard
from firmware.api.connections import CONNECTIONS_MAX
from firmware.api.server import hosts_of
from firmware.api.tls import fingerprint, own_certificate
from firmware.api.tokens import Scope, Tokens
from firmware.lab.issuers import tray_books
from tests.api.http import ORDER, PAY, Till
from tests.journal.story import Clock

WAYS = (
    ("PUT", "/v1/payments/a", "pay"),
    ("GET", "/v1/payments/a", "read"),
    ("GET", "/v1/payments", "read"),
    ("POST", "/v1/payments/a/cancel", "pay"),
    ("GET", "/v1/payments/a/receipt", "read"),
    ("POST", "/v1/payments/a/reprint", "pay"),
    ("GET", "/v1/terminal", "read"),
    ("GET", "/v1/totals", "read"),
    ("POST", "/v1/settlements", "settle"),
    ("GET", "/v1/events", "read"),
)


@pytest.mark.parametrize(("method", "path", "scope"), WAYS)
def test_each_way_wants_its_scope(till: Till, method: str, path: str, scope: str) -> None:
    others = [each for each in Scope if each.value != scope]
    token = Tokens(till.directory).add("other", others)
    refused = till.ask(method, path, ORDER, {"Authorization": f"Bearer {token}"})
    assert (refused.status, refused.kind) == (403, "no-scope")
    assert scope in refused.json["detail"]


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", "Basic eDp4", "Bearer " + "é" * 9])
def test_without_a_token_nothing_is_told(till: Till, value: str) -> None:
    sent = {"Authorization": value.encode("latin-1").decode("latin-1")}
    refused = till.ask("GET", "/v1/terminal", headers=sent)
    assert (refused.status, refused.kind) == (401, "no-token")
    assert till.ask("GET", "/v1/terminal").status == 200


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Host": "shop.example"}, "other-host"),
        ({"Host": "127.0.0.1:1"}, "other-host"),
        ({"Host": ""}, "other-host"),
        ({"Origin": "https://elsewhere.example"}, "other-origin"),
        ({"Origin": "null"}, "other-origin"),
    ],
)
def test_other_hosts_and_origins_are_refused(till: Till, headers: Any, kind: str) -> None:
    refused = till.ask("PUT", "/v1/payments/a", ORDER, headers)
    assert (refused.status, refused.kind) == (403, kind)
    assert till.ask("GET", "/v1/payments/a").status == 404


def test_a_page_that_the_settings_name_may_ask(tmp_path: Path) -> None:
    till = Till(tmp_path, api__origins='["https://shop.example"]')
    allowed = till.ask("GET", "/v1/terminal", headers={"Origin": "https://shop.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert (
        till.ask("OPTIONS", "/v1/terminal", headers={"Origin": "https://shop.example"}).status
        == 204
    )
    till.close()


def test_a_body_that_is_too_large_is_not_read(till: Till) -> None:
    refused = till.ask("PUT", "/v1/payments/a", b" " * (guard.BODY_BYTES_MAX + 1))
    assert (refused.status, refused.kind) == (413, "too-large")


@contextmanager
def quick_timers() -> Iterator[None]:
    """Let the timers of every event loop of this process run out fifty times sooner."""
    call_at = asyncio.BaseEventLoop.call_at

    def sooner(
        loop: asyncio.BaseEventLoop, when: float, *call: Any, **context: Any
    ) -> asyncio.TimerHandle:
        now = loop.time()
        return call_at(loop, now + (when - now) / 50, *call, **context)

    with pytest.MonkeyPatch.context() as timers:
        timers.setattr(asyncio.BaseEventLoop, "call_at", sooner)
        yield


def test_a_body_that_does_not_come_is_not_waited_for(till: Till) -> None:
    host, port = till.address
    with quick_timers(), socket.create_connection((host, port), timeout=30) as line:
        head = (
            f"PUT /v1/payments/a HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Authorization: Bearer {till.target.token}\r\nContent-Length: 50\r\n\r\n{{"
        )
        line.sendall(head.encode())
        assert b" 408 " in line.makefile("rb").readline()
    assert till.put("a").status == 201


def is_open(line: socket.socket) -> bool:
    """Whether the other end, which has said nothing, has not closed a connection."""
    line.settimeout(0)
    try:
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_a_flood_of_connections_keeps_nobody_from_selling(till: Till) -> None:
    """Idle ones make room for a till, and never take the files that the journal needs."""
    flood = [socket.create_connection(till.address, timeout=30) for _ in range(300)]
    try:
        for line in flood[::2]:
            line.sendall(b"GET /v1/terminal HTTP/1.1\r\nHost: ")
        assert till.put("a").status == 201
        assert sum(is_open(line) for line in flood) <= CONNECTIONS_MAX
        till.play(PAY + 'expect screen "交易成功"\nremove\nwait 10s')
        till.play("press 5000 ENTER\n" + PAY + 'expect screen "交易成功"\nexpect books balanced')
        assert till.get("a")["state"] == "approved"
    finally:
        for line in flood:
            line.close()


def test_a_head_that_does_not_come_is_not_waited_for(till: Till) -> None:
    for begun in (
        b"",
        b"GET /v1/terminal HT",
        b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\nGE",
    ):
        with quick_timers(), socket.create_connection(till.address, timeout=30) as line:
            line.sendall(begun)
            file = line.makefile("rb")
            try:
                while file.readline():
                    pass
            except ConnectionResetError:
                pass
    assert till.put("a").status == 201


def test_over_tls_the_certificate_is_of_the_names_that_the_terminal_has(tmp_path: Path) -> None:
    """A client that trusts it alone needs no other check to be switched off."""
    till = Till(tmp_path, api__listen="0.0.0.0", api__hosts='["till.example:8443", "192.0.2.7"]')
    trust = ssl.create_default_context(cafile=tmp_path / "api.crt")
    with (
        socket.create_connection(till.address, timeout=30) as raw,
        trust.wrap_socket(raw, server_hostname="127.0.0.1") as line,
    ):
        request = f"GET /v1/terminal HTTP/1.1\r\nHost: 127.0.0.1:{till.address[1]}\r\n"
        head = f"{request}Authorization: Bearer {till.target.token}\r\nConnection: close\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(64).startswith(b"HTTP/1.1 200")
        names = {name for _, name in line.getpeercert()["subjectAltName"]}
        shown = hashlib.sha256(line.getpeercert(binary_form=True)).hexdigest()
    assert {"localhost", "127.0.0.1", "till.example", "192.0.2.7"} <= names
    assert fingerprint(tmp_path / "api.crt").replace(":", "").lower() == shown
    till.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("DELETE", "/v1/payments/a", 405),
        ("GET", "/v1/payments/a%20b", 422),
        ("GET", "/v1/payments/" + "a" * 65, 422),
        ("GET", "/v1/payments/%2e%2e", 404),
        ("GET", "/v1/payments?after=-1", 400),
        ("GET", "/v1/payments/a?wait_s=999", 400),
    ],
)
def test_what_is_not_there_is_said_as_a_problem(
    till: Till, method: str, path: str, status: int
) -> None:
    answer = till.ask(method, path)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/payments/a", "GET, HEAD, PUT"),
        ("POST", "/v1/voids/a", "PUT"),
        ("GET", "/v1/settlements", "POST"),
        ("TRACE", "/nexo", "POST"),
    ],
)
def test_another_method_is_told_which_there_are(
    till: Till, method: str, path: str, allowed: str
) -> None:
    """See RFC 9110, 15.5.6."""
    answer = till.ask(method, path)
    assert (answer.status, answer.kind, answer.headers["Allow"]) == (405, "no-method", allowed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=300),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"amount_minor": JSON, "currency": st.sampled_from(["CNY", "XXX", ""]) | st.text()},
        optional={"reference": JSON, "lines": JSON, "expires_in_s": JSON, "language": JSON},
    ).map(lambda value: json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    till = Till(tmp_path_factory.mktemp("fuzzed"))
    yield till
    till.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES, way=st.sampled_from([each[:2] for each in WAYS if each[1] != "/v1/events"]))
def test_no_body_makes_an_error_of_ours(fuzzed: Till, body: bytes, way: tuple[str, str]) -> None:
    answer = fuzzed.ask(*way, body)
    assert answer.status < 500
    if answer.status >= 400:
        assert answer.json["type"].startswith("urn:pos:problem:")
    fuzzed.ask("POST", "/v1/payments/a/cancel")


def test_no_card_number_pin_or_key_is_in_any_answer(till: Till) -> None:
    till.put("a")
    till.play(PAY + "remove\nwait 10s")
    told = b"".join(
        till.ask("GET", path).raw
        for path in (
            "/v1/payments/a",
            "/v1/payments",
            "/v1/terminal",
            "/v1/totals",
            "/v1/payments/a/receipt",
        )
    ).decode()
    assert not any(account.pan.reveal() in told for account in tray_books())
    assert "123456" not in told
    assert till.target.token not in told


def test_the_openapi_names_every_way_and_every_type(till: Till) -> None:
    bare = till.ask("GET", "/v1/openapi.json", headers={"Authorization": ""})
    document = bare.json
    assert document["openapi"] == "3.1.0"
    named = {(method.upper(), path) for path, ways in document["paths"].items() for method in ways}
    wanted = {(method, path.replace("/a", "/{id}", 1)) for method, path, _ in WAYS}
    assert {(m, p) for m, p in wanted if "{id}" in p} <= named
    references = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                references.add(node["$ref"].rpartition("/")[2])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    assert references <= set(document["components"]["schemas"])
    assert {"PaymentOrder", "PaymentState", "Problem", "Line"} <= references


def test_the_page_of_documents_needs_no_network(till: Till) -> None:
    page = till.ask("GET", "/v1/docs", headers={"Authorization": ""})
    assert page.headers["Content-Type"].startswith("text/html")
    text = page.raw.decode()
    assert "PUT /v1/payments/{id}" in text
    assert not any(word in text for word in ("http://", "https://", "<script", "<link", "src="))


def test_tokens_are_shown_once_and_kept_as_hashes(
    till: Till, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(till.directory)
    assert main(["till", "add", "kiosk", "--may", "pay,read", "--data", data]) == 0
    token = capsys.readouterr().out.strip()
    assert token not in (till.directory / "tills.json").read_text()
    assert (till.directory / "tills.json").stat().st_mode & 0o777 == 0o600
    mine = {"Authorization": f"Bearer {token}"}
    assert till.ask("GET", "/v1/terminal", headers=mine).status == 200
    assert main(["till", "add", "kiosk", "--data", data]) == 1
    assert main(["till", "list", "--data", data]) == 0
    listed = capsys.readouterr().out
    assert "kiosk  pay,read" in listed
    assert token not in listed
    assert main(["till", "remove", "kiosk", "--data", data]) == 0
    assert till.ask("GET", "/v1/terminal", headers=mine).status == 401


def test_the_certificate_is_made_once(tmp_path: Path) -> None:
    now = Clock()()
    key, certificate = own_certificate(tmp_path, "10000001", now)
    print_ = fingerprint(certificate)
    own_certificate(tmp_path, "10000001", now)
    assert fingerprint(certificate) == print_
    assert len(print_.split(":")) == 32
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_host_is_known_by_address_and_by_the_names_in_the_settings() -> None:
    assert hosts_of("192.0.2.7", 80, ("Till.example",)) >= {"192.0.2.7:80", "till.example"}


def test_the_certificate_of_the_api_is_told_at_the_display(tmp_path: Path) -> None:
    till = Till(tmp_path, api__listen="0.0.0.0")
    print_ = fingerprint(tmp_path / "api.crt")
    rows = [print_[at : at + 20] for at in range(0, len(print_), 21)]
    first = " ".join(f'"{row}"' for row in rows[:3])
    last = " ".join(f'"{row}"' for row in rows[3:])
    till.play(f"press MENU 8 5\nexpect screen {first}\npress #\nexpect screen {last}\npress CANCEL")
    till.close()
    assert len(rows) == 5
