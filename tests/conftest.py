"""Options of the whole suite, and what its parts share: a real pcscd of the run's own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# libpcsclite looks for its daemon once, at the first call of a process: so here, before any test
PCSCD_FOLDER = Path(tempfile.mkdtemp(prefix="pcscd-"))
os.environ["PCSCLITE_CSOCK_NAME"] = str(PCSCD_FOLDER / "run" / "pcscd.comm")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-screens",
        action="store_true",
        help="accept the screens as they are now drawn: rewrite the pictures in tests/screens",
    )
    parser.addoption("--long", action="store_true", help="the full sweeps, not their short forms")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="the full sweep; run with --long"))


@pytest.fixture(scope="session")
def pcscd():
    """A private pcscd with vpcd's slots; skips, with the reason, where there cannot be one."""
    from hw.sim.pcscd import PcscdUnavailable, PrivatePcscd  # noqa: PLC0415 - not for every run

    try:
        with PrivatePcscd(PCSCD_FOLDER) as daemon:
            yield daemon
    except PcscdUnavailable as reason:
        pytest.skip(f"NOT TRIED OVER A REAL PC/SC STACK: {reason}")


# CI tries the same examples each time: what it says depends on the change alone. A run by hand
# looks for new ones.
settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
