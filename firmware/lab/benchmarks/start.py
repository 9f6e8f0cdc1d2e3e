"""Cold start to the idle screen, beside a process that only imports what any terminal needs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct

from firmware.lab.benchmarks.children import environment
from firmware.lab.benchmarks.figures import Figure, unmeasured
from firmware.lab.scenario.stage import Stage

# as `pos run` begins; not imported here: it takes the real drivers
IDLE = """
import sys
from pathlib import Path
from firmware.core import garbage
garbage.wait_for_the_start()
from firmware.lab.benchmarks.idle import main
main(Path(sys.argv[1]))
"""
# what the aim names; then the same with the modules in which the drivers of these packages are
BARE = "import luma.oled, gpiozero, smartcard, sqlite3"
DRIVERS = "import luma.oled.device, gpiozero, smartcard.scard, sqlite3"
STARTS, STARTS_FULL = 7, 21
BARE_AIM = 2.0  # times the bare imports
MEMORY_KB_AIM = 50_000
TOLD = "; import time; print(0, time.process_time(), flush=True)"
PATIENCE_S = 60


class Start(Struct, frozen=True):
    """One start, to the first line that the child said."""

    elapsed_ms: float
    memory_kb: int
    processor_ms: float


def measure(full: bool) -> Iterator[Figure]:
    """Medians of alternating starts, from the call of the interpreter to the first line said.

    On a machine that others use too, processor time tells more than the clock does.
    """
    starts, codes = STARTS_FULL if full else STARTS, (IDLE, BARE + TOLD, DRIVERS + TOLD)
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as folder:
        Stage(Path(folder)).close()  # provisioned: the first start makes keys and passwords
        found = [[_start(folder, code) for code in codes] for _ in range(1 + starts)]
    # the first of each fills the file system's cache, and compiles
    terminal, bare, drivers = zip(*found[1:], strict=True)
    note = f"{starts} starts; {BARE}"
    yield _beside("cold start to the idle screen", _elapsed_ms(terminal), _elapsed_ms(bare), note)
    yield _beside("processor time of it", _processor_ms(terminal), _processor_ms(bare), note)
    compared = (
        ("times of it is the cold start", _elapsed_ms(terminal) / _elapsed_ms(drivers)),
        ("in processor time", _processor_ms(terminal) / _processor_ms(drivers)),
    )
    name, drivers_ms = "importing with the drivers' modules", _elapsed_ms(drivers)
    yield Figure(name, drivers_ms, "ms", note=DRIVERS, also=compared)
    memory = [start.memory_kb for start in terminal]
    if min(memory) == 0:
        yield unmeasured("memory at idle", "kB", "this system has no /proc/self/status")
    else:
        note = "resident, no models in it"
        yield Figure("memory at idle", median(memory), "kB", MEMORY_KB_AIM, note)


def _beside(name: str, ours_ms: float, bare_ms: float, note: str) -> Figure:
    also = (("times the bare imports", ours_ms / bare_ms),)
    return Figure(name, ours_ms, "ms", BARE_AIM * bare_ms, note, also=also)


def _elapsed_ms(starts: Sequence[Start]) -> float:
    return median([start.elapsed_ms for start in starts])


def _processor_ms(starts: Sequence[Start]) -> float:
    return median([start.processor_ms for start in starts])


def _start(folder: str, code: str) -> Start:
    """Start a child and wait for its end.

    All that it imports is compiled, as the package on a Pi is, whatever the environment says.
    """
    compiled = environment(PYTHONPYCACHEPREFIX=f"{folder}/compiled", PYTHONDONTWRITEBYTECODE="")
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-c", code, folder], env=compiled, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        said = child.stdout.readline().split()
        elapsed_ms = (time.perf_counter() - began) * 1000
        failed = child.wait(PATIENCE_S)
    if failed or not said:
        raise RuntimeError(f"a start ended with {failed}")
    return Start(elapsed_ms, int(said[0]), float(said[1]) * 1000)
