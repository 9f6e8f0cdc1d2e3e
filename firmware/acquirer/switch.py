"""A frame from a terminal, and what goes back: the acquirer's side of a line of its profile.

Financial messages, reversals and settlements are the service's; what is said about the line itself
(sign-on, echo, uploads, script results) is answered here. A wrong TPDU or header gets no answer, as
it gets none in the field.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from firmware.acquirer.counts import Counts
from firmware.acquirer.desks import Desks, ServiceDesk
from firmware.acquirer.engine import BooksBusyError, BooksError
from firmware.acquirer.line_matters import LineMatters
from firmware.acquirer.registry import TerminalRecord
from firmware.acquirer.rules import RequestSeen as Looked
from firmware.acquirer.rules import Rule, RuleBook
from firmware.acquirer.server import Reply
from firmware.core.log import fields as event
from firmware.core.masked import Key
from firmware.iso8583.frame import FrameError, LineFrame, unpack_frame
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.line_totals import folded
from firmware.iso8583.messages import (
    Answered,
    BalanceRequest,
    FinancialRequest,
    LineRequest,
    ReversalRequest,
    SettlementRequest,
)
from firmware.iso8583.spec import WireError
from firmware.iso8583.unionpay import RequestRead, UnionPay
from firmware.iso8583.wire import Unacceptable

WRONG_KEY = SessionKeys(mac=Key(bytes(range(1, 17))), pin=Key(bytes(16)))
UNKNOWN_TERMINAL = "97"

_LOG = logging.getLogger(__name__)


class _Taken(Struct):
    """A request on its way: its desk once it is known to be a message, and who its terminal is."""

    desk: ServiceDesk | None = None
    record: TerminalRecord | None = None  # None, too, where the terminal is unknown

    @property
    def keys(self) -> SessionKeys | None:
        return self.record.session if self.record is not None else None


class Switch:
    """Answers frames of `line` from any thread; `institution` is this acquirer's field 32."""

    def __init__(
        self,
        line: UnionPay,
        desks: Desks,
        rules: RuleBook,
        counts: Counts,
        *,
        clock_now: Callable[[], datetime],
        monotonic_us: Callable[[], int],
        institution: str = "",
    ) -> None:
        self._line, self._desks, self._rules, self._counts = line, desks, rules, counts
        self._now, self._monotonic_us = clock_now, monotonic_us
        self._institution = institution
        self._matters = LineMatters(line.profile, clock_now)

    def answer(self, frame: bytes) -> Reply:
        """What goes back for a whole frame. Blocks for the books. Never raises."""
        begun_us = self._monotonic_us()
        try:
            parts = unpack_frame(frame, self._line.frame)
        except FrameError:
            self._counts.refuse("no frame")
            return Reply()
        if not self._is_ours(parts):
            self._counts.refuse("wrong TPDU or header")
            _LOG.warning(
                "wrong TPDU or header: not answered",
                extra=event(tpdu=parts.tpdu.hex(), header=parts.header.hex()),
            )
            return Reply()
        try:
            return self._answered(frame, begun_us)
        except (BooksError, sqlite3.Error) as error:
            self._counts.fail()
            _LOG.error("no answer: the books", extra=event(detail=error))
        except Exception:  # noqa: BLE001 - the connection's thread would end
            self._counts.fail()
            _LOG.exception("no answer")
        return Reply()

    def _is_ours(self, parts: LineFrame) -> bool:
        """Whether identifier, destination and application are this acquirer's."""
        tpdu = bytes.fromhex(self._line.frame.tpdu)
        header = bytes.fromhex(self._line.frame.header)
        return parts.tpdu[:3] == tpdu[:3] and parts.header[:1] == header[:1]

    def _answered(self, frame: bytes, begun_us: int) -> Reply:
        """The reply; where the books fail, once more from books that are opened anew.

        Whatever became of the first try, what it has booked is not booked again.
        """
        try:
            with ExitStack() as stack:
                return self._answer(frame, stack, begun_us)
        except BooksBusyError:  # another try would only add to it
            raise
        except (BooksError, sqlite3.Error) as error:
            _LOG.warning("the books failed, once more", extra=event(detail=error))
        with ExitStack() as stack:
            return self._answer(frame, stack, begun_us)

    def _answer(self, frame: bytes, stack: ExitStack, begun_us: int) -> Reply:
        taken = _Taken()

        def keys_of(terminal: str) -> SessionKeys | None:
            taken.desk = stack.enter_context(self._desks.taken())
            taken.record = taken.desk.terminals.look_up(terminal)
            return taken.keys

        asked = self._line.read_request(frame, keys_of, self._now().date())
        if asked is None or taken.desk is None:
            self._counts.refuse("no message")
            return Reply()
        rule = self._rules.rule_for(_looked(asked))
        if rule is not None:
            self._counts.follow(rule.does)
            if rule.does == "lost":
                return Reply()
        answer = self._decide(asked, taken.record, taken.desk, rule)
        kind = asked.fields["t"]
        took_us = self._monotonic_us() - begun_us
        code = answer.response_code if answer is not None else "none"
        self._counts.answer(kind, code, took_us)
        _LOG.info(
            "answered",
            extra=event(
                type=kind,
                terminal=asked.terminal,
                batch=asked.batch,
                stan=asked.fields["11"],
                code=code,
                rule=rule.does if rule is not None else "-",
                ms=took_us // 1_000,
            ),
        )
        if answer is None:
            return Reply()
        # after a sign-on, which has no MAC, the keys before do not matter
        return self._reply(asked, answer, taken.keys, rule)

    def _decide(
        self,
        asked: RequestRead,
        terminal: TerminalRecord | None,
        desk: ServiceDesk,
        rule: Rule | None,
    ) -> Answered | None:
        request = asked.request
        if rule is not None and rule.does == "code":
            answer: Answered | None = Answered(rule.code)
        elif terminal is None:
            answer = Answered(UNKNOWN_TERMINAL)
        elif isinstance(request, Unacceptable):
            answer = Answered(request.code)
        else:
            answer = self._carried_out(desk, terminal, request)
        if answer is None:
            return None
        if rule is not None and rule.does == "unbalanced" and answer.host_totals is not None:
            answer = replace(answer, response_code="95", balanced=False)
        return self._stamped(answer, again=rule is not None and rule.does == "sign-on-again")

    def _carried_out(
        self, desk: ServiceDesk, terminal: TerminalRecord, request: LineRequest
    ) -> Answered | None:
        match request:
            case FinancialRequest() | ReversalRequest() | BalanceRequest():
                return desk.service.take(desk.books, request)
            case SettlementRequest():
                answer = desk.service.take(desk.books, request)
                if answer is None or answer.host_totals is None:
                    return answer
                own = folded(answer.host_totals, self._line.profile.settlement.void_is)
                even = own == request.totals
                code = "00" if even else "95"
                return replace(answer, response_code=code, host_totals=own, balanced=even)
        return self._matters.answer(desk, terminal, request)

    def _stamped(self, answer: Answered, *, again: bool) -> Answered:
        now = self._now()
        return replace(
            answer,
            date=answer.date or now.strftime("%m%d"),
            time=answer.time or now.strftime("%H%M%S"),
            settled_on=now.strftime("%m%d"),
            institution=self._institution,
            sign_on_again=again,
        )

    def _reply(
        self, asked: RequestRead, answer: Answered, keys: SessionKeys | None, rule: Rule | None
    ) -> Reply:
        does = rule.does if rule is not None else ""
        try:
            frame = self._line.answer(asked, answer, WRONG_KEY if does == "wrong-mac" else keys)
        except WireError as error:  # a field of the request that no answer can repeat
            self._counts.refuse("no answer fits")
            _LOG.error("no answer fits", extra=event(detail=error))
            return Reply()
        match does:
            case "silence":
                return Reply()
            case "close":
                return Reply(close=True)
            case "delay":
                return Reply((frame,), delay_ms=rule.ms if rule is not None else 0)
            case "twice":
                return Reply((frame, frame))
            case "half":
                return Reply((frame[: len(frame) // 2],), close=True)
            case "garbage":
                return Reply((frame[:2] + bytes(len(frame) - 2),))
        return Reply((frame,))


def _looked(asked: RequestRead) -> Looked:
    amount = asked.fields.get("4")
    return Looked(
        type=asked.fields["t"],
        terminal=asked.terminal,
        stan=int(asked.fields["11"]),
        amount_minor=int(amount) if amount else None,
    )
