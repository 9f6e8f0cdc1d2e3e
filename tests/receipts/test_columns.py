"""Nothing is ever wider than the paper, and no number is cut."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.config import Merchant
from firmware.core.kinds import CardFacts, Copy, EmvData, Kind, OriginalRef, Totals, Verification
from firmware.core.money import CURRENCIES, MINOR_MAX, Money, currency_of
from firmware.journal.transactions import Reversal, State, Transaction
from firmware.receipts.columns import beside, grouped, plain, width, wrap
from firmware.receipts.fault import display_slip, fault_slip
from firmware.receipts.settlement import settlement_slip
from firmware.receipts.transaction import transaction_receipt
from hw.ports import Size, TextLine
from tests.payment import closed_batch


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("RMB 1.00", 8), ("签购单", 6), ("，", 2), ("–", 2), ("é", 2), ("卡 A", 4)],
)
def test_ascii_takes_one_column_and_all_else_two(text, columns):
    assert width(text) == columns


def test_words_and_numbers_go_to_the_next_line_whole():
    assert wrap("Refund within 90 days", 10) == ["Refund", "within 90", "days"]
    assert wrap("凭签购单90天内可退货", 10) == ["凭签购单90", "天内可退货"]
    assert wrap("凭签购单90天内可退货", 9) == ["凭签购单", "90天内可", "退货"]


def test_a_line_never_opens_with_a_closing_mark_nor_ends_with_an_opening_one():
    assert wrap("请核对金额，谢谢", 10) == ["请核对金", "额，谢谢"]
    assert wrap("请核对（金额）", 8) == ["请核对", "（金额）"]


def test_a_word_wider_than_the_line_is_broken_beside_its_numbers():
    assert wrap("ABCDEFGH12345678", 10) == ["ABCDEFGH", "12345678"]


def test_only_a_number_wider_than_the_line_is_cut():
    assert wrap("123456789012", 10) == ["1234567890", "12"]


def test_two_texts_stand_at_both_edges_or_not_on_one_line():
    assert beside("金额", "1.00", 10) == "金额  1.00"
    assert beside("金额", "123456", 10) is None


def test_card_digits_stand_in_groups_of_four():
    assert grouped("******0012345") == "**** **00 1234 5"


@given(st.text(max_size=80), st.integers(16, 48))
def test_wrapping_keeps_to_the_columns_and_loses_nothing_but_spaces(text, columns):
    lines = wrap(text, columns)
    assert all(0 < width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == plain(text).replace(" ", "")


@given(st.lists(st.from_regex(r"[a-z签购单]{0,3}[0-9]{1,12}(\.[0-9]{2})?", fullmatch=True)))
def test_wrapping_never_cuts_a_number(words):
    number = re.compile(r"[0-9]+(?:\.[0-9]+)?")
    together = [found for line in wrap(" ".join(words), 16) for found in number.findall(line)]
    assert together == [found for word in words for found in number.findall(word)]


mixed = st.text(
    st.one_of(st.sampled_from("幸福小店签购单，。（）"), st.characters(codec="ascii")),
    min_size=1,
    max_size=40,
)
digits = st.text("0123456789", min_size=4, max_size=12)
amounts = st.integers(0, MINOR_MAX)
hexes = st.binary(max_size=16).map(lambda data: data.hex().upper())
cards = st.builds(
    CardFacts,
    hash=st.just("0"),
    first6=st.just("621483"),
    last4=st.just("0012"),
    pan_length=st.integers(8, 19),
    psn=st.sampled_from(["", "001"]),
    scheme=mixed,
    label=mixed,
    aid=hexes,
)
transactions = st.builds(
    Transaction,
    kind=st.sampled_from(Kind),
    batch=st.integers(1, 999_999),
    stan=st.integers(1, 999_999),
    amount_minor=amounts,
    currency=st.sampled_from(sorted(CURRENCIES)),
    card=cards,
    operator=st.just("01"),
    merchant=st.just("104110054110001"),
    merchant_name=mixed,
    store=st.just("STORE-01"),
    terminal=st.just("10000001"),
    date=st.just("20261122"),
    time=st.just("193205"),
    state=st.sampled_from(State),
    original=st.none()
    | st.builds(
        OriginalRef,
        batch=st.just(1),
        stan=st.integers(1, 999_999),
        reference=digits,
        date=st.just("20261120"),
        amount_minor=amounts,
    ),
    undo=st.booleans(),
    training=st.booleans(),
    response_code=st.sampled_from(["", "00", "51", "64", "ZZ"]),
    reason=mixed,
    authorisation_code=digits,
    reference=digits,
    verification=st.sampled_from(Verification),
    emv=st.builds(
        EmvData,
        label=mixed,
        aid=hexes,
        tvr=hexes,
        tsi=hexes,
        atc=hexes,
        ac=hexes,
        ac_type=st.sampled_from(["", "TC", "ARQC", "AAC"]),
        cvm_results=hexes,
    ),
    offline=st.booleans(),
    voided_by=st.integers(0, 999_999),
    refunded_minor=amounts,
)
merchants = st.builds(
    Merchant, name=mixed, name_en=mixed, phone=mixed, terms=mixed.map(lambda t: t * 4)
)
both_widths = st.sampled_from([32, 48])


def assert_fits(document, columns):
    for line in document:
        if isinstance(line, TextLine):
            taken = width(line.text) * (2 if line.size is Size.LARGE else 1)
            assert taken <= columns, line
            assert line.text.isprintable()
            assert line.text.encode("gb18030")


@settings(max_examples=60)
@given(transactions, merchants, both_widths, st.booleans(), st.none() | amounts)
def test_no_line_of_a_slip_is_wider_than_the_paper(transaction, merchant, columns, again, left):
    for copy in (Copy.MERCHANT, Copy.CARDHOLDER):
        assert_fits(
            transaction_receipt(
                transaction,
                merchant,
                copy=copy,
                columns=columns,
                duplicate=again,
                qr="Q",
                left=None if left is None else Money(left, currency_of(transaction.currency)),
            ),
            columns,
        )


@settings(max_examples=30)
@given(transactions, merchants, both_widths, mixed, st.integers(0, 10**6))
def test_no_line_of_a_fault_report_is_wider_than_the_paper(
    transaction, merchant, columns, reason, attempts
):
    reversal = Reversal(transaction=transaction, reason=reason, attempts=attempts)
    assert_fits(fault_slip(reversal, merchant, columns=columns), columns)
    display = display_slip(merchant, date="20261122", time="193205", columns=columns)
    assert_fits(display, columns)


counts = st.integers(0, 999_999)
totals = st.builds(
    Totals,
    sales=counts,
    sales_minor=st.integers(0, MINOR_MAX * 1000),
    voids=counts,
    voids_minor=amounts,
    refunds=counts,
    refunds_minor=amounts,
)


@settings(max_examples=30)
@given(totals, totals, merchants, both_widths, st.sampled_from(sorted(CURRENCIES)))
def test_no_line_of_a_settlement_is_wider_than_the_paper(ours, host, merchant, columns, currency):
    settlement = closed_batch(
        ours, batch=999_999, host_totals=host, balanced=ours == host, time="221500"
    )
    assert_fits(
        settlement_slip(
            settlement,
            merchant,
            columns=columns,
            duplicate=True,
            qr=None,
            currency=CURRENCIES[currency],
        ),
        columns,
    )
