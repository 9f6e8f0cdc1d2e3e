"""The bench page for everybody: axe-core finds nothing amiss on any size, in either language."""

from __future__ import annotations

import pytest

from tests.axe import NO_AXE, has_axe, violations
from tests.kiosk.people import SIZES
from tests.lab.page.people import Keyboard, see


@pytest.mark.skipif(not has_axe(), reason=NO_AXE)
def test_the_page_is_for_everybody(page, pytestconfig):
    hand = Keyboard(page)
    hand.sell("12850", "128.50", "amex")
    see(page, "Approved")
    found, times = {}, 2 if pytestconfig.getoption("--long") else 1
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for _ in range(times):  # each size once by default, the languages by turns
            page.locator("#lang").click()
            found[width, height, page.evaluate("document.documentElement.lang")] = violations(page)
    assert len(found) == times * len(SIZES)
    assert {place: words for place, words in found.items() if words} == {}
