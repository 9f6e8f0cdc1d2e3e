"""People at the page: somebody with a mouse, somebody with a keyboard, and what both see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.page.conftest import PATIENCE_S, PATIENT, SPEED

playwright = pytest.importorskip(
    "playwright.sync_api", reason="THE PAGE IS NOT TRIED IN A BROWSER: there is no playwright"
)

PATIENCE_MS = 1000 * PATIENCE_S
SEEN_MS = int(PATIENT["check.min_view_ms"]) / SPEED
KEYBOARD = {"ENTER": "Enter", "CANCEL": "Escape", "BACK": "Backspace", "MENU": "m"}


def see(page: Any, *texts: str) -> None:
    """Wait until the screen says each, as a screen reader is told it, and read it.

    For as long as the terminal wants to have it seen: ENTER does not count before.
    """
    said = page.locator("#said")
    for text in texts:
        try:
            said.get_by_text(text).wait_for(timeout=PATIENCE_MS)
        except playwright.TimeoutError:
            pytest.fail(f"never said {text!r}; it says {said.text_content()!r}")
    page.wait_for_timeout(SEEN_MS)


class Person:
    """Somebody at the page; what differs is how keys and cards are moved."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def sell(self, minor: str, amount: str, card: str, pin: str = "") -> None:
        """A sale, up to its approval."""
        self.ask_for_card(minor, amount)
        self.insert(card)
        if pin:
            self.press_when("Enter PIN", *pin, "ENTER")
        see(self._page, "Approved", amount)

    def ask_for_card(self, minor: str, amount: str) -> None:
        """Key an amount and agree to it."""
        self.press(*minor, "ENTER")
        see(self._page, amount)
        self.press_when("Amount correct?", "ENTER")
        see(self._page, "Insert card")

    def press_when(self, text: str, *keys: str) -> None:
        """Press keys once the screen says something."""
        see(self._page, text)
        self.press(*keys)

    def take_both_copies(self, *, sold: bool = True) -> None:
        """The cardholder's copy, the card out, and ENTER where a sale could still be undone."""
        self.press_when("cardholder copy", "ENTER")
        see(self._page, "Remove card")
        self.remove()
        if sold:
            self.press_when("ENTER: done", "ENTER")
        see(self._page, "Enter amount")

    def press(self, *keys: str) -> None:
        raise NotImplementedError

    def insert(self, name: str) -> None:
        raise NotImplementedError

    def remove(self) -> None:
        raise NotImplementedError


KEY_PLACES = """() => Object.fromEntries([...document.querySelectorAll(".key")].map((key) => {
  const box = key.getBoundingClientRect();
  return [key.dataset.key, [box.x + box.width / 2, box.y + box.height / 2]];
}))"""


class Mouse(Person):
    """Somebody with a mouse."""

    def __init__(self, page: Any) -> None:
        super().__init__(page)
        self._keys = page.evaluate(KEY_PLACES)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.mouse.click(*self._keys[key])

    def insert(self, name: str) -> None:
        """Drag it from the tray to the slot."""
        card = self._page.locator(f'.pick[data-card="{name}"]')
        card.scroll_into_view_if_needed()
        card.hover(position={"x": 60, "y": 20})
        slot = self._page.locator("#slot").bounding_box()
        self._page.mouse.down()
        self._page.mouse.move(slot["x"] + 80, slot["y"] - 10, steps=4)
        self._page.mouse.move(slot["x"] + 90, slot["y"] + 5, steps=3)
        self._page.mouse.up()

    def remove(self) -> None:
        self._page.locator(".pulled").click(position={"x": 60, "y": 40})


class Keyboard(Person):
    """Somebody who never touches the mouse."""

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.keyboard.press(KEYBOARD.get(key, key))

    def insert(self, name: str) -> None:
        self._page.locator(f'.pick[data-card="{name}"]').focus()
        self._page.keyboard.press("Enter")

    def remove(self) -> None:
        self._page.locator(".pulled").focus()
        self._page.keyboard.press("Space")
        self._page.locator("#keypad").focus()
