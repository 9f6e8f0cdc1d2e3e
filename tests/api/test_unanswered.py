"""A terminal that begins what a till asks and then does not answer, and one that never begins."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.api.problems import Why, Wrong
from firmware.api.till_service import Service
from firmware.api.views import Door
from firmware.core.config import Config
from firmware.journal.keys import TerminalKeys
from firmware.payments.tills import Done, NotNow, Settle, TillAnswer, TillAsked, TillEvent
from firmware.terminal.till_inbox import Board
from tests.journal.story import Shop

PATIENCE_S = (0.05, 0.05)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Shop.open(tmp_path).journal.close()
    return tmp_path


def said_to(service: Service) -> TillAnswer:
    """What a till is told that asks for a settlement; in a thread without a loop of others."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(service.ask(Settle()))).result()


def service_of(directory: Path, asked: list[TillEvent], *, begins: bool) -> Service:
    def post(event: TillEvent) -> None:
        asked.append(event)
        if begins and isinstance(event, TillAsked):
            event.answer.set_running_or_notify_cancel()

    door = Door(
        data=directory,
        config=Config(),
        post=post,
        board=Board(),
        signer=lambda: TerminalKeys.load(directory),
        now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
    )
    return Service(door, patience_s=PATIENCE_S)


def test_what_was_begun_and_not_answered_is_not_said_to_have_left_nothing(directory: Path) -> None:
    asked: list[TillEvent] = []
    with pytest.raises(Wrong) as caught:
        said_to(service_of(directory, asked, begins=True))
    assert caught.value.why is Why.UNANSWERED
    assert Why.UNANSWERED.value.status == 503
    [event] = asked
    assert isinstance(event, TillAsked)
    event.answer.set_result(Done.RECORDED)  # it may still come, and breaks nothing


def test_what_was_never_begun_is_withdrawn(directory: Path) -> None:
    asked: list[TillEvent] = []
    said = said_to(service_of(directory, asked, begins=False))
    assert said in (NotNow.BUSY, NotNow.SIGNED_OFF)  # nobody has signed on in this journal
    [event] = asked
    assert isinstance(event, TillAsked)
    assert event.answer.cancelled()
