"""Virtual time that follows the wall clock, once or many times as fast.

Whatever waits for time to pass waits in `run_until`, and hands the real waiting to its owner.
While an acquirer at the end of a real line is asked, or a hand holds a key down, virtual time keeps
to the wall clock.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

from hw.events import DeviceEvent
from hw.sim.time import COARSE_ABOVE_MS, Driven, VirtualClock, VirtualTime
from hw.worker import JobWorker

LONGEST_WAIT_S = 3  # of a scenario that is watched: a day of idling is worth no longer
IDLE_WAIT_S = 3600
CATCH_UP_MS = 1_000  # virtual, between two looks at the wall clock
CATCH_UP_MOST_S = 0.5
LOOK_MS = 20  # between two looks whether the line has answered


class PacedTime(VirtualTime):
    """Virtual time at `speed` times the wall's. `wait` blocks for up to so many seconds."""

    def __init__(
        self,
        clock: VirtualClock,
        wait: Callable[[float], None],
        *,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock)
        self._wait = wait
        self._wall_s = wall_s
        self._speed, self._hurry = 1, 1
        self._asked = 0  # what is out in the real world
        self._by_hand = False
        self._anchor_ms, self._anchor_s = clock.monotonic_ms(), wall_s()

    @property
    def speed(self) -> int:
        """Virtual seconds a real one."""
        return self._speed

    @speed.setter
    def speed(self, speed: int) -> None:
        self._hold(self.reached_ms)
        self._speed = speed

    @property
    def by_hand(self) -> bool:
        """Whether a hand holds a key down: half a second at 60 times its speed is a stuck key."""
        return self._by_hand

    @by_hand.setter
    def by_hand(self, by_hand: bool) -> None:
        self._hold(self.reached_ms)
        self._by_hand = by_hand

    @property
    def _pace(self) -> int:
        return 1 if self._asked or self._by_hand else max(self._speed, self._hurry)

    @property
    def is_asking(self) -> bool:
        """Whether the real world has yet to answer."""
        return self._asked > 0

    def begin_asking(self) -> None:
        """Keep to the wall clock from now on: the real world has been asked something."""
        self._hold(self.reached_ms)
        self._asked += 1

    def end_asking(self) -> None:
        """It has answered."""
        self._hold(self.reached_ms)
        self._asked -= 1

    def forget(self) -> None:
        """Drop what is planned, and what was asked: the power is gone."""
        super().forget()
        self._hold(self.reached_ms)
        self._asked = 0

    @property
    def reached_ms(self) -> int:
        """Where virtual time is to be by the wall clock; never behind where it is."""
        now_ms = self.clock.monotonic_ms()
        passed_s = self._wall_s() - self._anchor_s
        reached_ms = self._anchor_ms + int(passed_s * 1000 * self._pace)
        if reached_ms < now_ms:  # time was let run ahead: the wall goes on from there
            self._hold(now_ms)
            return now_ms
        return reached_ms

    def seconds_until(self, at_ms: int) -> float:
        """Real seconds until virtual time reaches a moment."""
        left_ms = at_ms - self._anchor_ms
        due_s = self._anchor_s + (left_ms / 1000 + 0.0005) / self._pace
        return min(max(0.0, due_s - self._wall_s()), IDLE_WAIT_S)

    def due_ms(self, driven: Driven | None) -> int:
        """When something happens next. `driven` is None while the power is off."""
        due_ms = self._look()
        return due_ms if driven is None else min(due_ms, driven.deadline_ms)

    def catch_up(self, driven: Driven | None) -> None:
        """Let everything happen that is due by the wall clock. Blocks for nothing else.

        While the power is off (None) the clock alone goes on. If the machine is too slow for the
        speed, virtual time passes slower. Else it would fall further behind with each turn, and
        what people do would wait longer and longer.
        """
        until_ms, began_s = self.reached_ms, self._wall_s()
        if driven is None:
            self.clock.advance_to(until_ms)
            return
        left_ms = until_ms - self.clock.monotonic_ms()
        step_ms = left_ms if left_ms > COARSE_ABOVE_MS else CATCH_UP_MS
        while True:
            super().run_until(driven, min(until_ms, self.clock.monotonic_ms() + step_ms))
            now_ms = self.clock.monotonic_ms()
            if now_ms >= until_ms:
                return
            if self._wall_s() - began_s > CATCH_UP_MOST_S:
                self._hold(now_ms)
                return

    def run_ahead(self, driven: Driven, until_ms: int) -> None:
        """Let time pass at once up to `until_ms`; the wall goes on from there."""
        if until_ms > self.clock.monotonic_ms():
            super().run_until(driven, until_ms)

    def run_until(self, driven: Driven, until_ms: int) -> None:
        """Let time pass up to `until_ms`, in real time; a long stretch passes faster."""
        left_ms = until_ms - self.clock.monotonic_ms()
        self._hold(self.reached_ms)
        self._hurry = left_ms // (LONGEST_WAIT_S * 1000)
        try:
            while True:
                super().run_until(driven, min(until_ms, self.reached_ms))
                if self.clock.monotonic_ms() >= until_ms:
                    return
                self._wait(self.seconds_until(min(until_ms, self.due_ms(driven))))
        finally:
            self._hold(self.reached_ms)
            self._hurry = 1

    def _hold(self, at_ms: int) -> None:
        self._anchor_ms, self._anchor_s = at_ms, self._wall_s()


class LineWorker:
    """A thread that asks an acquirer at the end of a real line. See hw.ports.Worker."""

    def __init__(self, time: PacedTime) -> None:
        self._time = time
        self._came: queue.SimpleQueue[DeviceEvent] = queue.SimpleQueue()
        self._jobs = JobWorker("line", self._came.put, time.clock)
        self._jobs.thread.start()
        time.watch(self._look)

    def submit(self, token: int, job: Callable[[], object]) -> None:
        self._time.begin_asking()
        self._jobs.submit(token, job)

    def end(self) -> None:
        """Let the thread end after the jobs that wait; their results are discarded."""
        self._jobs.end()

    def _look(self) -> int | None:
        """Hand on what has come, on the thread on which time passes; when to look again."""
        while not self._came.empty():
            self._time.end_asking()
            self._time.post(self._came.get())
        return self._time.clock.monotonic_ms() + LOOK_MS if self._time.is_asking else None
