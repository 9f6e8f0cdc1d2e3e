"""How long a key takes to the pixels on the page, measured in the browser that shows them."""

from __future__ import annotations

import time
from statistics import median, quantiles

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

    median_ms: float
    p95_ms: float
    worst_ms: float


def measure(presses: int) -> Latency:
    """Press digits and BACK on a page. Raises NoBrowser."""
    keys = ["1"] * DIGITS + ["Backspace"] * DIGITS
    with chromium() as browser, served(general_language="en") as (_, server):
        page = browser.new_page()
        page.goto(server.url)
        page.locator("#said").get_by_text("Enter amount").wait_for()
        page.keyboard.press("1", delay=60)
        page.locator("#said").get_by_text("0.01").wait_for()
        took = [page.evaluate(_PRESS, keys[n % len(keys)]) for n in range(presses)]
    return Latency(median(took), quantiles(took, n=20)[-1], max(took))


def idle_percent(seconds: int) -> float:
    """Per cent of one core that this process takes while a page is open. Raises NoBrowser."""
    with chromium() as browser, served() as (_, server):
        page = browser.new_page()
        page.goto(server.url)
        page.locator("#said").get_by_text("请输入金额").wait_for()
        page.wait_for_timeout(1000)
        before_s = time.process_time()
        page.wait_for_timeout(seconds * 1000)
        return 100 * (time.process_time() - before_s) / seconds
