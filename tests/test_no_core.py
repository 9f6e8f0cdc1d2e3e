"""A process that dies of a signal leaves no picture of its memory, where PANs and PINs stood."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.canaries import Search, pan_canaries
from tests.moved import python_path

ROOT = Path(__file__).parents[1]
PAN = "6250947382915649"
HOLDS_A_PAN = f"import time; pan = '{PAN}'; print('event=started', flush=True); time.sleep(60)"

FORBIDS = f"from firmware.core import core_dumps as cores; pan = '{PAN}'; cores.forbid(); "
UNLIMITED = (  # as to a pipe, which no limit holds for
    "import resource; hard = resource.getrlimit(resource.RLIMIT_CORE)[1];"
    " resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)); "
)


def aborted(folder: Path, *arguments: str) -> list[Path]:
    """Start a process that may leave a core, abort it once it says so; what it left behind."""
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -c "$(ulimit -Hc)"; exec "$@"', "sh", sys.executable, *arguments],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=python_path(ROOT)),
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


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="cores lie elsewhere")


@linux_only
def test_terminal_that_is_aborted_leaves_no_core(tmp_path: Path) -> None:
    bare, forbidden, terminal = (tmp_path / name for name in ("bare", "forbidden", "terminal"))
    for folder in (bare, forbidden, terminal):
        folder.mkdir()
    cores = aborted(bare, "-c", HOLDS_A_PAN)
    if not cores:
        pytest.skip("NOT TRIED: this system keeps no cores beside their processes")
    search = Search(pan_canaries("a card", PAN))
    search.file(cores[0])
    assert search.found, "the control: a core shows what stood in memory"
    assert aborted(forbidden, "-c", FORBIDS + UNLIMITED + HOLDS_A_PAN) == []
    assert aborted(terminal, "-m", "firmware", "run", "--data", str(terminal / "data")) == []


SAYS_DUMPABLE = """
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""  # PR_GET_DUMPABLE: what the kernel asks before it gives a core to a file or a pipe


def said_by(*arguments: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, *arguments]
    environment = dict(os.environ, PYTHONPATH=python_path(ROOT))
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


@linux_only
def test_no_pipe_gets_a_core_either() -> None:
    assert said_by("-c", SAYS_DUMPABLE) == "1"
    assert said_by("-c", FORBIDS + SAYS_DUMPABLE) == "0"


@linux_only
def test_process_that_is_not_dumped_still_reads_its_own_figures() -> None:
    shown = said_by("-c", FORBIDS + "print(open('/proc/self/status').read())")
    assert "VmRSS" in shown


@linux_only
def test_core_is_forbidden_before_any_command_that_holds_cards(tmp_path: Path) -> None:
    scenario = tmp_path / "one.pos"
    scenario.write_text("press 100\n", "utf-8")
    plays = f"import sys; sys.argv[1:] = ['play', {str(scenario)!r}]"
    says = f"from firmware.__main__ import main; main(){SAYS_DUMPABLE}"
    assert said_by("-c", f"{plays}; {says}").splitlines()[-1] == "0"
    lists = "import sys; sys.argv[1:] = ['config', 'example']"
    assert said_by("-c", f"{lists}; {says}").splitlines()[-1] == "1"
