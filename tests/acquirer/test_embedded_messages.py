"""The embedded acquirer's messages there and back, and what no bytes can do to either side."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.masked import Pan, Pin, SecretKey, Track2
from firmware.core.money import CURRENCIES, Money
from firmware.iso8583.codec import MAC_BYTES, Fields, WireError
from firmware.iso8583.des import pad_80, retail_mac
from firmware.iso8583.frame import pack_frame, unpack_frame
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    Balance,
    BalanceRequest,
    CardPresented,
    FinancialRequest,
    HostAnswer,
    LineRequest,
    NoAnswer,
    NoAnswerCause,
    NoAnswerReason,
    ReversalRequest,
    SettlementRequest,
)
from firmware.iso8583.pinblock import PinFormat
from firmware.iso8583.unionpay import RequestRead, Unacceptable, embedded_line
from tests.payment import changed, on_the_line, yuan

KEYS = SessionKeys(mac=SecretKey(bytes(range(16))), pin=SecretKey(bytes(range(16, 32))))
LINE = embedded_line(0)
CODEC, SHAPE = LINE.profile.codec(), LINE.frame
TPDU_BITS = range(16, 56)  # which routers change on the way
TODAY = date(2026, 3, 14)
WRONG_MAC = NoAnswer(NoAnswerReason.GARBLED, "MAC differs", NoAnswerCause.WRONG_MAC)
PAN = "6217000012345678901"

CARD = CardPresented(
    pan=Pan(PAN),
    psn="01",
    expiry="3012",
    track2=Track2(f"{PAN}D30122010000000000"),
    pin=Pin("123456"),
    de55=bytes.fromhex("9F02060000000128509F2608A1A2A3A4A5A6A7A8"),
)
SALE = FinancialRequest(
    on_the_line(batch=7, stan=42, date="20260314", time="120000", operator=""), CARD
)
VOID = changed(
    SALE,
    kind=Kind.VOID,
    stan=43,
    original=OriginalRef(batch=7, stan=42, reference="", date=""),
)
HELD = OriginalRef(batch=3, stan=9, reference="", date="20251231")
REFUND = changed(
    SALE,
    kind=Kind.REFUND,
    stan=44,
    original=replace(HELD, reference="607312345678"),
    card=CardPresented(pan=Pan("62800001"), psn="", expiry="3012"),
)
REVERSAL = ReversalRequest(
    on_the_line(kind=Kind.VOID, batch=7, stan=43, operator="", date="", time=""),
    "20260314",
    "120000",
    "98",
)
TOTALS = Totals(
    sales=500, sales_minor=10**15, voids=1, voids_minor=12_850, refunds=2, refunds_minor=3
)
MORE_TOTALS = Totals(completion_voids=1, sales_minor=5)
ASKED: dict[str, Any] = {
    "terminal": "10000001",
    "merchant": "104110054110001",
    "batch": 7,
    "stan": 45,
    "currency": CURRENCIES["CNY"],
    "date": "20260314",
    "time": "235959",
}
SETTLEMENT, BALANCE = SettlementRequest(totals=TOTALS, **ASKED), BalanceRequest(card=CARD, **ASKED)
NAMED = replace(HELD, authorisation_code="A12345")
COMPLETION = changed(SALE, kind=Kind.COMPLETION, original=NAMED)
REQUESTS = [
    BALANCE,
    changed(SALE, kind=Kind.PREAUTH),
    COMPLETION,
    changed(COMPLETION, kind=Kind.PREAUTH_VOID),
    changed(VOID, kind=Kind.COMPLETION_VOID),
    SALE,
    replace(SALE, offline=True, card=replace(CARD, pin=None)),
    replace(SALE, card=replace(CARD, pin=None, track2=None, psn="")),
    VOID,
    REFUND,
    REVERSAL,
    changed(REVERSAL, kind=Kind.REFUND),
    changed(REVERSAL, date="20260228", time="235959", last4="0018"),
    SETTLEMENT,
]
APPROVAL = Answered(
    "00",
    reference="607300000001",
    authorisation_code="123456",
    issuer_authentication_data=bytes.fromhex("0102030405060708") + b"00",
    scripts=bytes.fromhex("710F9F1804112233448606842400000277720486028424"),
)


def encode(request: LineRequest, form: PinFormat = 0) -> bytes:
    return embedded_line(form).request(request, KEYS)


def read_request(frame: bytes, today: date = TODAY) -> RequestRead | None:
    opened = LINE.open_request(frame)
    return None if opened is None else LINE.read_opened(opened, KEYS, today)


def decode_request(frame: bytes, today: date = TODAY) -> LineRequest | Unacceptable | None:
    """What a frame asks; None where too little of it can be read to answer."""
    asked = read_request(frame, today)
    return None if asked is None else asked.request


def encode_answer(request: LineRequest, answer: Answered, keys: SessionKeys = KEYS) -> bytes:
    asked = read_request(encode(request))
    assert asked is not None
    return LINE.answer(asked, answer, keys)


def decode_answer(frame: bytes, request: LineRequest) -> HostAnswer:
    return LINE.read_answer(frame, request, KEYS).answer


def unpack(frame: bytes) -> Fields:
    return CODEC.unpack(unpack_frame(frame, SHAPE).message)


def sealed(fields: Fields) -> bytes:
    """A frame of these fields, with the MAC that they should have."""
    body = CODEC.pack(Fields(fields | {"64": "00" * MAC_BYTES}))[:-MAC_BYTES]
    return pack_frame(body + retail_mac(KEYS.mac.reveal(), pad_80(body)), SHAPE)


@pytest.mark.parametrize("form", [0, 4])
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_as_it_was(request_: LineRequest, form: PinFormat) -> None:
    assert decode_request(encode(request_, form)) == request_


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (SALE, APPROVAL),
        (VOID, Answered("25")),
        (REFUND, Answered("64", reference="607300000002")),
        (REVERSAL, Answered("00")),
        (
            SETTLEMENT,
            Answered("95", reference="607300000003", host_totals=TOTALS, balanced=False),
        ),
        (
            replace(SETTLEMENT, totals=MORE_TOTALS),
            Answered("00", host_totals=MORE_TOTALS, balanced=True),
        ),
        (BALANCE, Answered("00", balance=Balance(487_150, CURRENCIES["CNY"]))),
        (BALANCE, Answered("55")),
    ],
)
def test_an_answer_comes_back_as_it_was(request_: LineRequest, answer: Answered) -> None:
    assert decode_answer(encode_answer(request_, answer), request_) == answer


def test_both_ends_share_the_messages_that_were_made() -> None:
    assert embedded_line(0) is embedded_line(0)
    assert embedded_line(4) is not embedded_line(0)


def test_messages_are_those_of_the_terminal_specification() -> None:
    assert encode(SALE)[7:9].hex() == "0200"
    assert encode(VOID)[7:9].hex() == "0200"
    assert encode(REFUND)[7:9].hex() == "0220"
    assert encode(REVERSAL)[7:9].hex() == "0400"
    assert encode(SETTLEMENT)[7:9].hex() == "0500"
    enquiry = unpack(encode(BALANCE))
    said = enquiry["t"], enquiry["3"], enquiry["60"], "4" in enquiry
    assert said == ("0200", "310000", "01000007000", False)
    fields = unpack(encode(VOID))
    assert (fields["3"], fields["4"], fields["60"]) == ("200000", "000000012850", "23000007000")
    assert fields["61"] == "000007" + "000042" + "00000000"
    assert (fields["22"], fields["25"], fields["53"]) == ("051", "00", "2600000000000000")


def test_a_new_year_does_not_change_a_date() -> None:
    eve = changed(SALE, date="20251231")
    assert decode_request(encode(eve), date(2026, 1, 1)) == eve
    leap = changed(SALE, date="20240229")
    assert decode_request(encode(leap), date(2024, 3, 1)) == leap


def test_a_training_request_has_no_message() -> None:
    practice = changed(SALE, training=True), changed(REVERSAL, training=True)
    for request in (*practice, replace(SETTLEMENT, training=True)):
        with pytest.raises(WireError, match="training"):
            encode(request)


def test_what_does_not_fit_is_named_by_its_field_and_not_shown() -> None:
    with pytest.raises(WireError, match="field 41"):
        encode(changed(SALE, terminal="123"))
    with pytest.raises(WireError, match="field 35") as caught:
        encode(replace(SALE, card=replace(CARD, track2=Track2(PAN))))
    assert PAN not in repr(caught.value)


def test_no_message_is_composed_of_two_accounts() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        replace(CARD, track2=Track2("4761739001010119D30122010000000000"))


def test_a_message_in_no_known_currency_is_refused_by_the_host() -> None:
    fields = unpack(encode(SALE))
    fields["49"] = "999"
    found = decode_request(sealed(fields))
    assert isinstance(found, Unacceptable)
    assert (found.code, found.detail) == ("12", "field 49: no currency that is known")


def test_a_message_of_two_accounts_is_refused_by_the_host() -> None:
    fields = unpack(encode(SALE))
    fields["35"] = "4761739001010119D30122010000000000"
    found = decode_request(sealed(fields))
    assert isinstance(found, Unacceptable)
    assert (found.code, found.detail) == ("30", "fields 2 and 35: two accounts")


class TestAnswersThatAreNone:
    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ({"amount": yuan(12_851)}, "amount"),
            ({"terminal": "10000002"}, "terminal"),
            ({"merchant": "104110054110002"}, "merchant"),
            ({"stan": 41}, "STAN"),
            ({"batch": 6}, "batch"),
            ({"amount": Money(12_850, CURRENCIES["USD"])}, "currency"),
            ({"time": "120001"}, "time"),
            ({"kind": Kind.VOID}, "processing code"),
            ({"kind": Kind.REFUND}, "message type"),
        ],
    )
    def test_an_answer_to_another_request_is_garbled_and_says_what_differs(
        self, other: dict[str, Any], words: str
    ) -> None:
        foreign = encode_answer(changed(SALE, **other), APPROVAL)
        answer = decode_answer(foreign, SALE)
        assert isinstance(answer, NoAnswer)
        assert answer.reason is NoAnswerReason.GARBLED
        assert words in answer.detail

    def test_a_reversals_answer_does_not_answer_the_sale(self) -> None:
        foreign = encode_answer(changed(REVERSAL, kind=Kind.SALE, stan=42), APPROVAL)
        assert isinstance(decode_answer(foreign, SALE), NoAnswer)

    def test_the_request_itself_is_no_answer(self) -> None:
        assert isinstance(decode_answer(encode(SALE), SALE), NoAnswer)

    def test_an_answer_under_another_key_is_garbled(self) -> None:
        forged = encode_answer(SALE, APPROVAL, replace(KEYS, mac=KEYS.pin))
        assert decode_answer(forged, SALE) == WRONG_MAC

    def test_an_answer_without_a_mac_is_garbled(self) -> None:
        whole = encode_answer(SALE, APPROVAL)
        message = unpack_frame(whole, SHAPE).message
        bitmap = int.from_bytes(message[2:10], "big") & ~1
        bare = message[:2] + bitmap.to_bytes(8, "big") + message[10:-8]
        assert decode_answer(pack_frame(bare, SHAPE), SALE) == WRONG_MAC

    def test_every_single_bit_of_an_answer_counts(self) -> None:
        whole = encode_answer(SALE, APPROVAL)
        for at in (bit for bit in range(len(whole) * 8) if bit not in TPDU_BITS):
            changed = bytearray(whole)
            changed[at // 8] ^= 1 << at % 8
            assert isinstance(decode_answer(bytes(changed), SALE), NoAnswer), at

    def test_every_cut_of_an_answer_is_garbled(self) -> None:
        whole = encode_answer(SALE, APPROVAL)
        for size in range(len(whole)):
            assert isinstance(decode_answer(whole[:size], SALE), NoAnswer), size
        assert isinstance(decode_answer(whole + b"\0", SALE), NoAnswer)

    def test_letters_in_a_decimal_field_are_bad_bcd(self) -> None:
        whole = bytearray(encode_answer(SALE, APPROVAL))
        whole[7 + 13 + 5] |= 0x0F  # the last digits of field 4
        answer = decode_answer(bytes(whole), SALE)
        assert isinstance(answer, NoAnswer)
        assert "field 4" in answer.detail

    @pytest.mark.parametrize("chip", ["9103010203", "91", "7281", "9F", "910812", "FF" * 20])
    def test_misshapen_chip_data_are_garbled(self, chip: str) -> None:
        fields = unpack(encode_answer(SALE, Answered("00")))
        fields["55"] = chip
        answer = decode_answer(sealed(fields), SALE)
        assert isinstance(answer, NoAnswer)
        assert "field 55" in answer.detail


class TestHostileBytes:
    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=400))
    def test_random_bytes_never_raise(self, message: bytes) -> None:
        assert isinstance(decode_answer(message, SALE), NoAnswer)
        assert isinstance(decode_request(message), Unacceptable | None)

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_a_patched_request_never_raises_and_is_never_believed(self, data: Any) -> None:
        whole = bytearray(encode(data.draw(st.sampled_from(REQUESTS))))
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(whole) - 1))
            whole[at] ^= data.draw(st.integers(1, 255))
        decoded = decode_request(bytes(whole))
        # several patches may undo each other, and the TPDU is not under the MAC
        assert isinstance(decoded, Unacceptable | None) or decoded in REQUESTS

    @settings(max_examples=200, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(["3", "4", "13", "14", "22", "23", "37", "39", "48", "60", "61", "63"]),
            st.text("0123456789", min_size=1, max_size=20),
            min_size=1,
        )
    )
    def test_a_sealed_message_of_nonsense_never_raises(self, changes: dict[str, str]) -> None:
        fields = unpack(encode(SALE))
        fields.update(changes)
        try:
            message = sealed(fields)
        except WireError:
            return
        decode_request(message)
        decode_answer(message, SALE)

    def test_a_message_with_a_field_missing_is_a_format_error_that_can_be_answered(self) -> None:
        for number in ("2", "3", "4", "12", "13", "49"):
            fields = unpack(encode(SALE))
            del fields[number]
            asked = read_request(sealed(fields))
            assert asked is not None
            assert isinstance(asked.request, Unacceptable)
            assert asked.request.code == "30"
            assert unpack(LINE.answer(asked, Answered("30"), KEYS))["11"] == "000042"
        del (fields := unpack(encode(SALE)))["14"]  # for the issuer to decline
        assert decode_request(sealed(fields)) == replace(SALE, card=replace(CARD, expiry=""))


class TestSecrets:
    def test_the_pan_is_in_no_repr_and_no_error(self) -> None:
        message = encode(SALE)
        shown = repr((SALE, unpack(message), decode_request(message)))
        assert PAN not in shown
        assert "123456" not in shown.replace(PAN, "")
        broken = decode_request(message[:-1])
        assert PAN not in repr(broken)

    def test_an_answer_holds_no_pan(self) -> None:
        assert "2" not in unpack(encode_answer(SALE, APPROVAL))

    def test_fields_show_their_numbers_only(self) -> None:
        assert re.fullmatch(r"Fields\(0200: [0-9 ]+\)", repr(unpack(encode(SALE))))
        assert str(Fields(t="0200")) == repr(Fields(t="0200"))
