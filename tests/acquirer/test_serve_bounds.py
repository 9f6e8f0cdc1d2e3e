"""`pos acquirer serve` under what the line may bring: floods, slow bytes, noise."""

from __future__ import annotations

import contextlib
import resource
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from firmware.acquirer.counts import Counts
from firmware.acquirer.server import Alone, Server
from firmware.acquirer.terminal_line import Limits, Reply
from tests.acquirer.conftest import TERMINAL
from tests.acquirer.serving import LineTerminal, add_terminal, certificate, command, received
from tests.acquirer.serving import Server as Process

FRAME = (30).to_bytes(2, "big") + bytes(30)
QUICK = Limits(connections=4, frame_s=0.2, idle_s=5.0)


class Echo:
    """A server in this process that gives each frame back."""

    def __init__(self, limits: Limits = QUICK, tls: ssl.SSLContext | None = None) -> None:
        self.counts = Counts()
        self.server = Server(
            lambda frames: [Reply((frame,)) for frame in frames],
            self.counts,
            address="127.0.0.1",
            port=0,
            tls=tls,
            limits=limits,
        )
        self.server.start()
        self._stack = contextlib.ExitStack()

    def connect(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        return self._stack.enter_context(line)

    def asked(self, line: socket.socket, frame: bytes = FRAME) -> bytes:
        line.sendall(frame)
        return received(line)

    def close(self) -> None:
        self.server.close()
        self._stack.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def test_a_connection_takes_one_frame_after_the_other(echo: Echo) -> None:
    line = echo.connect()
    assert [echo.asked(line) for _ in range(3)] == [FRAME] * 3
    line.sendall(FRAME + FRAME)
    assert received(line) + received(line) == FRAME + FRAME


def test_a_flood_of_connections_keeps_no_terminal_away(echo: Echo) -> None:
    terminal = echo.connect()
    assert echo.asked(terminal) == FRAME
    flood = [echo.connect() for _ in range(40)]
    assert echo.asked(terminal) == FRAME  # strangers' connections are ended before a terminal's
    assert echo.asked(echo.connect()) == FRAME
    assert echo.counts.connections <= QUICK.connections
    assert echo.counts.refused["ended for another"] >= 36
    ended = 0
    for line in flood:
        line.settimeout(0.05)
        with contextlib.suppress(TimeoutError, ConnectionError):
            ended += line.recv(1) == b""
    assert ended >= 36


def test_slow_bytes_end_their_connection(echo: Echo) -> None:
    slow = echo.connect()
    with contextlib.suppress(ConnectionError):  # each byte in time, and the frame never whole
        for byte in FRAME[:-1]:
            slow.sendall(bytes([byte]))
        assert slow.recv(1) == b""
    assert echo.asked(echo.connect()) == FRAME


@pytest.mark.parametrize("head", [b"\x00\x00", b"\x00\x01", b"\xff\xff", b"\x10\x01", b"GET / HT"])
def test_no_frame_ends_its_connection(echo: Echo, head: bytes) -> None:
    line = echo.connect()
    line.sendall(head)
    with contextlib.suppress(ConnectionError):
        assert line.recv(1) == b""
    assert echo.asked(echo.connect()) == FRAME


def test_who_goes_within_a_frame_stops_nothing(echo: Echo) -> None:
    for size in range(1, len(FRAME), 5):
        with echo.connect() as line:
            line.sendall(FRAME[:size])
    assert echo.asked(echo.connect()) == FRAME


def test_a_handshake_that_never_ends_keeps_no_terminal_away(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    echo = Echo(Limits(connections=2, frame_s=30.0, idle_s=30.0), context)
    known = ssl.create_default_context(cafile=str(chain))
    try:
        for _ in range(6):
            echo.connect()  # and not a word
        for _ in range(3):
            with known.wrap_socket(echo.connect(), server_hostname="127.0.0.1") as line:
                assert echo.asked(line) == FRAME
    finally:
        echo.close()


def test_an_answer_being_made_leaves_before_the_end() -> None:
    counts, begun = Counts(), []

    def answer(frames: Sequence[bytes]) -> list[Reply | Alone]:
        begun.extend(frames)
        return [Reply((frame,), delay_ms=60_000) for frame in frames]  # cut short by the end

    server = Server(answer, counts, address="127.0.0.1", port=0, limits=QUICK)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(FRAME)
        while not begun:
            pass
        server.close()
        assert received(line) == FRAME


@pytest.mark.parametrize("seed", range(2))
def test_noise_never_stops_the_process_or_touches_the_books(tmp_path: Path, seed: int) -> None:
    data, chance = tmp_path / "acquirer", Random(seed)
    till = LineTerminal(add_terminal(data))
    process = Process(data, "--connections", 8)
    try:
        till.sign_on(process)
        frame = till.frame(till.sale(100))
        for _ in range(60):
            noise = bytearray(frame)
            for _ in range(chance.randrange(1, 30)):  # what stands after the terminal's number, too
                noise[chance.randrange(2, len(noise))] = chance.randrange(256)
            cut = noise[: chance.choice((len(noise), chance.randrange(1, len(noise))))]
            with contextlib.suppress(ConnectionError), process.connect() as line:
                line.sendall(bytes(cut))
                line.shutdown(socket.SHUT_WR)
                received(line)
        assert process.spent() == {}
        assert till.ask(process, till.sale(100)).response_code == "14"  # it has no accounts
        assert TERMINAL in process.log.read_text()
        assert "Traceback" not in process.log.read_text()
    finally:
        process.kill()


def test_files_are_allowed_for_as_many_connections_as_are_asked_for(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard > 2_000:
        process = Process(tmp_path / "acquirer", "--connections", 1_900)
        limits = Path(f"/proc/{process.process.pid}/limits").read_text()
        process.kill()
        (files,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
        assert int(files.split()[3]) >= 1_900
    words = command("serve", "--data", tmp_path / "other", "--connections", 1_000)
    done = subprocess.run(
        ["prlimit", "--nofile=900:900", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "the system allows 900 open files" in done.stderr) == (2, True)
