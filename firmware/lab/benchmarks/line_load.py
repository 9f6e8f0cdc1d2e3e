"""Terminals that sell over lines of their own, as fast as their acquirer answers: a process.

`python -m firmware.lab.benchmarks.line_load PORTS TERMINALS SALES FIRST RATE` makes all frames
before it begins to count, and prints one JSON object: the seconds it took, each answer's
milliseconds, how many were no approval, and the processor time that it took itself meanwhile. With
a RATE all terminals together begin so many sales a second, and an answer's time counts from when
its sale was due; with 0 each sells as soon as the sale before is answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable

from firmware.acquirer.accounts import Account
from firmware.acquirer.registry import TerminalRecord
from firmware.core.kinds import Kind
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    CardPresented,
    Control,
    ControlRequest,
    FinancialRequest,
    LineRequest,
)
from firmware.iso8583.unionpay import UnionPay, line_of
from firmware.iso8583.working_keys import unpack_keys
from firmware.lab.issuers import chip_data

MERCHANT = "104110054110001"
TMK, IMK = SecretKey(bytes(range(1, 17))), SecretKey(bytes(range(16)))
CVN, LAYOUT, PIN, PSN, EXPIRY = 0x12, "unionpay", "123456", "01", "9912"
HOST, LENGTH_BYTES = "127.0.0.1", 2


def terminal(number: int) -> TerminalRecord:
    """The terminal of this number, as the acquirer is to know it."""
    return TerminalRecord(number=f"3{number:07d}", merchant=MERCHANT, tmk=TMK)


def account(number: int) -> Account:
    """The account that pays at that terminal, without a limit."""
    return Account(
        name=f"bench {number}",
        pan=Pan(f"621700{number:010d}000"),
        psn=PSN,
        expiry=EXPIRY,
        pin=Pin(PIN),
        balance_minor=None,
        credit_limit_minor=None,
        imk_ac=IMK,
        cvn=CVN,
    )


class Till(asyncio.Protocol):
    """One terminal: its sales as frames, and how long each answer took."""

    def __init__(self, number: int, line: UnionPay) -> None:
        self.record, self.account, self._line = terminal(number), account(number), line
        self.frames: list[bytes] = []
        self.took_ms: list[float] = []
        self.refused = 0
        self._approved = b"00" + self.record.number.encode()  # fields 39 and 41 stand together
        self._gathered = b""
        self._answered: Callable[[bytes], None] | None = None

    async def sign_on(self, port: int) -> None:
        """Connect, and get working keys."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, HOST, port)
        asked = ControlRequest(Control.SIGN_ON, self.record.number, MERCHANT, 1, 1, "01")
        frame = await self._exchange(self._line.request(asked, None))
        answer = self._line.read_answer(frame, asked, None).answer
        self._keys: SessionKeys = unpack_keys(answer.working_keys, TMK).session  # type: ignore[union-attr]

    def make(self, count: int, first: int) -> None:
        """The frames of so many sales, with STANs and the card's counter from `first` on."""
        for number in range(first, first + count):
            asked = _sale(self.record.number, self.account, number)
            self.frames.append(self._line.request(asked, self._keys))

    async def sell(self, due_ns: int, every_ns: int) -> None:
        """One after the other, from `due_ns` on; as soon as it is answered with `every_ns` 0."""
        self._ended = asyncio.get_running_loop().create_future()
        self._left = iter(self.frames)
        self._due_ns, self._every_ns = due_ns, every_ns
        self._answered = self._count
        self._next()
        await self._ended
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._gathered += data
        size = int.from_bytes(self._gathered[:LENGTH_BYTES], "big")
        if len(self._gathered) >= LENGTH_BYTES + size and self._answered is not None:
            answer, self._gathered = self._gathered, b""
            self._answered(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or self._gathered:
            raise ConnectionError(f"{self.record.number}: the server has gone")

    def _next(self) -> None:
        """Send the next frame, when it is due."""
        frame = next(self._left, None)
        if frame is None:
            self._ended.set_result(None)
            return
        self._began_ns = time.perf_counter_ns()
        if not self._every_ns:
            self._transport.write(frame)
            return
        wait_s = max(0, self._due_ns - self._began_ns) / 1e9
        self._began_ns, self._due_ns = self._due_ns, self._due_ns + self._every_ns
        asyncio.get_running_loop().call_later(wait_s, self._transport.write, frame)

    def _count(self, answer: bytes) -> None:
        self.took_ms.append((time.perf_counter_ns() - self._began_ns) / 1e6)
        self.refused += self._approved not in answer
        self._next()

    async def _exchange(self, frame: bytes) -> bytes:
        got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answered = got.set_result
        self._transport.write(frame)
        return await got


def _sale(number: str, payer: Account, stan: int) -> LineRequest:
    paid = Payment(
        kind=Kind.SALE,
        terminal=number,
        merchant=MERCHANT,
        batch=1,
        stan=stan,
        amount=Money(1_000 + stan, CURRENCIES["CNY"]),
        date="",
        time="",
    )
    de55 = chip_data(payer, LAYOUT, paid.amount, stan)
    return FinancialRequest(paid, CardPresented(payer.pan, PSN, EXPIRY, pin=payer.pin, de55=de55))


async def load(
    ports: list[int], terminals: int, sales: int, first: int, rate: int
) -> dict[str, object]:
    """`sales` in all, from `terminals` at once, spread over the servers."""
    line = line_of("unionpay")
    tills = [Till(number, line) for number in range(terminals)]
    for number, till in enumerate(tills):
        await till.sign_on(ports[number % len(ports)])
        till.make(sales // terminals, first)
    began_ns, used_ns = time.perf_counter_ns(), time.process_time_ns()
    every_ns = terminals * 10**9 // rate if rate else 0
    dues = [began_ns + number * every_ns // terminals for number in range(terminals)]
    await asyncio.gather(*(till.sell(due, every_ns) for till, due in zip(tills, dues, strict=True)))
    return {
        "seconds": (time.perf_counter_ns() - began_ns) / 1e9,
        "load_ms": (time.process_time_ns() - used_ns) / 1e6,
        "took_ms": [took for till in tills for took in till.took_ms],
        "refused": sum(till.refused for till in tills),
    }


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[2:6]]
    places = [int(port) for port in sys.argv[1].split(",")]
    print(json.dumps(asyncio.run(load(places, *given))))
