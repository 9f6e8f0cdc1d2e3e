"""Options of the whole suite, and what its parts share: figures, a real pcscd of the run's own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.moved import MOVED_S, move, on_date

PCSCD_FOLDER = Path(tempfile.mkdtemp(prefix="pcscd-"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-screens",
        action="store_true",
        help="accept the screens as they are now drawn: rewrite the pictures in tests/screens",
    )
    parser.addoption(
        "--on-date",
        metavar="DAY",
        type=on_date,
        help="run the tests on another day: YYYY-MM-DD, or +15m for months from today",
    )
    parser.addoption("--long", action="store_true", help="the full sweeps, not their short forms")
    parser.addoption(
        "--seed",
        metavar="NUMBER",
        type=int,
        default=20261122,
        help="which part of a sweep its short form takes; the same on every day unless it is given",
    )


def pytest_configure(config: pytest.Config) -> None:
    day = config.getoption("--on-date")
    if day and MOVED_S not in os.environ:  # a process of xdist's is moved from its beginning
        move(day)
    # libpcsclite looks for its daemon once, at the first call of a process: so before any test
    if not on_real_parts(config):
        os.environ["PCSCLITE_CSOCK_NAME"] = str(PCSCD_FOLDER / "run" / "pcscd.comm")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what day it is for this run."""
    day = config.getoption("--on-date")
    if not day:
        return []
    from firmware.core.clock import SystemClock  # noqa: PLC0415 - not for every run

    return [f"on {SystemClock().now().date()} (--on-date {day})"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {}
    if not config.getoption("--long"):
        left_out["long"] = "the full sweep; run with --long"
    if not on_real_parts(config):
        left_out["hardware"] = "a real part; run with -m hardware"
    for item in items:
        for name, reason in left_out.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


def on_real_parts(config: pytest.Config) -> bool:
    """Whether this run is one at a real terminal, and of its parts alone."""
    return bool(config.getoption("markexpr") == "hardware")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium; skips, with the reason, where there is none.

    One for a whole process, for Playwright refuses a second one beside it.
    """
    from firmware.lab.page.browser import NoBrowser, chromium  # noqa: PLC0415 - not for every run

    try:
        with chromium() as driven:
            yield driven
    except NoBrowser as reason:
        pytest.skip(f"NO PAGE IS TRIED IN A BROWSER: {reason}")


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Any]:
    """Plays lines at a terminal on its bench, whose data lie in `tmp_path`."""
    from firmware.lab.scenario.player import Player  # noqa: PLC0415 - not for every run

    with contextlib.closing(Player(tmp_path, tmp_path)) as made:
        yield made


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a figure that a test measured: all of them stand together at the end of a run."""
    return lambda words: record_property("figure", words)


@pytest.fixture
def progress(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Say how a long sweep goes while it goes, past what is captured; nothing without --long."""
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(words: str) -> None:
        if pytestconfig.getoption("--long"):
            with capture.global_and_fixture_disabled():
                print(words, flush=True)

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Also with several processes: a report brings its properties along."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    figures = [
        (report.nodeid, words)
        for report in reports
        for name, words in getattr(report, "user_properties", ())
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
    for _, words in sorted(figures, key=lambda each: each[0]):
        terminalreporter.write_line(words)


@pytest.fixture(scope="session")
def pcscd():
    """A private pcscd with vpcd's slots; skips, with the reason, where there cannot be one."""
    from hw.sim.reader.pcscd import PcscdUnavailable, PrivatePcscd  # noqa: PLC0415 - not for every run

    try:
        with PrivatePcscd(PCSCD_FOLDER) as daemon:
            yield daemon
    except PcscdUnavailable as reason:
        pytest.skip(f"NOT TRIED OVER A REAL PC/SC STACK: {reason}")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server; skips, with the reason, where it is not installed."""
    from tests.postgres import cluster  # noqa: PLC0415 - not for every run

    with cluster() as running:
        yield running


# CI tries the same examples each time: what it says depends on the change alone. A run by hand
# looks for new ones.
settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
