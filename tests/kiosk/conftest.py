"""A shop with its page in a real browser, once for each test; errors on the page fail the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kiosk.people import (
    COUNT_CLICKS,
    PATIENCE_MS,
    SHOWN,
    Customer,
    KeyboardCustomer,
    ShopBench,
)

HOUR_MS = 3_600_000  # longer than it takes from the clock's installation to its pause
ARTIFACTS = Path(os.environ.get("POS_ARTIFACTS", "out/kiosk"))


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[Callable[..., ShopBench]]:
    """Makes a shop with some settings."""
    made: list[ShopBench] = []

    def make(**settings: str) -> ShopBench:
        made.append(ShopBench(tmp_path / f"shop{len(made)}", **settings))
        return made[-1]

    yield make
    for shop in made:
        shop.close()


@pytest.fixture
def shop(shops: Callable[..., ShopBench]) -> ShopBench:
    return shops()


Opens = Callable[..., Customer]


@pytest.fixture
def visit(browser: Any, request: pytest.FixtureRequest) -> Iterator[Opens]:
    """Opens the page of a shop and gives a customer before it."""
    contexts: list[Any] = []
    errors: list[str] = []

    def note(one: Any) -> None:
        # the browser's own words for a request without an answer: that is what is tried here
        if one.type == "error" and not one.text.startswith("Failed to load resource"):
            errors.append(one.text)

    def make(
        shop: ShopBench,
        language: str = "zh_CN",
        size: tuple[int, int] = (1280, 800),
        *,
        keyboard: bool = False,
    ) -> Customer:
        viewport = {"width": size[0], "height": size[1]}
        contexts.append(browser.new_context(viewport=viewport, has_touch=True))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.add_init_script(COUNT_CLICKS)
        page.clock.install(time=0)
        page.clock.pause_at(HOUR_MS)  # a slow machine must not let the page's time-outs run
        page.goto(shop.target.url + "/kiosk/")
        page.locator(SHOWN).wait_for(timeout=PATIENCE_MS)
        return (KeyboardCustomer if keyboard else Customer)(page, language)

    yield make
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for context in contexts:
        name = request.node.name[5:].replace("/", "-")
        context.pages[0].screenshot(path=ARTIFACTS / f"{name}.png")
        context.close()
    assert errors == []
