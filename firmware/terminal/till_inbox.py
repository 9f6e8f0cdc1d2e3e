"""The tills' part in the runner: requests delivered or refused, stops, and what the API may see.

A request is delivered only to a flow that waits with `orders`; any other is answered at once, so
none waits in a queue. A stop is CANCEL, pressed for as long as the order can be stopped.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from firmware.flows import effects
from firmware.iso8583.messages import Answered, NoAnswer
from firmware.payments.effects import Effect
from firmware.payments.tills import (
    AnswerTill,
    EndCancelling,
    NotNow,
    OrderStage,
    OrderStopped,
    TellStage,
    TillAnswer,
    TillAsked,
    TillEvent,
)
from hw.events import Key, KeyPressed

A = TypeVar("A")


class AcquirerLine(enum.Enum):
    """How the last request to the acquirer went, since the start."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


class TerminalStanding(Struct, frozen=True):
    """The terminal's state at a moment."""

    ready: bool = False  # the flow would take a till's request now
    out_of_service: bool = False
    order_id: str = ""
    stage: OrderStage | None = None
    faults: tuple[str, ...] = ()
    paper: str = "unknown"  # what the printer said last: a value of hw.ports.PaperState
    papers_out: frozenset[int] = frozenset()  # print jobs done lately: see Spool.papers_out
    card: bool = False  # one is in the slot
    line: AcquirerLine = AcquirerLine.UNKNOWN


class Board:
    """The terminal's state, written by its own thread and read from any other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing = TerminalStanding()
        self.fingerprint = ""  # of the API's certificate; set once, before anybody reads it
        self._listeners: list[Callable[[], None]] = []

    @property
    def standing(self) -> TerminalStanding:
        """The state that was told last."""
        with self._lock:
            return self._standing

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener`, on the terminal's thread, whenever something may have changed."""
        with self._lock:
            self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        """Do not call `listener` any more."""
        with self._lock:
            self._listeners.remove(listener)

    def tell(self, standing: TerminalStanding) -> None:
        """Set the state, and call the listeners if it is another one."""
        with self._lock:
            if standing == self._standing:
                return
            self._standing = standing
        self.committed()

    def committed(self) -> None:
        """Call the listeners: the journal or the terminal's state has changed."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()


class Tills:
    """The requests and stops of tills that the runner keeps."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._asked: TillAsked | None = None  # delivered, and not answered yet
        self._waiting: TillAsked | None = None
        self._order_id, self._stage = "", None  # type: str, OrderStage | None
        self._stoppable = self._stopped = False
        self._line = AcquirerLine.UNKNOWN
        self._answered: list[tuple[TillAsked, TillAnswer]] = []  # not sent yet: see `tell`

    def take(self, event: TillEvent, *, ready: bool, out_of_service: bool) -> None:
        """Keep a request for the flow that waits for it, or refuse it."""
        if isinstance(event, OrderStopped):
            self._stopped |= self._stoppable and event.order_id == self._order_id
        elif event.answer.set_running_or_notify_cancel():
            if ready and self._waiting is None:
                self._waiting = event
            else:
                event.answer.set_result(NotNow.OUT_OF_SERVICE if out_of_service else NotNow.BUSY)

    def came(self, wait: effects.Wait, now_ms: int) -> TillAsked | KeyPressed | None:
        """The request, or CANCEL for a stop, that a flow which waits gets now; None for neither."""
        if self._stopped and self._stoppable:
            return KeyPressed(Key.CANCEL, now_ms)
        if wait.orders and self._waiting is not None:
            self._asked, self._waiting = self._waiting, None
            return self._asked
        return None

    def perform(self, effect: Effect[object]) -> object:
        """Perform an effect that is about tills, and give its answer."""
        match effect:
            case AnswerTill(answer=answer):
                assert self._asked is not None, "nobody asked"
                self._answered.append((self._asked, answer))
                self._asked = None
            case TellStage(order_id=order_id, stage=stage):
                if stage is OrderStage.TAKEN:
                    self._stoppable, self._stopped = True, False
                elif stage is None:
                    self._stoppable = False
                self._order_id, self._stage = (order_id if stage else ""), stage
            case EndCancelling():
                self._stoppable = False
                return self._stopped
            case effects.AskFingerprint():
                return self._board.fingerprint
            case effects.PowerOn() if self._stage is OrderStage.AGREED:
                self._stage = OrderStage.CARD
        return None

    def heard(self, answer: A) -> A:
        """Pass an effect's answer on; from the acquirer's, note whether its line is up."""
        if isinstance(answer, Answered | NoAnswer):
            self._line = AcquirerLine.UP if isinstance(answer, Answered) else AcquirerLine.DOWN
        return answer

    def broken_off(self) -> None:
        """The flow ended at a fault: answer the tills that wait; no order goes on."""
        for asked in (self._asked, self._waiting):
            if asked is not None:
                self._answered.append((asked, NotNow.OUT_OF_SERVICE))
        self._asked = self._waiting = None
        self._order_id, self._stage = "", None
        self._stoppable = self._stopped = False

    def tell(self, standing: TerminalStanding) -> None:
        """Update the board, order and line added; then give the answers to the tills.

        In this order, since a till that gets its answer may read the board at once.
        """
        order_id, stage, line = self._order_id, self._stage, self._line
        self._board.tell(replace(standing, order_id=order_id, stage=stage, line=line))
        for asked, answer in self._answered:
            asked.answer.set_result(answer)
        self._answered.clear()
