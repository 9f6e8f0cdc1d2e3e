"""How long a key takes to the pixels on the page, measured in the browser that shows them."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from msgspec import Struct

from firmware.lab.page.browser import chromium, served

# from the key's event to the animation frame after the display was drawn, in the browser's own
# clock
_PRESS = """(key) => new Promise((done) => {
  const canvas = document.getElementById("display");
  let took = null;
  const finish = () => setTimeout(() => done(took), 60);
  canvas.addEventListener("drawn", () => requestAnimationFrame(() => {
    took = performance.now() - from;
    dispatchEvent(new KeyboardEvent("keyup", { key }));
    finish();
  }), { once: true });
  const from = performance.now();
  dispatchEvent(new KeyboardEvent("keydown", { key }));
})"""
DIGITS = 4


class Latency(Struct, frozen=True):
    """Milliseconds from key press to pixels on the page."""

    presses: int
    median_ms: float
    p95_ms: float
    worst_ms: float


def measure(presses: int = 100, pages: int = 1) -> Latency:
    """Press digits and BACK on a page, while `pages` are open. Raises NoBrowser."""
    with chromium() as browser, served(general_language="en") as (_, server):
        shown = [browser.new_page() for _ in range(pages)]
        for page in shown:
            page.goto(server.url)
            page.locator("#said").get_by_text("Enter amount").wait_for()
        page = shown[-1]
        page.bring_to_front()
        page.keyboard.press("1", delay=60)
        page.locator("#said").get_by_text("0.01").wait_for()
        return on_page(page, presses)


def on_page(page: Any, presses: int) -> Latency:
    """Measure on a page of Playwright's that shows an amount being keyed."""
    keys = ["1"] * DIGITS + ["Backspace"] * DIGITS
    took = [page.evaluate(_PRESS, keys[n % len(keys)]) for n in range(presses)]
    return Latency(presses, median(took), quantiles(took, n=20)[-1], max(took))


def idle_percent(seconds: int, processor_s: Callable[[], float]) -> float:
    """Per cent of one core that this process takes while a page is open. Raises NoBrowser."""
    with chromium() as browser, served() as (_, server):
        page = browser.new_page()
        page.goto(server.url)
        page.locator("#said").get_by_text("请输入金额").wait_for()
        page.wait_for_timeout(1000)
        before_s = processor_s()
        page.wait_for_timeout(seconds * 1000)
        return 100 * (processor_s() - before_s) / seconds
