"""A terminal on its bench with its API, played by lines of the scenario language.

One thread owns the bench. Tills' events and lines to be played come to it in a queue. A power cut
takes the API away, too, as it does on the Pi; it comes back at the same address.
"""

from __future__ import annotations

import io
import queue
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from PIL import Image

from firmware.api.server import ApiServer
from firmware.api.tokens import Scope, Tokens
from firmware.api.views import Door
from firmware.core.config import Config
from firmware.journal.faults import JournalFault
from firmware.kiosk.routes import shop_page
from firmware.lab.page.pace import PacedTime
from firmware.lab.scenario.language import ScenarioError, Step, parse
from firmware.lab.scenario.player import Player, ScenarioFailed
from firmware.lab.scenario.stage import START, Stage
from firmware.payments.tills import NotNow, TillAsked, TillEvent
from firmware.terminal.terminal import Terminal
from firmware.ui.render import Frame
from hw.sim.time import VirtualClock, VirtualTime

TURN_S, JOIN_S = 0.005, 10
TILL = "simulator"
LINES_MAX = 1_000
_FAILED = re.compile(r"^[^:]*:(\d+): (?:expected (.*), saw (.*))?", re.DOTALL)


class Failed(Struct, frozen=True):
    """A line that did not hold, or that is none."""

    line: int
    expected: str
    seen: str


class Seen(Struct, frozen=True):
    """What stands somewhere: as text, and as a picture."""

    text: str
    png: bytes


Job = Callable[[], object]


class Target:
    """The terminal in `directory`, on a thread of its own. Time is real, or passes by `wait`."""

    def __init__(
        self,
        directory: Path,
        config: Config,
        *,
        virtual: bool,
        pictures: Path | None = None,
        start: datetime = START,
        on_frame: Callable[[Frame], None] = lambda _frame: None,
    ) -> None:
        """Its wall clock begins at `start`, before which nothing in `directory` was written.

        `on_frame` is told of each frame on the display, on the bench's thread.
        """
        self._directory = directory
        self._virtual = virtual
        self._start, self._on_frame = start, on_frame
        self._queue: queue.Queue[TillEvent | tuple[Job, Future[object]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="bench", daemon=True)
        self._begun: Future[None] = Future()
        self._config = config
        self._beside = shop_page(pictures)
        self.server: ApiServer | None = None
        self._served: Terminal | None = None
        self._paced: PacedTime | None = None
        self._port = 0
        self.token = ""

    # -- from other threads -------------------------------------------------------------------

    def start(self) -> None:
        """Switch on, and wait until the API is heard. Raises what stands against it."""
        self._thread.start()
        self._begun.result()

    @property
    def url(self) -> str:
        """The API's address, also while the power is off."""
        return f"http://127.0.0.1:{self._port}"

    def post(self, event: TillEvent) -> None:
        """A till's request, for the terminal's inbox."""
        self._queue.put(event)

    def play(self, text: str) -> Future[object]:
        """Play lines; the future gives None, or Failed for the first that did not hold."""
        return self._later(lambda: self._play(text))

    def screen(self) -> Future[object]:
        """What the display shows, as Seen."""
        return self._later(self._screen)

    def paper(self) -> Future[object]:
        """What was printed and not torn off, as Seen."""
        return self._later(self._paper)

    def close(self) -> None:
        """Switch off for good; waits for the thread."""
        self._queue.put(None)
        self._thread.join(JOIN_S)

    def _later(self, job: Job) -> Future[object]:
        answer: Future[object] = Future()
        self._queue.put((job, answer))
        return answer

    # -- the bench's thread -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._player = Player(
                self._directory, self._directory, self._config, make_stage=self._make_stage
            )
            self._stage = self._player.stage
            self.token = self._make_token()
            self._serve()
        except Exception as fault:  # noqa: BLE001 - `start` raises it
            self._begun.set_exception(fault)
            return
        self._begun.set_result(None)
        while self._turn():
            pass
        if self.server is not None:
            self.server.close()
        self._player.close()

    def _make_token(self) -> str:
        tokens = Tokens(self._directory)
        if any(till.name == TILL for till in tokens.all()):
            tokens.remove(TILL)
        return tokens.add(TILL, Scope, nexo=True)

    def _make_stage(self, config: Config) -> Stage:
        stage = Stage(
            self._directory,
            config,
            make_time=self._make_time,
            start=self._start,
            on_frame=self._on_frame,
        )
        if not self._virtual:
            stage.wait_for_host()
        return stage

    def _make_time(self, clock: VirtualClock) -> VirtualTime:
        if self._virtual:
            return VirtualTime(clock)
        self._paced = PacedTime(clock, self._wait)
        return self._paced

    def _turn(self) -> bool:
        """Let happen what is due, and the next thing that was asked; False at the end."""
        terminal, paced = self._stage.terminal, self._paced
        timeout_s: float | None = None
        if paced is not None:
            runner = None if terminal is None else terminal.runner
            paced.catch_up(runner)
            timeout_s = max(TURN_S, paced.seconds_until(paced.due_ms(runner)))
        try:
            request = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return True
        if request is None:
            return False
        self._perform(request)
        return True

    def _perform(self, request: TillEvent | tuple[Job, Future[object]]) -> None:
        if not isinstance(request, tuple):
            self._hear(request)
            return
        job, answer = request
        try:
            answer.set_result(job())
        except Exception as bug:  # noqa: BLE001 - its future raises it
            answer.set_exception(bug)

    def _hear(self, event: TillEvent) -> None:
        terminal = self._stage.terminal
        if terminal is not None:
            terminal.runner.step(event)
            self._stage.bench.time.run_until(
                terminal.runner, self._stage.bench.clock.monotonic_ms()
            )
        elif isinstance(event, TillAsked) and event.answer.set_running_or_notify_cancel():
            event.answer.set_result(NotNow.OUT_OF_SERVICE)

    def _wait(self, seconds: float) -> None:
        """Real time passes while a line is played: tills are heard, other lines wait."""
        try:
            request = self._queue.get(timeout=max(seconds, TURN_S))
        except queue.Empty:
            return
        if request is None or isinstance(request, tuple):
            self._queue.put(request)
            return
        terminal = self._stage.terminal
        if terminal is not None:
            terminal.runner.step(request)

    def _serve(self) -> None:
        """An API for the terminal that is on; none while none is."""
        terminal = self._stage.terminal
        if terminal is self._served:
            return
        if self.server is not None:
            self.server.close()
        self.server, self._served = None, terminal
        if terminal is None:
            return
        on = terminal
        door = Door(
            self._directory,
            self._config,
            self.post,
            on.board,
            lambda: on.data.signer,
            self._stage.bench.clock.now,
        )
        self.server = ApiServer(door, port=self._port, beside=self._beside)
        self._port = self.server.port
        self.server.start()

    # -- what is asked ------------------------------------------------------------------------

    def _play(self, text: str) -> Failed | None:
        try:
            steps = list(parse(text, "play"))
            for step in steps[:LINES_MAX]:
                _require_playable(step)
                self._player.play(step)
                self._serve()
                self._hear_all()
        except (ScenarioError, ScenarioFailed, JournalFault) as failed:
            self._serve()
            return _failed(str(failed))
        return None

    def _hear_all(self) -> None:
        """What tills asked for while a line was played comes before the next line."""
        kept = []
        while not self._queue.empty():
            request = self._queue.get()
            if request is None or isinstance(request, tuple):
                kept.append(request)
            else:
                self._hear(request)
        for request in kept:
            self._queue.put(request)

    def _screen(self) -> Seen:
        return Seen(self._stage.display_text, _png(self._stage.bench.chip.image()))

    def _paper(self) -> Seen:
        paper = self._stage.bench.paper_printer.paper
        return Seen(paper.text, _png(paper.image()))


def _require_playable(step: Step) -> None:
    if step.verb in ("include", "set") or step.verb.startswith("save"):
        raise ScenarioError(step.place, f"{step.verb} is for scenario files")


def _failed(words: str) -> Failed:
    first = words.split("\n", 1)[0]
    found = _FAILED.match(first)
    if found is None:
        return Failed(0, "", first)
    if found[2] is None:
        return Failed(int(found[1]), "a line of the scenario language", first[found.end() :])
    return Failed(int(found[1]), found[2], found[3])


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()
