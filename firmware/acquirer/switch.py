"""Frames from terminals, and what goes back: the acquirer's side of a line of its profile.

Frames that have come together are answered together, by one commit. If that commit fails, each is
taken alone, so that one request that fails does not stop the others.

Financial messages, enquiries, reversals and settlements are the service's; what is said about the
line itself (sign-on, echo, uploads, script results) is answered here. A wrong TPDU or header gets
no answer, as it gets none in the field.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from firmware.acquirer.books_pool import BooksConnection, BooksPool
from firmware.acquirer.counts import Counts
from firmware.acquirer.decisions import until_it_fits
from firmware.acquirer.engine import (
    BooksBusyError,
    BooksConflict,
    BooksError,
    RecordDamagedError,
)
from firmware.acquirer.line_matters import LineMatters
from firmware.acquirer.registry import TerminalRecord
from firmware.acquirer.rules import RequestSeen, Rule, RuleBook
from firmware.acquirer.server import Alone
from firmware.acquirer.terminal_line import Reply
from firmware.core.log import fields as event
from firmware.core.masked import SecretKey
from firmware.iso8583.codec import WireError
from firmware.iso8583.frame import FrameError, LineFrame, unpack_frame
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import Answered, HostRequest, LineRequest, SettlementRequest
from firmware.iso8583.responses import APPROVED, NOT_BALANCED, UNKNOWN_TERMINAL
from firmware.iso8583.totals import comparable
from firmware.iso8583.unionpay import RequestOpened, RequestRead, Unacceptable, UnionPay

_WRONG_KEY = SessionKeys(mac=SecretKey(bytes(range(1, 17))), pin=SecretKey(bytes(16)))
_LOG = logging.getLogger(__name__)


class _Taken(Struct):
    """A request on its way through the switch, and what is known of it so far."""

    opened: RequestOpened
    begun_us: int
    record: TerminalRecord | None = None  # None, too, where the terminal is unknown
    asked: RequestRead | None = None
    rule: Rule | None = None
    is_ruled: bool = False  # the rule was looked up: each look-up counts, so there is only one
    answer: Answered | None = None

    @property
    def is_lost(self) -> bool:
        return self.rule is not None and self.rule.does == "lost"


class Switch:
    """Answers frames of `line` from any thread; `institution` is this acquirer's field 32."""

    def __init__(
        self,
        line: UnionPay,
        pool: BooksPool,
        rules: RuleBook,
        counts: Counts,
        *,
        clock_now: Callable[[], datetime],
        monotonic_us: Callable[[], int],
        institution: str = "",
    ) -> None:
        self._line, self._pool, self._rules, self._counts = line, pool, rules, counts
        self._now, self._monotonic_us = clock_now, monotonic_us
        self._institution = institution
        self._matters = LineMatters(line.profile, clock_now)

    def answer(self, frame: bytes) -> Reply:
        """What goes back for a whole frame. Blocks for the books. Never raises."""
        (reply,) = self.answer_all([frame])
        return reply if isinstance(reply, Reply) else reply()

    def answer_all(self, frames: Sequence[bytes]) -> list[Reply | Alone]:
        """What goes back for each of some whole frames: a reply, or a call that gives it.

        They are booked in one commit. Blocks for the books, as such a call does. Neither raises.
        """
        begun_us = self._monotonic_us()
        taken = [self._opened(frame, begun_us) for frame in frames]
        known = [each for each in taken if each is not None]
        replies = iter(self._together(known) if known else ())
        return [Reply() if each is None else next(replies) for each in taken]

    def _opened(self, frame: bytes, begun_us: int) -> _Taken | None:
        """A frame's fields; None for what gets no answer."""
        try:
            parts = unpack_frame(frame, self._line.frame)
        except FrameError:
            self._counts.refuse("no frame")
            return None
        if not self._is_ours(parts):
            self._counts.refuse("wrong TPDU or header")
            _LOG.warning(
                "wrong TPDU or header: not answered",
                extra=event(tpdu=parts.tpdu.hex(), header=parts.header.hex()),
            )
            return None
        opened = self._line.open_request(frame)
        if opened is None:
            self._counts.refuse("no message")
            return None
        return _Taken(opened, begun_us)

    def _is_ours(self, parts: LineFrame) -> bool:
        """Whether identifier, destination and application are this acquirer's."""
        tpdu = bytes.fromhex(self._line.frame.tpdu)
        header = bytes.fromhex(self._line.frame.header)
        return parts.tpdu[:3] == tpdu[:3] and parts.header[:1] == header[:1]

    def _together(self, taken: Sequence[_Taken]) -> list[Reply | Alone]:
        """One commit for all of them, or for each a call that takes it alone."""
        if len(taken) == 1:
            return [self._alone(taken[0])]
        for is_last in (False, True):
            try:
                self._carry_out(taken)
            except (BooksConflict, BooksBusyError, RecordDamagedError) as error:
                _LOG.info("each alone", extra=event(detail=error))
                break
            except BooksError as error:
                if is_last:
                    return [self._failed(error) for _ in taken]
                _LOG.warning("the books failed, once more", extra=event(detail=error))
            except Exception:  # noqa: BLE001 - alone, only the faulty one fails again
                _LOG.exception("broken off, each alone")
                break
            else:
                return [self._reply(each) for each in taken]
        return [lambda each=each: self._alone(each) for each in taken]  # type: ignore[misc]

    def _alone(self, taken: _Taken) -> Reply:
        """The reply; where the books fail, once more from books that are opened anew.

        Whatever became of the first try, what it has booked is not booked again.
        """
        try:
            try:
                self._carry_out_alone(taken)
            except (BooksBusyError, RecordDamagedError):  # another try would change nothing
                raise
            except BooksError as error:
                _LOG.warning("the books failed, once more", extra=event(detail=error))
                self._carry_out_alone(taken)
            return self._reply(taken)
        except BooksError as error:
            return self._failed(error)
        except Exception:  # noqa: BLE001 - a thread of the server's would end
            self._counts.fail()
            _LOG.exception("no answer")
        return Reply()

    def _failed(self, error: Exception) -> Reply:
        self._counts.fail()
        _LOG.error("no answer: the books", extra=event(detail=error))
        return Reply()

    def _carry_out_alone(self, taken: _Taken) -> None:
        until_it_fits(lambda: self._carry_out([taken]))

    def _carry_out(self, taken: Sequence[_Taken]) -> None:
        """Decide on requests by one commit: their answers are durable when this returns."""
        with self._pool.taken() as connection, connection.books.commit():
            numbers = [each.opened.terminal for each in taken]
            connection.books.hold_all(numbers)
            self._read(connection, numbers, taken)
            booked: list[tuple[_Taken, HostRequest]] = []
            for each in taken:
                each.answer = None
                request = self._to_carry_out(each)
                if isinstance(request, HostRequest):
                    booked.append((each, request))
                elif request is not None:
                    assert each.record is not None
                    each.answer = self._matters.answer(connection, each.record, request)
            answers = connection.service.take_all(
                connection.books, [request for _, request in booked]
            )
            for (each, request), answer in zip(booked, answers, strict=True):
                each.answer = self._evened(request, answer)
        now = self._now()
        for each in taken:
            if each.answer is not None:
                each.answer = self._stamped(each.answer, each.rule, now)

    def _read(
        self, connection: BooksConnection, numbers: Sequence[str], taken: Sequence[_Taken]
    ) -> None:
        """What they ask, under the keys that their terminals have now."""
        today = self._now().date()
        for each, record in zip(taken, connection.terminals.look_up(*numbers), strict=True):
            each.record = record
            keys = record.session if record is not None else None
            each.asked = self._line.read_opened(each.opened, keys, today)
            if not each.is_ruled:
                each.rule, each.is_ruled = self._rules.rule_for(_seen_in(each.asked)), True
                if each.rule is not None:
                    self._counts.follow(each.rule.does)

    def _to_carry_out(self, each: _Taken) -> LineRequest | None:
        """What is to be done; None where the answer is there already, or there will be none."""
        assert each.asked is not None
        request = each.asked.request
        if each.is_lost:
            return None
        if each.rule is not None and each.rule.does == "code":
            each.answer = Answered(each.rule.code)
        elif each.record is None:
            each.answer = Answered(UNKNOWN_TERMINAL)
        elif isinstance(request, Unacceptable):
            each.answer = Answered(request.code)
        else:
            return request
        return None

    def _evened(self, request: LineRequest, answer: Answered | None) -> Answered | None:
        """The answer; that of a settlement by the totals as this line counts them."""
        if not isinstance(request, SettlementRequest):
            return answer
        if answer is None or answer.host_totals is None:
            return answer
        own = comparable(answer.host_totals, self._line.profile.settlement)
        even = own == request.totals
        code = APPROVED if even else NOT_BALANCED
        return replace(answer, response_code=code, host_totals=own, balanced=even)

    def _stamped(self, answer: Answered, rule: Rule | None, now: datetime) -> Answered:
        does = rule.does if rule is not None else ""
        if does == "unbalanced" and answer.host_totals is not None:
            answer = replace(answer, response_code=NOT_BALANCED, balanced=False)
        return replace(
            answer,
            date=answer.date or f"{now:%m%d}",
            time=answer.time or f"{now:%H%M%S}",
            settled_on=f"{now:%m%d}",
            institution=self._institution,
            sign_on_again=does == "sign-on-again",
        )

    def _reply(self, taken: _Taken) -> Reply:
        asked, answer = taken.asked, taken.answer
        if asked is None or taken.is_lost:
            return Reply()
        self._tell(taken, asked)
        if answer is None:
            return Reply()
        # after a sign-on, which has no MAC, the keys before do not matter
        keys = taken.record.session if taken.record is not None else None
        if taken.rule is not None and taken.rule.does == "wrong-mac":
            keys = _WRONG_KEY
        try:
            return _played(self._line.answer(asked, answer, keys), taken.rule)
        except WireError as error:  # a field of the request that no answer can repeat
            self._counts.refuse("no answer fits")
            _LOG.error("no answer fits", extra=event(detail=error))
            return Reply()

    def _tell(self, taken: _Taken, asked: RequestRead) -> None:
        """Count and log an answer."""
        kind, answer, rule = asked.fields["t"], taken.answer, taken.rule
        took_us = self._monotonic_us() - taken.begun_us
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


def _seen_in(asked: RequestRead) -> RequestSeen:
    """What rules look at in a request."""
    amount = asked.fields.get("4")
    return RequestSeen(
        type=asked.fields["t"],
        terminal=asked.terminal,
        stan=int(asked.fields["11"]),
        amount_minor=int(amount) if amount else None,
    )


def _played(frame: bytes, rule: Rule | None) -> Reply:
    """The reply with an answer's frame, or what a tester's rule makes of it."""
    match rule:
        case Rule(does="silence"):
            return Reply()
        case Rule(does="close"):
            return Reply(close=True)
        case Rule(does="delay"):
            return Reply((frame,), delay_ms=rule.ms)
        case Rule(does="twice"):
            return Reply((frame, frame))
        case Rule(does="half"):
            return Reply((frame[: len(frame) // 2],), close=True)
        case Rule(does="garbage"):
            return Reply((frame[:2] + bytes(len(frame) - 2),))
    return Reply((frame,))
