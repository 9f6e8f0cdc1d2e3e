"""A shop's terminal with its touch screen, and customers at it: by touch, and by keyboard."""

from __future__ import annotations

import json
import re
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from firmware.core.config_file import set_from_text
from firmware.lab.target.headless import EXAMPLE, settings_of_shop
from firmware.lab.target.target import Failed, Target
from tests.api.http import Answer

PATIENCE_MS = 30_000  # of a machine with other work; nothing takes so long by itself
PATIENCE_S = PATIENCE_MS // 1000
CLICK_MS = 5_000
COUNT_CLICKS = "window.clicks = 0; addEventListener('click', () => { clicks += 1; }, true);"
SHOWN = "main > section:not([hidden])"
SIZES = ((1080, 1920), (1280, 800), (800, 480), (480, 800))
CARD, PIN = "unionpay-debit", "123456"
LATTE, CROISSANT = {"zh_CN": "拿铁", "en": "Latte"}, {"zh_CN": "可颂", "en": "Croissant"}
WORDS = {
    "zh_CN": {"begin": "点击开始点单", "pay": "去付款", "cancel": "取消付款", "done": "完成"},
    "en": {"begin": "Touch to order", "pay": "Pay", "cancel": "Cancel payment", "done": "Done"},
}


class ShopBench:
    """The example's shop on modelled hardware in virtual time, and its server."""

    def __init__(self, directory: Path, **settings: str) -> None:
        config = settings_of_shop(EXAMPLE)
        for key, value in settings.items():
            config = set_from_text(config, key.replace("__", "."), value, source="test")
        pictures = EXAMPLE.parent / "pictures"
        self.target = Target(directory, config, virtual=True, pictures=pictures)
        self.target.start()
        self.play("wait 1s")

    def play(self, lines: str) -> None:
        failed = self.target.play(lines).result(60)
        assert not isinstance(failed, Failed), failed

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(self.target.url)
        assert parts.hostname is not None
        connection = HTTPConnection(parts.hostname, parts.port, timeout=30)
        raw = json.dumps(body).encode() if body is not None else b""
        try:
            connection.request(method, path, raw, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def goods(self) -> dict[str, Any]:
        """What is sold, by its English name."""
        shop = self.ask("GET", "/kiosk/v1/shop").json
        return {good["names"]["en"]: good for good in shop["goods"]}

    def payments(self) -> list[Any]:
        """Every payment that there is."""
        token = {"Authorization": f"Bearer {self.target.token}"}
        return list(self.ask("GET", "/v1/payments", headers=token).json["payments"])

    def close(self) -> None:
        self.target.close()


class Customer:
    """Somebody who touches the screen."""

    def __init__(self, page: Any, language: str = "zh_CN") -> None:
        self.page, self.language = page, language
        self._asked: set[str] = set()  # without an answer yet
        page.on("request", lambda one: self._asked.add(one.url))
        for ended in ("requestfinished", "requestfailed"):
            page.on(ended, lambda one: self._asked.discard(one.url))
        self.sizes_of_axe: tuple[tuple[int, int], ...] = SIZES

    def do(self, name: str) -> None:
        """Use the button that is called so, or begins so."""
        self.use(self.page.get_by_role("button", name=name).first)

    def use(self, button: Any) -> None:
        """Touch it; again if no click came of it, as a person would.

        On a busy machine a touch of Playwright's may leave the page without any event.
        """
        from playwright.sync_api import TimeoutError  # noqa: A004, PLC0415 - who has none has no page

        clicks = self.page.evaluate("clicks")
        button.tap(timeout=PATIENCE_MS)
        try:
            self.page.wait_for_function("before => clicks > before", arg=clicks, timeout=CLICK_MS)
        except TimeoutError:
            button.tap(timeout=PATIENCE_MS)

    def see(self, text: str | re.Pattern[str]) -> None:
        """Wait until the view that is shown says so."""
        self.find(self.shown(text))

    def find(self, place: Any) -> None:
        """Wait until something is to be seen; a failure tells what is seen instead."""
        from playwright.sync_api import TimeoutError  # noqa: A004, PLC0415 - who has none has no page

        try:
            place.wait_for(timeout=PATIENCE_MS)
        except TimeoutError:
            seen = self.page.locator(SHOWN).inner_text()
            focus = self.page.evaluate("document.activeElement.outerHTML.slice(0, 60)")
            pytest.fail(f"never: {place}; seen {seen!r}, focus {focus!r}, asked {self._asked}")

    def choose(self) -> None:
        """From the start to a basket of two lattes and a croissant, 72.50."""
        words = WORDS[self.language]
        self.find(self.page.locator("#start:not([hidden])"))
        if self.page.evaluate("document.documentElement.lang") != self.language.replace("_", "-"):
            self.use(self.page.locator("#language"))
        self.do(words["begin"])
        for name in (LATTE, LATTE, CROISSANT):
            self.do(name[self.language])
        self.see("RMB 72.50")

    def ask_to_pay(self) -> None:
        """From the start to an order that the terminal shows."""
        self.choose()
        self.do(WORDS[self.language]["pay"])
        self.state("shown")

    def state(self, *states: str) -> None:
        """Wait until the page tells what to do in one of these states."""
        self.find(self.telling(*states))

    def telling(self, *states: str) -> Any:
        """Where the page tells what to do in one of these states."""
        wanted = ", ".join(f'#todo[data-state="{state}"]' for state in states)
        return self.page.locator(wanted)

    def shown(self, text: str | re.Pattern[str]) -> Any:
        """Where the view that is shown says so."""
        return self.page.locator(SHOWN).get_by_text(text).first

    def wait_until(self, place: Any) -> None:
        """Let the page's seconds pass, which stand else, until something is to be seen."""
        for _ in range(PATIENCE_S):
            if place.is_visible():
                return
            self.page.clock.run_for(1_000)
            self._wait_for_answers()
        self.find(place)

    def _wait_for_answers(self) -> None:
        """To all that the page has asked, but where it waits for something to change."""
        for _ in range(PATIENCE_S * 100):
            self.page.wait_for_timeout(10)
            if all("wait_s" in url for url in self._asked):
                return


class KeyboardCustomer(Customer):
    """Somebody with a keyboard or a switch: what TAB does not reach is not there."""

    def use(self, button: Any) -> None:
        self.find(button)
        for _ in range(60):
            if button.evaluate("one => one === document.activeElement"):
                self.page.keyboard.press("Enter")
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"TAB does not reach {button}")
