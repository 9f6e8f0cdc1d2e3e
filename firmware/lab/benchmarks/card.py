"""What a card takes: APDUs and bytes of a whole sale, the kernel's time with and without RSA."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from firmware.core.config_file import with_setting
from firmware.lab.benchmarks import over_pcscd, session
from firmware.lab.benchmarks.children import environment
from firmware.lab.benchmarks.figures import Figure, unmeasured
from firmware.lab.benchmarks.hands import Hands
from firmware.lab.benchmarks.meter import NS_PER_MS
from firmware.lab.scenario.stage import STAGE_CONFIG, START, Stage
from hw.card_reader import PcscReader
from hw.sim.cards import tray
from hw.sim.reader.pcsc import PcscModel
from hw.sim.reader.pcscd import SOCKET_VARIABLE
from hw.sim.time import VirtualClock

RUNS, RUNS_FULL = 5, 25
CHILD_TIMEOUT_S = 90
IDLE_MS_AIM = 100  # a tenth of a second in ten
ENGLISH = with_setting(STAGE_CONFIG, "general.language", "en", source=__name__)


def measure(full: bool) -> Iterator[Figure]:
    """One row a card, then the same session over a real daemon."""
    yield from on_the_stage(RUNS_FULL if full else RUNS)
    yield from _over_pcscd()


def on_the_stage(runs: int) -> Iterator[Figure]:
    """One row a card: a whole sale on the stage, then the kernel alone `runs` times."""
    pins = session.pins()
    kernel = Kernel(runs)
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        stage = Stage(Path(directory), ENGLISH)
        hands = Hands(stage)
        exchanged: list[int] = []
        stage.bench.slot.on_apdu.append(lambda sent, got: exchanged.append(len(sent) + len(got)))
        for number, name in enumerate(stage.bench.tray):
            exchanged.clear()
            approved = hands.sell(1_000 + number, name, pins[name])
            also = (
                ("bytes", sum(exchanged)),
                ("ms of the kernel", kernel.time_ms(name, pins[name], with_keys=True)),
                ("ms without CA keys", kernel.time_ms(name, pins[name], with_keys=False)),
            )
            note = "approved" if approved else hands.said
            yield Figure(name, len(exchanged), "APDUs", note=note, also=also)
        stage.close()


class Kernel:
    """The kernel's processor time for a sale, the card's and its reader's left out."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._slot = PcscModel()
        self._tray = tray()
        self._reader = PcscReader(self._slot, VirtualClock(START), pause=lambda _ms: None)

    def time_ms(self, name: str, pin: str, *, with_keys: bool) -> float:
        """The median of several sales on one card."""
        played = [self.play(name, pin, with_keys=with_keys) for _ in range(self._runs)]
        return median([one.kernel_ns / NS_PER_MS for one in played])

    def play(self, name: str, pin: str, *, with_keys: bool) -> session.Played:
        """One sale on a card of the tray, put in and taken out."""
        self._slot.insert(self._tray[name])
        self._reader.poll(0)
        played = session.play(self._reader, pin, with_keys=with_keys)
        self._slot.remove()
        self._reader.poll(0)
        return played


def _over_pcscd() -> Iterator[Figure]:
    """The same session over a real daemon, in a process of its own: libpcsclite looks once."""
    name = "session over pcscd and vpcd, elapsed"
    with tempfile.TemporaryDirectory(prefix="pos-pcscd-") as folder:
        told = environment(**{SOCKET_VARIABLE: f"{folder}/run/pcscd.comm"})
        child = [sys.executable, "-m", over_pcscd.__name__, folder]
        try:
            ended = subprocess.run(  # noqa: S603 - our own module
                child, env=told, capture_output=True, timeout=CHILD_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            yield unmeasured(name, "ms", f"not done after {CHILD_TIMEOUT_S} s")
            return
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        yield unmeasured(name, "ms", said[-1] if said else "the child failed")
        return
    told = json.loads(ended.stdout)
    for card, (elapsed_ms, apdus) in told["sessions"].items():
        also = (("APDUs", apdus), ("ms each", elapsed_ms / apdus))
        yield Figure(f"{name}: {card}", elapsed_ms, "ms", also=also)
    waited = f"waiting for a card, {over_pcscd.IDLE_S} s"
    yield Figure(waited, told["idle_cpu_ms"], "ms", IDLE_MS_AIM, "processor time of the driver")
