"""What several parts of the tests share: a real pcscd of the run's own."""

import os
import tempfile
from pathlib import Path

import pytest

from hw.sim.pcscd import SOCKET_VARIABLE, PcscdUnavailable, PrivatePcscd

# libpcsclite looks once, at the first call of the process: so here, before any test
PCSCD_FOLDER = Path(tempfile.mkdtemp(prefix="pcscd-"))
os.environ[SOCKET_VARIABLE] = str(PCSCD_FOLDER / "run" / "pcscd.comm")


@pytest.fixture(scope="session")
def pcscd():
    """A private pcscd with vpcd's slots; skips, with the reason, where there cannot be one."""
    try:
        with PrivatePcscd(PCSCD_FOLDER) as daemon:
            yield daemon
    except PcscdUnavailable as reason:
        pytest.skip(f"NOT TRIED OVER A REAL PC/SC STACK: {reason}")
