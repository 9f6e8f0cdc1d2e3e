"""Requests and answers as frames by an acquirer's profile, for both ends of a line.

The terminal's end:

    line = UnionPay(Profile.shipped("unionpay"))
    frame = line.request(request, keys)          # keys: SessionKeys, or None without a MAC
    read = line.read_answer(answer, request, keys)
    read.answer                                  # Answered, or NoAnswer(GARBLED, why)
    read.sign_on                                 # the acquirer wants a sign-on

The acquirer's end:

    opened = line.open_request(frame)                   # None: cannot be answered, say nothing
    asked = line.read_opened(opened, keys, today)       # keys of opened.terminal, or None
    asked.request                                       # a LineRequest, or Unacceptable: its code
    frame = line.answer(asked, Answered("00"), keys)    # keys None: without a MAC

`request` is one of `messages.LineRequest`: FinancialRequest (sale, void, refund, advice with
`offline`), ReversalRequest, SettlementRequest, ControlRequest (sign-on, sign-off, echo),
UploadRequest, ChipUploadRequest, UploadEndRequest, ScriptRequest, BalanceRequest. What a message
does not say is empty at the acquirer's end: `date` and `time` of a request are "" where
`messages.times` is "acquirer", and the original of a void has no date where `messages.original` is
"short". A reversal's `payment` has the original's own batch and STAN.

- Totals of a settlement: compare `request.totals` with `totals.comparable(own,
  profile.settlement)`, answer with those in `host_totals` and `balanced=True` or `False`. Totals
  as sides have no response code: field 48 has the result.
- A sign-on is answered with `working_keys=working_keys.pack_keys(keys, tmk)`; `batch=` where the
  acquirer's is another.
- `sign_on_again=True` sets the demand in the header of any answer; 77, 99 and A0 do the same.
- Code 10 needs `amount`, less than asked.
- An answer has destination and origin of the request's TPDU exchanged. Whether TPDU and header are
  those of this acquirer is for the server to look at (`asked.line`): a wrong one gets no answer.
"""

from __future__ import annotations

import functools
import hmac
from datetime import date

from msgspec import Struct

from firmware.iso8583.codec import MAC_BYTES, Fields, WireError
from firmware.iso8583.frame import (
    DEMAND_AT,
    FRAME_MAX,
    SIGN_ON_AGAIN,
    FrameError,
    LineFrame,
    answer_to,
    pack_frame,
    unpack_frame,
)
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.mac import KEY_BYTES, mac_of
from firmware.iso8583.messages import (
    Answered,
    AnswerRead,
    LineRequest,
    NoAnswer,
    NoAnswerCause,
    NoAnswerReason,
)
from firmware.iso8583.pinblock import PinFormat
from firmware.iso8583.profile import UPLOADS, FrameShape, Profile, ProfileError
from firmware.iso8583.request_parts import UnknownCurrencyError, batch_of
from firmware.iso8583.responses import FORMAT_ERROR, INVALID_TRANSACTION, WRONG_MAC
from firmware.iso8583.unionpay_answers import SIGN_ON_CODES, answer_fields, answer_of
from firmware.iso8583.unionpay_requests import name_of, request_fields, request_of
from firmware.iso8583.working_keys import WorkingKeysError

_TYPES = frozenset({"0100", "0200", "0220", "0320", "0400", "0500", "0620", "0800", "0820"})
UPLOAD, EMBEDDED = "0320", "embedded"
_CONTROLS = frozenset({"0800", "0810", "0820", "0830"})
_SETTLEMENT = frozenset({"0500", "0510"})
_HEADS = ("11", "41", "42", "60")


class Unacceptable(Struct, frozen=True):
    """A request that cannot be carried out: `code` is 30 (format), 12 (currency) or A0 (MAC)."""

    code: str
    detail: str


_WRONG_MAC = Unacceptable(WRONG_MAC, NoAnswerCause.WRONG_MAC.value)


def line_of(profile: str, tpdu: str = "", header: str = "", pin_block: PinFormat = 0) -> UnionPay:
    """The messages of a profile by its name or file. Raises ProfileError.

    `tpdu` and `header` go before the profile's own, where they are not empty. A terminal sends PIN
    blocks of the format `pin_block`.
    """
    found = Profile.named(profile)
    frame = FrameShape(tpdu or found.frame.tpdu, header or found.frame.header)
    return UnionPay(found, frame, pin_block)


@functools.cache
def embedded_line(pin_block: PinFormat) -> UnionPay:
    """The messages of the acquirer that is built in, made once for both of its ends."""
    return line_of(EMBEDDED, pin_block=pin_block)


class RequestOpened(Struct, frozen=True):
    """A request in its fields: whether its MAC is right and what it asks is not known yet."""

    line: LineFrame
    fields: Fields

    @property
    def terminal(self) -> str:
        return self.fields["41"]


class RequestRead(RequestOpened, frozen=True):
    """A request as it came: what it asks, and what its answer repeats."""

    request: LineRequest | Unacceptable

    @property
    def batch(self) -> int:
        return batch_of(self.fields)


class UnionPay:
    """The messages of one profile. It keeps nothing, so threads may share it.

    Raises ProfileError where the profile has no field for PIN blocks of the format `pin_block`.
    """

    def __init__(
        self, profile: Profile, frame: FrameShape | None = None, pin_block: PinFormat = 0
    ) -> None:
        if pin_block == 4 and not profile.messages.pin_block_4:
            raise ProfileError(f"{profile.name}: no field for host.pin_block = 4")
        self.profile = profile
        self._pin_block: PinFormat = pin_block
        self.frame = frame or profile.frame
        self._codec = profile.codec()
        plain = _CONTROLS if profile.seals("settlement") else _CONTROLS | _SETTLEMENT
        self._plain_types = plain  # which no MAC is looked for in, nor in their answers
        self._seals_uploads = all(map(profile.seals, UPLOADS))

    def takes(self, keys: SessionKeys) -> bool:
        """Whether the profile's MAC scheme has keys of this length."""
        return len(keys.mac) in KEY_BYTES[self.profile.mac.scheme]

    def check_keys(self, keys: SessionKeys) -> None:
        """Raises WorkingKeysError for keys that this does not take."""
        if not self.takes(keys):
            scheme = self.profile.mac.scheme
            raise WorkingKeysError(f"{scheme} takes no MAC key of {len(keys.mac)} bytes")

    def request(self, request: LineRequest, keys: SessionKeys | None) -> bytes:
        """The frame that asks, under keys that this `takes`.

        Raises WireError naming a field that does not fit.
        """
        fields = request_fields(request, keys, self.profile, self._pin_block)
        plain = not self.profile.seals(name_of(request))
        if not plain and keys is None:
            raise WireError("field 64: no MAC key")
        return self._framed(self._sealed(fields, None if plain else keys), self.frame)

    def read_answer(
        self, frame: bytes, request: LineRequest, keys: SessionKeys | None
    ) -> AnswerRead:
        """What came back. Never raises, whatever the bytes.

        A code that asks for a sign-on counts without a right MAC, for the keys may be wrong; the
        request itself then has no answer.
        """
        demanded = False
        try:
            line = unpack_frame(frame, self.frame)
            fields = self._codec.unpack(line.message)
            answer = answer_of(fields, request, self.profile)
            demanded = line.demand == SIGN_ON_AGAIN or answer.response_code in SIGN_ON_CODES
        except (WireError, FrameError) as error:
            return AnswerRead(NoAnswer(NoAnswerReason.GARBLED, str(error)))
        except KeyError as error:
            return AnswerRead(NoAnswer(NoAnswerReason.GARBLED, f"no field {error} in the answer"))
        if not self._goes_without(request, fields) and not self._is_sealed(
            line.message, fields, keys
        ):
            wrong = NoAnswerCause.WRONG_MAC
            return AnswerRead(NoAnswer(NoAnswerReason.GARBLED, wrong.value, wrong), demanded)
        return AnswerRead(answer, demanded)

    def open_request(self, frame: bytes) -> RequestOpened | None:
        """The fields of a frame, or None where too little can be read to answer. Never raises."""
        try:
            line = unpack_frame(frame, self.frame)
            fields = self._codec.unpack(line.message)
            batch_of(fields)
        except (WireError, FrameError, KeyError):
            return None
        if fields["t"] not in _TYPES or any(key not in fields for key in _HEADS):
            return None
        return RequestOpened(line, fields)

    def read_opened(
        self, opened: RequestOpened, keys: SessionKeys | None, today: date
    ) -> RequestRead:
        """What a request asks, read under the keys of its terminal. Never raises."""
        asked = self._asked(opened.line.message, opened.fields, keys, today)
        return RequestRead(opened.line, opened.fields, asked)

    def answer(self, asked: RequestRead, answer: Answered, keys: SessionKeys | None) -> bytes:
        """The frame that answers. Raises WireError if a field of `answer` does not fit."""
        fields = answer_fields(asked.fields, answer, self.profile)
        plain = self._goes_without(asked.request, asked.fields)
        message = self._sealed(fields, None if plain else keys)
        header = bytearray(asked.line.header)
        if header and answer.sign_on_again:
            header[DEMAND_AT] = header[DEMAND_AT] & 0xF0 | SIGN_ON_AGAIN
        tpdu = answer_to(asked.line.tpdu).hex()
        return self._framed(message, FrameShape(tpdu, header.hex()))

    def _asked(
        self, message: bytes, fields: Fields, keys: SessionKeys | None, today: date
    ) -> LineRequest | Unacceptable:
        sealed = fields["t"] in self._plain_types or self._is_sealed(message, fields, keys)
        if not sealed and ("64" in fields or fields["t"] != UPLOAD or self._seals_uploads):
            return _WRONG_MAC
        try:
            asked = request_of(fields, keys, today, self.profile)
        except KeyError as error:
            return Unacceptable(FORMAT_ERROR, f"field {error} is missing")
        except UnknownCurrencyError as error:
            return Unacceptable(INVALID_TRANSACTION, str(error))
        except WireError as error:
            return Unacceptable(FORMAT_ERROR, str(error))
        if not sealed and not self._goes_without(asked, fields):
            return _WRONG_MAC
        return asked

    def _goes_without(self, request: LineRequest | Unacceptable, fields: Fields) -> bool:
        """Whether the message about `request` with `fields` has no MAC, and needs none."""
        if fields["t"] in self._plain_types:
            return True
        if "64" in fields or isinstance(request, Unacceptable):
            return False
        return not self.profile.seals(name_of(request))

    def _sealed(self, fields: Fields, keys: SessionKeys | None) -> bytes:
        if keys is None:
            return self._codec.pack(fields)
        body = self._codec.pack(Fields(fields | {"64": "00" * MAC_BYTES}))[:-MAC_BYTES]
        shape = self.profile.mac
        return body + mac_of(body, keys.mac, shape.scheme, shape.padding).field

    def _is_sealed(self, message: bytes, fields: Fields, keys: SessionKeys | None) -> bool:
        if keys is None or "64" not in fields or not self.takes(keys):
            return False
        shape = self.profile.mac
        made = mac_of(message[:-MAC_BYTES], keys.mac, shape.scheme, shape.padding)
        return hmac.compare_digest(made.field, message[-MAC_BYTES:])

    def _framed(self, message: bytes, shape: FrameShape) -> bytes:
        try:
            return pack_frame(message, shape)
        except FrameError:
            raise WireError(f"a frame of more than {FRAME_MAX} bytes") from None
