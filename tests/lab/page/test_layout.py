"""On every size of screen: keys in reach, which stay where they are, and the amount in sight."""

from __future__ import annotations

import pytest

from tests.lab.page.conftest import ARTIFACTS
from tests.lab.page.people import KEY_PLACES, PATIENCE_MS, Keyboard, see

SIZES = ((1440, 900), (1280, 720), (1024, 600), (820, 1180), (390, 844), (844, 390))
OUT_OF_SIGHT = """() => [...document.querySelectorAll(".key, .oled")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
}).map((one) => one.dataset.key ?? "display")"""
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
CUT_OFF = """() => [...document.querySelectorAll(".rows li, .rows li *")]
  .filter((one) => getComputedStyle(one).display !== "inline")
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent)"""
# whether the middle of the amount is on the paper that can be seen
AMOUNT_SHOWS = """async () => {
  const { state } = await import("/static/wire.js");
  const [top, height] = state("amount_px");
  const paper = document.getElementById("paper");
  const box = paper.getBoundingClientRect();
  const seen = document.getElementById("paperOut").getBoundingClientRect();
  const middle = box.top + (top + height / 2) * box.width / paper.width;
  return middle > Math.max(0, seen.top) && middle < Math.min(innerHeight, seen.bottom);
}"""
# a page that ends with its window, or goes on below it, has its colour to the last row
BARE = "getComputedStyle(document.documentElement).backgroundImage === 'none'"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_every_screen_keys_stay_and_the_amount_is_in_sight(page, theme):
    page.emulate_media(color_scheme=theme)
    hand = Keyboard(page)
    before = {}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OUT_OF_SIGHT) == [], (width, height)
        assert page.evaluate(TOO_WIDE) <= 0, (width, height)
        assert not page.evaluate(BARE)
        before[width, height] = page.evaluate(KEY_PLACES)
    hand.sell("12850", "128.50", "amex")
    page.locator("#tear").wait_for(timeout=PATIENCE_MS)
    see(page, "Approved")
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(AMOUNT_SHOWS, timeout=PATIENCE_MS)
        assert page.evaluate(CUT_OFF) == [], (width, height)
        page.screenshot(path=ARTIFACTS / f"layout-{theme}-{width}x{height}.png")
        page.evaluate("scrollTo(0, 0)")
        assert page.evaluate(KEY_PLACES) == before[width, height], (width, height)
