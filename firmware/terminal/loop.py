"""The main loop: one thread, one inbox; it feeds the runner and sleeps until something happens.

It ends when asked to, by a signal or from another thread: at once when the flow waits for people,
else when a device or the acquirer has answered, within `GRACE_MS`: a service restarted in the
middle of a sale would only have to reverse it. Whatever it leaves open, the next start finishes.
All of the ending, its parts' threads included, has `END_MS`, under what the service manager allows
(`TimeoutStopSec` of `install/service.txt`); asked once more, it has no time left.
"""

from __future__ import annotations

import enum
import logging
import queue
from collections.abc import Callable, Sequence

from firmware.core.log import fields
from firmware.payments.tills import OrderStopped, TillAsked, TillEvent
from firmware.terminal.runner import Runner
from firmware.terminal.service_manager import (
    IN_SERVICE,
    OUT_OF_SERVICE,
    WAS_IN_SERVICE,
    ServiceManager,
)
from hw.events import DeviceBack, DeviceEvent, DeviceLost
from hw.ports import Clock
from hw.worker import WorkerThread

CHECK_MS = 2_000  # how often the workers are looked at, when nothing else happens
END_MS = 8_000
GRACE_MS = 5_000  # of it for the flow; the rest is for the threads of the parts
LEAST_WAIT_MS = 5  # after a deadline: one that does not move on must not make the loop spin

_LOG = logging.getLogger(__name__)


class Stop(enum.Enum):
    """What the inbox gives when the loop is asked to end."""

    ASKED = "asked"


class Inbox:
    """Where everything that happens arrives, from any thread, and from signal handlers."""

    def __init__(self) -> None:
        # a signal handler may put while the same thread is in get: queue.Queue would deadlock
        self._queue: queue.SimpleQueue[DeviceEvent | TillEvent | Stop] = queue.SimpleQueue()
        self.asked = 0
        """How often it was asked to end, though nobody may have taken it yet."""

    def post(self, event: DeviceEvent | TillEvent) -> None:
        """Bring an event."""
        self._queue.put(event)

    def stop(self) -> None:
        """Ask the loop to end; asked twice, it ends without grace."""
        self.asked += 1
        self._queue.put(Stop.ASKED)

    def take(self, timeout_ms: int) -> DeviceEvent | TillEvent | Stop | None:
        """The next one, waiting up to `timeout_ms`; None when nothing came."""
        try:
            return self._queue.get(timeout=timeout_ms / 1000)
        except queue.Empty:
            return None


class Ending:
    """How long the end may still take: `END_MS` in all, and no time once asked a second time."""

    def __init__(self, clock: Clock, asked: Callable[[], int] = lambda: 1) -> None:
        self._clock = clock
        self._asked = asked
        self._by_ms: int | None = None

    def begin(self) -> None:
        """From now on the time counts. May be called twice."""
        if self._by_ms is None:
            self._by_ms = self._clock.monotonic_ms() + END_MS

    @property
    def left_ms(self) -> int:
        """Milliseconds, 0 at last; all of them before it has begun."""
        if self._asked() > 1:
            return 0
        if self._by_ms is None:
            return END_MS
        return max(0, self._by_ms - self._clock.monotonic_ms())


class Loop:
    """Runs a terminal until it is asked to stop. A bug in a flow or a worker is raised."""

    def __init__(
        self,
        runner: Runner,
        take: Callable[[int], DeviceEvent | TillEvent | Stop | None],
        clock: Clock,
        workers: Sequence[WorkerThread],
        service_manager: ServiceManager,
        *,
        trading: Callable[[bool], None] = lambda _yes: None,
        ending: Ending | None = None,
    ) -> None:
        self._runner = runner
        self._take = take
        self._clock = clock
        self._workers = workers
        self._service_manager = service_manager
        self._trading = trading
        self._ending = ending or Ending(clock)
        # fed twice in the time allowed: a loop that is late once is not yet stuck
        self._check_ms = min(CHECK_MS, (service_manager.watchdog_ms or 2 * CHECK_MS) // 2)
        self._check_at_ms = 0
        self._least_wait_ms = 0
        self._stop_by_ms: int | None = None
        self._stuck: set[str] = set()
        self._status = ""

    def run(self) -> None:
        """Start the terminal and go on until `Inbox.stop`.

        The workers begin when the first screen stands: what their drivers import can wait for it.
        """
        self._runner.start()
        for worker in self._workers:
            worker.start()
        self._check_workers()
        self._service_manager.ready()
        while not self._ends():
            self._tell_status()
            self._turn()
            if self._now_ms >= self._check_at_ms:
                self._check_workers()
                self._runner.look()

    @property
    def _now_ms(self) -> int:
        return self._clock.monotonic_ms()

    def _turn(self) -> None:
        until_ms = min(self._runner.deadline_ms, self._check_at_ms)
        came = self._take(max(until_ms - self._now_ms, self._least_wait_ms))
        self._least_wait_ms = 0
        match came:
            case Stop():
                self._asked_to_stop()
            case None:
                if self._now_ms >= self._runner.deadline_ms:
                    self._runner.step(None)
                    self._least_wait_ms = LEAST_WAIT_MS
            case TillAsked() | OrderStopped():
                self._runner.step(came)
            case _:
                _note(came)
                self._runner.step(came)

    def _asked_to_stop(self) -> None:
        _LOG.info("asked to stop")
        self._service_manager.stopping()
        self._ending.begin()
        again = self._stop_by_ms is not None
        self._stop_by_ms = self._now_ms + (0 if again else GRACE_MS)

    def _ends(self) -> bool:
        if self._stop_by_ms is None:
            return False
        return self._runner.settled or self._now_ms >= self._stop_by_ms

    def _tell_status(self) -> None:
        """Tell the service manager, and the lights, when trade begins, stops and goes on."""
        if not self._runner.settled:
            return
        status = IN_SERVICE
        if self._runner.out_of_service:
            status = WAS_IN_SERVICE if self._status.startswith(IN_SERVICE) else OUT_OF_SERVICE
        if status != self._status:
            self._status = status
            self._service_manager.status(status)
            self._trading(status == IN_SERVICE)

    def _check_workers(self) -> None:
        """Feed the watchdog if every worker is alive; raise what one of them died of."""
        self._check_at_ms = self._now_ms + self._check_ms
        for worker in self._workers:
            if worker.failure is not None:
                raise worker.failure
        stuck = {worker.name for worker in self._workers if not worker.alive}
        if stuck - self._stuck:
            _LOG.error("worker stuck", extra=fields(workers=",".join(sorted(stuck))))
        self._stuck = stuck
        if not stuck:
            self._service_manager.alive()


def _note(event: DeviceEvent) -> None:
    """Log what devices do. Never keys: they are PINs, too."""
    match event:
        case DeviceLost():
            device, detail = event.device.value, event.detail
            _LOG.warning("device lost", extra=fields(device=device, detail=detail))
        case DeviceBack():
            _LOG.info("device back", extra=fields(device=event.device.value))
