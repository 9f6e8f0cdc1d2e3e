"""The embedded host's rules, seen from the terminal's side of the wire."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.acquirer import embedded as local
from firmware.acquirer import issuer
from firmware.acquirer.accounts import AccountStatus
from firmware.core.kinds import Totals
from firmware.core.masked import SecretKey
from firmware.core.money import CURRENCIES, Money
from firmware.iso8583.messages import (
    Answered,
    Control,
    ControlRequest,
    NoAnswer,
    NoAnswerReason,
    UploadEndRequest,
)
from firmware.iso8583.responses import RESPONSES
from tests.acquirer.conftest import ACCOUNTS, original_of, reversal_of
from tests.payment import changed, yuan

TERMINAL = "10000001"


@pytest.mark.parametrize("name", ["debit", "credit", "free", "chip16", "store"])
def test_a_sale_with_a_genuine_card_is_approved_and_spends(till: Any, name: str) -> None:
    answer = till.answered(till.sale(name, 12_850))
    assert answer.response_code == "00"
    assert len(answer.reference) == 12
    assert answer.reference.isdigit()
    assert len(answer.authorisation_code) == 6
    assert answer.issuer_authentication_data is not None
    assert till.host.balances()[name] == 12_850


def test_references_are_unique_and_stay_so_over_a_restart(make_till: Any) -> None:
    first = make_till(books="same.db")
    seen = {first.answered(first.sale("free", 100)).reference for _ in range(5)}
    first.host.close()
    second = make_till(books="same.db")
    second.batch = 2
    second.cards = first.cards
    seen |= {second.answered(second.sale("free", 100)).reference for _ in range(5)}
    assert len(seen) == 10


def test_asking_twice_gives_the_same_answer_and_moves_money_once(till: Any) -> None:
    sale = till.sale("debit", 1_000)
    assert till.answered(sale) == till.answered(sale)
    assert till.host.balances()["debit"] == 1_000


def test_asking_twice_over_a_restart_gives_the_same_answer(make_till: Any) -> None:
    first = make_till(books="same.db")
    sale = first.sale("debit", 1_000)
    answer = first.answered(sale)
    first.host.close()
    second = make_till(books="same.db")
    assert second.answered(sale) == answer
    assert second.host.balances()["debit"] == 1_000


def test_a_used_number_with_another_amount_is_a_duplicate(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    other = changed(till.sale("debit", 2_000), stan=sale.payment.stan)
    assert till.code(other) == "94"
    assert till.host.balances()["debit"] == 1_000


def test_a_cryptogram_is_good_for_one_sale_only(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    assert till.code(changed(sale, stan=sale.payment.stan + 1)) == "94"


def test_a_cryptogram_over_another_amount_is_declined(till: Any) -> None:
    sale = till.sale("debit", 1_000)
    assert till.code(changed(sale, amount=yuan(100))) == "05"


def test_a_sale_without_a_cryptogram_is_declined(till: Any) -> None:
    sale = till.sale("debit", 1_000)
    assert till.code(replace(sale, card=replace(sale.card, de55=b""))) == "05"


def test_a_card_of_nobody_is_invalid(till: Any) -> None:
    sale = till.sale("debit", 1_000)
    stranger = replace(sale.card, pan=type(sale.card.pan)("6217000099999999999"), track2=None)
    assert till.code(replace(sale, card=stranger)) == "14"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("lost", "41"),
        ("stolen", "43"),
        ("blocked", "62"),
        ("old", "54"),
        ("poor", "51"),
    ],
)
def test_an_account_that_may_not_pay_says_why(till: Any, name: str, code: str) -> None:
    assert till.code(till.sale(name, 1_000)) == code
    assert till.host.balances()[name] == 0


def test_the_balance_can_be_spent_to_the_last_cent_and_no_further(till: Any) -> None:
    assert till.code(till.sale("debit", 499_999)) == "00"
    assert till.code(till.sale("debit", 2)) == "51"
    assert till.code(till.sale("debit", 1)) == "00"


def test_a_day_has_its_count_and_its_sum(till: Any) -> None:
    assert till.code(till.sale("rationed", 2_900)) == "00"
    assert till.code(till.sale("rationed", 101)) == "61"
    assert till.code(till.sale("rationed", 100)) == "00"
    assert till.code(till.sale("rationed", 1)) == "65"


def test_the_third_wrong_pin_locks_and_then_no_pin_is_right(till: Any) -> None:
    codes = [till.code(till.sale("debit", 100, pin)) for pin in ("111111", "222222", "333333")]
    assert codes == ["55", "55", "75"]
    assert till.code(till.sale("debit", 100, "123456")) == "75"


def test_a_right_pin_forgives_the_wrong_ones_before(till: Any) -> None:
    pins = ("111111", "222222", "123456", "111111", "123456")
    codes = [till.code(till.sale("debit", 100, pin)) for pin in pins]
    assert codes == ["55", "55", "00", "55", "00"]


def test_a_wrong_pin_asked_twice_counts_once(till: Any) -> None:
    sale = till.sale("debit", 100, "111111")
    assert [till.code(sale) for _ in range(4)] == ["55"] * 4
    assert till.code(till.sale("debit", 100, "222222")) == "55"


def test_a_pin_blocked_account_refuses_even_the_right_pin(till: Any) -> None:
    assert till.code(till.sale("locked", 100, "123456")) == "75"


def test_without_the_pin_nobody_learns_what_is_left(till: Any) -> None:
    assert till.code(till.sale("poor", 1_000, "111111")) == "55"


def test_a_pin_of_a_short_card_number_works(till: Any) -> None:
    assert till.code(till.sale("store", 100, "0000")) == "00"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"terminal": "99999999"}, "97"),
        ({"merchant": "999999999999999"}, "03"),
        ({"amount": Money(100, CURRENCIES["USD"])}, "12"),
    ],
)
def test_a_terminal_of_nobody_is_told_so(till: Any, change: dict[str, Any], code: str) -> None:
    assert till.code(changed(till.sale("debit", 100), **change)) == code
    assert till.host.books() == []


def test_a_sale_of_nothing_is_refused(till: Any) -> None:
    assert till.code(till.sale("debit", 0)) == "13"


def test_a_void_gives_everything_back_once(till: Any) -> None:
    sale = till.sold("debit", 12_850)
    assert till.code(till.void(sale)) == "00"
    assert till.host.balances()["debit"] == 0
    assert till.code(till.void(sale)) == "12"
    assert till.host.totals(TERMINAL, 1) == Totals(
        sales=1, sales_minor=12_850, voids=1, voids_minor=12_850
    )


def test_a_void_is_of_the_whole_amount_the_same_card_and_a_standing_sale(till: Any) -> None:
    sale = till.sold("debit", 12_850)
    assert till.code(till.void(sale, amount=yuan(12_849))) == "64"
    assert till.code(till.void(sale, original=original_of(sale.payment, stan=999))) == "25"
    assert till.code(till.void(sale, card=till.sale("free", 1).card)) == "14"
    void = till.void(sale)
    till.ask(void)
    assert till.code(till.void(void)) == "12"
    refused = till.sale("poor", 1_000)
    till.ask(refused)
    assert till.code(till.void(refused)) == "25"


def test_another_card_of_an_account_is_no_card_of_it(till: Any) -> None:
    """The account was opened for the card with this sequence number alone."""
    sale = till.sale("debit", 12_850)
    assert till.code(replace(sale, card=replace(sale.card, psn="02"))) == "14"
    sale = till.sale("debit", 12_850)
    reference = till.answered(sale).reference
    for asked in (till.void(sale), till.refund(sale, reference, 1)):
        assert till.code(replace(asked, card=replace(asked.card, psn="02"))) == "14"
    assert till.code(till.void(sale)) == "00"


def test_refunds_go_up_to_the_amount_and_not_a_cent_further(till: Any) -> None:
    sale = till.sale("credit", 10_000)
    reference = till.answered(sale).reference
    assert till.code(till.refund(sale, reference, 4_000)) == "00"
    assert till.code(till.refund(sale, reference, 6_001)) == "64"
    assert till.code(till.refund(sale, reference, 6_000)) == "00"
    assert till.code(till.refund(sale, reference, 1)) == "64"
    assert till.host.balances()["credit"] == 0


def test_a_refund_needs_its_original(till: Any) -> None:
    sale = till.sale("credit", 10_000)
    reference = till.answered(sale).reference
    assert till.code(till.refund(sale, "000000000000", 100)) == "25"
    other_number = original_of(sale.payment, reference=reference, stan=77)
    other_day = original_of(sale.payment, reference=reference, date="20260313")
    assert till.code(till.refund(sale, reference, 100, original=other_number)) == "25"
    assert till.code(till.refund(sale, reference, 100, original=other_day)) == "25"
    assert till.code(till.refund(sale, reference, 100, card=till.sale("free", 1).card)) == "14"
    till.ask(till.void(sale))
    assert till.code(till.refund(sale, reference, 100)) == "12"


def test_a_refunded_sale_cannot_be_voided(till: Any) -> None:
    sale = till.sale("credit", 10_000)
    reference = till.answered(sale).reference
    till.ask(till.refund(sale, reference, 1))
    assert till.code(till.void(sale)) == "12"


def test_a_refund_finds_its_original_in_a_settled_batch(till: Any) -> None:
    sale = till.sale("credit", 10_000)
    reference = till.answered(sale).reference
    assert till.code(till.settlement()) == "00"
    assert till.code(till.void(sale)) == "12"
    till.batch = 2
    assert till.code(till.refund(sale, reference, 10_000)) == "00"


def test_money_back_reaches_even_a_stolen_card(make_till: Any) -> None:
    till = make_till(books="books.db")
    sale = till.sale("debit", 1_000)
    reference = till.answered(sale).reference
    till.host.close()
    stolen = replace(ACCOUNTS[0], status=AccountStatus.STOLEN)
    again = make_till(books="books.db", accounts=[stolen])
    again.stan, again.cards = till.stan, till.cards
    assert again.code(again.sale("debit", 1)) == "43"
    assert again.code(again.refund(sale, reference, 1_000)) == "00"


def test_a_settlement_says_whether_the_totals_agree_and_repeats_itself(till: Any) -> None:
    till.ask(till.sale("debit", 1_000))
    right = Totals(sales=1, sales_minor=1_000)
    settled = till.answered(till.settlement(right))
    assert (settled.response_code, settled.host_totals) == ("00", right)
    assert till.answered(till.settlement(right)) == settled
    differing = till.answered(till.settlement(Totals(sales=2, sales_minor=1_000)))
    assert (differing.response_code, differing.host_totals) == ("95", right)


def test_a_settled_batch_takes_no_more(till: Any) -> None:
    till.ask(till.settlement())
    assert till.code(till.sale("debit", 1_000)) == "12"


def test_an_offline_approval_is_posted_whatever_is_left(till: Any) -> None:
    sale = till.sale("poor", 1_000)
    tc = replace(sale.card, de55=till.cards["poor"].de55(1_000, cid=0x40))
    assert till.code(replace(sale, card=tc, offline=True)) == "00"
    assert till.host.balances()["poor"] == 1_000


class TestTestAmounts:
    @pytest.mark.parametrize("code", sorted(code for code in RESPONSES if code.isdigit()))
    def test_the_last_two_digits_are_the_code(self, make_till: Any, code: str) -> None:
        till = make_till(test_amounts=True)
        sale = till.sale("debit", 10_000 + int(code))
        if code == "68":
            assert till.ask(sale) == NoAnswer(NoAnswerReason.TIMED_OUT)
        else:
            assert till.code(sale) == code
        stands = code in ("00", "68")
        assert till.host.balances()["debit"] == (sale.payment.amount.minor if stands else 0)

    def test_what_was_never_answered_stands_until_it_is_reversed(self, make_till: Any) -> None:
        till = make_till(test_amounts=True)
        sale = till.sale("debit", 168)
        assert [till.ask(sale) for _ in range(2)] == [NoAnswer(NoAnswerReason.TIMED_OUT)] * 2
        assert till.host.balances()["debit"] == 168
        assert till.code(reversal_of(sale)) == "00"
        assert till.host.balances()["debit"] == 0

    def test_what_a_card_approved_by_itself_is_always_answered(self, make_till: Any) -> None:
        """No reversal would ever end the silence, and no batch with it could be settled."""
        till = make_till(test_amounts=True)
        sale = till.sale("debit", 168)
        tc = replace(sale.card, de55=till.cards["debit"].de55(168, cid=0x40))
        assert till.code(replace(sale, card=tc, offline=True)) == "00"

    def test_other_digits_are_decided_as_ever(self, make_till: Any) -> None:
        till = make_till(test_amounts=True)
        assert till.code(till.sale("debit", 10_023)) == "00"
        assert till.code(till.sale("poor", 10_023)) == "51"

    def test_without_the_setting_an_amount_is_an_amount(self, till: Any) -> None:
        assert till.code(till.sale("debit", 10_051)) == "00"


def test_every_code_the_host_gives_has_its_text() -> None:
    given = set()
    for module in (issuer, local):
        given |= set(re.findall(r'"([0-9A-Z][0-9])"', Path(module.__file__).read_text()))
    assert given
    assert given | {"30", "A0"} <= RESPONSES.keys()


def test_names_by_hash_let_an_auditor_match_the_journal(till: Any) -> None:
    key = SecretKey(b"the terminal's")
    names = till.host.names_by_hash(key)
    assert names[till.cards["debit"].account.pan.keyed_hash(key)] == "debit"


def test_what_is_of_a_line_is_no_request_to_an_acquirer_in_this_process(till: Any) -> None:
    place = {"terminal": TERMINAL, "merchant": till.sale("debit", 1).payment.merchant, "batch": 1}
    for request in (
        ControlRequest(Control.ECHO, **place, stan=1),
        UploadEndRequest(**place, stan=1, count=0, balanced=True),
    ):
        answer = till.ask(request)
        assert isinstance(answer, Answered)
        assert (answer.response_code, answer.is_approval) == ("12", False)
    assert till.host.books() == []
