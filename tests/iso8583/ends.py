"""Both ends of an acquirer's line by each profile, and requests to send over it."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.masked import Pan, Pin, SecretKey, Track2
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.iso8583.codec import MAC_BYTES, Fields
from firmware.iso8583.frame import LENGTH_BYTES, pack_frame, unpack_frame
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.mac import mac_of
from firmware.iso8583.messages import (
    Answered,
    AnswerRead,
    BalanceRequest,
    CardPresented,
    ChipUploadRequest,
    Control,
    ControlRequest,
    FinancialRequest,
    LineRequest,
    ReversalRequest,
    ScriptRequest,
    SettlementRequest,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from firmware.iso8583.unionpay import RequestRead, UnionPay, embedded_line, line_of

KEYS = SessionKeys(mac=SecretKey(bytes(range(16))), pin=SecretKey(bytes(range(16, 32))))
OTHER = SessionKeys(mac=SecretKey(bytes(range(1, 17))), pin=KEYS.pin)
TODAY = date(2026, 3, 1)
CNY = CURRENCIES["CNY"]
PLACE: dict[str, Any] = {
    "terminal": "10000019",
    "merchant": "850100082410002",
    "batch": 24,
    "stan": 403,
}
CARD = CardPresented(
    Pan("6224242900000113"),
    psn="00",
    expiry="2806",
    track2=Track2("6224242900000113D28062013949031013"),
    pin=Pin("123456"),
    de55=bytes.fromhex("9F2608BBE372271DDA7C9F"),
)
SALE = Payment(kind=Kind.SALE, amount=Money(12_850, CNY), date="", time="", **PLACE)
ORIGINAL = OriginalRef(
    batch=23,
    stan=7,
    reference="606012345678",
    date="20260228",
    authorisation_code="A12345",
)
UNDATED = replace(ORIGINAL, date="")
HELD = replace(ORIGINAL, reference="")
ORIGINALS = {
    Kind.SALE: None,
    Kind.VOID: UNDATED,
    Kind.REFUND: ORIGINAL,
    Kind.PREAUTH: None,
    Kind.PREAUTH_VOID: HELD,
    Kind.COMPLETION: HELD,
    Kind.COMPLETION_VOID: UNDATED,
}
TC, AAC = (  # the last word of a card
    bytes.fromhex(f"9F26085566778899AABBCC9F2701{cid}95050080048000") for cid in ("40", "00")
)
UNSEEN = replace(CARD, track2=None, pin=None)  # of a card that is not there any more
REQUESTS: dict[str, LineRequest] = {
    "balance": BalanceRequest(card=CARD, currency=CNY, date="", time="", **PLACE),
    **{
        kind.value: FinancialRequest(replace(SALE, kind=kind, original=original), CARD)
        for kind, original in ORIGINALS.items()
    },
    "offline": FinancialRequest(SALE, UNSEEN, offline=True),
    "reversal": ReversalRequest(SALE, "", "", "98", "0113", UNSEEN),
    "script": ScriptRequest(SALE, replace(UNSEEN, expiry=""), "", ""),
    "sign_on": ControlRequest(Control.SIGN_ON, **PLACE, operator="01"),
    "sign_off": ControlRequest(Control.SIGN_OFF, **PLACE),
    "echo": ControlRequest(Control.ECHO, **PLACE),
    "settlement": SettlementRequest(
        totals=Totals(sales=2, sales_minor=500, refunds=1, refunds_minor=99),
        currency=CNY,
        date="",
        time="",
        **PLACE,
    ),
    "upload": UploadRequest(items=(UploadItem(3, CARD.pan, 100),), **PLACE),
    "upload_chip": ChipUploadRequest(
        card=replace(UNSEEN, expiry="", de55=TC), amount_minor=12_850, currency=CNY, **PLACE
    ),
    "upload_end": UploadEndRequest(count=12, balanced=False, **PLACE),
}
ANSWER = Answered(
    "00",
    reference="606000000001",
    authorisation_code="123456",
    issuer_authentication_data=bytes(range(10)),
    scripts=bytes.fromhex("7103860100" + "720486028424"),
    date="0301",
    time="120000",
    institution="1025840",
    parties="0102000000001050000000",
)


def dated(request: Any) -> Any:
    """The request on a day, where a profile's messages say it."""
    at = {"date": f"{TODAY:%Y%m%d}", "time": "120000"}
    if isinstance(request, FinancialRequest):
        return replace(request, payment=replace(request.payment, **at))
    return replace(request, **at) if hasattr(request, "date") else request


class Ends:
    """The terminal's end of a line and the acquirer's, which share their keys."""

    def __init__(self, line: UnionPay) -> None:
        self.line = line
        self.requests, self.answer = REQUESTS, ANSWER
        self.message_at = LENGTH_BYTES + len(line.frame.tpdu + line.frame.header) // 2
        if line.profile.messages.times == "terminal":
            self.requests = {name: dated(request) for name, request in REQUESTS.items()}
            self.answer = replace(ANSWER, date="", time="")  # those of the request
        self.sale: FinancialRequest = self.requests["sale"]  # type: ignore[assignment]

    def asks(self, request: LineRequest, keys: SessionKeys | None = KEYS) -> bytes:
        """The terminal's frame."""
        return self.line.request(request, keys)

    def fields(self, request: LineRequest) -> Fields:
        """The fields of the terminal's frame."""
        return self.parts(self.asks(request))

    def heard(self, frame: bytes, today: date = TODAY) -> RequestRead:
        """What the acquirer's end reads in a frame."""
        opened = self.line.open_request(frame)
        assert opened is not None
        return self.line.read_opened(opened, KEYS, today)

    def answers(
        self, request: LineRequest, answer: Answered, keys: SessionKeys | None = KEYS
    ) -> bytes:
        """The acquirer's frame."""
        return self.line.answer(self.heard(self.asks(request)), answer, keys)

    def reads(self, frame: bytes, request: LineRequest) -> AnswerRead:
        """What the terminal's end reads in a frame that came when it had sent `request`."""
        return self.line.read_answer(frame, request, KEYS)

    def parts(self, frame: bytes) -> Fields:
        """The fields of a frame."""
        return self.line.profile.codec().unpack(unpack_frame(frame, self.line.frame).message)

    def sealed(self, fields: dict[str, str]) -> bytes:
        """A frame of these fields, with the MAC that they should have."""
        shape = self.line.profile.mac
        body = self.line.profile.codec().pack(Fields(fields | {"64": "00" * MAC_BYTES}))
        mac = mac_of(body[:-MAC_BYTES], KEYS.mac, shape.scheme, shape.padding)
        return pack_frame(body[:-MAC_BYTES] + mac.field, self.line.frame)


UNIONPAY, EMBEDDED = Ends(line_of("unionpay")), Ends(embedded_line(0))
PROFILE = UNIONPAY.line.profile
