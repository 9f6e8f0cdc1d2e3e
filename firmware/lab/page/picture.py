"""Draws the README's picture of the page: a sale at work, in a real browser."""

from __future__ import annotations

import io
from typing import IO, Any

from PIL import Image

from firmware.core.exits import FAILED, Refused
from firmware.lab.page.browser import NoBrowser, chromium, served

WIDTH_PX, HEIGHT_PX = 1440, 900
SETTINGS = {"general.language": "zh_CN", "check.min_view_ms": "300"}
UNDO_LEFT = "20秒"  # the moment: the receipt is out, and the sale could still be undone for so long
VIEW_MS = 600
PATIENCE_MS = 60_000


def draw(file: IO[bytes]) -> None:
    """Draw it into `file`. Raises Refused when there is no browser."""
    try:
        with chromium() as browser, served(SETTINGS) as (_, server):
            page = browser.new_page(
                viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme="dark"
            )
            page.goto(server.url)
            sell(page)
            page.mouse.move(WIDTH_PX / 2, 5)  # off the cards, which make way for a pointer
            shot = Image.open(io.BytesIO(page.screenshot()))
            shot.convert("RGB").save(file, format="PNG", optimize=True)
    except NoBrowser as reason:
        raise Refused(f"{reason}", code=FAILED) from None


def sell(page: Any) -> None:
    """Sell for 128.50 with a card and its PIN, up to the approval and its receipt."""

    def says(text: str) -> None:
        page.locator("#said").get_by_text(text).wait_for(timeout=PATIENCE_MS)

    says("请输入金额")
    for key in "12850":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    says("请持卡人核对金额")
    page.wait_for_timeout(VIEW_MS)  # ENTER counts once the amount could be read
    page.keyboard.press("Enter")
    says("请插卡")
    page.locator("[data-card=unionpay-debit].pick").click()
    says("请输入密码")
    for key in "123456":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.locator("#tear").wait_for(timeout=PATIENCE_MS)
    page.locator(f"#display[data-text*='{UNDO_LEFT}']").wait_for(timeout=PATIENCE_MS)
