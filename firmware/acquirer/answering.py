"""The embedded host's messages: what is asked, as the service decides it, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from firmware.acquirer.decisions import AcquirerService
from firmware.acquirer.engine import BooksEngine
from firmware.iso8583.answers import answer_to, encode_answer
from firmware.iso8583.keys import KeySource
from firmware.iso8583.messages import Answered, subject_of
from firmware.iso8583.request_parts import batch_of
from firmware.iso8583.wire import Unacceptable, decode_request


class Answering:
    """Decodes requests under `keys` and encodes what `service` answers."""

    def __init__(
        self, service: AcquirerService, keys: KeySource, clock_now: Callable[[], datetime]
    ) -> None:
        self._service, self._keys, self._now = service, keys, clock_now

    def answer(
        self, books: BooksEngine, message: bytes, note: Callable[[BooksEngine], None]
    ) -> bytes | None:
        """Decide on a message, `note` in the decision's commit; None for what is never answered."""
        request = decode_request(message, self._keys, self._now().date())
        if isinstance(request, Unacceptable):
            if request.heads is None:
                return None
            keys = self._keys(request.heads["41"], batch_of(request.heads))
            return answer_to(request.heads, Answered(request.code), keys)
        answer = self._service.take(books, request, note)
        if answer is None:
            return None
        asked = subject_of(request)
        return encode_answer(request, answer, self._keys(asked.terminal, asked.batch))
