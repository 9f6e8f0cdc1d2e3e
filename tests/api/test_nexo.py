"""nexo Retailer 3.0 at POST /nexo, by a client that shares no code with the adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firmware.api.nexo_types import id_of
from tests.api.http import PAY, Till
from tests.api.nexo_till import PASS, begun, message, paid, payment, referring, reversal, told


def test_a_payment_is_paid_and_a_repeated_message_gets_the_same_answer(till: Till) -> None:
    answer = paid(till, "1")
    assert answer["MessageHeader"]["MessageType"] == "Response"
    body = answer["PaymentResponse"]
    assert body["Response"] == {"Result": "Success"}
    assert body["SaleData"]["SaleTransactionID"]["TransactionID"] == "order 9"
    result = body["PaymentResult"]
    assert result["AmountsResp"] == {"Currency": "CNY", "AuthorizedAmount": 128.5}
    assert result["PaymentInstrumentData"]["CardData"]["MaskedPan"] == "************0016"
    assert result["PaymentAcquirerData"]["ApprovalCode"]
    assert result["PaymentInstrumentData"]["CardData"]["EntryMode"] == ["ICC"]
    assert result["AuthenticationMethod"] == ["OnlinePIN"]
    cashier, customer = body["PaymentReceipt"]
    assert (cashier["DocumentQualifier"], cashier["RequiredSignatureFlag"]) == (
        "CashierReceipt",
        False,
    )
    assert customer["DocumentQualifier"] == "CustomerReceipt"
    for receipt in (cashier, customer):
        assert any("order 9" in line["Text"] for line in receipt["OutputContent"]["OutputText"])
    assert told(till.ask("POST", "/nexo/", payment("1"))) == answer
    status = told(till.ask("POST", "/nexo", referring("TransactionStatus", "2", "1")))
    repeated = status["TransactionStatusResponse"]["RepeatedMessageResponse"]
    assert repeated["MessageHeader"]["ServiceID"] == "1"
    again = repeated["RepeatedResponseMessageBody"]["PaymentResponse"]
    assert again["PaymentResult"] == result
    till.play("expect totals sales=1/12850")


@pytest.mark.parametrize(
    ("card", "methods", "signs"),
    [("jcb", ["PaperSignature"], True), ("offline-ok", None, False)],
)
def test_the_result_says_how_the_cardholder_was_verified(
    till: Till, card: str, methods: list[str] | None, signs: bool
) -> None:
    going = begun(till, payment("1", 50))
    till.play(f"press ENTER\ninsert {card}\n" + PASS)
    body = going.told()["PaymentResponse"]
    assert body["Response"]["Result"] == "Success"
    assert body["PaymentResult"].get("AuthenticationMethod") == methods
    assert body["PaymentReceipt"][0]["RequiredSignatureFlag"] is signs
    assert body["PaymentReceipt"][1]["RequiredSignatureFlag"] is False


@pytest.mark.parametrize(
    ("amount", "condition"), [(128.51, "Refusal"), (128.55, "WrongPIN"), (128.54, "Refusal")]
)
def test_a_declined_payment_says_so_and_takes_nothing(
    tmp_path: Path, amount: float, condition: str
) -> None:
    till = Till(tmp_path, host__test_amounts="true")
    going = begun(till, payment("1", amount))
    till.play(PAY + "wait 1m\nremove\nwait 3m")
    body = going.told()["PaymentResponse"]
    assert (body["Response"]["Result"], body["Response"]["ErrorCondition"]) == (
        "Failure",
        condition,
    )
    assert body["PaymentResult"]["AmountsResp"]["AuthorizedAmount"] == 0
    assert body["PaymentResult"]["PaymentInstrumentData"]["CardData"]["MaskedPan"].endswith("0016")
    again = told(till.ask("POST", "/nexo", payment("1", amount)))["PaymentResponse"]
    assert again["Response"] == body["Response"]
    till.play("expect totals sales=0/0\nexpect books balanced")
    till.close()


def test_a_part_is_reversed_and_then_no_more_than_what_is_left(till: Till) -> None:
    name = paid(till, "1")["PaymentResponse"]["POIData"]["POITransactionID"]["TransactionID"]
    going = begun(till, reversal("2", name, ReversedAmount=100.0))
    till.play("press ENTER\ninsert unionpay-debit\nwait 2s\n" + PASS)
    body = going.told()["ReversalResponse"]
    assert (body["Response"]["Result"], body["ReversedAmount"]) == ("Success", 100)
    assert body["OriginalPOITransaction"]["POITransactionID"]["TransactionID"] == name
    assert till.get(name)["refunded_minor"] == 10_000
    over = told(till.ask("POST", "/nexo", reversal("3", name, ReversedAmount=28.51)))
    assert over["ReversalResponse"]["Response"]["ErrorCondition"] == "PaymentRestriction"
    status = told(till.ask("POST", "/nexo", referring("TransactionStatus", "4", "2", "Reversal")))
    repeated = status["TransactionStatusResponse"]["RepeatedMessageResponse"]
    again = repeated["RepeatedResponseMessageBody"]["ReversalResponse"]
    assert again == body
    till.play("expect books balanced")


@pytest.mark.parametrize("kind", ["FirstReservation", "OneTimeReservation", "CompletedReservation"])
def test_a_pre_authorisation_is_not_offered_to_a_till(till: Till, kind: str) -> None:
    sent = payment("1", 128.5)
    sent["SaleToPOIRequest"]["PaymentRequest"]["PaymentData"] = {"PaymentType": kind}
    refused = told(till.ask("POST", "/nexo", sent))["PaymentResponse"]["Response"]
    assert (refused["Result"], refused["ErrorCondition"]) == ("Failure", "NotAllowed")
    assert "not offered to tills" in refused["AdditionalResponse"]


def test_a_refund_of_a_payment_gives_some_of_it_back(till: Till) -> None:
    name = paid(till, "1")["PaymentResponse"]["POIData"]["POITransactionID"]["TransactionID"]
    sent = payment("2", 28.5)
    asked = sent["SaleToPOIRequest"]["PaymentRequest"]
    asked["PaymentData"] = {"PaymentType": "Refund"}
    bare = told(till.ask("POST", "/nexo", sent))["PaymentResponse"]
    assert bare["Response"]["ErrorCondition"] == "NotAllowed", "a refund of nothing"
    original = {"POITransactionID": {"TransactionID": name, "TimeStamp": "2019-01-01T00:00:00Z"}}
    asked["PaymentTransaction"]["OriginalPOITransaction"] = original
    going = begun(till, sent)
    till.play("press ENTER\ninsert unionpay-debit\nwait 2s\n" + PASS)
    body = going.told()["PaymentResponse"]
    assert body["PaymentResult"]["PaymentType"] == "Refund"
    assert body["PaymentResult"]["AmountsResp"]["AuthorizedAmount"] == 28.5
    assert till.get(name)["refunded_minor"] == 2_850


def test_an_abort_that_comes_too_late_changes_nothing(till: Till) -> None:
    till.play("fault host silent")
    going = begun(till, payment("1"))
    till.play(PAY)
    assert till.ask("POST", "/nexo", referring("Abort", "2", "1")).raw == b"ok"
    till.play("wait 1m")
    assert going.told()["PaymentResponse"]["Response"]["ErrorCondition"] == "UnreachableHost"
    assert till.ask("POST", "/nexo", referring("Abort", "3", "1")).raw == b"ok"
    assert till.ask("POST", "/nexo", referring("Abort", "4", "77")).raw == b"ok"
    till.play("clear host\nremove\nwait 10m\nexpect books balanced\nexpect totals sales=0/0")


def test_a_message_with_a_wrong_body_is_answered_in_the_protocol(till: Till) -> None:
    sent = payment("1")
    del sent["SaleToPOIRequest"]["PaymentRequest"]["PaymentTransaction"]["AmountsReq"]
    body = told(till.ask("POST", "/nexo", sent))["PaymentResponse"]
    assert body["Response"]["ErrorCondition"] == "MessageFormat"
    assert "AmountsReq" in body["Response"]["AdditionalResponse"]
    assert body["SaleData"]["SaleTransactionID"]["TransactionID"] == "order 9"
    assert body["POIData"]["POITransactionID"]["TimeStamp"]
    del sent["SaleToPOIRequest"]["PaymentRequest"]["SaleData"]
    bare = told(till.ask("POST", "/nexo", sent))["PaymentResponse"]["Response"]
    assert bare["ErrorCondition"] == "MessageFormat"


def test_the_diagnosis_tells_of_each_part(till: Till) -> None:
    def status() -> Any:
        answer = told(till.ask("POST", "/nexo", message("Diagnosis", "1")))
        return answer["DiagnosisResponse"]["POIStatus"]

    assert status()["PrinterStatus"] == "OK"
    till.play("fault printer paper-out\nfault reader unplugged\nwait 5s")
    now = status()
    assert (now["GlobalStatus"], now["CardReaderOKFlag"], now["PEDOKFlag"]) == (
        "Maintenance",
        False,
        True,
    )


def test_a_service_id_of_another_day_is_never_told_the_old_approval(till: Till) -> None:
    paid(till, "1")
    other = told(till.ask("POST", "/nexo", payment("1", stamp="2020-01-01T00:00:00Z")))
    response = other["PaymentResponse"]["Response"]
    assert (response["Result"], response["ErrorCondition"]) == ("Failure", "NotAllowed")


@pytest.mark.parametrize(
    ("before", "lines", "condition"),
    [
        ("", "press CANCEL\nwait 1s", "Cancel"),
        ("", "wait 3m", "Cancel"),
        ("fault host silent", PAY + "wait 1m", "UnreachableHost"),
    ],
)
def test_a_payment_that_is_not_paid_says_why(
    till: Till, before: str, lines: str, condition: str
) -> None:
    till.play(before)
    going = begun(till, payment("1"))
    till.play(lines)
    response = going.told()["PaymentResponse"]["Response"]
    assert (response["Result"], response["ErrorCondition"]) == ("Failure", condition)


def test_an_abort_ends_a_payment_and_meanwhile_it_is_busy_and_in_progress(till: Till) -> None:
    going = begun(till, payment("1"))
    busy = told(till.ask("POST", "/nexo", payment("2")))["PaymentResponse"]
    assert busy["Response"]["ErrorCondition"] == "Busy"
    assert busy["SaleData"]["SaleTransactionID"]["TransactionID"] == "order 9"
    asked = referring("TransactionStatus", "3", "1")
    status = told(till.ask("POST", "/nexo", asked))["TransactionStatusResponse"]
    assert status["Response"]["ErrorCondition"] == "InProgress"
    assert till.ask("POST", "/nexo", referring("Abort", "4", "1")).raw == b"ok"
    till.play("wait 1s")
    assert going.told()["PaymentResponse"]["Response"]["ErrorCondition"] == "Aborted"
    unknown = told(till.ask("POST", "/nexo", referring("TransactionStatus", "5", "77")))
    assert unknown["TransactionStatusResponse"]["Response"]["ErrorCondition"] == "NotFound"


def test_a_reversal_gives_the_payment_back_on_its_card(till: Till) -> None:
    name = paid(till, "1")["PaymentResponse"]["POIData"]["POITransactionID"]["TransactionID"]
    going = begun(till, reversal("2", name))
    till.play("press ENTER\ninsert unionpay-debit\npress 123456 ENTER\n" + PASS)
    body = going.told()["ReversalResponse"]
    assert body["Response"] == {"Result": "Success"}
    assert body["ReversedAmount"] == 128.5
    assert told(till.ask("POST", "/nexo", reversal("2", name)))["ReversalResponse"] == body
    assert till.get(name)["state"] == "voided"
    lost = told(till.ask("POST", "/nexo", reversal("3", "none")))["ReversalResponse"]
    assert lost["Response"]["ErrorCondition"] == "NotFound"
    till.play("expect books balanced")


def test_login_diagnosis_and_reconciliation(till: Till) -> None:
    login = told(till.ask("POST", "/nexo", message("Login", "1")))["LoginResponse"]
    assert login["POISystemData"]["POIStatus"]["GlobalStatus"] == "OK"
    paid(till, "2")
    diagnosis = told(till.ask("POST", "/nexo", message("Diagnosis", "3")))["DiagnosisResponse"]
    assert diagnosis["POIStatus"]["CardReaderOKFlag"] is True
    asked = message("Reconciliation", "4", ReconciliationType="SaleReconciliation")
    sums = told(till.ask("POST", "/nexo", asked))["ReconciliationResponse"]
    (total,) = sums["TransactionTotals"]
    assert total["PaymentTotals"] == [
        {"TransactionType": "Debit", "TransactionCount": 1, "TransactionAmount": 128.5}
    ]
    till.play("wait 20s")
    assert till.ask("GET", "/v1/totals").json["batch"] == 2


@pytest.mark.parametrize("amount", [1.005, 0, -1, 1e30, "1e999999", "NaN"])
def test_what_is_no_amount_is_refused(till: Till, amount: Any) -> None:
    answer = told(till.ask("POST", "/nexo", payment("1", amount)))["PaymentResponse"]
    assert answer["Response"]["ErrorCondition"] == "MessageFormat"


CUT_OFF = b"""{"SaleToPOIRequest": {"MessageHeader": {"MessageClass": "Service",
    "MessageCategory": "Payment", "MessageType": "Request", "ServiceID": "1", "SaleID": "s",
    "POIID": "p"}, "PaymentRequest": 5"""


@pytest.mark.parametrize("body", [b"{}", b"[", b'{"SaleToPOIRequest": 1}', b"\xff", CUT_OFF])
def test_what_is_no_message_is_a_problem(till: Till, body: bytes) -> None:
    assert till.ask("POST", "/nexo", body).status in (400, 422)


def test_a_plain_message_wants_a_token(till: Till) -> None:
    sent = message("Login", "1")
    assert till.ask("POST", "/nexo", sent, {"Authorization": ""}).status == 401
    assert till.ask("POST", "/nexo", sent, {"Authorization": "Bearer x"}).status == 401
    raw = json.dumps(sent).encode()
    by_key = till.ask("POST", "/nexo", raw, {"Authorization": "", "X-API-Key": "wrong"})
    assert by_key.status == 401


def test_no_two_names_make_one_id() -> None:
    pairs = [("a.b", "c"), ("a", "b.c"), ("a", "b"), ("店", "1"), ("a" * 99, "1"), ("A", "b")]
    assert len({id_of(*pair) for pair in pairs}) == len(pairs)
    assert all(len(id_of(*pair)) <= 64 for pair in pairs)
