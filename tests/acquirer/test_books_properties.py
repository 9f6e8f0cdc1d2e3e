"""Whatever is asked, in whatever order, how often and over restarts: the books add up."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware.acquirer.booking import Standing
from firmware.acquirer.embedded import LocalHost
from firmware.core.kinds import Kind
from firmware.iso8583.messages import Answered, FinancialRequest, NoAnswer
from firmware.lab.host_line import HostLine, LineFault
from tests.acquirer.conftest import reversal_of, temporary_till

LIMIT = {"debit": 500_000, "credit": 1_000_000}


class AnyOrder(RuleBasedStateMachine):
    """A till that asks anything, again and late, over a line that loses answers."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.books = folder / "books.db"
        self.cards: dict[str, Any] = {}
        self.asked: list[FinancialRequest] = []
        self.approved: dict[int, Answered] = {}
        self.heard: dict[int, Answered] = {}
        self.reversed: set[int] = set()
        self.till = self._open()

    def _open(self) -> Any:
        till = temporary_till(self.books, link=self._line_to)
        till.stan = len(self.asked)
        self.cards = till.cards = self.cards or till.cards
        return till

    def _line_to(self, host: LocalHost) -> HostLine:
        self.line = HostLine(host)
        return self.line

    def teardown(self) -> None:
        self.till.host.close()
        self._stack.close()

    def _send(self, request: FinancialRequest, fault: LineFault | None) -> None:
        self.line.fault = fault
        answer = self.till.ask(request)
        self.line.fault = None
        if isinstance(answer, NoAnswer):
            assert fault is not None
            return
        if request.payment.stan in self.reversed:
            assert answer.response_code != "00"
            return
        assert self.heard.setdefault(request.payment.stan, answer) == answer
        if answer.response_code == "00":
            self.approved[request.payment.stan] = answer

    faults = st.sampled_from([None] * 5 + [LineFault.SILENT, LineFault.DOWN, LineFault.LATE])

    @initialize(amounts=st.tuples(st.integers(1, 200_000), st.integers(1, 200_000)))
    def begin(self, amounts: tuple[int, int]) -> None:
        """Two sales to do things to."""
        for name, amount in zip(sorted(LIMIT), amounts, strict=True):
            self.sell(name, amount, None)

    @rule(name=st.sampled_from(sorted(LIMIT)), amount=st.integers(1, 300_000), fault=faults)
    def sell(self, name: str, amount: int, fault: LineFault | None) -> None:
        self.asked.append(self.till.sale(name, amount))
        self._send(self.asked[-1], fault)

    def _recent(self) -> st.SearchStrategy[FinancialRequest]:
        """Of the last few, so that requests meet each other often."""
        return st.sampled_from(self.asked[-4:])

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), fault=faults)
    def void(self, data: Any, fault: LineFault | None) -> None:
        self.asked.append(self.till.void(data.draw(self._recent())))
        self._send(self.asked[-1], fault)

    @precondition(lambda self: self.approved)
    @rule(data=st.data(), amount=st.integers(1, 300_000), fault=faults)
    def refund(self, data: Any, amount: int, fault: LineFault | None) -> None:
        stan = data.draw(st.sampled_from(sorted(self.approved)))
        original = self.asked[stan - 1]
        amount = data.draw(st.sampled_from([amount, original.payment.amount.minor]))
        reference = self.approved[stan].reference
        self.asked.append(self.till.refund(original, reference, amount))
        self._send(self.asked[-1], fault)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), fault=faults)
    def ask_again(self, data: Any, fault: LineFault | None) -> None:
        self._send(data.draw(self._recent()), fault)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def reverse(self, data: Any) -> None:
        request = data.draw(self._recent())
        assert self.till.code(reversal_of(request)) == "00"
        self._forget(request.payment.stan)

    @rule(name=st.sampled_from(sorted(LIMIT)), amount=st.integers(1, 300_000))
    def reverse_before_asking(self, name: str, amount: int) -> None:
        request = self.till.sale(name, amount)
        self.asked.append(request)
        assert self.till.code(reversal_of(request)) == "00"
        self.reversed.add(request.payment.stan)

    @rule()
    def restart(self) -> None:
        self.till.host.close()
        self.till = self._open()

    def _forget(self, stan: int) -> None:
        """What is reversed, and what rested on it, is not approved any more."""
        self.reversed.add(stan)
        self.approved.pop(stan, None)
        for later in self.asked:
            paid = later.payment
            if paid.original is not None and paid.original.stan == stan:
                rested = self.approved.pop(paid.stan, None)
                books = {entry.stan: entry for entry in self.till.host.books()}
                fell = paid.stan in books and books[paid.stan].state is Standing.REVERSED
                assert fell or rested is None
                if fell:
                    self.reversed.add(paid.stan)

    @invariant()
    def what_stands_is_what_was_spent(self) -> None:
        spent = dict.fromkeys(self.till.host.balances(), 0)
        for entry in self.till.host.books():
            if entry.state is Standing.STANDING:
                sign = 1 if entry.kind is Kind.SALE else -1
                spent[entry.account] += sign * entry.amount.minor
        assert self.till.host.balances() == spent
        for name, limit in LIMIT.items():
            assert 0 <= spent[name] <= limit

    @invariant()
    def an_approval_stands_and_a_reversal_does_not(self) -> None:
        states = {entry.stan: entry.state for entry in self.till.host.books()}
        for stan in self.approved:
            assert states[stan] is Standing.STANDING
        for stan in self.reversed:
            assert states.get(stan, Standing.REFUSED) is not Standing.STANDING

    @invariant()
    def references_are_unique(self) -> None:
        references = [entry.reference for entry in self.till.host.books()]
        assert len(references) == len(set(references))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
