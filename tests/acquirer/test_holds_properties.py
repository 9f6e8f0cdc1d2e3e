"""Holds of two terminals, in any order, over any days: each answer is what a plain model says."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from firmware.acquirer.booking import Funds
from firmware.core.kinds import HOLD_DAYS, Kind
from firmware.iso8583.messages import FinancialRequest
from firmware.lab.postgres import Cluster
from tests.acquirer.bank import HERE, THERE, Bank
from tests.acquirer.conftest import NOON, reversal_of
from tests.payment import changed

LIMIT = 500_000


@dataclass
class Use:
    """A completion or void of a hold that was approved."""

    asked: FinancialRequest
    minor: int = 0  # charged
    attached: bool = True  # to the hold's money
    void: FinancialRequest | None = None
    stands: bool = True

    @property
    def uses(self) -> bool:
        return self.stands and self.void is None and self.attached

    @property
    def charges(self) -> int:
        return self.minor if self.stands and self.void is None else 0


@dataclass
class Hold:
    """A pre-authorisation that was approved."""

    asked: FinancialRequest
    code: str
    minor: int
    day: int
    stands: bool = True
    lapsed: bool = False
    uses: list[Use] = field(default_factory=list)

    @property
    def used(self) -> bool:
        return any(each.uses for each in self.uses)

    @property
    def holds(self) -> int:
        return self.minor if self.stands and not self.lapsed and not self.used else 0


class HoldsInAnyOrder(RuleBasedStateMachine):
    """Both terminals use what either of them holds."""

    url_of: ClassVar[Callable[[str], str]] = staticmethod(lambda _name: "")  # of PostgreSQL

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.bank = Bank(folder / "place", self.url_of(str(folder)))
        self.day = 0
        self.holds: list[Hold] = []
        self.answers: dict[int, tuple[FinancialRequest, str]] = {}

    def teardown(self) -> None:
        self.bank.close()
        self._stack.close()

    def _ask(self, request: FinancialRequest, expected: str) -> str:
        answer = self.bank.take(request)
        assert answer.response_code == expected
        self.answers[request.payment.stan] = request, expected
        return answer.authorisation_code

    def _look(self) -> None:
        """Whoever asks for the account lets go what is over."""
        for each in self.holds:
            each.lapsed |= bool(each.holds) and self.day - each.day > HOLD_DAYS

    @property
    def funds(self) -> Funds:
        uses = [use for each in self.holds for use in each.uses]
        spent = sum(each.charges for each in uses)
        return Funds(spent, sum(each.holds for each in self.holds))

    @property
    def left(self) -> int:
        return LIMIT - self.funds.spent_minor - self.funds.held_minor

    terminals = st.sampled_from([HERE, THERE])

    @rule(minor=st.integers(1, 200_000), terminal=terminals)
    def hold(self, minor: int, terminal: str) -> None:
        self._look()
        asked = changed(self.bank.till.preauth("debit", minor), terminal=terminal)
        code = self._ask(asked, "00" if minor <= self.left else "51")
        if code:
            self.holds.append(Hold(asked, code, minor, self.day))

    def _one(self, data: Any) -> Hold:
        return data.draw(st.sampled_from(self.holds[-3:]))  # so that they meet each other often

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), percent=st.sampled_from([1, 50, 100, 115, 116]), terminal=terminals)
    def complete(self, data: Any, percent: int, terminal: str) -> None:
        self._look()
        one = self._one(data)
        minor = max(1, one.minor * percent // 100)
        asked = self.bank.uses(Kind.COMPLETION, (one.asked, one.code), minor, terminal)
        if not one.stands:
            expected = "25"
        elif one.lapsed or one.used or self.day - one.day > HOLD_DAYS:
            expected = "22"
        elif minor * 100 > one.minor * 115:
            expected = "61"
        else:
            expected = "00" if minor <= one.minor or minor - one.minor <= self.left else "51"
        self._ask(asked, expected)
        if expected == "00":
            one.uses.append(Use(asked, minor))

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), terminal=terminals)
    def release(self, data: Any, terminal: str) -> None:
        self._look()
        one = self._one(data)
        asked = self.bank.uses(Kind.PREAUTH_VOID, (one.asked, one.code), one.minor, terminal)
        expected = ("22" if one.used else "00") if one.stands else "25"
        self._ask(asked, expected)
        if expected == "00":
            one.uses.append(Use(asked))

    @precondition(lambda self: any(each.uses for each in self.holds))
    @rule(data=st.data())
    def void(self, data: Any) -> None:
        self._look()
        one = data.draw(st.sampled_from([each for each in self.holds if each.uses]))
        use = data.draw(st.sampled_from(one.uses))
        terminal = use.asked.payment.terminal
        asked = changed(self.bank.till.gives_back(use.asked), terminal=terminal)
        if use.asked.payment.kind is Kind.PREAUTH_VOID:
            expected = "12"
        elif not use.stands:
            expected = "25"
        else:
            expected = "00" if use.void is None else "12"
        self._ask(asked, expected)
        if expected == "00":
            use.void = asked

    @precondition(lambda self: any(use.void for each in self.holds for use in each.uses))
    @rule(data=st.data())
    def reverse_a_void(self, data: Any) -> None:
        self._look()
        voided = [(each, use) for each in self.holds for use in each.uses if use.void]
        one, use = data.draw(st.sampled_from(voided))
        assert use.void is not None
        self._reverse(use.void)
        if use.stands:
            self._stand_again(one, use)

    def _stand_again(self, one: Hold, use: Use) -> None:
        if use.attached:
            use.attached = not one.used
            one.lapsed &= not use.attached
        use.void = None

    @precondition(lambda self: any(each.uses for each in self.holds))
    @rule(data=st.data())
    def reverse_a_use(self, data: Any) -> None:
        self._look()
        one = data.draw(st.sampled_from([each for each in self.holds if each.uses]))
        use = data.draw(st.sampled_from(one.uses))
        self._reverse(use.asked)
        if use.stands:
            self._take_back(one, use)

    def _take_back(self, one: Hold, use: Use) -> None:
        if use.void is not None:  # it falls first
            self._stand_again(one, use)
        use.stands = False

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def reverse_a_hold(self, data: Any) -> None:
        self._look()
        one = self._one(data)
        self._reverse(one.asked)
        if one.stands and not one.lapsed:
            for use in one.uses:
                use.stands = False
            one.stands = False

    def _reverse(self, asked: FinancialRequest) -> None:
        assert self.bank.code(reversal_of(asked)) == "00"
        self.answers.pop(asked.payment.stan, None)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def ask_again(self, data: Any) -> None:
        self._look()
        asked, code = data.draw(st.sampled_from(list(self.answers.values())[-4:]))
        assert self.bank.code(asked) in (code, "94")  # 94: it was reversed with what it rested on

    @rule(days=st.sampled_from([1, 15, 31]))
    def days_pass(self, days: int) -> None:
        self.day += days
        self.bank.now = NOON + timedelta(days=self.day)

    @rule()
    def restart(self) -> None:
        self.bank.again()

    @invariant()
    def the_books_hold_what_the_model_holds(self) -> None:
        assert self.bank.funds() == self.funds


def runs(examples: int) -> settings:
    slow = [HealthCheck.too_slow]
    return settings(
        max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=slow
    )


TestHoldsInAnyOrder = HoldsInAnyOrder.TestCase
TestHoldsInAnyOrder.settings = runs(30)


def test_holds_in_any_order_in_postgres(postgres: Cluster) -> None:
    class InPostgres(HoldsInAnyOrder):
        url_of = staticmethod(postgres.database)

    run_state_machine_as_test(InPostgres, settings=runs(8))
