"""Debian's Chromium, driven by Playwright: for the picture, the measurement and the tests."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from firmware.lab.page.hub import Hub
from firmware.lab.page.server import Server, serving
from firmware.lab.page.session import Session

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a chroot or a container may have none
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(Exception):  # noqa: N818 - what is the case
    """There is no Chromium, or no Playwright to drive it."""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium as Playwright's Browser. Raises NoBrowser."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the tests' packages
    except ImportError:
        raise NoBrowser("playwright is not installed: `firmware/pos test` installs it") from None
    if not CHROMIUM.exists():
        raise NoBrowser("there is no /usr/bin/chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def served(settings: Mapping[str, str] | None = None) -> Iterator[tuple[Session, Server]]:
    """A terminal and its page at a free port; settings as `{"general.language": "en"}`."""
    with tempfile.TemporaryDirectory(prefix="pos-page-") as directory:
        session = Session(Path(directory), Hub(), settings or {})
        with serving(session) as server:
            yield session, server
