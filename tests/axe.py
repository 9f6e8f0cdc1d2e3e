"""axe-core over a page in a browser: what keeps somebody from using it."""

from __future__ import annotations

from typing import Any

NO_AXE = "NO PAGE IS HELD TO AXE-CORE: axe-playwright-python is not installed"
_BEGIN = """() => {
  const told = ({ impact, id, nodes: [node] }) =>
    `${impact} ${id}: ${node.html} ${node.failureSummary}`;
  window.axeEnded = false;
  window.axeRun = axe.run({ resultTypes: ["violations"] })
    .then((found) => found.violations.map(told)).finally(() => { axeEnded = true; });
}"""


def has_axe() -> bool:
    """Whether it is installed."""
    try:
        import axe_playwright_python  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401, PLC0415 - where it is
    except ImportError:
        return False
    return True


def violations(page: Any, *, clock_stands: bool = False) -> list[str]:
    """All that axe-core finds on the page as it stands; nothing where axe-core is not installed.

    The script is put in as the browser's own, once a document, so that the page's policy stands.
    axe-core defers its work by timers: where the page's clock stands, it is moved for them, 1 ms at
    a time.
    """
    if not has_axe():
        return []
    from axe_playwright_python.base import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - where it is
        AXE_SCRIPT,
    )

    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate(_BEGIN)
    while clock_stands and not page.evaluate("axeEnded"):
        page.clock.run_for(1)
    return list(page.evaluate("axeRun"))
