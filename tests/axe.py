"""axe-core over a page in a browser: what keeps somebody from using it."""

from __future__ import annotations

from typing import Any

NO_AXE = "NO PAGE IS HELD TO AXE-CORE: axe-playwright-python is not installed"
_RUN = """() => axe.run({ resultTypes: ["violations"] }).then((found) => found.violations.map(
  (one) => `${one.impact} ${one.id}: ${one.nodes[0].html} ${one.nodes[0].failureSummary}`))"""


def has_axe() -> bool:
    """Whether it is installed."""
    try:
        import axe_playwright_python  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401, PLC0415 - where it is
    except ImportError:
        return False
    return True


def violations(page: Any) -> list[str]:
    """All that axe-core finds on the page as it stands; nothing where axe-core is not installed.

    The script is put in as the browser's own, once a document, so that the page's policy stands.
    """
    if not has_axe():
        return []
    from axe_playwright_python.base import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - where it is
        AXE_SCRIPT,
    )

    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return list(page.evaluate(_RUN))
