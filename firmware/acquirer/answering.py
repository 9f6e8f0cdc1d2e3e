"""The frames of the acquirer that is built in: what is asked, and the answer to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from firmware.acquirer.decisions import AcquirerService
from firmware.acquirer.engine import BooksEngine
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import Answered, HostRequest
from firmware.iso8583.responses import INVALID_TRANSACTION
from firmware.iso8583.unionpay import Unacceptable, UnionPay

NOT_HERE = Answered(INVALID_TRANSACTION)  # sign-on, echo, uploads and script results are of a line


class Answering:
    """Answers frames of `line` as `service` decides."""

    def __init__(
        self, service: AcquirerService, line: UnionPay, clock_now: Callable[[], datetime]
    ) -> None:
        self._service, self._line, self._now = service, line, clock_now

    def answer(
        self,
        books: BooksEngine,
        frame: bytes,
        keys: SessionKeys,
        note: Callable[[], None],
    ) -> bytes | None:
        """Decide on a frame, `note` in the decision's commit; None for what is never answered."""
        opened = self._line.open_request(frame)
        if opened is None:
            return None
        asked = self._line.read_opened(opened, keys, self._now().date())
        answer: Answered | None = NOT_HERE
        if isinstance(asked.request, Unacceptable):
            answer = Answered(asked.request.code)
        elif isinstance(asked.request, HostRequest):
            answer = self._service.take(books, asked.request, note)
        return None if answer is None else self._line.answer(asked, answer, keys)
