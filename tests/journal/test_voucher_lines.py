"""The signed line on a receipt: what it says of a transaction, whatever became of it later."""

from __future__ import annotations

import msgspec

from firmware.journal.genuine import verify_signed_record
from firmware.journal.signed_record import signed_record
from tests.journal.story import KEYS, Shop, confirmed, opened

TRUSTED = [(1, KEYS.public_key)]


def test_a_sale_that_was_reversed_later_still_has_a_genuine_voucher(shop: Shop) -> None:
    sale = shop.sale()
    qr = signed_record(sale, KEYS)
    shop.journal.append(opened(sale))
    shop.journal.append(confirmed(sale))
    assert verify_signed_record(qr, TRUSTED, shop.directory).genuine
    assert (
        verify_signed_record(signed_record(shop.find(sale), KEYS), TRUSTED).fields["type"] == "SR"
    )


def test_a_hosts_odd_characters_do_not_break_the_line(shop: Shop) -> None:
    sale = shop.sale()
    odd = msgspec.structs.replace(sale, reference="a*b é\n12")
    assert verify_signed_record(signed_record(odd, KEYS), TRUSTED).fields["reference"] == "A.B...12"
