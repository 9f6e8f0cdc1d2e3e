"""The card as a request names it, and the acquirer's answer as the card gets it."""

from __future__ import annotations

import pytest

from firmware.core.masked import Pan, Pin, Track2
from firmware.emv.outcomes import CardData, OnlineAnswer, UnableToGoOnline
from firmware.iso8583.messages import Answered, CardPresented, HostAnswer, NoAnswer, NoAnswerReason
from firmware.payments.card_messages import answer_for_card, card_presented

PAN, TRACK2 = Pan("6250946000000016"), Track2("6250946000000016=49122010000000000")
CARD = CardData(
    pan=PAN,
    psn="01",
    expiry="491231",
    effective="200101",
    track2=TRACK2,
    aid=bytes.fromhex("A000000333010101"),
    label="UNIONPAY DEBIT",
    preferred_name=None,
    languages=("zh",),
    service_code="201",
    country="156",
    currency="156",
)
ANSWER = Answered("00", issuer_authentication_data=bytes(range(10)), scripts=b"\x72\x00")
SILENCE = NoAnswer(NoAnswerReason.TIMED_OUT)


def test_a_request_has_every_part_of_the_card_in_its_place():
    pin, de55 = Pin("123456"), bytes.fromhex("9F2608AABBCCDDEEFF0011")
    whole = CardPresented(pan=PAN, psn="01", expiry="4912", track2=TRACK2, pin=pin, de55=de55)
    assert card_presented(CARD, pin=pin, de55=de55) == whole
    known = CardPresented(pan=PAN, psn="01", expiry="4912", track2=TRACK2)
    assert card_presented(CARD, pin=None) == known


def test_the_card_gets_the_answer_with_the_scripts_or_without():
    told = OnlineAnswer("00", bytes(range(10)), b"\x72\x00")
    assert answer_for_card(ANSWER) == told
    assert answer_for_card(ANSWER, scripts=False) == OnlineAnswer("00", bytes(range(10)))


@pytest.mark.parametrize(("answer", "training"), [(SILENCE, False), (None, False), (ANSWER, True)])
def test_without_an_issuers_answer_the_card_must_not_approve(
    answer: HostAnswer | None, training: bool
):
    assert answer_for_card(answer, training=training) == UnableToGoOnline(decline=True)
