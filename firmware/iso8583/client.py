"""Asks an acquirer: one request out, one answer back, over any link."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec.structs import replace

from firmware.iso8583.messages import (
    Answered,
    AnswerRead,
    BalanceRequest,
    ChipUploadRequest,
    FinancialRequest,
    HostAnswer,
    LineRequest,
    NoAnswer,
    NoAnswerReason,
    ReversalRequest,
    UploadEndRequest,
    UploadRequest,
)
from firmware.iso8583.responses import DUPLICATE
from hw.ports import HostLink

if TYPE_CHECKING:
    from firmware.iso8583.keys import SessionKeys
    from firmware.iso8583.profile import Profile
    from firmware.iso8583.unionpay import UnionPay


@runtime_checkable
class KnowsDelivery(Protocol):
    """A link that can tell when a message has certainly not left."""

    undelivered: bool  # of the last exchange


class HostClient:
    """Asks the acquirer at the other end of `link`, which carries whole frames.

    `messages` and `keys` are called at each request, so that a start imports no codec. Used on the
    line's worker alone.
    """

    def __init__(
        self,
        link: HostLink,
        messages: Callable[[], UnionPay],
        keys: Callable[[], SessionKeys | None],
    ) -> None:
        self._link, self._messages, self._keys_now = link, messages, keys

    def ask(self, request: LineRequest, timeout_ms: int) -> HostAnswer:
        """Send `request` and give the answer, or why there is none.

        Blocks up to `timeout_ms`. Raises WireError for a request that no message can hold, which is
        a bug, and for nothing that comes back.
        """
        return self._exchange(request, timeout_ms).answer

    def close(self) -> None:
        self._link.close()

    def _exchange(self, request: LineRequest, timeout_ms: int) -> AnswerRead:
        messages, keys = self._messages(), self._keys_now()
        frame = self._link.exchange(messages.request(request, keys), timeout_ms)
        if frame is None:
            if isinstance(self._link, KnowsDelivery) and self._link.undelivered:
                return AnswerRead(NoAnswer(NoAnswerReason.NO_LINE))
            return AnswerRead(NoAnswer(NoAnswerReason.TIMED_OUT))
        read = messages.read_answer(frame, request, keys)
        if isinstance(read.answer, NoAnswer):
            return read
        return replace(read, answer=_judged(read.answer, request, messages.profile))


def _judged(answer: Answered, request: LineRequest, profile: Profile) -> Answered:
    """The answer, with what its code means for this request. An unknown code approves nothing."""
    codes, code = profile.answers, answer.response_code
    match request:
        case ReversalRequest():
            return replace(answer, approves=code in codes.reversed)
        case UploadRequest() | ChipUploadRequest() | UploadEndRequest():
            # a duplicate: the acquirer has it
            return replace(answer, approves=code in (*codes.approved, DUPLICATE))
        case BalanceRequest():
            return replace(answer, approves=code in codes.approved)
        case FinancialRequest(offline=offline, repeated=repeated):
            taken = codes.taken if offline or repeated else ()
            return replace(
                answer,
                approves=code in (*codes.approved, *taken),
                ask_issuer=code in codes.remarked,
                in_doubt=code in codes.doubtful,
            )
    return answer
