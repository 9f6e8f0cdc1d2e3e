"""What the reference says of requests and answers on an acquirer's line, and any that arrive."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.kinds import Kind, ReversalCause, Totals
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import Money
from firmware.iso8583.codec import WireError
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    CardPresented,
    FinancialRequest,
    NoAnswer,
    ReversalRequest,
    SettlementRequest,
    UploadItem,
    UploadRequest,
)
from firmware.iso8583.profile import SettlementShape
from firmware.iso8583.totals import comparable
from tests.iso8583.ends import ANSWER, CNY, ORIGINALS, PLACE, REQUESTS, SALE, UNIONPAY
from tests.iso8583.reference import REFERENCE


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_asked_arrives(name: str) -> None:
    assert UNIONPAY.heard(UNIONPAY.asks(REQUESTS[name])).request == REQUESTS[name]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_message_has_the_fields_of_the_reference(name: str) -> None:
    fields = UNIONPAY.fields(REQUESTS[name])
    kind, numbers, sixty = REFERENCE[name]
    assert fields["t"] == kind
    assert sorted(int(key) for key in fields if key != "t") == [*map(int, numbers.split())]
    assert fields["60"].startswith(sixty)


def test_values_that_the_reference_names() -> None:
    said = {name: UNIONPAY.fields(request) for name, request in REQUESTS.items()}
    sale = said["sale"]
    assert (sale["22"], sale["53"], sale["26"]) == ("051", "2600000000000000", "12")
    assert len(sale["60"]) == 13
    assert said["refund"]["61"] == "0000230000070228"
    assert said["void"]["61"] == "000023000007"
    assert said["refund"]["63"] == "CUP"
    held = [said[name] for name in ("preauth_void", "completion")]
    assert [each["61"] for each in held] == ["0000230000070228"] * 2
    assert [(each["3"], each["25"], each["38"]) for each in held] == [
        ("200000", "06", "A12345"),
        ("000000", "06", "A12345"),
    ]
    upload = said["upload"]["48"]
    assert upload == "01" + "00" + "000003" + "00006224242900000113" + "000000000100"
    assert said["settlement"]["48"] == "000000000500002000000000099001" + "0" + "0" * 31
    assert said["upload_end"]["48"] == "0012"


def test_a_single_length_key_makes_the_mac_of_the_reference() -> None:
    key = bytes.fromhex("C24A8FB57AA20123")
    frame = UNIONPAY.asks(REQUESTS["sale"], SessionKeys(mac=SecretKey(key), pin=SecretKey(key)))
    body, field = frame[13:-8], frame[-8:]
    x = bytes(8)
    for at in range(0, len(body), 8):
        x = bytes(a ^ b for a, b in zip(x, body[at : at + 8].ljust(8, b"\x00"), strict=True))
    a, b = x.hex().upper()[:8].encode(), x.hex().upper()[8:].encode()
    e2 = single(key, bytes(p ^ q for p, q in zip(single(key, a), b, strict=True)))
    assert field == e2.hex().upper()[:8].encode()
    assert UNIONPAY.parts(frame)["53"] == "2000000000000000"


def single(key: bytes, block: bytes) -> bytes:
    """DES by the library alone: what the profile's own code is judged by."""
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)


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
    assert UNIONPAY.fields(ReversalRequest(SALE, "", "", cause=cause))["39"] == code


def test_an_answers_frame_goes_back_the_way_the_request_came() -> None:
    assert UNIONPAY.answers(REQUESTS["sale"], ANSWER)[2:13].hex() == "6000000003" + "603100311003"


def test_a_demand_in_the_header_is_heard() -> None:
    frame = UNIONPAY.answers(REQUESTS["sale"], replace(ANSWER, sign_on_again=True))
    assert frame[7:13].hex() == "603103311003"
    read = UNIONPAY.reads(frame, REQUESTS["sale"])
    assert read.sign_on
    assert isinstance(read.answer, Answered)


def test_a_part_of_the_amount_is_believed_with_its_code_alone() -> None:
    part = replace(ANSWER, response_code="10", amount=Money(5_000, CNY))
    assert UNIONPAY.reads(UNIONPAY.answers(REQUESTS["sale"], part), REQUESTS["sale"]).answer == part
    for answer in (replace(part, response_code="00"), replace(part, amount=Money(12_851, CNY))):
        read = UNIONPAY.reads(UNIONPAY.answers(REQUESTS["sale"], answer), REQUESTS["sale"])
        assert isinstance(read.answer, NoAnswer)


@pytest.mark.parametrize("balanced", [True, False])
def test_a_settlements_result_is_in_field_48(balanced: bool) -> None:
    request = REQUESTS["settlement"]
    assert isinstance(request, SettlementRequest)
    answer = Answered("00", host_totals=request.totals, balanced=balanced)
    frame = UNIONPAY.answers(request, answer, None)
    assert "39" not in UNIONPAY.parts(frame)
    read = UNIONPAY.line.read_answer(frame, request, None).answer
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
        UNIONPAY.asks(request, None)


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
    assert UNIONPAY.heard(UNIONPAY.asks(request)).request == request


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
    assert UNIONPAY.heard(UNIONPAY.asks(request)).request == request
