"""Asks the acquirer in the format of `wire.py`: one request out, one answer back, over any link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from firmware.iso8583.keys import KeySource
from firmware.iso8583.messages import (
    HostAnswer,
    HostRequest,
    LineRequest,
    NoAnswer,
    NoAnswerReason,
    subject_of,
)
from hw.ports import HostLink

if TYPE_CHECKING:
    from firmware.iso8583.pinblock import PinFormat


@runtime_checkable
class KnowsDelivery(Protocol):
    """A link that can tell when a message has certainly not left."""

    undelivered: bool  # of the last exchange


class HostClient:
    """Asks the acquirer at the other end of `link`, under the keys that `keys` gives."""

    def __init__(self, link: HostLink, keys: KeySource, *, pin_format: PinFormat = 0) -> None:
        self._link = link
        self._keys = keys
        self._pin_format = pin_format

    def ask(self, request: LineRequest, timeout_ms: int) -> HostAnswer:
        """Send `request` and give the answer, or why there is none.

        Blocks up to `timeout_ms`; runs on the line's worker. Raises WireError for a request that
        no message can hold, which is a bug, and for nothing that comes back.
        """
        # the codec, its DES and its library: no start asks for them
        from firmware.iso8583.answers import decode_answer  # noqa: PLC0415
        from firmware.iso8583.codec import WireError  # noqa: PLC0415
        from firmware.iso8583.wire import encode  # noqa: PLC0415

        if not isinstance(request, HostRequest):
            raise WireError("the embedded acquirer's format has no such message")
        asked = subject_of(request)
        keys = self._keys(asked.terminal, asked.batch)
        answer = self._link.exchange(encode(request, keys, self._pin_format), timeout_ms)
        if answer is not None:
            return decode_answer(answer, request, keys)
        if isinstance(self._link, KnowsDelivery) and self._link.undelivered:
            return NoAnswer(NoAnswerReason.NO_LINE)
        return NoAnswer(NoAnswerReason.TIMED_OUT)

    def close(self) -> None:
        self._link.close()
