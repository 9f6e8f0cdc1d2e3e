"""Requests and answers on an acquirer's line: through bytes and back, at both ends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.kinds import Kind, OriginalRef, ReversalCause, Totals
from firmware.core.masked import Pan, Pin, SecretKey, Track2
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.frame import unpack_frame
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    Balance,
    BalanceRequest,
    CardPresented,
    ChipUploadRequest,
    Control,
    ControlRequest,
    FinancialRequest,
    LineRequest,
    NoAnswer,
    ReversalRequest,
    ScriptRequest,
    SettlementRequest,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from firmware.iso8583.profile import Profile, SettlementShape
from firmware.iso8583.totals import comparable
from firmware.iso8583.unionpay import RequestRead, Unacceptable, UnionPay
from tests.iso8583.reference import REFERENCE

PROFILE = Profile.shipped("unionpay")
LINE, CODEC = UnionPay(PROFILE), PROFILE.codec()
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
VOID = replace(SALE, kind=Kind.VOID, original=replace(ORIGINAL, date=""))
REFUND = replace(SALE, kind=Kind.REFUND, original=ORIGINAL)
HELD = replace(ORIGINAL, reference="")
ORIGINALS = {
    Kind.SALE: None,
    Kind.VOID: VOID.original,
    Kind.REFUND: ORIGINAL,
    Kind.PREAUTH: None,
    Kind.PREAUTH_VOID: HELD,
    Kind.COMPLETION: HELD,
    Kind.COMPLETION_VOID: VOID.original,
}
TC, AAC = (  # the last word of a card
    bytes.fromhex(f"9F26085566778899AABBCC9F2701{cid}95050080048000") for cid in ("40", "00")
)
UNSEEN = replace(CARD, track2=None, pin=None)  # of a card that is not there any more
REQUESTS: dict[str, LineRequest] = {
    "balance": BalanceRequest(card=CARD, currency=CNY, date="", time="", **PLACE),
    "sale": FinancialRequest(SALE, CARD),
    "void": FinancialRequest(VOID, CARD),
    "refund": FinancialRequest(REFUND, CARD),
    **{
        kind.value: FinancialRequest(replace(SALE, kind=kind, original=ORIGINALS[kind]), CARD)
        for kind in (Kind.PREAUTH, Kind.PREAUTH_VOID, Kind.COMPLETION, Kind.COMPLETION_VOID)
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


def parts(frame: bytes) -> Fields:
    return CODEC.unpack(unpack_frame(frame, PROFILE.frame).message)


def heard(frame: bytes, keys: SessionKeys = KEYS, line: UnionPay = LINE) -> RequestRead:
    """What the acquirer's end of `line` reads in a frame."""
    opened = line.open_request(frame)
    assert opened is not None
    return line.read_opened(opened, keys, TODAY)


def asked(request: LineRequest, keys: SessionKeys = KEYS) -> RequestRead:
    return heard(LINE.request(request, keys), keys)


def single(key: bytes, block: bytes) -> bytes:
    """DES by the library alone: what the profile's own code is judged by."""
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_asked_arrives(name: str) -> None:
    assert asked(REQUESTS[name]).request == REQUESTS[name]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_message_has_the_fields_of_the_reference(name: str) -> None:
    fields = parts(LINE.request(REQUESTS[name], KEYS))
    kind, numbers, sixty = REFERENCE[name]
    assert fields["t"] == kind
    assert sorted(int(key) for key in fields if key != "t") == [*map(int, numbers.split())]
    assert fields["60"].startswith(sixty)


def test_values_that_the_reference_names() -> None:
    sale = parts(LINE.request(REQUESTS["sale"], KEYS))
    assert (sale["22"], sale["53"], sale["26"]) == ("051", "2600000000000000", "12")
    assert len(sale["60"]) == 13
    assert parts(LINE.request(REQUESTS["refund"], KEYS))["61"] == "0000230000070228"
    assert parts(LINE.request(REQUESTS["void"], KEYS))["61"] == "000023000007"
    assert parts(LINE.request(REQUESTS["refund"], KEYS))["63"] == "CUP"
    held = [parts(LINE.request(REQUESTS[name], KEYS)) for name in ("preauth_void", "completion")]
    assert [each["61"] for each in held] == ["0000230000070228"] * 2
    assert [(each["3"], each["25"], each["38"]) for each in held] == [
        ("200000", "06", "A12345"),
        ("000000", "06", "A12345"),
    ]
    upload = parts(LINE.request(REQUESTS["upload"], KEYS))["48"]
    assert upload == "01" + "00" + "000003" + "00006224242900000113" + "000000000100"
    told = parts(LINE.request(REQUESTS["settlement"], KEYS))["48"]
    assert told == "000000000500002000000000099001" + "0" + "0" * 31
    assert parts(LINE.request(REQUESTS["upload_end"], KEYS))["48"] == "0012"


def test_a_single_length_key_makes_the_mac_of_the_reference() -> None:
    key = bytes.fromhex("C24A8FB57AA20123")
    frame = LINE.request(REQUESTS["sale"], SessionKeys(mac=SecretKey(key), pin=SecretKey(key)))
    body, field = frame[13:-8], frame[-8:]
    x = bytes(8)
    for at in range(0, len(body), 8):
        x = bytes(a ^ b for a, b in zip(x, body[at : at + 8].ljust(8, b"\x00"), strict=True))
    a, b = x.hex().upper()[:8].encode(), x.hex().upper()[8:].encode()
    e2 = single(key, bytes(p ^ q for p, q in zip(single(key, a), b, strict=True)))
    assert field == e2.hex().upper()[:8].encode()
    assert parts(frame)["53"] == "2000000000000000"


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (ReversalCause.TIMED_OUT, "98"),
        (ReversalCause.GARBLED, "A0"),
        (ReversalCause.POWER_LOST, "96"),
        (ReversalCause.CARD_DECLINED, "06"),
        (None, "06"),
    ],
)
def test_a_reversal_says_why(cause: ReversalCause | None, code: str) -> None:
    assert asked(ReversalRequest(SALE, "", "", cause=cause)).fields["39"] == code


ANSWER = Answered(
    "00",
    reference="606000000001",
    authorisation_code="123456",
    issuer_authentication_data=bytes(range(10)),
    scripts=bytes.fromhex("7103860100"),
    date="0301",
    time="120000",
    institution="1025840",
    parties="0102000000001050000000",
)


@pytest.mark.parametrize("name", REQUESTS)
def test_an_answer_arrives(name: str) -> None:
    request = REQUESTS[name]
    answer = replace(ANSWER, scripts=b"", issuer_authentication_data=None)
    if isinstance(request, SettlementRequest):
        answer = replace(answer, host_totals=request.totals, balanced=True)
    if isinstance(request, BalanceRequest):
        answer = replace(answer, balance=Balance(-12_850, CNY))
    read = LINE.read_answer(LINE.answer(asked(request), answer, KEYS), request, KEYS)
    assert read.answer == answer
    assert not read.sign_on


def test_the_chips_part_of_an_answer_arrives() -> None:
    request = REQUESTS["sale"]
    read = LINE.read_answer(LINE.answer(asked(request), ANSWER, KEYS), request, KEYS)
    assert read.answer == ANSWER


def test_an_answers_frame_goes_back_the_way_the_request_came() -> None:
    frame = LINE.answer(asked(REQUESTS["sale"]), ANSWER, KEYS)
    assert frame[2:13].hex() == "6000000003" + "603100311003"


@pytest.mark.parametrize(
    "change",
    [
        {"stan": 404},
        {"batch": 25},
        {"terminal": "10000020"},
        {"merchant": "850100082410003"},
        {"amount": Money(12_851, CNY)},
        {"amount": Money(12_850, CURRENCIES["USD"])},
        {"kind": Kind.VOID},
    ],
    ids=str,
)
def test_an_answer_to_another_request_is_none(change: dict[str, Any]) -> None:
    other = FinancialRequest(replace(SALE, **change), CARD)
    read = LINE.read_answer(LINE.answer(asked(other), ANSWER, KEYS), REQUESTS["sale"], KEYS)
    assert isinstance(read.answer, NoAnswer)
    assert "answer to another request" in read.answer.detail


@pytest.mark.parametrize("keys", [OTHER, None], ids=["wrong MAC", "no MAC"])
@pytest.mark.parametrize("code", ["00", "99", "A0", "77"])
def test_without_a_right_mac_nothing_is_believed_but_that_a_sign_on_is_wanted(
    keys: SessionKeys | None, code: str
) -> None:
    request = REQUESTS["sale"]
    frame = LINE.answer(asked(request), replace(ANSWER, response_code=code), keys)
    read = LINE.read_answer(frame, request, KEYS)
    assert isinstance(read.answer, NoAnswer)
    assert read.sign_on is (code != "00")


def test_a_demand_in_the_header_is_heard() -> None:
    request = REQUESTS["sale"]
    frame = LINE.answer(asked(request), replace(ANSWER, sign_on_again=True), KEYS)
    assert frame[7:13].hex() == "603103311003"
    read = LINE.read_answer(frame, request, KEYS)
    assert read.sign_on
    assert isinstance(read.answer, Answered)


def test_a_part_of_the_amount_is_believed_with_its_code_alone() -> None:
    request = REQUESTS["sale"]
    part = replace(ANSWER, response_code="10", amount=Money(5_000, CNY))
    assert LINE.read_answer(LINE.answer(asked(request), part, KEYS), request, KEYS).answer == part
    for answer in (replace(part, response_code="00"), replace(part, amount=Money(12_851, CNY))):
        read = LINE.read_answer(LINE.answer(asked(request), answer, KEYS), request, KEYS)
        assert isinstance(read.answer, NoAnswer)


@pytest.mark.parametrize("balanced", [True, False])
def test_a_settlements_result_is_in_field_48(balanced: bool) -> None:
    request = REQUESTS["settlement"]
    assert isinstance(request, SettlementRequest)
    answer = Answered("00", host_totals=request.totals, balanced=balanced)
    frame = LINE.answer(asked(request), answer, None)
    assert "39" not in parts(frame)
    read = LINE.read_answer(frame, request, None).answer
    assert isinstance(read, Answered)
    assert (read.balanced, read.host_totals) == (balanced, request.totals)


@pytest.mark.parametrize(("side", "sales", "refunds"), [("credit", 3, 5), ("debit", 5, 3)])
def test_voids_are_on_the_side_that_the_profile_says(side: Any, sales: int, refunds: int) -> None:
    totals = Totals(sales=3, sales_minor=30, voids=2, voids_minor=20, refunds=3, refunds_minor=9)
    told = comparable(totals, SettlementShape(void_is=side))
    assert (told.sales, told.refunds, told.voids) == (sales, refunds, 0)


def test_more_than_field_48_holds_is_refused() -> None:
    request = replace(REQUESTS["settlement"], totals=Totals(sales=1_000))
    with pytest.raises(WireError, match="field 48"):
        LINE.request(request, None)


def test_a_request_under_another_key_is_not_carried_out() -> None:
    got = heard(LINE.request(REQUESTS["sale"], OTHER))
    assert isinstance(got.request, Unacceptable)
    assert got.request.code == "A0"


@given(st.data())
def test_no_flipped_bit_is_believed(data: st.DataObject) -> None:
    request = REQUESTS["sale"]
    frame = bytearray(LINE.answer(asked(request), ANSWER, KEYS))
    bit = data.draw(st.integers(13 * 8, len(frame) * 8 - 1))
    frame[bit // 8] ^= 1 << bit % 8
    read = LINE.read_answer(bytes(frame), request, KEYS)
    assert isinstance(read.answer, NoAnswer) or read.answer == ANSWER


@given(st.binary(max_size=300))
def test_no_bytes_do_harm_at_either_end(junk: bytes) -> None:
    for frame in (junk, len(junk).to_bytes(2, "big") + junk):
        assert LINE.open_request(frame) is None
        read = LINE.read_answer(frame, REQUESTS["sale"], KEYS)
        assert isinstance(read.answer, NoAnswer)


@given(
    stan=st.integers(1, 999_999),
    batch=st.integers(1, 999_999),
    minor=st.integers(0, 10**12 - 1),
    pan=st.text("0123456789", min_size=13, max_size=19),
    pin=st.none() | st.text("0123456789", min_size=4, max_size=12),
    psn=st.sampled_from(["", "00", "01"]),
    de55=st.binary(max_size=255),
    kind=st.sampled_from(list(Kind)),
)
def test_any_payment_arrives(  # noqa: PLR0917 - one a field
    stan: int, batch: int, minor: int, pan: str, pin: str | None, psn: str, de55: bytes, kind: Kind
) -> None:
    original = ORIGINALS[kind]
    paid = replace(
        SALE, kind=kind, stan=stan, batch=batch, amount=Money(minor, CNY), original=original
    )
    card = CardPresented(Pan(pan), psn, "2806", pin=Pin(pin) if pin else None, de55=de55)
    request = FinancialRequest(paid, card)
    assert asked(request).request == request


@given(
    items=st.lists(
        st.builds(
            UploadItem,
            st.integers(0, 999_999),
            st.from_regex("[1-9][0-9]{12,18}", fullmatch=True).map(Pan),
            st.integers(0, 10**12 - 1),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_upload_arrives(items: list[UploadItem]) -> None:
    request = UploadRequest(items=tuple(items), **PLACE)
    assert asked(request).request == request
