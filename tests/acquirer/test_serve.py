"""`pos acquirer serve` in a process of its own: what it books, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.acquirer.opened import AcquirerPlace
from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.masked import Pin
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    CardPresented,
    Control,
    ControlRequest,
    FinancialRequest,
    LineRequest,
    ReversalRequest,
    SettlementRequest,
)
from firmware.iso8583.profile import Profile
from firmware.iso8583.unionpay import UnionPay
from firmware.iso8583.working_keys import master_of, unpack_keys
from tests.acquirer.conftest import ACCOUNTS, MERCHANT, TERMINAL, ChipCard
from tests.payment import on_the_line, yuan

LINE = UnionPay(Profile.shipped("unionpay"))
DEBIT = ACCOUNTS[0]
ROOT = Path(__file__).parents[2]


def command(*words: object) -> list[str]:
    return [sys.executable, "-P", "-m", "firmware", "acquirer", *map(str, words)]


class Serving:
    """The server's process over a data directory, and a terminal that talks to it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.keys: SessionKeys | None = None
        self.card = ChipCard(DEBIT)
        self.stan = 0
        added = subprocess.run(
            command("terminal", "add", TERMINAL, "--merchant", MERCHANT, "--json", "--data", data),
            check=True, capture_output=True, cwd=ROOT,
        )  # fmt: skip
        parts = json.loads(added.stdout)
        self.tmk = master_of(*(bytes.fromhex(parts[f"component_{n}"]) for n in (1, 2)))
        registry, close = AcquirerPlace(data).registry()
        registry.put_account(DEBIT)
        close()
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            command("serve", "--port", 0, "--data", self.data),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        self.port = int(ready.rpartition(":")[2])

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def raw(self, frame: bytes, *, wait_s: float = 10.0) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as line:
            line.sendall(frame)
            head = line.recv(2)
            got = b""
            while head and len(got) < int.from_bytes(head, "big"):
                got += line.recv(4096)
            return head + got

    def ask(self, request: LineRequest) -> Answered:
        frame = self.raw(LINE.request(request, self.keys))
        answer = LINE.read_answer(frame, request, self.keys).answer
        assert isinstance(answer, Answered), answer
        return answer

    def sign_on(self) -> None:
        self.stan += 1
        request = ControlRequest(Control.SIGN_ON, TERMINAL, MERCHANT, 1, self.stan, "01")
        self.keys = unpack_keys(self.ask(request).working_keys, self.tmk).session

    def sale(self, minor: int) -> FinancialRequest:
        self.stan += 1
        paid = on_the_line(stan=self.stan, amount=yuan(minor), date="", time="", operator="")
        de55 = self.card.de55(minor)
        card = CardPresented(DEBIT.pan, DEBIT.psn, DEBIT.expiry, pin=Pin("123456"), de55=de55)
        return FinancialRequest(paid, card)

    def void(self, sale: FinancialRequest, reference: str, minor: int) -> FinancialRequest:
        self.stan += 1
        named = OriginalRef(
            batch=1, stan=sale.payment.stan, reference=reference, date="", amount_minor=0
        )
        paid = on_the_line(
            kind=Kind.VOID, stan=self.stan, amount=yuan(minor), date="", time="", operator="",
            original=named,
        )  # fmt: skip
        return FinancialRequest(paid, CardPresented(DEBIT.pan, DEBIT.psn, DEBIT.expiry))

    def booked(self) -> dict[str, int]:
        """What the debit account has spent, by the books on the disk."""
        desks = AcquirerPlace(self.data).desks(lambda: datetime(2026, 1, 1, tzinfo=UTC))
        with desks.taken() as desk:
            found = desk.books.spent()
        desks.close()
        return found

    @property
    def spent(self) -> int:
        return sum(self.booked().values())


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    made = Serving(tmp_path / "acquirer")
    yield made
    made.process.kill()
    made.process.communicate()


def test_a_terminal_signs_on_sells_voids_reverses_and_settles(serving: Serving) -> None:
    serving.sign_on()
    sale = serving.sale(12_850)
    answer = serving.ask(sale)
    assert (answer.response_code, len(answer.reference), len(answer.time)) == ("00", 12, 6)
    assert serving.ask(sale) == answer  # asked again: the same answer, and nothing more is booked
    other = serving.sale(500)
    assert serving.ask(other).response_code == "00"
    back = ReversalRequest(other.payment, "", "", "98", "", None)
    assert serving.ask(back).response_code == "00"
    assert serving.ask(back).response_code == "00"
    third = serving.sale(700)
    void = serving.void(third, serving.ask(third).reference, 700)
    assert serving.ask(void).response_code == "00"
    settle = SettlementRequest(
        terminal=TERMINAL, merchant=MERCHANT, batch=1, stan=90, currency=yuan(1).currency,
        totals=Totals(
            sales=2, sales_minor=13_550, voids=1, voids_minor=700
        ), date="", time="",
    )  # fmt: skip
    assert serving.ask(settle).balanced is True
    assert serving.spent == 12_850


def test_before_a_sign_on_nothing_is_taken(serving: Serving) -> None:
    serving.keys = SessionKeys(mac=DEBIT.imk_ac, pin=DEBIT.imk_ac)
    read = LINE.read_answer(
        serving.raw(LINE.request(request := serving.sale(100), serving.keys)), request, serving.keys
    )
    assert read.sign_on
    assert serving.spent == 0


def test_killed_after_the_booking_a_sale_asked_again_is_booked_once(serving: Serving) -> None:
    serving.sign_on()
    (serving.data / "rules.toml").write_text('[[rule]]\ndoes = "delay"\nms = 600000\ntype = "0200"')
    sale = serving.sale(4_200)
    with socket.create_connection(("127.0.0.1", serving.port), timeout=10) as line:
        line.sendall(LINE.request(sale, serving.keys))
        while serving.spent == 0:  # booked, and the answer is kept back
            pass
        serving.kill()
    (serving.data / "rules.toml").unlink()
    serving.start()
    assert serving.ask(sale).response_code == "00"
    assert serving.spent == 4_200


Change = Callable[[bytes], bytes]
MIDDLE: dict[str, Change] = {
    "flipped amount": lambda frame: frame[:40] + bytes([frame[40] ^ 1]) + frame[41:],
    "flipped MAC": lambda frame: frame[:-1] + bytes([frame[-1] ^ 1]),
    "other terminal": lambda frame: frame.replace(TERMINAL.encode(), b"10000002"),
    "wrong TPDU": lambda frame: frame[:2] + b"\x61" + frame[3:],
    "wrong header": lambda frame: frame[:7] + b"\x61" + frame[8:],
    "nothing in it": lambda frame: frame[:2] + bytes(len(frame) - 2),
    "oversized": lambda frame: b"\xff\xff" + frame[2:],
    "undersized": lambda frame: b"\x00\x01" + frame[2:],
}


@pytest.mark.parametrize("change", MIDDLE)
def test_a_man_in_the_middle_books_nothing(serving: Serving, change: str) -> None:
    serving.sign_on()
    sale = serving.sale(100)
    frame = LINE.request(sale, serving.keys)
    changed = MIDDLE[change](frame)
    assert changed != frame
    try:
        got = serving.raw(changed, wait_s=0.5)
    except (TimeoutError, ConnectionError):
        got = b""
    if got:
        read: Any = LINE.read_answer(got, sale, serving.keys)
        assert not isinstance(read.answer, Answered) or read.answer.response_code != "00"
    assert serving.spent == 0
    assert serving.ask(serving.sale(300)).response_code == "00"  # and it goes on
