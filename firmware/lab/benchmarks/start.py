"""Cold start to the idle screen, beside a process that only imports what any terminal needs."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from firmware.lab.benchmarks.children import environment
from firmware.lab.benchmarks.figures import Figure, median, unmeasured
from firmware.lab.scenario.stage import Stage

IDLE = "firmware.lab.benchmarks.idle"  # not imported here: it takes the real drivers
# what the aim names; then the same with the modules in which the drivers of these packages are
BARE = "import luma.oled, gpiozero, smartcard, sqlite3"
DRIVERS = "import luma.oled.device, gpiozero, smartcard.scard, sqlite3"
STARTS, STARTS_FULL = 7, 21
MEMORY_KB_AIM = 60_000
TOLD = "; print(flush=True)"
PATIENCE_S = 60


def measure(full: bool) -> Iterator[Figure]:
    """Medians of alternating starts, from the call of the interpreter to the first line said."""
    terminal: list[float] = []
    bare: list[float] = []
    drivers: list[float] = []
    memory: list[int] = []
    processor: list[float] = []
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as folder:
        Stage(Path(folder)).close()  # provisioned: the first start makes keys and passwords
        starts = STARTS_FULL if full else STARTS
        for number in range(1 + starts):
            before_s = _children_s()
            elapsed_ms, said = _start(folder, "-m", IDLE, folder)
            spent_ms = (_children_s() - before_s) * 1000
            others = [_start(folder, "-c", words + TOLD)[0] for words in (BARE, DRIVERS)]
            if number:  # the first one fills the file system's cache, and compiles
                terminal.append(elapsed_ms)
                memory.append(int(said))
                processor.append(spent_ms)
                bare.append(others[0])
                drivers.append(others[1])
    aim_ms = median(bare)
    also = (
        ("times the bare imports", median(terminal) / aim_ms),
        ("ms of the processor, end included", median(processor)),
    )
    note = f"{starts} starts; {BARE}"
    yield Figure("cold start to the idle screen", median(terminal), "ms", aim_ms, note, also=also)
    compared = (("times of it is the cold start", median(terminal) / median(drivers)),)
    yield Figure(
        "importing with the drivers' modules", median(drivers), "ms", note=DRIVERS, also=compared
    )
    if min(memory) == 0:
        yield unmeasured("memory at idle", "kB", "this system has no /proc/self/status")
    else:
        note = "resident, no models in it"
        yield Figure("memory at idle", median(memory), "kB", MEMORY_KB_AIM, note)


def _children_s() -> float:
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _start(folder: str, *words: str) -> tuple[float, str]:
    """Start a child; milliseconds to its first line, and the line. It ends before this returns.

    All that it imports is compiled, as the package on a Pi is, whatever the environment says.
    """
    compiled = environment(PYTHONPYCACHEPREFIX=f"{folder}/compiled", PYTHONDONTWRITEBYTECODE="")
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, *words], env=compiled, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        elapsed_ms = (time.perf_counter() - began) * 1000
        code = child.wait(PATIENCE_S)
    if code or not said:
        raise RuntimeError(f"{words[1]} ended with {code}")
    return elapsed_ms, said.strip()
