"""`pos acquirer serve` with the messages that the embedded acquirer has: host.kind tcp."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.clock import SystemClock
from firmware.core.config import Acquirer
from firmware.core.kinds import Totals
from firmware.iso8583.messages import AnswerRead, FinancialRequest, LineRequest, ReversalRequest
from firmware.iso8583.unionpay import embedded_line
from firmware.lab.far_acquirer import FarAcquirer
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.language import read
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from tests.acquirer.serving import DEBIT, LineTerminal, Server, add_terminal, story_of_a_day

NOW = SystemClock().now()  # the server's clock: the year is not said in a payment's date
AT: dict[str, Any] = {"date": f"{NOW:%Y%m%d}", "time": "093000"}
LINE = embedded_line(4)


class EmbeddedTerminal(LineTerminal):
    """A terminal whose requests say its own date and time, and whose PIN blocks are of format 4."""

    def frame(self, request: LineRequest) -> bytes:
        return LINE.request(request, self.keys)

    def read(self, frame: bytes, request: LineRequest) -> AnswerRead:
        return LINE.read_answer(frame, request, self.keys)

    def dated_sale(self, minor: int, pin: str = "123456") -> FinancialRequest:
        sale = self.sale(minor, pin)
        return replace(sale, payment=replace(sale.payment, **AT))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    data = tmp_path / "acquirer"
    master = add_terminal(data)
    with Server(data, "--profile", "embedded") as made:
        made.put(DEBIT)
        made.terminal = EmbeddedTerminal(master)  # type: ignore[attr-defined]
        yield made


def test_a_day_is_signed_on_sold_reversed_and_settled_by_kinds(server: Any) -> None:
    till = server.terminal
    till.sign_on(server)
    sale = till.dated_sale(12_850)
    answer = till.ask(server, sale)
    assert (answer.response_code, len(answer.reference)) == ("00", 12)
    assert (answer.date, answer.time) == ("", "")  # they are the request's, which it repeats
    assert till.ask(server, sale) == answer
    other = till.dated_sale(500)
    assert till.ask(server, other).response_code == "00"
    back = ReversalRequest(other.payment, **AT, response_code="98", last4=DEBIT.pan.last4)
    another = replace(other.payment, time="093001")
    assert till.ask(server, replace(back, payment=another)).response_code == "94"
    assert till.ask(server, back).response_code == "00"
    third = till.dated_sale(700)
    void = till.void(third, till.ask(server, third).reference, 700)
    void = replace(void, payment=replace(void.payment, **AT))
    assert till.ask(server, void).response_code == "00"
    kinds = Totals(sales=2, sales_minor=13_550, voids=1, voids_minor=700)
    settle = replace(till.settlement(), **AT, totals=replace(kinds, voids=0, voids_minor=0))
    told = till.ask(server, settle)
    assert (told.response_code, told.balanced, told.host_totals) == ("95", False, kinds)
    told = till.ask(server, replace(settle, totals=kinds))
    assert (told.response_code, told.balanced) == ("00", True)
    assert sum(server.spent().values()) == 12_850


def test_a_terminal_signs_on_sells_and_settles_over_the_line(server: Any, tmp_path: Path) -> None:
    """A terminal on modelled parts, and a server in a process of its own."""
    server.put(*tray_books())
    far = FarAcquirer("127.0.0.1", server.port, server.terminal.master)
    config = replace(STAGE_CONFIG, acquirer=Acquirer(profile="embedded"))
    story = tmp_path / "day.pos"
    story.write_text(story_of_a_day("500", "5.00"), "utf-8")
    directory = tmp_path / "terminal"
    player = Player(
        directory,
        tmp_path,
        config,
        make_stage=lambda told: Stage(directory, told, acquirer=far.of_stage),
    )
    with contextlib.closing(player):
        for step in read(story):
            player.play(step)
    assert sum(server.spent().values()) == 500


def test_a_wrong_pin_in_format_4_is_a_wrong_pin(server: Any) -> None:
    till = server.terminal
    till.sign_on(server)
    assert till.ask(server, till.dated_sale(100, "654321")).response_code == "55"
    assert till.ask(server, till.dated_sale(100)).response_code == "00"


def test_a_request_that_does_not_say_when_is_a_format_error(server: Any) -> None:
    till = server.terminal
    till.sign_on(server)
    assert till.ask(server, till.sale(100)).response_code == "30"
