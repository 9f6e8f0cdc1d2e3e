"""The page as tests meet it: a terminal in real time, a server at a free port, a real browser."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.lab.page.browser import served
from firmware.lab.page.hub import Hub

PATIENCE_S = 60  # of a machine with other work; nothing takes so long by itself
PATIENT = {
    "general.language": "en",
    "general.idle_timeout_s": "3600",
    "sale.undo_s": "600",
    "check.min_view_ms": "300",
}
SPEED = 10  # of the terminal's time
ARTIFACTS = Path(os.environ.get("POS_ARTIFACTS", "out/page"))


def wait_for(hub: Hub, holds: Callable[[], bool]) -> None:
    """Wait until something holds of what the terminal has told; it is asked at all news."""
    news = threading.Event()
    number = hub.listen(news.set)
    end_s = time.monotonic() + PATIENCE_S
    try:
        while not holds():
            in_time = news.wait(max(0, end_s - time.monotonic()))
            assert in_time, f"never: the screen says {said(hub)!r}"
            news.clear()
    finally:
        hub.leave(number)


def said(hub: Hub) -> str:
    return (hub.state("display") or {}).get("text", "")


@pytest.fixture
def bench():
    """A session and its server, and nobody looking at it.

    It waits for people for as long as they take.
    """
    with served(PATIENT) as (session, server):
        hub = session.hub
        wait_for(hub, lambda: "Enter amount" in said(hub) and hub.state("books") is not None)
        yield session, server


@pytest.fixture
def page(browser, bench, request):
    """A page open at the bench; its picture is kept as an artifact. Errors on it fail the test."""
    _, server = bench
    errors: list[str] = []
    opened = browser.new_page(
        viewport={"width": 1440, "height": 900}, locale="en", accept_downloads=True
    )
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    opened.goto(server.url)
    opened.locator("#said").get_by_text("Enter amount").wait_for()
    opened.locator(f'[data-speed="{SPEED}"]').click()
    yield opened
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=ARTIFACTS / f"{request.node.name[5:]}.png")
    opened.close()
    assert errors == []
