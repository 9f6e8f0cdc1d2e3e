"""Requests and answers by each profile: what is believed, what is refused, and hostile bytes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.kinds import Kind, Totals
from firmware.core.masked import Track2
from firmware.core.money import CURRENCIES, Money
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.frame import LENGTH_BYTES
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    Balance,
    BalanceRequest,
    NoAnswer,
    NoAnswerCause,
    NoAnswerReason,
    SettlementRequest,
)
from firmware.iso8583.unionpay import Unacceptable
from tests.iso8583.ends import (
    CARD,
    CNY,
    EMBEDDED,
    KEYS,
    ORIGINAL,
    OTHER,
    REQUESTS,
    TODAY,
    UNIONPAY,
    Ends,
)
from tests.payment import changed

PAN, ANOTHER_PAN = CARD.pan.reveal(), "4761739001010119"
WRONG_MAC = NoAnswer(NoAnswerReason.GARBLED, "MAC differs", NoAnswerCause.WRONG_MAC)
OTHER_TOTALS = Totals(sales=1, sales_minor=1)
by_each_profile = pytest.mark.parametrize(
    "ends", [UNIONPAY, EMBEDDED], ids=["unionpay", "embedded"]
)


@by_each_profile
@pytest.mark.parametrize("code", ["00", "64"])
@pytest.mark.parametrize("name", REQUESTS)
def test_an_answer_arrives(ends: Ends, name: str, code: str) -> None:
    request = ends.requests[name]
    answer = replace(ends.answer, response_code=code, scripts=b"", issuer_authentication_data=None)
    if isinstance(request, SettlementRequest):
        balanced = code == "00"
        answer = replace(answer, response_code=code if balanced else "95", balanced=balanced)
        answer = replace(answer, host_totals=request.totals if balanced else OTHER_TOTALS)
    if isinstance(request, BalanceRequest):
        answer = replace(answer, balance=Balance(-12_850, CNY))
    read = ends.reads(ends.answers(request, answer), request)
    assert read.answer == answer
    assert not read.sign_on


@by_each_profile
def test_the_chips_part_of_an_answer_arrives(ends: Ends) -> None:
    assert ends.reads(ends.answers(ends.sale, ends.answer), ends.sale).answer == ends.answer


@by_each_profile
@pytest.mark.parametrize("name", ["sale", "reversal", "settlement"])
def test_a_training_request_has_no_message(ends: Ends, name: str) -> None:
    request = ends.requests[name]
    practice = (
        replace(request, training=True)
        if isinstance(request, SettlementRequest)
        else changed(request, training=True)  # type: ignore[type-var]
    )
    with pytest.raises(WireError, match="training"):
        ends.asks(practice)


@by_each_profile
def test_what_does_not_fit_is_named_by_its_field_and_not_shown(ends: Ends) -> None:
    with pytest.raises(WireError, match="field 41"):
        ends.asks(changed(ends.sale, terminal="123"))
    with pytest.raises(WireError, match="field 35") as caught:
        ends.asks(replace(ends.sale, card=replace(CARD, track2=Track2(PAN))))
    assert PAN not in repr(caught.value)


def test_no_message_is_composed_of_two_accounts() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        replace(CARD, track2=Track2(f"{ANOTHER_PAN}D30122010000000000"))


@by_each_profile
@pytest.mark.parametrize(
    ("told", "code", "detail"),
    [
        ({"49": "999"}, "12", "field 49: no currency that is known"),
        ({"35": f"{ANOTHER_PAN}D30122010000000000"}, "30", "fields 2 and 35: two accounts"),
    ],
    ids=["a currency that is not known", "two accounts"],
)
def test_what_cannot_be_carried_out_is_refused_by_the_host(
    ends: Ends, told: dict[str, str], code: str, detail: str
) -> None:
    frame = ends.sealed(ends.fields(ends.sale) | told)
    assert ends.heard(frame).request == Unacceptable(code, detail)


@pytest.mark.parametrize(
    ("ends", "missing"),
    [(UNIONPAY, number) for number in ("2", "3", "4", "49")]
    + [(EMBEDDED, number) for number in ("2", "3", "4", "12", "13", "49")],
    ids=lambda each: each.line.profile.name if isinstance(each, Ends) else f"field {each}",
)
def test_a_message_with_a_field_missing_is_a_format_error_that_can_be_answered(
    ends: Ends, missing: str
) -> None:
    fields = ends.fields(ends.sale)
    del fields[missing]
    asked = ends.heard(ends.sealed(fields))
    assert isinstance(asked.request, Unacceptable)
    assert asked.request.code == "30"
    assert ends.parts(ends.line.answer(asked, Answered("30"), KEYS))["11"] == "000403"


@by_each_profile
def test_a_card_without_its_expiry_is_for_the_issuer_to_decline(ends: Ends) -> None:
    fields = ends.fields(ends.sale)
    del fields["14"]
    asked = ends.heard(ends.sealed(fields)).request
    assert asked == replace(ends.sale, card=replace(CARD, expiry=""))


@by_each_profile
def test_a_request_under_another_key_is_not_carried_out(ends: Ends) -> None:
    assert ends.heard(ends.asks(ends.sale, OTHER)).request == Unacceptable("A0", "MAC differs")


@by_each_profile
class TestAnswersThatAreNone:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"amount": Money(12_851, CNY)}, "amount"),
            ({"terminal": "10000020"}, "terminal"),
            ({"merchant": "850100082410003"}, "merchant"),
            ({"stan": 404}, "STAN"),
            ({"batch": 25}, "batch"),
            ({"amount": Money(12_850, CURRENCIES["USD"])}, "currency"),
            ({"kind": Kind.VOID, "original": ORIGINAL}, "processing code"),
            ({"kind": Kind.REFUND, "original": ORIGINAL}, "message type"),
        ],
        ids=str,
    )
    def test_an_answer_to_another_request_says_what_differs(
        self, ends: Ends, change: dict[str, Any], words: str
    ) -> None:
        foreign = ends.answers(changed(ends.sale, **change), ends.answer)
        answer = ends.reads(foreign, ends.sale).answer
        assert isinstance(answer, NoAnswer)
        assert answer.reason is NoAnswerReason.GARBLED
        assert answer.detail.startswith("answer to another request")
        assert words in answer.detail

    def test_a_reversals_answer_does_not_answer_the_sale(self, ends: Ends) -> None:
        foreign = ends.answers(ends.requests["reversal"], ends.answer)
        assert isinstance(ends.reads(foreign, ends.sale).answer, NoAnswer)

    def test_the_request_itself_is_no_answer(self, ends: Ends) -> None:
        assert isinstance(ends.reads(ends.asks(ends.sale), ends.sale).answer, NoAnswer)

    @pytest.mark.parametrize("keys", [OTHER, None], ids=["wrong MAC", "no MAC"])
    @pytest.mark.parametrize("code", ["00", "99", "A0", "77"])
    def test_without_a_right_mac_nothing_is_believed_but_that_a_sign_on_is_wanted(
        self, ends: Ends, keys: SessionKeys | None, code: str
    ) -> None:
        frame = ends.answers(ends.sale, replace(ends.answer, response_code=code), keys)
        read = ends.reads(frame, ends.sale)
        assert read.answer == WRONG_MAC
        assert read.sign_on is (code != "00")

    def test_every_single_bit_of_an_answer_counts(self, ends: Ends) -> None:
        whole = ends.answers(ends.sale, ends.answer)
        unsealed = range(LENGTH_BYTES * 8, ends.message_at * 8)  # routers change the TPDU
        for at in (bit for bit in range(len(whole) * 8) if bit not in unsealed):
            flipped = bytearray(whole)
            flipped[at // 8] ^= 1 << at % 8
            assert isinstance(ends.reads(bytes(flipped), ends.sale).answer, NoAnswer), at

    def test_every_cut_of_an_answer_is_garbled(self, ends: Ends) -> None:
        whole = ends.answers(ends.sale, ends.answer)
        for size in range(len(whole)):
            assert isinstance(ends.reads(whole[:size], ends.sale).answer, NoAnswer), size
        assert isinstance(ends.reads(whole + b"\0", ends.sale).answer, NoAnswer)

    def test_letters_in_a_decimal_field_are_bad_bcd(self, ends: Ends) -> None:
        whole = bytearray(ends.answers(ends.sale, ends.answer))
        whole[ends.message_at + 13 + 5] |= 0x0F  # the last digits of field 4
        answer = ends.reads(bytes(whole), ends.sale).answer
        assert isinstance(answer, NoAnswer)
        assert "field 4" in answer.detail

    @pytest.mark.parametrize("chip", ["9103010203", "91", "7281", "9F", "910812", "FF" * 20])
    def test_misshapen_chip_data_are_garbled(self, ends: Ends, chip: str) -> None:
        fields = ends.parts(ends.answers(ends.sale, Answered("00"))) | {"55": chip}
        answer = ends.reads(ends.sealed(fields), ends.sale).answer
        assert isinstance(answer, NoAnswer)
        assert "field 55" in answer.detail


@by_each_profile
class TestHostileBytes:
    @settings(max_examples=300, deadline=None)
    @given(junk=st.binary(max_size=400))
    def test_no_bytes_do_harm_at_either_end(self, ends: Ends, junk: bytes) -> None:
        for frame in (junk, len(junk).to_bytes(2, "big") + junk):
            assert ends.line.open_request(frame) is None
            assert isinstance(ends.reads(frame, ends.sale).answer, NoAnswer)

    @settings(max_examples=300, deadline=None)
    @given(data=st.data())
    def test_a_patched_request_never_raises_and_is_never_believed(
        self, ends: Ends, data: st.DataObject
    ) -> None:
        named = [name for name in REQUESTS if ends.line.profile.seals(name)]
        sent = ends.asks(ends.requests[data.draw(st.sampled_from(named))])
        whole = bytearray(sent)
        # one in each place of a block: the MAC of UnionPay's usual scheme is made of the XOR of all
        # blocks, in which two that are changed alike do not show
        places = st.integers(0, len(whole) - 1)
        for at in data.draw(st.lists(places, min_size=1, max_size=4, unique_by=lambda at: at % 8)):
            whole[at] ^= data.draw(st.integers(1, 255))
        opened = ends.line.open_request(bytes(whole))
        if opened is None:
            return
        asked = ends.line.read_opened(opened, KEYS, TODAY).request
        # what is before the message is not under the MAC
        assert isinstance(asked, Unacceptable) or asked == ends.heard(sent).request

    @settings(max_examples=200, deadline=None)
    @given(
        changes=st.dictionaries(
            st.sampled_from(["3", "4", "13", "14", "22", "23", "37", "39", "48", "60", "61", "63"]),
            st.text("0123456789", min_size=1, max_size=20),
            min_size=1,
        )
    )
    def test_a_sealed_message_of_nonsense_never_raises(
        self, ends: Ends, changes: dict[str, str]
    ) -> None:
        try:
            message = ends.sealed(ends.fields(ends.sale) | changes)
        except WireError:
            return
        opened = ends.line.open_request(message)
        if opened is not None:
            ends.line.read_opened(opened, KEYS, TODAY)
        ends.reads(message, ends.sale)


class TestSecrets:
    @by_each_profile
    def test_the_pan_is_in_no_repr_and_no_error(self, ends: Ends) -> None:
        message = ends.asks(ends.sale)
        shown = repr((ends.sale, ends.parts(message), ends.heard(message).request))
        assert PAN not in shown
        assert "123456" not in shown.replace(PAN, "")
        assert ends.line.open_request(message[:-1]) is None

    @by_each_profile
    def test_an_answer_holds_no_pan(self, ends: Ends) -> None:
        assert "2" not in ends.parts(ends.answers(ends.sale, ends.answer))

    def test_fields_show_their_numbers_only(self) -> None:
        assert re.fullmatch(r"Fields\(0200: [0-9 ]+\)", repr(EMBEDDED.fields(EMBEDDED.sale)))
        assert str(Fields(t="0200")) == repr(Fields(t="0200"))
