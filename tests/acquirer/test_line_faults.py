"""What the line does to an exchange, as the terminal comes to know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from firmware.lab.host_line import HostLine, LineFault
from tests.acquirer.conftest import reversal_of


@pytest.fixture
def lines() -> list[HostLine]:
    return []


@pytest.fixture
def till(make_till: Callable[..., Any], lines: list[HostLine]) -> Any:
    def spoil(host: Any) -> HostLine:
        lines.append(HostLine(host))
        return lines[-1]

    return make_till(link=spoil)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (LineFault.SILENT, (NoAnswerReason.TIMED_OUT, "")),
        (LineFault.GARBAGE, (NoAnswerReason.GARBLED, "")),
        (LineFault.TRUNCATED, (NoAnswerReason.GARBLED, "")),
        (LineFault.WRONG_AMOUNT, (NoAnswerReason.GARBLED, "amount")),
        (LineFault.WRONG_TERMINAL, (NoAnswerReason.GARBLED, "terminal")),
        (LineFault.DUPLICATE, (NoAnswerReason.GARBLED, "STAN")),
        (LineFault.LATE, (NoAnswerReason.TIMED_OUT, "")),
    ],
)
def test_a_spoilt_answer_leaves_a_sale_that_its_reversal_undoes(
    till: Any,
    lines: list[HostLine],
    fault: LineFault,
    expected: tuple[NoAnswerReason, str],
) -> None:
    till.ask(till.sale("debit", 500))
    lines[0].fault = fault
    sale = till.sale("debit", 1_000)
    answer = till.ask(sale)
    assert isinstance(answer, NoAnswer)
    assert answer.reason is expected[0]
    assert expected[1] in answer.detail
    assert till.host.balances()["debit"] == 1_500
    lines[0].fault = None
    assert till.code(reversal_of(sale)) == "00"
    assert till.host.balances()["debit"] == 500


def test_a_line_that_is_down_delivers_nothing_and_says_so(till: Any, lines: list[HostLine]) -> None:
    lines[0].fault = LineFault.DOWN
    assert till.ask(till.sale("debit", 1_000)) == NoAnswer(NoAnswerReason.NO_LINE)
    assert till.host.books() == []
    assert lines[0].delivered == 0


def test_a_late_answer_is_not_taken_for_the_next_one(till: Any, lines: list[HostLine]) -> None:
    lines[0].fault = LineFault.LATE
    till.ask(till.sale("debit", 1_000))
    answer = till.ask(till.sale("debit", 1_000))
    assert isinstance(answer, NoAnswer)
    assert "STAN 000001, sent 000002" in answer.detail
