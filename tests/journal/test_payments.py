"""A payment goes into an intent and comes back as it was; the record's text stays what it is."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Kind, OriginalRef
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.journal.chain import decode, encode
from firmware.journal.records import IntentRecorded
from tests.journal.story import CARD, FRAME_SHA256, Shop
from tests.payment import payment, yuan

SALE = payment()
REFUND = payment(
    kind=Kind.REFUND,
    batch=3,
    stan=44,
    amount=Money(500, CURRENCIES["JPY"]),
    original=OriginalRef(
        batch=2, stan=9, reference="607312345678", date="20251231", amount_minor=900
    ),
    training=True,
)


@pytest.mark.parametrize("paid", [SALE, REFUND])
def test_a_payment_comes_back_from_the_record_of_its_intent(paid: Payment) -> None:
    intent = IntentRecorded.of(paid, CARD, frame_sha256=FRAME_SHA256)
    kept = decode(encode(intent))
    assert isinstance(kept, IntentRecorded)
    assert kept.payment == paid


def test_an_intent_is_written_as_in_every_release_before() -> None:
    written = encode(IntentRecorded.of(SALE, CARD, frame_sha256="00", undo=True))
    assert written == (
        '{"type":"IntentRecorded","kind":"sale","batch":1,"stan":1,"amount_minor":12850,'
        f'"currency":"CNY","card":{{"hash":"{"a1" * 32}","first6":"622848","last4":"0012",'
        '"pan_length":19,"psn":"","expiry":"","scheme":"","label":"","aid":"","entry":"I"},'
        '"operator":"01","merchant":"104110054110001",'
        '"merchant_name":"幸福小店","store":"S01","terminal":"10000001","date":"20261122",'
        '"time":"090000","frame_sha256":"00","undo":true}'
    )


def test_a_transaction_has_the_payment_of_its_intent_and_what_is_left(shop: Shop) -> None:
    intent = shop.intent(amount_minor=1_000)
    sale = shop.end(intent)
    assert sale.payment == intent.payment
    shop.refund(sale, 300)
    found = shop.find(sale)
    assert (found.amount, found.refunded, found.left) == (yuan(1_000), yuan(300), yuan(700))
