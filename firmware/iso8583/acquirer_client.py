"""Asks an acquirer at the end of a line, and signs on by itself when keys are needed.

A sign-on goes out before a request when there are no working keys, when the last one was on another
day, when an answer demanded one (the header's nibble 3; 77, 99 or A0) or when three answers in a
row had a wrong MAC. Keys whose check values differ, or whose length the MAC scheme does not have,
are not taken: those before stay in force.

Where the acquirer has another batch open than a payment names, the payment does not leave: it is
declined here with 77, and the answer says which batch is open there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from firmware.core.log import fields
from firmware.core.masked import SecretKey
from firmware.iso8583.client import HostClient
from firmware.iso8583.key_store import KeyStore
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    Control,
    ControlRequest,
    FinancialRequest,
    HostAnswer,
    LineRequest,
    NoAnswer,
    NoAnswerCause,
    NoAnswerReason,
    subject_of,
)
from firmware.iso8583.responses import ANOTHER_BATCH, APPROVED
from firmware.iso8583.unionpay import UnionPay
from firmware.iso8583.working_keys import KeyCheckError, WorkingKeysError, unpack_keys
from hw.ports import HostLink

WRONG_MACS_MOST = 3
_LOG = logging.getLogger(__name__)


class AcquirerClient(HostClient):
    """A client under the keys that sign-on brings.

    `now` is the shop's wall clock: a new day signs on again.
    """

    def __init__(
        self, link: HostLink, messages: UnionPay, keys: KeyStore, now: Callable[[], datetime]
    ) -> None:
        super().__init__(link, lambda: messages, lambda: self._session)
        self._line = messages
        self._keys = keys
        self._now = now
        self._demanded = False
        self._wrong_macs = 0

    def ask(self, request: LineRequest, timeout_ms: int) -> HostAnswer:
        """Send `request` and give the answer, or why there is none.

        Blocks up to 1.5 times `timeout_ms`, with the sign-on that goes before. Raises WireError for
        a request that no message can hold, which is a bug, and for nothing that comes back.
        """
        if isinstance(request, ControlRequest):
            numbered = replace(request, stan=request.stan or self._keys.next_stan())
            if request.what is Control.SIGN_ON:
                return self.sign_on(numbered, timeout_ms)
            return self._asked(numbered, timeout_ms)
        if self._is_due():
            asked = subject_of(request)
            stan = self._keys.next_stan()
            first = ControlRequest(
                Control.SIGN_ON, asked.terminal, asked.merchant, asked.batch, stan
            )
            answer = self.sign_on(first, timeout_ms // 2)
            if isinstance(answer, NoAnswer) or self._session is None:
                # the request itself has not left
                cause = answer.cause if isinstance(answer, NoAnswer) else None
                return NoAnswer(NoAnswerReason.NO_LINE, f"sign-on: {_words(answer)}", cause)
            if answer.batch and _is_new(request):
                return Answered(ANOTHER_BATCH, batch=answer.batch, approves=False)
        return self._asked(request, timeout_ms)

    def sign_on(self, request: ControlRequest, timeout_ms: int) -> HostAnswer:
        """Ask for working keys and take them, all or none. Blocks up to `timeout_ms`."""
        master = self._keys.master
        if master is None:
            missing = NoAnswerCause.NO_MASTER
            return NoAnswer(NoAnswerReason.NO_LINE, missing.value, missing)
        answer = self._asked(request, timeout_ms)
        if isinstance(answer, NoAnswer) or answer.response_code != APPROVED:
            _LOG.warning("not signed on", extra=fields(why=_words(answer)))
            return answer
        try:
            delivered = unpack_keys(answer.working_keys, master)
            self._line.check_keys(delivered.session)
            self._keys.sign_on(delivered, self._now().strftime("%Y%m%d"))
        except WorkingKeysError as error:
            _LOG.warning("not signed on", extra=fields(why=str(error)))
            differs = NoAnswerCause.KEY_CHECK if isinstance(error, KeyCheckError) else None
            return NoAnswer(NoAnswerReason.GARBLED, str(error), differs)
        except OSError as error:
            return NoAnswer(NoAnswerReason.GARBLED, f"the keys cannot be kept: {error.strerror}")
        self._demanded, self._wrong_macs = False, 0
        _LOG.info("signed on")
        return answer

    def load_master(self, master: SecretKey) -> None:
        """Keep another master key; the next request signs on. Raises OSError."""
        self._keys.load_master(master)

    def _is_due(self) -> bool:
        today = self._now().strftime("%Y%m%d")
        return self._demanded or self._session is None or self._keys.signed_on != today

    @property
    def _session(self) -> SessionKeys | None:
        """The working keys; None for those that came under a profile with another MAC."""
        keys = self._keys.session
        return keys if keys is not None and self._line.takes(keys) else None

    def _asked(self, request: LineRequest, timeout_ms: int) -> HostAnswer:
        """The answer, having noted whether the acquirer wants a sign-on."""
        read, frame = self._exchange(request, timeout_ms), self._line.frame
        answer = read.answer
        match answer:
            case Answered():
                self._wrong_macs = 0
                answer = replace(answer, sign_on_again=read.sign_on)
            case NoAnswer(cause=NoAnswerCause.WRONG_MAC):
                self._wrong_macs += 1
            case NoAnswer(reason=NoAnswerReason.TIMED_OUT):
                answer = replace(answer, tpdu=frame.tpdu, header=frame.header)
        self._demanded |= read.sign_on or self._wrong_macs >= WRONG_MACS_MOST
        return answer


def _is_new(request: LineRequest) -> bool:
    """Whether a request begins something in the open batch; a repeated one names its own batch."""
    return isinstance(request, FinancialRequest) and not (request.offline or request.repeated)


def _words(answer: HostAnswer) -> str:
    if isinstance(answer, NoAnswer) and answer.detail:
        return answer.detail
    return answer.words
