"""Draws the README's picture of the page: a sale at work, in a real browser."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from firmware.cli.exits import DONE, FAILED
from firmware.page.browser import NoBrowser, chromium, served

WIDTH_PX, HEIGHT_PX = 1440, 900


def draw(file: Path) -> int:
    """Draw it into `file`: 0, or 1 when there is no browser."""
    try:
        with chromium() as browser, served(general_language="zh_CN") as (_, server):
            page = browser.new_page(
                viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme="dark"
            )
            page.goto(server.url)
            sell(page)
            page.locator("#tab-trace").click()
            shot = Image.open(io.BytesIO(page.screenshot()))
            shot.convert("RGB").save(file, format="PNG", optimize=True)
    except NoBrowser as reason:
        print(f"pos sim: {reason}", file=sys.stderr)
        return FAILED
    print(f"pos sim: {file}")
    return DONE


def sell(page: Any) -> None:
    """Sell for 128.50 with a card and its PIN, up to the approval and its slip."""
    says = page.locator("#said")
    says.get_by_text("请输入金额").wait_for()
    for key in ("1", "2", "8", "5", "0", "Enter"):
        page.keyboard.press(key, delay=60)
    says.get_by_text("请持卡人核对金额").wait_for()
    page.wait_for_timeout(800)  # ENTER counts once the amount could be read
    page.keyboard.press("Enter", delay=60)
    page.locator("[data-card=unionpay-debit].pick").click()
    says.get_by_text("请输入密码").wait_for()
    for key in "123456":
        page.keyboard.press(key, delay=60)
    page.keyboard.press("Enter", delay=60)
    says.get_by_text("交易成功").wait_for()
    page.locator("#tear").wait_for()  # the whole slip is out
