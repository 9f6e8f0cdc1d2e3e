"""The terminal behind the page: one thread that owns a stage and plays it in real time.

Pages reach it only through `submit`, a bounded queue, and it reaches them only through the hub.
Whatever they do is done by the hands of scenarios, and written down as one.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from firmware.core.clock import SystemClock
from firmware.core.config import Config, ConfigError
from firmware.journal.faults import JournalFault
from firmware.lab.far_acquirer import FarAcquirer
from firmware.lab.kept import Kept
from firmware.lab.page import commands, views
from firmware.lab.page.choices import lines_of, spoken_by
from firmware.lab.page.hub import Hub
from firmware.lab.page.pace import LineWorker, PacedTime
from firmware.lab.page.publisher import Publisher
from firmware.lab.page.recorder import Recorder
from firmware.lab.scenario.acquirers import by_settings
from firmware.lab.scenario.language import KEY_NAMES, ScenarioError, Step, parse, read_among
from firmware.lab.scenario.player import DOWN_MS, UP_AGAIN_MS, Player, ScenarioFailed
from firmware.lab.scenario.stage import STAGE_CONFIG, START, Stage
from hw.events import Key
from hw.sim.time import Driven, VirtualClock

INBOX_MAX = 512
TURN_S = 0.005  # time that passes fast is told of no more often: the keypad is scanned as often
JOIN_S = 10
# what a page may do by a line; the rest of the language is for files
LINES = ("insert", "remove", "tear", "fault", "clear", "power cut", "power on")
PRESSES = ("press", "down")
_KEPT = 1  # the first terminal of a session lies where people say, if they do

_LOG = logging.getLogger(__name__)


class _Ended(Exception):  # noqa: N818 - what happened
    """The session is over."""


class _Stopped(Exception):  # noqa: N818 - what happened
    """Somebody stopped the scenario that was played."""


class Session:
    """A terminal on its bench in real time. What is durable lies below `directory`.

    The first terminal lies in `kept` instead, if there is one, and goes on with what is there;
    those that follow are fresh ones, as scenarios want them. With an `acquirer` at the end of a
    line the terminal's clock is the real one, as cards and receipts are dated there.
    """

    def __init__(
        self,
        directory: Path,
        hub: Hub,
        settings: Mapping[str, str],
        kept: Kept | None = None,
        acquirer: FarAcquirer | None = None,
    ) -> None:
        self.hub = hub
        self._acquirer = acquirer
        self._directory = directory
        self._kept = kept
        self._begun: Future[None] = Future()
        self._settings = dict(settings)
        self._inbox: queue.Queue[commands.Request | None] = queue.Queue(INBOX_MAX)
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)
        self._stages = 0
        self._standing: Player | None = None
        self._speed = 1
        self._beeps = self._plays = 0

    # --- from other threads ---

    def start(self) -> None:
        """Switch the terminal on, on a thread of its own, and wait until it is.

        Raises JournalFault or ConfigError where what is kept is not this terminal's to go on with.
        """
        self._thread.start()
        self._begun.result()

    def submit(self, request: commands.Request) -> bool:
        """Leave a request for the terminal's thread; false when too many wait. Never blocks."""
        try:
            self._inbox.put_nowait(request)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """End the terminal's thread; waits for it."""
        self._inbox.put(None)
        self._thread.join(JOIN_S)

    # --- the terminal's thread ---

    def _run(self) -> None:
        try:
            self._set_up(self._settings)
        except Exception as fault:  # noqa: BLE001 - `start` raises it
            self._begun.set_exception(fault)
            return
        self._begun.set_result(None)
        with contextlib.suppress(_Ended):
            while True:
                self._turn()
        self._player.close()

    def _turn(self) -> None:
        """Let happen what is due, tell of it, and do the next request."""
        try:
            self._pass_time()
            self._publisher.publish()
            due_s = self._time.seconds_until(self._time.due_ms(self._runner))
            request = self._take(max(TURN_S, due_s))
            if request is not None:
                self._perform(request)
        except (_Ended, _Stopped):
            raise
        except Exception as bug:  # noqa: BLE001 - a bug on the bench is shown, and the page lives
            _LOG.exception("the terminal crashed")
            self._publisher.notice(f"the terminal crashed: {bug!r}")
            self._player.hands.power_cut()

    def _take(self, timeout_s: float) -> commands.Request | None:
        """The next request within the time. Raises _Ended."""
        try:
            request = self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if request is None:
            raise _Ended
        return request

    def _pass_time(self) -> None:
        self._time.catch_up(self._runner)

    @property
    def _runner(self) -> Driven | None:
        """What time drives; None while the power is off."""
        terminal = self._stage.terminal
        return None if terminal is None else terminal.runner

    # --- a fresh terminal ---

    def _set_up(self, settings: Mapping[str, str], steps: list[Step] | None = None) -> None:
        """Set a fresh stage with these settings. Raises ScenarioError, the old one standing."""
        asked = [*parse(lines_of(settings), "settings"), *(steps or [])]
        set_up = [step for step in asked if step.verb == "set"]
        number = self._stages + 1
        player = self._new_player(number)
        for step in set_up:
            player.play(step)
        self._stages = number
        shutil.rmtree(self._directory / f"terminal-{number - 2}", ignore_errors=True)
        if self._standing is not None:
            self._standing.close()
        self._recorder = Recorder(set_up, lambda: player.stage.bench.slot.card)
        self._player = self._standing = player
        self._moved_ms: dict[Key, int] = {}
        self._held: set[Key] = set()
        self._stage = player.stage  # switched on by this
        self._publisher = Publisher(self.hub, self._stage, self._recorder)
        self._publisher.speed = self._speed
        place = {"directory": str(self.place), "kept": self.is_kept}
        told = {**self._publisher.settings(), "fresh": player.is_fresh, "place": place}
        told["operators"] = views.operators(fresh=player.is_fresh)
        self.hub.put("settings", told)

    def _new_player(self, number: int) -> Player:
        begins = START if self._acquirer is None else SystemClock().now()
        directory, far = self._directory / f"terminal-{number}", self._acquirer
        if self._kept is not None and number == _KEPT:
            begins, directory = max(begins, self._kept.begins), self._kept.directory

        def make_stage(config: Config) -> Stage:
            stage = Stage(
                directory,
                config,
                make_time=self._make_time,
                buzzer=self,
                on_key=self._recorder.taken,
                fresh=player.is_fresh,
                printer_kind=player.printer_kind,
                start=begins,
                acquirer=by_settings if far is None else far.of_stage,
                line_worker=None if far is None else lambda: LineWorker(self._time),
            )
            stage.bench.slot.on_apdu.append(self._note_apdu)
            return stage

        player = Player(directory, directory, STAGE_CONFIG, make_stage=make_stage)
        return player

    @property
    def is_kept(self) -> bool:
        """Whether the terminal lies in the data directory that outlives the session."""
        return self._kept is not None and self._stages == _KEPT

    @property
    def place(self) -> Path:
        """The data directory of the terminal that stands on the bench."""
        if self._kept is not None and self.is_kept:
            return self._kept.directory
        return self._directory / f"terminal-{self._stages}"

    def _make_time(self, clock: VirtualClock) -> PacedTime:
        self._time = PacedTime(clock, self._wait_playing)
        self._time.speed = self._speed
        return self._time

    def _note_apdu(self, sent: bytes, answer: bytes) -> None:
        self._publisher.apdu(sent, answer)  # which is made after the stage

    def beep(self, duration_ms: int) -> None:
        """Implements hw.ports.Buzzer: the page makes the sound."""
        self._beeps += 1
        self.hub.put("beep", [self._beeps, duration_ms])

    # --- requests ---

    def _perform(self, request: commands.Request) -> None:
        try:
            match request:
                case commands.Down() | commands.Up():
                    self._key(request)
                case commands.Act(line=line):
                    self._act(line)
                case commands.Speed(times=times):
                    self._set_speed(times)
                case commands.Fresh(settings=settings):
                    self._set_up(settings)
                    self._set_speed(1)  # a new terminal begins in real time
                case commands.Play(name=name, text=text, files=files):
                    self._play(name, {**files, name: text})
                case commands.Stop():
                    pass
                case commands.Save():
                    self._publisher.recording(self._now_ms)
        except (ScenarioError, ConfigError, JournalFault) as error:
            self._publisher.notice(str(error))

    def _set_speed(self, times: int) -> None:
        self._speed = self._time.speed = self._publisher.speed = times

    @property
    def _now_ms(self) -> int:
        return self._stage.bench.clock.monotonic_ms()

    def _key(self, request: commands.Down | commands.Up) -> None:
        key = KEY_NAMES.get(request.key)
        if key is None:
            raise ScenarioError("page", f"no key is called {request.key}")
        self._pass_time()
        runner = self._runner
        if runner is not None:  # down and up may come together if this thread is late
            least_ms = DOWN_MS if isinstance(request, commands.Up) else UP_AGAIN_MS
            self._time.run_ahead(runner, self._moved_ms.get(key, 0) + least_ms)
        self._moved_ms[key] = self._now_ms
        if isinstance(request, commands.Up):
            self._recorder.up(self._now_ms, request.key)
            self._player.hands.release(key)
            self._held.discard(key)
        elif key not in self._stage.bench.keys.pressed:
            if runner is not None:
                self._recorder.down(self._now_ms, request.key)
            self._player.hands.press(key)
            self._held.add(key)
        self._time.by_hand = bool(self._held)

    def _act(self, line: str) -> None:
        """Do what a line says. Raises ScenarioError."""
        step = next(parse(line, "page"), None)
        if step is None or step.verb not in LINES or step.at_ms is not None:
            raise ScenarioError("page", f"“{line}” is nothing to be done here")
        self._pass_time()
        hands, stage = self._player.hands, self._stage
        match step.verb:
            case "insert":
                if step.words[0] not in hands.tray:
                    raise ScenarioError("page", f"no card {step.words[0]}")
                if stage.bench.slot.card is not None:
                    raise ScenarioError("page", "the reader holds a card")
                hands.insert(step.words[0])
            case "remove":
                hands.remove()
            case "tear":
                self._publisher.publish()
                hands.tear()
            case "fault":
                device, kind, *arguments = step.words
                hands.fault(device, kind, arguments)
                self._publisher.faults[device] = " ".join(step.words[1:])
            case "clear":
                hands.clear(step.words[0])
                self._publisher.faults.pop(step.words[0], None)
            case "power cut" if stage.terminal is not None:
                hands.power_cut()
                self._publisher.faults.pop("key", None)
            case "power on" if stage.terminal is None:
                if stage.disk.is_gone:
                    raise ScenarioError("page", "nothing starts without its disk")
                stage.power_on()
            case _:
                return
        self._recorder.act(self._now_ms, line.strip())

    # --- a scenario that is watched ---

    def _play(self, name: str, files: Mapping[str, str]) -> None:
        """Play a file's text from a fresh terminal. Raises ScenarioError before it begins."""
        steps = [step for step in read_among(name, files) if not step.verb.startswith("save")]
        if not steps:
            raise ScenarioError(name, "has no line to play")
        language = self._stage.config.general.language
        self._set_up(spoken_by(steps, language), steps)
        story = [step for step in steps if step.verb != "set"]
        self._plays += 1
        number, total = self._plays, len(story)
        state = {"number": number, "name": name, "total": total, "at": 0, "line": "", "end": ""}
        try:
            for at, step in enumerate(story, 1):
                state |= {"at": at, "line": " ".join((step.verb, *step.words))}
                self.hub.put("play", dict(state))
                if step.verb in PRESSES:  # the terminal takes keys while it is played
                    self._recorder.played(step, [self._player.keys(w, step) for w in step.words])
                    self._player.play(step)
                else:
                    self._player.play(step)
                    self._recorder.played(step)
            state["end"] = "held"
        except _Stopped:
            state["end"] = "stopped"
        except (ScenarioFailed, ScenarioError) as failed:
            state |= {"end": "failed", "line": str(failed).splitlines()[0]}
        finally:
            self._set_speed(1)  # people take over
            self.hub.put("play", dict(state))

    def _wait_playing(self, seconds: float) -> None:
        """Publish, and check for Stop, while a scenario waits."""
        self._publisher.publish()
        request = self._take(seconds)
        match request:
            case None | commands.Up():
                pass
            case commands.Stop():
                raise _Stopped
            case commands.Speed() | commands.Save():
                self._perform(request)
            case _:
                self._publisher.notice("a scenario is playing: stop it first")
