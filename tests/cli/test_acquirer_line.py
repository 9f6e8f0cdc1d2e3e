"""`pos key` and `pos acquirer echo`: an acquirer's line set up by hand, and tried."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.core.masked import SecretKey
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.tcp import TcpLink
from firmware.journal.keys import TerminalKeys
from tests.acquirer.line_acquirer import LineAcquirer, des

FIRST, SECOND = "0123456789ABCDEF" * 2, "00112233445566778899AABBCCDDEEFF"
MASTER = bytes(a ^ b for a, b in zip(bytes.fromhex(FIRST), bytes.fromhex(SECOND), strict=True))
CHECK = des(MASTER, bytes(8))[:4].hex().upper()
Serve = Callable[[Callable[[bytes], bytes | None]], int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    TerminalKeys.load_or_create(tmp_path / "data")
    return tmp_path / "data"


def load(monkeypatch: pytest.MonkeyPatch, data: Path, text: str, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return main(["key", "load", "--data", str(data), *words])


def stored(data: Path) -> SecretKey | None:
    return KeyStore(data / ACQUIRER_KEYS, TerminalKeys.load(data).card).master


class TestLoad:
    def test_two_components_make_the_key_and_its_check_value_is_shown(
        self, monkeypatch, data, pos, capsys
    ):
        assert load(monkeypatch, data, f"{FIRST}\n{SECOND}\n", "--check", CHECK) == 0
        said = capsys.readouterr()
        assert f"check value {CHECK}" in said.out
        assert FIRST not in said.out + said.err
        assert stored(data) == SecretKey(MASTER)
        assert f"master key   check value {CHECK}" in pos("key", "show", "--data", data).done()

    @pytest.mark.parametrize(
        ("text", "check", "words"),
        [
            (f"{FIRST}\n{SECOND}\n", "00000000", f"the check value is {CHECK}, not 00000000"),
            (f"{FIRST}\n{SECOND}\n", "xyz", "--check: expected 4 to 8"),
            (f"{FIRST}\n{SECOND[:-2]}\n", CHECK, "component 2: expected 32"),
            (f"{FIRST}x\n{SECOND}\n", CHECK, "component 1: expected 32"),
            (f"{FIRST}\n{FIRST}\n", CHECK, "single-length"),
            ("", CHECK, "component 1: expected 32"),
        ],
    )
    def test_a_mistake_changes_nothing(  # noqa: PLR0917 - fixtures
        self, monkeypatch, data, capsys, text, check, words
    ):
        assert load(monkeypatch, data, text, "--check", check) != 0
        assert words in capsys.readouterr().err
        assert stored(data) is None

    def test_without_anybody_there_a_check_value_is_needed(self, monkeypatch, data, capsys):
        assert load(monkeypatch, data, f"{FIRST}\n{SECOND}\n") == 2
        assert "--check: expected" in capsys.readouterr().err

    @pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1), ("", 1)])
    def test_at_a_terminal_nothing_is_echoed_and_a_person_compares(
        self, monkeypatch, data, answer, code
    ):
        components = iter((FIRST, SECOND))
        terminal = io.StringIO(f"{answer}\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("getpass.getpass", lambda _prompt: next(components))
        assert main(["key", "load", "--data", str(data)]) == code
        assert stored(data) == (SecretKey(MASTER) if code == 0 else None)

    def test_input_that_ends_at_the_question_changes_nothing(self, monkeypatch, data, pos):
        """It was a traceback: Ctrl-D instead of an answer."""
        components = iter((FIRST, SECOND))
        terminal = io.StringIO()
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("getpass.getpass", lambda _prompt: next(components))
        ended = pos("key", "load", "--data", data)
        assert ended.code == 1
        assert "the input ended before all was answered" in ended.err
        assert stored(data) is None

    def test_a_directory_that_is_none_is_refused(self, tmp_path, pos):
        refusal = pos("key", "show", "--data", tmp_path / "none").refusal(2)
        assert "no data directory" in refusal


@pytest.fixture
def dialled() -> list[socket.socket]:
    """The server's end of each connection that was made."""
    return []


@pytest.fixture
def serve(dialled: list[socket.socket]) -> Iterator[Serve]:
    """A server that answers each frame and keeps its connections open."""
    listeners: list[socket.socket] = []

    def start(behave: Callable[[bytes], bytes | None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_serve, args=(listener, behave, dialled), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(
    listener: socket.socket,
    behave: Callable[[bytes], bytes | None],
    dialled: list[socket.socket],
) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        dialled.append(line)
        with line:
            while frame := line.recv(4096):
                answer = behave(frame)
                if answer is None:
                    break
                line.sendall(answer)
                if answer == b"\x00\x00":
                    break


def settings(tmp_path: Path, port: int, acquirer: str = "") -> str:
    path = tmp_path / "pos.toml"
    path.write_text(
        f'[host]\nkind = "acquirer"\naddress = "127.0.0.1"\nport = {port}\ntimeout_s = 1\n'
        f'[printer]\nkind = "none"\n[acquirer]\n{acquirer}\n'
    )
    return str(path)


class TestEcho:
    def test_an_acquirer_that_is_there_answers(self, tmp_path, serve, pos):
        acquirer = LineAcquirer()
        config = settings(tmp_path, serve(lambda frame: acquirer.exchange(frame, 0)))
        assert "answered 00 in" in pos("acquirer", "echo", "--config", config).done()
        assert acquirer.types() == ["0820"]

    def test_silence_names_line_tpdu_and_header(self, tmp_path, serve, capsys):
        config = settings(tmp_path, serve(lambda _frame: None), 'tpdu = "6000120000"')
        assert main(["acquirer", "echo", "--config", config]) == 1
        said = capsys.readouterr().err
        assert "the line may be cut" in said
        assert "the TPDU may be wrong: 6000120000 (acquirer.tpdu)" in said
        assert "the header may be wrong: 603100311003 (acquirer.header)" in said

    def test_nobody_there_is_told_from_silence(self, tmp_path, pos):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        refusal = pos("acquirer", "echo", "--config", settings(tmp_path, port)).refusal(1)
        assert "no line: address, port or TLS" in refusal

    def test_an_embedded_acquirer_has_no_line(self, tmp_path, pos):
        path = tmp_path / "pos.toml"
        path.write_text('[printer]\nkind = "none"\n')
        assert 'expected "acquirer"' in pos("acquirer", "echo", "--config", path).refusal(2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('profile = "visa"', "acquirer.profile: visa: expected unionpay or embedded, or a file"),
        ('profile = "none.toml"', "acquirer.profile: "),
        ('tpdu = "60"', "acquirer.tpdu: "),
        ('header = "zz"', "acquirer.header: "),
        ("[batch]\nfull_at = 1000", "batch.full_at: expected at most 999"),
    ],
)
def test_a_mistake_in_the_lines_settings_is_named(tmp_path, pos, text, words):
    assert words in pos("config", "check", settings(tmp_path, 1, text)).refusal(2)


def test_the_lines_settings_do_nothing_with_another_host(tmp_path, pos):
    path = tmp_path / "pos.toml"
    path.write_text('[acquirer]\ntpdu = "6000120000"\n[printer]\nkind = "none"\n')
    said = pos("config", "check", path).done()
    assert "acquirer.tpdu: has no effect without host.kind" in said


class TestTcpLink:
    def link(self, port: int, *, keep: bool) -> TcpLink:
        return TcpLink("127.0.0.1", port, monotonic_ms=lambda: 0, keep=keep)

    @pytest.mark.parametrize(("keep", "dials"), [(True, 1), (False, 3)])
    def test_a_connection_is_kept_or_not(self, serve, dialled, keep, dials):
        link = self.link(serve(lambda frame: frame), keep=keep)
        frame = b"\x00\x06" + b"abcdef"
        assert [link.exchange(frame, 5_000) for _ in range(3)] == [frame] * 3
        assert len(dialled) == dials
        link.close()

    @pytest.mark.parametrize(
        ("came", "got"),
        [
            (b"", None),
            (b"\x00", None),
            (b"\x00\x06abc", None),  # half a frame
            (b"\x00\x00", b"\x00\x00"),  # lengths of no frame: garbled, which is no silence
            (b"\xff\xff", b"\xff\xff"),
        ],
        ids=["nothing", "a byte", "half", "undersized", "oversized"],
    )
    def test_what_is_no_answer_is_none_and_its_connection_is_not_kept(
        self, serve, dialled, came, got
    ):
        link = self.link(serve(lambda _frame: came), keep=True)
        assert link.exchange(b"\x00\x06abcdef", 1_000) == got
        link.exchange(b"\x00\x06abcdef", 500)
        assert len(dialled) == 2

    def test_a_kept_connection_that_the_other_end_closed_is_dialled_anew(self, serve, dialled):
        link = self.link(serve(lambda frame: frame), keep=True)
        frame = b"\x00\x06" + b"abcdef"
        assert link.exchange(frame, 5_000) == frame
        dialled[0].shutdown(socket.SHUT_RDWR)
        assert link.exchange(frame, 5_000) == frame
        link.close()
