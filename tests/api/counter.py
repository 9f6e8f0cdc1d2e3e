"""A terminal on its bench with a till beside it, in virtual time: for the tests of orders."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from firmware.core.config import Config
from firmware.core.config_file import set_from_text
from firmware.journal.order_records import OrderState, OrderTaken
from firmware.journal.transactions import Transaction
from firmware.lab.scenario.language import parse
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from firmware.payments.tills import OrderStopped, TillAnswer, TillAsked, TillRequest
from firmware.terminal.till_inbox import TerminalStanding

CARD, PIN = "unionpay-debit", "123456"


class Counter:
    """A stage, the hands at it, and a till's requests."""

    def __init__(
        self,
        directory: Path,
        make_stage: Callable[[Path, Config], Stage] = Stage,
        **settings: str,
    ) -> None:
        config: Config = STAGE_CONFIG
        for key, value in settings.items():
            config = set_from_text(config, key.replace("__", "."), value, source="test")
        place = directory / "terminal"
        self.player = Player(
            place, directory / "saved", config, make_stage=lambda config: make_stage(place, config)
        )
        self.do("wait 1s")

    @property
    def stage(self) -> Stage:
        return self.player.stage

    def do(self, lines: str) -> None:
        """Play lines of the scenario language."""
        for step in parse(lines, "test"):
            self.player.play(step)

    def run(self, duration_ms: int = 0) -> None:
        """Let time pass, and what is in the inbox be taken."""
        terminal, time = self.stage.terminal, self.stage.bench.time
        assert terminal is not None
        time.run_until(terminal.runner, self.stage.bench.clock.monotonic_ms() + duration_ms)

    def post(self, event: TillAsked | OrderStopped) -> None:
        terminal = self.stage.terminal
        assert terminal is not None
        terminal.runner.step(event)
        self.run()

    def ask(self, request: TillRequest) -> Future[TillAnswer]:
        answer: Future[TillAnswer] = Future()
        self.post(TillAsked(request, answer))
        return answer

    def order(self, name: str, amount_minor: int = 12_850, **more: Any) -> TillAnswer:
        """Ask for an order and give the terminal's answer."""
        answer = self.ask(order_taken(name, amount_minor, **more))
        assert answer.done(), "a request is answered at once"
        return answer.result()

    def stop(self, name: str) -> None:
        self.post(OrderStopped(name))

    def state(self, name: str) -> OrderState:
        assert self.stage.terminal is not None
        found = self.stage.terminal.data.journal.order(name)
        assert found is not None
        return found.state

    def sales(self) -> list[Transaction]:
        """Every transaction that there is, newest first."""
        assert self.stage.terminal is not None
        return self.stage.terminal.data.journal.list_transactions(None, 100)

    @property
    def standing(self) -> TerminalStanding:
        assert self.stage.terminal is not None
        return self.stage.terminal.board.standing

    def close(self) -> None:
        self.player.close()


def order_taken(name: str, amount_minor: int = 12_850, **more: Any) -> OrderTaken:
    return OrderTaken(
        id=name,
        digest="d" * 64,
        amount_minor=amount_minor,
        currency=more.pop("currency", "CNY"),
        till="kiosk",
        expires_in_s=more.pop("expires_in_s", 60),
        **more,
    )
