"""One test a rule of the receipt: what is on it, in which order, and what never is."""

import re

import msgspec
import pytest

from firmware.core.config import Merchant
from firmware.core.kinds import CardFacts, Copy, Kind, OriginalRef, Totals, Verification
from firmware.core.money import CURRENCIES
from firmware.journal.transactions import State
from firmware.receipts.settlement import settlement_slip
from firmware.receipts.transaction import transaction_receipt
from hw.ports import Cut, Qr, Size, TextLine
from tests.payment import closed_batch, yuan

MERCHANT = Merchant(phone="021-6135 0000")
SOME = Totals(
    sales=12, sales_minor=183_450, voids=1, voids_minor=12_850, refunds=2, refunds_minor=600
)


def slip(transaction, **how):
    """The slip, on the merchant's copy and 58 mm unless a test says otherwise."""
    how = {"copy": Copy.MERCHANT, "columns": 32, "duplicate": False, "qr": None, **how}
    return transaction_receipt(transaction, MERCHANT, **how)


def line_of(document, text):
    return next(part for part in document if isinstance(part, TextLine) and text in part.text)


def test_everything_stands_in_the_order_of_the_specification(transaction):
    refund = transaction(kind=Kind.REFUND, verification=Verification.PIN_AND_SIGNATURE)
    document = slip(refund, duplicate=True, qr="signed", left=yuan(100))
    paper = "\n".join(
        part.data if isinstance(part, Qr) else part.text
        for part in document
        if isinstance(part, (TextLine, Qr))
    )
    order = (
        "签购单.商户存根.重打印.幸福小店.104110054110001.10000001.S01.操作员.卡组织.卡号.退货."
        "批次号.凭证号.授权码.参考号.日期.RMB -.原凭证号.原参考号.原交易日期.可退余额."
        "APP:.CSN:.AID:.TVR:.TSI:.ATC:.TC:.CVM:.已验密码.持卡人签名.本人确认.signed.签名记录.电话"
    )
    assert re.search(order.replace(".", ".*"), paper, re.DOTALL)


def test_the_paper_is_cut_once_at_its_end(transaction):
    document = slip(transaction())
    assert document[-1] == Cut()
    assert document.count(Cut()) == 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind.SALE, "消费 SALE"), (Kind.VOID, "消费撤销 VOID"), (Kind.REFUND, "退货 REFUND")],
)
def test_the_type_is_printed_large(transaction, kind, name):
    assert line_of(slip(transaction(kind=kind)), name).size is Size.LARGE


def test_the_amount_is_printed_large(transaction):
    assert line_of(slip(transaction()), "RMB 128.50").size is Size.LARGE


def test_an_amount_too_long_for_large_is_printed_tall_and_whole(transaction):
    assert line_of(slip(transaction(amount_minor=999_999_999_999)), "RMB 9999999999.99")


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "JPY 12850"), ("KWD", "KWD 12.850"), ("156", "RMB 128.50")]
)
def test_the_amount_has_the_decimals_of_its_currency(transaction, currency, amount):
    assert line_of(slip(transaction(currency=currency)), amount)


def test_the_merchant_copy_shows_first_six_and_last_four(transaction):
    assert "6214 83** **** 0012 /I" in line_of(slip(transaction()), "/I").text


def test_the_cardholder_copy_shows_only_the_last_four(transaction, texts):
    lines = texts(slip(transaction(), copy=Copy.CARDHOLDER))
    assert "**** **** **** 0012 /I" in lines
    assert not any("6214" in line for line in lines)


def test_a_card_number_of_nineteen_digits_keeps_its_length(transaction):
    card = CardFacts(hash="0", first6="622848", last4="7891", pan_length=19)
    assert "6228 48** **** ***7 891 /I" in line_of(slip(transaction(card=card)), "/I").text


def test_a_short_card_number_never_shows_its_first_six(transaction):
    card = CardFacts(hash="0", first6="501234", last4="6789", pan_length=12)
    assert "**** **** 6789 /I" in line_of(slip(transaction(card=card)), "/I").text


def test_the_copy_is_named(transaction, texts):
    assert "商户存根 MERCHANT COPY" in texts(slip(transaction()))
    holder = texts(slip(transaction(), copy=Copy.CARDHOLDER))
    assert "持卡人存根 CARDHOLDER COPY" in holder


def test_numbers_are_padded_and_the_date_is_readable(transaction, texts):
    lines = texts(slip(transaction()))
    assert "批次号 BATCH NO: 000001" in lines
    assert "凭证号 VOUCHER NO: 000027" in lines
    assert "日期 DATE: 2026/11/22 19:32:05" in lines


def test_a_number_that_is_missing_leaves_no_line(transaction, texts):
    lines = texts(slip(transaction(authorisation_code="")))
    assert not any("授权码" in line for line in lines)


def test_a_void_names_the_original_voucher(transaction, texts):
    assert "原凭证号 ORIG VOUCHER: 000027" in texts(slip(transaction(kind=Kind.VOID)))


def test_a_refund_names_its_original_and_what_is_left(transaction, texts):
    lines = texts(slip(transaction(kind=Kind.REFUND), left=yuan(0)))
    assert "原参考号 ORIG REF: 112219320527" in lines
    assert "原交易日期 ORIG DATE: 2026/11/20" in lines
    assert "可退余额 REFUNDABLE: RMB 0.00" in lines


def test_a_void_leaves_nothing_to_refund_and_says_nothing_of_it(transaction, texts):
    lines = texts(slip(transaction(kind=Kind.VOID), left=yuan(12_850)))
    assert not any("可退余额" in line for line in lines)


def test_only_an_undo_says_that_it_is_one(transaction, texts):
    assert "立即撤销 IMMEDIATE UNDO" in texts(slip(transaction(kind=Kind.VOID, undo=True)))
    assert "立即撤销 IMMEDIATE UNDO" not in texts(slip(transaction(kind=Kind.VOID)))


def test_a_plain_approved_sale_has_no_remarks(transaction, texts):
    assert texts(slip(transaction())).count("-" * 32) == 4


@pytest.mark.parametrize(
    ("state", "remark"),
    [
        (State.REVERSED, "已冲正 REVERSED"),
        (State.REVERSING, "冲正待确认 REVERSAL PENDING"),
        (State.FAILED, "交易失败 FAILED"),
        (State.OPEN, "结果未明 OUTCOME UNKNOWN"),
        (State.PENDING, "待银行确认 NOT YET CONFIRMED"),
    ],
)
def test_no_slip_of_an_unfinished_transaction_passes_for_an_approval(
    transaction, texts, state, remark
):
    assert remark in texts(slip(transaction(state=state)))


def test_a_declined_transaction_says_why(transaction):
    declined = slip(transaction(state=State.DECLINED, response_code="51"), columns=48)
    assert line_of(declined, "51 可用余额不足 Insufficient funds")
    assert line_of(declined, "交易无效 NOT VALID")


def test_a_reprinted_sale_says_that_it_was_voided(transaction, texts):
    assert "撤销凭证 VOIDED BY: 000031" in texts(slip(transaction(voided_by=31), duplicate=True))


def test_a_reprinted_sale_says_how_much_was_refunded(transaction, texts):
    lines = texts(slip(transaction(refunded_minor=2_850), duplicate=True))
    assert "已退货 REFUNDED: RMB 28.50" in lines


def test_the_chip_data_stands_for_the_bank(transaction, texts):
    lines = texts(slip(transaction()))
    assert "AID: A000000333010101" in lines
    assert "TVR: 0000048000 TSI: E800" in lines
    assert "ATC: 002A TC: 6F3B1C8E92D457A0" in lines
    assert "CVM: 420300" in lines


def test_a_duplicate_is_marked_and_an_original_is_not(transaction, texts):
    assert "***重打印 DUPLICATE***" in texts(slip(transaction(), duplicate=True))
    assert "***重打印 DUPLICATE***" not in texts(slip(transaction()))


@pytest.mark.parametrize("copy", [Copy.MERCHANT, Copy.CARDHOLDER])
def test_training_is_marked_on_both_copies(transaction, texts, copy):
    mark = "培训单据 TRAINING - NOT VALID"
    trained = transaction(training=True, verification=Verification.SIGNATURE)
    lines = texts(slip(trained, copy=copy, qr="signed"))
    assert [lines.index(mark), lines[-1]] == [2, mark], "at the top and at the bottom"
    assert not any(said in line for line in lines for said in ("签名", "退货", "电话"))
    assert mark not in texts(slip(transaction(), copy=copy))


@pytest.mark.parametrize(
    ("verification", "signs", "pin"),
    [
        (Verification.NONE, False, False),
        (Verification.PIN, False, True),
        (Verification.SIGNATURE, True, False),
        (Verification.PIN_AND_SIGNATURE, True, True),
    ],
)
def test_the_slip_asks_for_what_the_method_asks_for(transaction, texts, verification, signs, pin):
    lines = texts(slip(transaction(verification=verification)))
    assert any("持卡人签名" in line for line in lines) is signs
    assert any("本人确认" in line for line in lines) is signs
    assert any("已验密码" in line for line in lines) is pin
    assert any("免签名" in line for line in lines) is (pin and not signs)


def test_nobody_signs_the_cardholder_copy(transaction, texts):
    sale = transaction(verification=Verification.SIGNATURE)
    assert not any("签名" in line for line in texts(slip(sale, copy=Copy.CARDHOLDER)))


def test_the_signed_record_is_a_qr_and_left_out_when_there_is_none(transaction):
    assert Qr("signed") in slip(transaction(), qr="signed")
    assert not any(isinstance(part, Qr) for part in slip(transaction()))


def test_phone_and_refund_terms_end_what_the_cardholder_takes_of_a_sale(transaction, texts):
    assert texts(slip(transaction(), copy=Copy.CARDHOLDER))[-3:] == [
        "电话 TEL: 021-6135 0000",
        "凭签购单90天内可退货",
        "Refund: 90 days, this receipt",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Kind.VOID},
        {"kind": Kind.REFUND},
        {"state": State.REVERSED},
        {"training": True},
        {"voided_by": 31},
    ],
    ids=str,
)
def test_nothing_else_promises_a_refund(transaction, texts, changes):
    lines = texts(slip(transaction(**changes), copy=Copy.CARDHOLDER))
    assert not any("90" in line for line in lines)


def test_the_merchant_copy_has_no_refund_terms(transaction, texts):
    assert texts(slip(transaction()))[-1] == "电话 TEL: 021-6135 0000"


@pytest.mark.parametrize(
    ("kind", "amount"),
    [(Kind.SALE, "RMB 128.50"), (Kind.VOID, "RMB -128.50"), (Kind.REFUND, "RMB -128.50")],
)
def test_what_is_given_back_has_a_minus(transaction, texts, kind, amount):
    assert amount in texts(slip(transaction(kind=kind)))


def test_the_scheme_is_not_called_the_issuer(transaction, texts):
    lines = texts(slip(transaction()))
    assert "卡组织 SCHEME: 银联 UnionPay" in lines
    assert not any("发卡行" in line or "ISSUER" in line for line in lines)


def test_the_acquirer_is_named_where_it_is_set(transaction, texts):
    shop = Merchant(acquirer="幸福银行")
    how = {"copy": Copy.MERCHANT, "columns": 32, "duplicate": False, "qr": None}
    assert "收单机构 ACQUIRER: 幸福银行" in texts(transaction_receipt(transaction(), shop, **how))
    assert not any("收单" in line for line in texts(slip(transaction())))


def test_a_receipt_says_what_its_qr_is(transaction, texts):
    assert "签名记录 SCAN TO VERIFY" in texts(slip(transaction(), qr="signed"))
    assert "签名记录 SCAN TO VERIFY" not in texts(slip(transaction()))


def test_nobody_signs_what_is_not_valid(transaction, texts):
    undone = transaction(state=State.REVERSED, verification=Verification.SIGNATURE)
    lines = texts(slip(undone, duplicate=True))
    assert lines[2:4] == ["***重打印 DUPLICATE***", "交易无效 NOT VALID"]
    assert not any("签名" in line for line in lines)


@pytest.mark.parametrize("copy", [Copy.MERCHANT, Copy.CARDHOLDER])
def test_a_sale_takes_no_more_than_31_lines_on_58_mm(transaction, copy):
    document = slip(transaction(), copy=copy, qr="signed")
    lines = [part for part in document if isinstance(part, TextLine)]
    assert len(lines) <= 31


def test_the_recorded_merchant_is_printed_though_the_shop_was_renamed(transaction, texts):
    lines = texts(slip(transaction(merchant_name="旧店名", store="S09", terminal="10000009")))
    assert "旧店名" in lines
    assert "门店号 STORE: S09 操作员 OP: 01" in lines
    assert "终端编号 TID: 10000009" in lines
    assert not any("幸福小店" in line for line in lines)


def test_control_characters_of_a_hostile_card_do_not_reach_the_printer(transaction):
    emv = transaction().emv
    label = "\x1b@\x1dV\x00LABEL\r\n"
    document = slip(transaction(emv=type(emv)(label=label)))
    lines = [part.text for part in document if isinstance(part, TextLine)]
    assert any("LABEL" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def settled(ours, host, **how):
    settlement = closed_batch(ours, batch=3, host_totals=host, balanced=ours == host, time="221500")
    return settlement_slip(settlement, MERCHANT, columns=32, duplicate=False, qr=None, **how)


def test_a_settlement_in_balance_shows_totals_once_and_says_that_both_have_them(texts):
    lines = texts(settled(SOME, SOME))
    assert lines.count("消费 SALE 12 1834.50") == 1
    assert lines.count("消费撤销 VOID 1 128.50") == 1
    assert lines.count("退货 REFUND 2 6.00") == 1
    assert lines[-2:] == ["终端与主机一致", "Terminal and host agree"]
    assert "净额 NET: RMB 1700.00" in lines
    assert "对账平 BALANCED" in lines
    assert not any("差额" in line for line in lines)


def test_a_settlement_out_of_balance_says_by_how_much(texts):
    lines = texts(settled(SOME, msgspec.structs.replace(SOME, refunds=1, refunds_minor=700)))
    assert "对账不平 NOT BALANCED" in lines
    assert lines.count("消费 SALE 12 1834.50") == 2
    after = lines[lines.index("差额(终端-主机) DIFFERENCE") :]
    assert "退货 REFUND 1 -1.00" in after
    assert not any("SALE" in line for line in after)


def test_a_settlement_counts_in_its_currency(texts):
    lines = texts(settled(SOME, SOME, currency=CURRENCIES["JPY"]))
    assert "消费 SALE 12 183450" in lines


def test_an_original_without_reference_is_still_a_refund(transaction, texts):
    original = OriginalRef(batch=1, stan=5, reference="", date="20261101", amount_minor=900)
    lines = texts(slip(transaction(kind=Kind.REFUND, original=original)))
    assert not any("原参考号" in line for line in lines)
    assert "原凭证号 ORIG VOUCHER: 000005" in lines
