"""A terminal as a process of its own, which can be struck at any call to disk or socket.

`Nursery` starts one process with the interposer before its libc, warms it up, and lets it fork a
child for each life: a terminal on its modelled bench that plays a story from what lies in its
directory, with its host at the far end of a real socket. What people saw is told through a pipe
before the next call is made, so that it outlives the child.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import NoReturn

from firmware.core.config import Config
from firmware.core.kinds import Kind
from firmware.iso8583.client import HostClient
from firmware.iso8583.tcp import TcpLink
from firmware.lab.host_line import HostLine
from firmware.lab.scenario.acquirers import StageAcquirer
from firmware.terminal.assembly import embedded_client
from firmware.terminal.data_directory import DataDirectory
from firmware.ui.screens import Outcome
from hw.ports import Clock
from tests.crash.cuts import RETRIED_MS, Approval
from tests.crash.far_host import SESSION
from tests.crash.rig import Rig
from tests.crash.stories import NAIVE_SALE, STORIES

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("interposer.c")
STORY_OF = {story.name: story for story in (*STORIES, NAIVE_SALE)}


@dataclass(frozen=True, slots=True)
class Life:
    """One run of the process: its disk, its host's port, what it plays and where it is struck.

    It plays those lines of its story that the field `plays` holds, or just comes to rest. At call
    number `strike_at` it is killed, or with `error` its disk fails until all is played.
    """

    directory: str
    port: int
    story: str
    plays: str = ""
    at_ms: int = 0
    strike_at: int = 0
    error: int = 0


@dataclass(slots=True)
class Death:
    """What a life left: what was shown approved, and if it came to its end, how that was."""

    shown: set[Approval] = field(default_factory=set)
    killed: bool = True
    calls: list[str] = field(default_factory=list)
    at_ms: int = 0
    panel: str = ""
    failed: str = ""  # what the story expected in vain, or the bug that ended it


class Nursery:
    """Where lives begin. Raises RuntimeError, in words, where there cannot be one."""

    def __init__(self, folder: Path) -> None:
        self._room = folder / "nursery"
        self._room.mkdir()
        environment = dict(os.environ, LD_PRELOAD=str(_built(self._room)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.mortal", str(self._room)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, life: Life) -> Death:
        """Let a life be lived to its end."""
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        pipe_in.write(json.dumps(asdict(life)) + "\n")
        pipe_in.flush()
        death = Death()
        for line in pipe_out:
            word, told = json.loads(line)
            match word:
                case "shown":
                    kind, voucher, minor = told
                    death.shown.add(Approval(Kind(kind), voucher, minor))
                case "end":
                    death.killed = False
                    death.calls, death.at_ms, death.panel, death.failed = told
                case "gone":
                    return death
        raise RuntimeError("the nursery itself has ended")

    def close(self) -> None:
        """No more lives."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


def _built(folder: Path) -> Path:
    library = folder / "interposer.so"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        raise RuntimeError("it takes Linux and a C compiler to stand before libc")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return library


# --- within the process --------------------------------------------------------------------------


class FarEmbedded(StageAcquirer):
    """An embedded host that lives in another process."""

    def __init__(self, config: Config, port: int, clock: Clock) -> None:
        link = TcpLink("127.0.0.1", port, monotonic_ms=clock.monotonic_ms)
        super().__init__(config, HostLine(link))

    def client(self, data: DataDirectory) -> HostClient:
        data.tie(None)
        return embedded_client(self.config, self.line, SESSION)


class Interposer:
    """The library before libc, as seen from within."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.interposer_name.restype = ctypes.c_char_p

    def arm(self, strike_at: int, error: int) -> None:
        """Count from here on, and strike at this call; 0 is none."""
        self._library.interposer_arm(ctypes.c_long(strike_at), error)

    def disarm(self) -> list[str]:
        """Count and strike no more: the names of the calls that were made."""
        count = self._library.interposer_disarm()
        name = self._library.interposer_name
        return [name(ctypes.c_long(call)).decode() for call in range(1, count + 1)]


def tell(word: str, *told: object) -> None:
    """Say it through the pipe at once."""
    os.write(sys.stdout.fileno(), json.dumps([word, told]).encode() + b"\n")


def live(life: Life, interposer: Interposer, folder: Path) -> None:
    """Play a life to its end, unless it is killed before."""
    story = STORY_OF[life.story]
    flow = story.flow if life.plays == "lines" else None
    rig = Rig(
        Path(life.directory),
        fresh=story.blank,
        flow=flow,
        chance=Random(0),
        acquirer=lambda config, _directory, clock: FarEmbedded(config, life.port, clock),
    )
    rig.on_screen = tell_approval
    clock, time = rig.bench.clock, rig.bench.time
    clock.advance_to(life.at_ms)
    failed = ""
    interposer.arm(life.strike_at, life.error)
    try:
        runner = rig.power_on().runner
        time.settle(runner)
        if life.plays:
            rig.plays(getattr(story, life.plays), folder)
    except Exception as error:  # noqa: BLE001 - told, and judged by whoever reads it
        failed = f"{type(error).__name__}: {error}".splitlines()[0]
    calls = interposer.disarm()
    if rig.terminal is not None and (life.error or not life.plays):
        rig.line.fault = None  # a story that a fault broke off has not mended its own
        time.run_until(rig.terminal.runner, clock.monotonic_ms() + RETRIED_MS)
    tell("end", calls, clock.monotonic_ms(), rig.display_text, failed)


def tell_approval(screen: object) -> None:
    """Say what people see approved."""
    if isinstance(screen, Outcome) and screen.approved:
        tell("shown", screen.kind.value, screen.voucher, screen.amount.minor)


def main(folder: Path) -> NoReturn:
    """Read lives from the standard input, and fork a child for each."""
    interposer = Interposer()
    with tempfile.TemporaryDirectory(dir=folder) as room:  # each child inherits what is cached now
        warm = Rig(Path(room) / "data")
        warm.power_on()
        warm.plays(STORIES[0].lines, folder)
        warm.close()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live(Life(**json.loads(line)), interposer, folder)
            os._exit(0)
        os.waitpid(child, 0)
        tell("gone")
    sys.exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
