"""The TCP link against a small server on the loopback that serves the embedded host."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from firmware.core.clock import SystemClock
from firmware.iso8583.client import HostClient
from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from firmware.iso8583.tcp import TcpLink
from firmware.iso8583.unionpay import embedded_line
from firmware.terminal.assembly import host_link
from firmware.terminal.settings import settings_of
from tests.acquirer import serving

Serve = Callable[..., int]
TPDU = bytes.fromhex(embedded_line(0).frame.tpdu)


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def framed(message: bytes) -> bytes:
    return (len(TPDU) + len(message)).to_bytes(2, "big") + TPDU + message


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server of one behaviour: from a whole frame received to the bytes sent back."""
    running: list[tuple[socket.socket, threading.Thread]] = []

    def start(behave: Callable[[bytes], bytes | None], tls: ssl.SSLContext | None = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))

        def loop() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:  # closed: the test is over
                    return
                if tls is not None:
                    try:
                        line = tls.wrap_socket(line, server_side=True)
                    except OSError:  # the other side wants nothing to do with us
                        continue
                with line:
                    frame = line.recv(2)
                    while len(frame) < 2 + int.from_bytes(frame[:2], "big"):
                        frame += line.recv(4096)
                    answer = behave(frame)
                    if answer is None:
                        line.recv(1)  # says nothing until the other side gives up
                    else:
                        line.sendall(answer)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        running.append((listener, thread))
        return int(listener.getsockname()[1])

    yield start
    for listener, thread in running:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


def link_to(port: int) -> TcpLink:
    return TcpLink("127.0.0.1", port, monotonic_ms=monotonic_ms)


def client_to(port: int, till: Any) -> HostClient:
    return HostClient(link_to(port), lambda: embedded_line(0), lambda: till.host.session)


def test_a_sale_and_its_void_go_over_a_real_socket(till: Any, serve: Serve) -> None:
    port = serve(lambda frame: till.host.exchange(frame, 1_000))
    till.client = client_to(port, till)
    sale = till.sale("debit", 12_850, "123456")
    assert till.code(sale) == "00"
    assert till.code(till.void(sale)) == "00"
    assert till.host.balances()["debit"] == 0


def test_a_frame_goes_as_it_is_and_its_answer_comes_whole(serve: Serve) -> None:
    seen: list[bytes] = []

    def behave(frame: bytes) -> bytes:
        seen.append(frame)
        return framed(b"answer")

    assert link_to(serve(behave)).exchange(framed(b"request"), 1_000) == framed(b"answer")
    assert seen == [bytes.fromhex("000C6000030000") + b"request"]


def test_nobody_listening_is_certainly_not_delivered(till: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    till.client = client_to(port, till)
    assert till.ask(till.sale("debit", 100)) == NoAnswer(NoAnswerReason.NO_LINE)


def test_silence_is_a_time_out_that_may_have_been_delivered(serve: Serve) -> None:
    link = link_to(serve(lambda _frame: None))
    assert link.exchange(framed(b"request"), 50) is None
    assert not link.undelivered


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x00", b"\x00\x20" + TPDU + b"half"],
    ids=["closed", "half a length", "half an answer"],
)
def test_an_answer_that_breaks_off_is_none(serve: Serve, answer: bytes) -> None:
    link = link_to(serve(lambda _frame: answer))
    assert link.exchange(framed(b"request"), 1_000) is None
    assert not link.undelivered


@pytest.mark.parametrize("answer", [b"\x00\x00", b"\x00\x05" + TPDU, b"\xff\xff" + bytes(100)])
def test_a_length_outside_the_agreement_is_garbled_and_not_silence(
    till: Any, serve: Serve, answer: bytes
) -> None:
    till.client = client_to(serve(lambda _frame: answer), till)
    got = till.ask(till.sale("debit", 100))
    assert isinstance(got, NoAnswer)
    assert got.reason is NoAnswerReason.GARBLED


def test_an_answer_in_drops_counts_against_one_deadline() -> None:
    times = itertools.count(0, 400)  # every look at the clock takes 400 ms
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        link = TcpLink("127.0.0.1", port, monotonic_ms=lambda: next(times))
        assert link.exchange(framed(b"request"), 1_000) is None


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    chain, secret = serving.certificate(tmp_path)
    path = tmp_path / "host.pem"
    path.write_bytes(secret.read_bytes() + chain.read_bytes())
    return path


class TestTls:
    def serve(self, serve: Serve, certificate: Path) -> int:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate)
        return serve(lambda _frame: framed(b"answer"), server)

    def test_a_host_with_the_right_certificate_is_spoken_to(
        self, serve: Serve, certificate: Path
    ) -> None:
        tls = ssl.create_default_context(cafile=str(certificate))
        port = self.serve(serve, certificate)
        link = TcpLink("127.0.0.1", port, monotonic_ms=monotonic_ms, tls=tls)
        assert link.exchange(framed(b"request"), 2_000) == framed(b"answer")

    def test_the_settings_name_the_authority(self, serve: Serve, certificate: Path) -> None:
        port = self.serve(serve, certificate)
        path = certificate.with_name("pos.toml")
        path.write_text(
            f'[host]\nkind = "tcp"\naddress = "127.0.0.1"\nport = {port}\n'
            f'tls = true\ntls_ca = "{certificate.name}"\n[printer]\nkind = "none"\n'
        )
        settings = settings_of(path)
        clock, tls = SystemClock(), settings.host_tls()
        link = host_link(settings.config, path.parent, (), clock, tls=tls)
        assert link.exchange(framed(b"request"), 2_000) == framed(b"answer")

    def test_a_host_with_another_certificate_gets_nothing(
        self, serve: Serve, certificate: Path
    ) -> None:
        port = self.serve(serve, certificate)
        tls = ssl.create_default_context()
        link = TcpLink("127.0.0.1", port, monotonic_ms=monotonic_ms, tls=tls)
        assert link.exchange(framed(b"request"), 2_000) is None
        assert link.undelivered


class Dead(socket.socket):
    """A socket whose other end never answers: connecting takes all the time that is given."""

    granted_ms: ClassVar[list[int]] = []

    def connect(self, _where: object) -> None:
        timeout_s = self.gettimeout()
        assert timeout_s is not None
        self.granted_ms.append(round(timeout_s * 1000))
        raise TimeoutError


def test_one_deadline_is_for_all_addresses_of_a_host(monkeypatch):
    """Each had the whole of it: five dead addresses took five times as long."""
    where = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"192.0.2.{n}", 9)) for n in range(1, 6)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: where)
    monkeypatch.setattr(socket, "socket", Dead)
    monkeypatch.setattr(Dead, "granted_ms", granted := [])
    link = TcpLink("host.example", 9, monotonic_ms=lambda: sum(granted))
    assert link.exchange(b"x", 30_000) is None
    assert link.undelivered
    assert granted == [6_000] * 5


def test_an_address_behind_dead_ones_is_reached(serve, monkeypatch):
    port = serve(lambda frame: frame)
    dead = socket.create_server(("127.0.0.1", 0))
    there = dead.getsockname()
    dead.close()  # refused at once
    where = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", at) for at in (there, ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: where)
    link = TcpLink("host.example", port, monotonic_ms=monotonic_ms)
    assert link.exchange(framed(b"hello"), 20_000) == framed(b"hello")


NO_NAMES = ("bank..example.cn", "..", "b" * 300, "bank\0.example.cn")


@pytest.mark.parametrize("name", NO_NAMES)
@pytest.mark.parametrize("tls", [None, ssl.create_default_context()], ids=["plain", "tls"])
def test_what_can_be_no_name_of_a_host_is_no_line(name, tls):
    """A UnicodeError ended the program after the intent was on disk, at every start again."""
    link = TcpLink(name, 9, monotonic_ms=monotonic_ms, tls=tls)
    assert link.exchange(b"x", 1_000) is None
    assert link.undelivered


def test_a_lookup_that_hangs_is_given_up_with_the_time_out_and_not_begun_again(serve, monkeypatch):
    port = serve(lambda frame: frame)
    answers, asked = threading.Event(), []
    where = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    def getaddrinfo(name: str, *_more: object, **_named: object) -> list[tuple[object, ...]]:
        asked.append(name)
        answers.wait()
        return where

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    link = TcpLink("host.example", port, monotonic_ms=monotonic_ms)
    for _ in range(3):
        assert link.exchange(framed(b"hello"), 20) is None
        assert link.undelivered
    assert asked == ["host.example"]
    answers.set()
    assert link.exchange(framed(b"hello"), 20_000) == framed(b"hello")
    assert link.exchange(framed(b"again"), 20_000) == framed(b"again")
    assert asked == ["host.example"] * 2
