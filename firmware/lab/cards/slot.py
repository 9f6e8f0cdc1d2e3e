"""The card that `pos card` talks to: in a real reader by PC/SC, or of the tray on a modelled slot.

The reader's driver runs on a thread, for a card that never answers blocks in the driver: it is
given up after a while, and Ctrl-C is heard all the time.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct, field

from firmware.core.clock import SystemClock
from firmware.core.exits import FAILED, Refused
from firmware.emv.contact.dialogue import CardFailure
from hw.card_reader import PcscReader
from hw.events import DeviceEvent, JobDone
from hw.pcsc import PNP_NOTIFICATION, SCOPE_SYSTEM, Pcsc, PcscApi, ReaderFlags, seen, words
from hw.ports import CardGone, CardMute, CardReader, DeviceFault
from hw.sim.cards import Card
from hw.sim.reader.pcsc import PcscModel
from hw.worker import JobWorker

PATIENCE_MS = 2_000  # a daemon that is only now started needs so long to find its readers
ANSWER_S = 15.0  # a card may take seconds for a signature, and ask for more time meanwhile
MODELLED = "the modelled slot"


class CardAtHand(Struct):
    """A powered card, and what was exchanged with it so far. `exchange` blocks."""

    where: str
    atr: bytes
    send: Callable[[bytes], bytes]  # raises CardGone, CardMute, DeviceFault
    real: bool
    bytes_sent: int = 0
    bytes_received: int = 0
    durations_us: list[int] = field(default_factory=list)  # of each command, in order

    def exchange(self, command: bytes) -> bytes | CardFailure:
        """The whole response to a command, or why there is none."""
        began_ns = time.perf_counter_ns()
        try:
            response = self.send(command)
        except CardGone:
            return CardFailure.GONE
        except CardMute:
            return CardFailure.MUTE
        except DeviceFault:
            return CardFailure.READER_LOST
        finally:
            self.bytes_sent += len(command)
            self.durations_us.append((time.perf_counter_ns() - began_ns) // 1000)
        self.bytes_received += len(response)
        return response


@contextmanager
def card_on_model(card: Card) -> Iterator[CardAtHand]:
    """A card of the tray in the modelled slot. Raises Refused when it gives no answer to reset."""
    slot = PcscModel()
    slot.insert(card)
    reader = PcscReader(slot, SystemClock())
    atr = _powered(reader, lambda job: job())
    yield CardAtHand(MODELLED, atr, reader.transmit, real=False)
    reader.close()


@contextmanager
def card_in_reader(
    scard: PcscApi, wanted: str, *, answer_s: float = ANSWER_S
) -> Iterator[CardAtHand]:
    """The card in the first reader that has one, of those whose name contains `wanted`.

    Waits two seconds for a reader and a card, and `answer_s` for each answer; a card that gives
    none is mute from then on. Raises Refused when there is no card, or it is mute from the start.
    """
    name = _reader_with_card(scard, wanted)
    thread = _Thread(answer_s)
    reader = PcscReader(scard, thread.clock, name=name)
    try:
        atr = _powered(reader, thread.run)
        send = lambda command: bytes(thread.run(lambda: reader.transmit(command)))  # noqa: E731
        yield CardAtHand(name, atr, send, real=True)
    finally:
        thread.end(reader.close)


def real_pcsc() -> PcscApi:
    """PC/SC of this machine. Raises Refused where it is not installed."""
    try:
        from smartcard import scard  # noqa: PLC0415 - not needed for the tray
    except ImportError as error:
        raise Refused(f"PC/SC cannot be used: {error}", code=FAILED) from None
    api: PcscApi = scard
    return api


Run = Callable[[Callable[[], bytes]], bytes]


def _powered(reader: CardReader, run: Run) -> bytes:
    """Power the card up; gives its ATR."""
    try:
        return run(reader.power_on)
    except CardGone:
        raise Refused("the card was taken out", code=FAILED) from None
    except CardMute:
        raise Refused(
            "the card does not answer to reset: is it the right way up?", code=FAILED
        ) from None
    except DeviceFault as fault:
        raise Refused(f"the card cannot be reached: {fault.detail}", code=FAILED) from None


class _Thread:
    """Runs the driver; a job that does not come back leaves the thread behind."""

    def __init__(self, answer_s: float) -> None:
        self.clock = SystemClock()
        self._answer_s = answer_s
        self._done: queue.SimpleQueue[DeviceEvent] = queue.SimpleQueue()
        self._worker = JobWorker("card", self._done.put, self.clock)
        self._worker.thread.start()
        self._stuck = False

    def run(self, job: Callable[[], bytes]) -> bytes:
        """The value of `job`. Raises what it raises, and CardMute when it does not come back."""
        if self._stuck:
            raise CardMute("it never answered the command before")
        self._stuck = True  # until it has come back, be it that Ctrl-C comes first
        self._worker.submit(0, job)
        try:
            done = self._done.get(timeout=self._answer_s)
        except queue.Empty:
            raise CardMute(f"no answer in {self._answer_s:.0f} s") from None
        self._stuck = False
        assert isinstance(done, JobDone)
        if isinstance(done.result, Exception):
            raise done.result
        assert isinstance(done.result, bytes)
        return done.result

    def end(self, last: Callable[[], None]) -> None:
        """Do the last job and end; a stuck thread is left to the end of the process."""
        if not self._stuck:
            self._worker.submit(0, last)
            self._worker.end()
            self._worker.thread.join()


def _reader_with_card(scard: PcscApi, wanted: str) -> str:
    """The name of the reader to use."""
    code, context = scard.SCardEstablishContext(SCOPE_SYSTEM)
    if code != Pcsc.SUCCESS:
        raise Refused(f"no PC/SC service: {words(code)}", code=FAILED)
    try:
        ends_ms = SystemClock().monotonic_ms() + PATIENCE_MS
        known: dict[str, int] = {}
        while True:
            names = _readers(scard, context)
            fitting = [name for name in names if wanted in name]
            watched = [PNP_NOTIFICATION, *fitting]
            left_ms = max(0, ends_ms - SystemClock().monotonic_ms())
            states = [(name, known.get(name, int(ReaderFlags.UNAWARE))) for name in watched]
            code, news = scard.SCardGetStatusChange(context, left_ms, states)
            if code == Pcsc.SUCCESS:
                known = {name: seen(state) for name, state, *_ in news}
            for name in fitting:
                if known.get(name, 0) & ReaderFlags.PRESENT:
                    return name
            if not left_ms or code not in (Pcsc.SUCCESS, Pcsc.UNKNOWN_READER):
                raise Refused(_why_none(names, fitting, wanted), code=FAILED)
    finally:
        scard.SCardReleaseContext(context)


def _readers(scard: PcscApi, context: int) -> Sequence[str]:
    try:
        code, names = scard.SCardListReaders(context, [])
    except SystemError:  # pyscard 2.3, when the daemon dies within the call
        return []
    return names if code == Pcsc.SUCCESS else []


def _why_none(names: Sequence[str], fitting: Sequence[str], wanted: str) -> str:
    if not names:
        return "no card reader is connected"
    if not fitting:
        return f"no reader is named {wanted!r}; there is {', '.join(names)}"
    return f"no card in {' or '.join(fitting)}"
