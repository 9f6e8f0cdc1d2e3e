"""A process that dies of a signal leaves no picture of its memory, where PANs and PINs stood."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.canaries import Search, pan_canaries

ROOT = Path(__file__).parents[1]
PAN = "6250947382915649"
HOLDS_A_PAN = f"import time; pan = '{PAN}'; print('event=started', flush=True); time.sleep(60)"


def aborted(folder: Path, *arguments: str) -> list[Path]:
    """Start a process that may leave a core, abort it once it says so; what it left behind."""
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -c "$(ulimit -Hc)"; exec "$@"', "sh", sys.executable, *arguments],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "event=started" in line)
        process.send_signal(signal.SIGABRT)
        process.wait()
    assert said
    assert process.returncode == -signal.SIGABRT
    return sorted(folder.glob("*core*"))


@pytest.mark.skipif(sys.platform != "linux", reason="cores lie elsewhere")
def test_terminal_that_is_aborted_leaves_no_core(tmp_path: Path) -> None:
    bare, terminal = tmp_path / "bare", tmp_path / "terminal"
    bare.mkdir()
    terminal.mkdir()
    cores = aborted(bare, "-c", HOLDS_A_PAN)
    if not cores:
        pytest.skip("NOT TRIED: this system keeps no cores beside their processes")
    search = Search(pan_canaries("a card", PAN))
    search.file(cores[0])
    assert search.found, "the control: a core shows what stood in memory"
    assert aborted(terminal, "-m", "firmware", "run", "--data", str(terminal / "data")) == []
