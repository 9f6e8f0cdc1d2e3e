"""The page of the API's documents in a real browser, for everybody, on every size."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.api.http import Till
from tests.axe import NO_AXE, has_axe, violations
from tests.kiosk.people import SIZES

ARTIFACTS = Path(os.environ.get("POS_ARTIFACTS", "out/api"))


def test_the_page_of_documents_is_for_everybody(
    till: Till, browser: Any, pytestconfig: pytest.Config
) -> None:
    looked_at = SIZES if pytestconfig.getoption("--long") else SIZES[::3]
    page = browser.new_page()
    try:
        page.goto(till.target.url + "/v1/docs")
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            if (width, height) in looked_at:
                assert ((width, height), violations(page)) == ((width, height), [])
            page.screenshot(path=ARTIFACTS / f"docs-{width}x{height}.png")
    finally:
        page.close()
    if not has_axe():
        pytest.skip(NO_AXE)
