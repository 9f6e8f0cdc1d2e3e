"""Many terminals at once, each over a line of its own: sales, then more refunds than were paid."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

from firmware.acquirer.booking import Booking, Standing
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.registry import TerminalRecord
from firmware.core.kinds import Kind
from firmware.core.masked import SecretKey
from firmware.iso8583.messages import Answered, FinancialRequest, ReversalRequest
from tests.acquirer.conftest import MERCHANT, ChipCard, account
from tests.acquirer.serving import LineTerminal, Server, received

MASTER = SecretKey(bytes(range(1, 17)))
PAID = 1_000  # minor units of each sale
ANSWER_S = 30.0
# several, so that requests of one commit rest on each other here and not there
BUYERS = [account(f"buyer {n}", f"621700001234569{n:04d}", balance_minor=None) for n in range(20)]
PRINTED_EVERY_S = 5.0


class Line:
    """One terminal and its kept connection to one of the servers; the next one when it fails."""

    def __init__(self, number: str, servers: Sequence[Server]) -> None:
        self.terminal = LineTerminal(MASTER, number)
        self._servers = list(servers)
        self._line: socket.socket | None = None

    def ask(self, request: FinancialRequest | ReversalRequest) -> str:
        """The response code; "" when no answer came."""
        frame = self.terminal.frame(request)
        try:
            if self._line is None:
                self._line = self._servers[0].connect(ANSWER_S)
            self._line.sendall(frame)
            self.answer = self.terminal.read(received(self._line), request).answer
        except OSError:
            self.close()
            self._servers.append(self._servers.pop(0))
            return ""
        if isinstance(self.answer, Answered):
            return self.answer.response_code
        self.close()
        return ""

    def sign_on(self) -> None:
        self.terminal.sign_on(self._servers[0])

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(OSError):
                line.close()


class Crowd:
    """`count` lines to `servers`, which have the books of `place`."""

    def __init__(self, place: AcquirerPlace, servers: list[Server], count: int) -> None:
        registry, close = place.registry()
        for buyer in BUYERS:
            registry.put_account(buyer)
        numbers = [f"2{number:07d}" for number in range(count)]
        for number in numbers:
            registry.put_terminal(TerminalRecord(number=number, merchant=MERCHANT, tmk=MASTER))
        close()
        self._place = place
        order = [servers[n % len(servers) :] + servers[: n % len(servers)] for n in range(count)]
        self.lines = [Line(number, own) for number, own in zip(numbers, order, strict=True)]
        self.cards = [ChipCard(buyer) for buyer in BUYERS]
        self.sold: list[tuple[str, ChipCard]] = []  # references, and who paid
        self.acknowledged: set[tuple[str, int]] = set()  # terminal and STAN that stand
        self.codes: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def sign_on(self) -> None:
        for line in self.lines:
            line.sign_on()

    def sell(self, count: int) -> None:
        """So many sales of PAID, from all lines at once."""

        def one(line: Line, number: int) -> None:
            line.terminal.card = self.cards[number % len(self.cards)]
            with self._lock:  # a card counts its cryptograms
                sale = line.terminal.sale(PAID)
            self._note(line, sale, line.ask(sale))

        self._each(count, one)

    def refund(self, count: int, seed: int, meanwhile: Callable[[int], None] | None = None) -> None:
        """So many attempts, each of a part of any of the sales; those without answer reversed."""

        def one(line: Line, number: int) -> None:
            chance = Random(f"{seed}|{number}")
            reference, line.terminal.card = chance.choice(self.sold)
            back = line.terminal.refund(reference, chance.randrange(1, PAID + 1))
            if meanwhile is not None:
                meanwhile(number)
            self._note(line, back, line.ask(back))

        self._each(count, one)

    def close(self) -> None:
        for line in self.lines:
            line.close()

    def broken(self) -> list[str]:
        """What does not hold of the books now."""
        books, _, close = self._place.to_read()
        entries = {(each.terminal, each.stan): each for each in books.entries()}
        spent = sum(books.spent().values())
        close()
        standing = [each for each in entries.values() if each.state is Standing.STANDING]
        found = [
            f"acknowledged and lost: {place}"
            for place in self.acknowledged
            if (entry := entries.get(place)) is None or entry.state is not Standing.STANDING
        ]
        found += _over(standing)
        sums = sum(each.spends_minor for each in standing)
        if spent != sums:
            found.append(f"accounts have spent {spent}, their transactions say {sums}")
        return found

    def _note(self, line: Line, request: FinancialRequest, code: str) -> None:
        with self._lock:
            self.codes[code] += 1
            if code != "00":
                return
            self.acknowledged.add((line.terminal.number, request.payment.stan))
            if request.payment.kind is Kind.SALE and isinstance(line.answer, Answered):
                self.sold.append((line.answer.reference, line.terminal.card))

    def _each(self, count: int, one: Callable[[Line, int], None]) -> None:
        """Do it so often, from all lines at once. A bug in one of them is raised here."""
        numbers = iter(range(count))
        failed: list[Exception] = []
        began_s = told_s = time.monotonic()

        def work(line: Line) -> None:
            nonlocal told_s
            try:
                while True:
                    with self._lock:
                        number = next(numbers, None)
                        told_s = self._tell(number, count, began_s, told_s)
                    if number is None or failed:
                        return
                    one(line, number)
            except Exception as error:  # noqa: BLE001 - raised below
                failed.append(error)

        threads = [threading.Thread(target=work, args=(line,)) for line in self.lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]

    def _tell(self, number: int | None, count: int, began_s: float, told_s: float) -> float:
        """Print now and then how far it is; when it was printed last."""
        now_s = time.monotonic()
        if number is None or now_s < told_s + PRINTED_EVERY_S:
            return told_s
        answers = ", ".join(f"{code or 'none'}: {n}" for code, n in sorted(self.codes.items()))
        rate = number / (now_s - began_s)
        print(f"{number} of {count} asked, {rate:.0f} a second; {answers}", flush=True)
        return now_s


def _over(standing: Sequence[Booking]) -> list[str]:
    """Sales of which more was given back than was paid."""
    paid = {each.reference: each.amount.minor for each in standing if each.kind is Kind.SALE}
    back: dict[str, int] = defaultdict(int)
    for each in standing:
        if each.kind is not Kind.SALE:
            back[each.undoes] += each.amount.minor
    return [
        f"{minor} of {paid.get(reference, 0)} given back: {reference}"
        for reference, minor in back.items()
        if minor > paid.get(reference, 0)
    ]
