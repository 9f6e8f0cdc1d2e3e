"""`pos acquirer serve` in a process of its own: what it books, whatever happens."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.acquirer.accounts import AccountStatus
from firmware.core.clock import SystemClock
from firmware.core.masked import Pan
from firmware.iso8583.frame import pack_frame, unpack_frame
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import Answered, Control, NoAnswer, ReversalRequest
from firmware.lab.postgres import Cluster
from tests.acquirer.conftest import TERMINAL, ChipCard
from tests.acquirer.serving import (
    DEBIT,
    LINE,
    ROOT,
    LineTerminal,
    Server,
    add_terminal,
    certificate,
    command,
    received,
    said,
)

OTHER = "10000002"


class Serving(Server):
    """A server, and a terminal that it knows."""

    def __init__(self, data: Path, *words: object, books: str = "", **more: Any) -> None:
        self.terminal = LineTerminal(add_terminal(data, books))
        super().__init__(data, *words, books=books, **more)
        self.put(DEBIT)

    @property
    def all_spent(self) -> int:
        return sum(self.spent().values())


@pytest.fixture
def serving(tmp_path: Path, url: str) -> Iterator[Serving]:
    with Serving(tmp_path / "acquirer", books=url) as made:
        yield made


def test_a_terminal_signs_on_sells_voids_reverses_and_settles(serving: Serving) -> None:
    till = serving.terminal
    till.sign_on(serving)
    sale = till.sale(12_850)
    answer = till.ask(serving, sale)
    assert (answer.response_code, len(answer.reference), len(answer.time)) == ("00", 12, 6)
    assert till.ask(serving, sale) == answer  # asked again: the same answer, and booked once
    other = till.sale(500)
    assert till.ask(serving, other).response_code == "00"
    back = ReversalRequest(other.payment, "", "", "98", "", None)
    assert till.ask(serving, back).response_code == "00"
    assert till.ask(serving, back).response_code == "00"
    third = till.sale(700)
    void = till.void(third, till.ask(serving, third).reference, 700)
    assert till.ask(serving, void).response_code == "00"
    settle = till.settlement(sales=2, sales_minor=13_550, voids=1, voids_minor=700)
    assert till.ask(serving, settle).balanced is True
    assert serving.all_spent == 12_850


def test_before_a_sign_on_nothing_is_taken(serving: Serving) -> None:
    till = serving.terminal
    till.keys = SessionKeys(mac=DEBIT.imk_ac, pin=DEBIT.imk_ac)
    sale = till.sale(100)
    assert till.read(serving.raw(till.frame(sale)), sale).sign_on
    till.sign_on(serving)
    assert till.ask(serving, till.control(Control.SIGN_OFF)).response_code == "00"
    assert till.read(serving.raw(till.frame(sale)), sale).sign_on
    assert serving.all_spent == 0


def test_killed_after_the_booking_a_sale_asked_again_is_booked_once(serving: Serving) -> None:
    till = serving.terminal
    till.sign_on(serving)
    rule = (serving.data / "rules.toml").write_text
    rule('[[rule]]\ndoes = "delay"\nms = 600000\ntype = "0200"')
    sale = till.sale(4_200)
    with serving.connect() as line:
        line.sendall(till.frame(sale))
        while serving.all_spent == 0:  # booked, and the answer is kept back
            pass
        serving.kill()
    rule("")
    serving.start()
    assert till.ask(serving, sale).response_code == "00"
    assert serving.all_spent == 4_200


def test_what_another_terminal_sold_is_refunded_by_its_reference(
    serving: Serving, url: str
) -> None:
    till = serving.terminal
    other = LineTerminal(add_terminal(serving.data, url, OTHER), OTHER, card=till.card)
    till.sign_on(serving)
    other.sign_on(serving)
    sold = till.ask(serving, till.sale(1_000)).reference
    assert other.ask(serving, other.refund(sold, 600)).response_code == "00"
    assert other.ask(serving, other.refund(sold, 401)).response_code == "64"
    assert other.ask(serving, other.refund("999999999999", 1)).response_code == "25"
    today = SystemClock().now().date()
    for days, code in ((-2, "25"), (2, "25"), (-1, "00"), (1, "00"), (0, "00")):
        day = (today + timedelta(days=days)).strftime("%Y%m%d")
        assert till.ask(serving, till.refund(sold, 100, date=day)).response_code == code, days
    assert till.ask(serving, till.refund(sold, 100)).response_code == "00"
    assert till.ask(serving, till.refund(sold, 1)).response_code == "64"
    assert serving.all_spent == 0


def test_accounts_and_terminals_change_while_it_runs(serving: Serving, url: str) -> None:
    till = serving.terminal
    place = ("--data", serving.data, *(("--books", url) if url else ()))
    till.sign_on(serving)
    stranger = ChipCard(replace(DEBIT, name="stranger", pan=Pan("6217000012345679008")))
    till.card = stranger
    assert till.ask(serving, till.sale(100)).response_code == "14"
    serving.put(stranger.account)
    assert till.ask(serving, till.sale(100)).response_code == "00"
    said("account", "block", "stranger", *place)
    assert till.ask(serving, till.sale(100)).response_code == "62"
    assert f"stranger …9008 {AccountStatus.BLOCKED.value}" in said("account", "list", *place)
    assert said("terminal", "list", *place).split()[0] == TERMINAL
    said("terminal", "remove", TERMINAL, *place)
    sale = till.sale(100)
    # its keys are gone, too: there is nothing to seal an answer with
    assert isinstance(till.read(serving.raw(till.frame(sale)), sale).answer, NoAnswer)
    assert till.ask(serving, till.control(Control.ECHO)).response_code == "97"
    assert said("terminal", "list", *place) == ""


def test_several_servers_have_one_database(postgres: Cluster, tmp_path: Path) -> None:
    books = postgres.database(str(tmp_path))
    data = tmp_path / "acquirer"
    with Serving(data, books=books) as first, Server(data, books=books) as second:
        till = first.terminal
        till.sign_on(first)
        sale = till.sale(900)
        answer = till.ask(second, sale)
        assert till.ask(first, sale) == answer  # asked again at the other: booked once
        first.kill()
        void = till.void(sale, answer.reference, 900)
        assert till.ask(second, void).response_code == "00"
        assert first.all_spent == 0


def test_one_server_has_a_sqlite_file(tmp_path: Path) -> None:
    with (
        Serving(tmp_path / "acquirer"),
        pytest.raises(AssertionError, match="another server has these books"),
    ):
        Server(tmp_path / "acquirer")


def test_a_database_that_is_restarted_costs_no_answer(postgres: Cluster, tmp_path: Path) -> None:
    with Serving(tmp_path / "acquirer", books=postgres.database(str(tmp_path))) as serving:
        till = serving.terminal
        till.sign_on(serving)
        assert till.ask(serving, till.sale(100)).response_code == "00"
        postgres.stop()
        unheard = till.sale(200)
        assert not heard(serving, till.frame(unheard))
        postgres.start()
        assert till.ask(serving, till.sale(300)).response_code == "00"
        postgres.stop()
        postgres.start()
        assert till.ask(serving, till.sale(400)).response_code == "00"
        assert serving.all_spent == 800


def test_over_tls_a_terminal_knows_whom_it_talks_to(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    known = ssl.create_default_context(cafile=str(chain))
    words = ("--tls-cert", chain, "--tls-key", key)
    with Serving(tmp_path / "acquirer", *words, tls=known) as serving:
        till = serving.terminal
        till.sign_on(serving)
        assert till.ask(serving, till.sale(100)).response_code == "00"
        serving.tls = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            serving.connect()
        serving.tls = None  # in clear there is no answer
        assert not heard(serving, till.frame(till.sale(100)))
        serving.tls = known
        assert till.ask(serving, till.sale(100)).response_code == "00"
        assert serving.all_spent == 200


def heard(serving: Server, frame: bytes, wait_s: float = 1.0) -> bytes:
    """What comes back of a frame, if anything does."""
    try:
        return serving.raw(frame, wait_s=wait_s)
    except (TimeoutError, ConnectionError):
        return b""


def with_field(number: str, value: Callable[[str], str]) -> Change:
    """Another value in a field, all lengths right, and the MAC of before."""

    def change(frame: bytes) -> bytes:
        parts, codec = unpack_frame(frame, LINE.frame), LINE.profile.codec()
        fields = codec.unpack(parts.message)
        fields[number] = value(fields[number])
        return pack_frame(codec.pack(fields), LINE.frame)

    return change


Change = Callable[[bytes], bytes]
MIDDLE: dict[str, Change] = {
    "flipped amount": lambda frame: frame[:40] + bytes([frame[40] ^ 1]) + frame[41:],
    "flipped MAC": lambda frame: frame[:-1] + bytes([frame[-1] ^ 1]),
    "other terminal": lambda frame: frame.replace(TERMINAL.encode(), OTHER.encode()),
    "other STAN": with_field("11", lambda stan: f"{int(stan) + 500:06d}"),
    "other batch": with_field("60", lambda text: f"{text[:2]}000009{text[8:]}"),
    "other amount": with_field("4", lambda _: f"{1:012d}"),
    "a void": with_field("3", lambda _: "200000"),
    "wrong TPDU": lambda frame: frame[:2] + b"\x61" + frame[3:],
    "wrong header": lambda frame: frame[:7] + b"\x61" + frame[8:],
    "nothing in it": lambda frame: frame[:2] + bytes(len(frame) - 2),
    "oversized": lambda frame: b"\xff\xff" + frame[2:],
    "undersized": lambda frame: b"\x00\x01" + frame[2:],
    "half": lambda frame: frame[: len(frame) // 2],
}


def test_a_man_in_the_middle_books_nothing(serving: Serving, url: str) -> None:
    till = serving.terminal
    till.sign_on(serving)
    other = LineTerminal(add_terminal(serving.data, url, OTHER), OTHER)
    other.sign_on(serving)
    for change, spoilt in MIDDLE.items():
        sale = till.sale(100)
        frame = till.frame(sale)
        changed = spoilt(frame)
        assert changed != frame, change
        if got := heard(serving, changed, wait_s=0.3):
            answer: Any = till.read(got, sale).answer
            assert not isinstance(answer, Answered) or not answer.is_approval, change
        assert serving.all_spent == 0, change
    assert till.ask(serving, till.sale(300)).response_code == "00"  # and it goes on


@pytest.mark.parametrize("seed", range(3))
def test_whatever_bit_is_flipped_no_other_sale_is_booked(tmp_path: Path, seed: int) -> None:
    with Serving(tmp_path / "acquirer") as serving:
        till, chance = serving.terminal, Random(seed)
        till.sign_on(serving)
        frame = till.frame(till.sale(100))
        for _ in range(60):
            at = chance.randrange(2, len(frame))
            flipped = frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]
            heard(serving, flipped, wait_s=0.2)
        booked = serving.all_spent
        assert booked in (0, 100)  # TPDU and header are outside of the MAC, and change no payment
        replayed = [serving.raw(frame) for _ in range(5)]
        assert len(set(replayed)) == 1
        assert serving.all_spent == 100


def test_sent_twice_at_once_it_is_booked_once(serving: Serving) -> None:
    till = serving.terminal
    till.sign_on(serving)
    frame = till.frame(till.sale(100))
    lines = [serving.connect() for _ in range(8)]
    for line in lines:
        line.sendall(frame)
    answers = {received(line) for line in lines}
    for line in lines:
        line.close()
    assert len({answer[-8:] for answer in answers}) <= 2  # MACs: the acquirer's clock is in them
    assert serving.all_spent == 100


@pytest.mark.parametrize(
    ("words", "said_so"),
    [
        (("--port", "99999"), "a port from 0 to 65535"),
        (("--port", "x"), "a port from 0 to 65535"),
        (("--metrics", "x"), "a port from 0 to 65535"),
        (("--connections", "0"), "a number from 1 to 10000"),
        (("--connections", "1e9"), "a number from 1 to 10000"),
        (("--listen", "no such place"), "no such place:"),
        (("--tls-key", "none.pem"), "--tls-key goes with --tls-cert"),
        (("--tls-cert", "none.pem"), "none.pem: No such file"),
        (("--rules", "none.toml"), "--rules: none.toml: No such file"),
        (("--rules", "/dev/null"), "--rules: /dev/null: is not a regular file"),
        (("--rules", "."), "--rules: .: is not a regular file"),
        (("--rules", "README.md"), "README.md: Expected '=' after a key"),
        (("--profile", "visa"), "visa: expected unionpay"),
        (
            ("--books", "postgresql://u:secret@192.0.2.9/x?sslmode=disable"),
            "--books: 192.0.2.9: expected sslmode=verify-full, or --books-plain",
        ),
        (("--books", "mysql://x"), "--books: expected postgresql://"),
        (("--books", "postgresql://127.0.0.1:1/pos?connect_timeout=2"), "refused"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(
    tmp_path: Path, words: tuple[str, ...], said_so: str
) -> None:
    asked = command("serve", "--port", 0, "--data", tmp_path / "data", *words)
    told = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.returncode in (1, 2)
    assert said_so in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert told.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        ("account", "list"),
        ("account", "block", "anna"),
        ("terminal", "list"),
        ("terminal", "remove", "10000001"),
        ("report",),
    ],
    ids=" ".join,
)
def test_what_only_looks_makes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    asked = command(*words, "--data", tmp_path / "typo")
    told = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.returncode == 1
    assert told.stderr == f"pos: {tmp_path / 'typo'}: no acquirer's data are there\n"
    assert not (tmp_path / "typo").exists()
