"""nexo messages beside a payment, as a stranger's client sends them: each has its right answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.http import PAY, Till
from tests.api.nexo_till import PASS, Sent, begun, message, paid, payment, referring, reversal, told

PLACE = {"Device": "CustomerDisplay", "InfoQualify": "Display"}
SHOWN = [{**PLACE, "OutputContent": {"OutputFormat": "Text", "OutputText": [{"Text": "hello"}]}}]
KEYED = {"Device": "CustomerInput", "InfoQualify": "Input", "InputCommand": "GetConfirmation"}
PAPER = {"DocumentQualifier": "Document", "ResponseMode": "PrintEnd", "OutputContent": {}}
SALE = {"SaleTransactionID": {"TransactionID": "order 9", "TimeStamp": "2019-01-01T00:00:00Z"}}
# a message's body, and where its answer has the Response
NOT_OFFERED: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "Display": ({"DisplayOutput": SHOWN}, ("OutputResult", 0, "Response")),
    "Input": ({"InputData": KEYED}, ("InputResult", "Response")),
    "Print": ({"PrintOutput": PAPER}, ("Response",)),
    "CardAcquisition": ({"SaleData": SALE, "CardAcquisitionTransaction": {}}, ("Response",)),
    "Loyalty": ({"SaleData": SALE}, ("Response",)),
    "StoredValue": ({"SaleData": SALE}, ("Response",)),
    "EnableService": ({"TransactionAction": "StartTransaction"}, ("Response",)),
    "BalanceInquiry": ({}, ("Response",)),
    "Admin": ({"ServiceIdentification": "x"}, ("Response",)),
    "Batch": ({}, ("Response",)),
    "Sound": ({"SoundAction": "StartSound"}, ("Response",)),
    "PIN": ({}, ("Response",)),
    "Transmit": ({}, ("Response",)),
    "CardReaderInit": ({}, ("Response",)),
    "CardReaderAPDU": ({}, ("Response",)),
    "CardReaderPowerOff": ({}, ("Response",)),
    "Whatever": ({}, ("Response",)),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    till = Till(tmp_path_factory.mktemp("nexo") / "terminal")
    yield till
    till.close()


@pytest.mark.parametrize("device", [False, True])
@pytest.mark.parametrize("category", NOT_OFFERED)
def test_what_is_not_offered_is_answered_in_the_shape_of_its_response(
    shared: Till, category: str, device: bool
) -> None:
    body, way = NOT_OFFERED[category]
    sent = message(category, "1", **body)
    header = sent["SaleToPOIRequest"]["MessageHeader"]
    if device:  # of a device's dialogue: a DeviceID, and no ServiceID need be
        header |= {"MessageClass": "Device", "DeviceID": "7"}
        del header["ServiceID"]
    answer = told(shared.ask("POST", "/nexo", sent))
    answered = answer["MessageHeader"]
    assert (answered["MessageCategory"], answered["MessageType"]) == (category, "Response")
    assert answered.get("DeviceID") == header.get("DeviceID")
    assert answered.get("ServiceID") == header.get("ServiceID")
    response = answer[f"{category}Response"]
    if "SaleData" in body:
        assert response["SaleData"] == SALE
        assert response["POIData"]["POITransactionID"]["TransactionID"]
    for step in way:
        response = response[step]
    assert (response["Result"], response["ErrorCondition"]) == ("Failure", "UnavailableService")


def test_a_display_and_a_print_name_what_they_were_asked(shared: Till) -> None:
    shown = message(
        "Display", "1", DisplayOutput=[*SHOWN, {**SHOWN[0], "Device": "CashierDisplay"}]
    )
    results = told(shared.ask("POST", "/nexo", shown))["DisplayResponse"]["OutputResult"]
    assert [each["Device"] for each in results] == ["CustomerDisplay", "CashierDisplay"]
    printed = message("Print", "2", PrintOutput=PAPER)
    answer = told(shared.ask("POST", "/nexo", printed))["PrintResponse"]
    assert answer["DocumentQualifier"] == "Document"
    strange = message("Print", "3", PrintOutput="?")
    assert told(shared.ask("POST", "/nexo", strange))["PrintResponse"]["DocumentQualifier"]


@pytest.mark.parametrize("category", ["Event", "InputUpdate", "Payment"])
def test_a_notification_is_heard_and_changes_nothing(shared: Till, category: str) -> None:
    sent = payment("1") if category == "Payment" else message(category, "1")
    sent["SaleToPOIRequest"]["MessageHeader"]["MessageType"] = "Notification"
    answer = shared.ask("POST", "/nexo", sent)
    assert (answer.status, answer.raw) == (200, b"ok")
    assert shared.ask("GET", "/v1/payments").json["payments"] == []


def test_a_message_of_a_service_names_it(shared: Till) -> None:
    sent = payment("1")
    del sent["SaleToPOIRequest"]["MessageHeader"]["ServiceID"]
    body = told(shared.ask("POST", "/nexo", sent))["PaymentResponse"]
    assert body["Response"]["ErrorCondition"] == "MessageFormat"


def test_cash_back_is_not_given_out(shared: Till) -> None:
    sent = payment("1")
    asked = sent["SaleToPOIRequest"]["PaymentRequest"]["PaymentTransaction"]
    asked["AmountsReq"]["CashBackAmount"] = 20
    body = told(shared.ask("POST", "/nexo", sent))["PaymentResponse"]
    assert body["Response"]["ErrorCondition"] == "UnavailableService"
    assert body["SaleData"] == SALE


def status(till: Till, service: str = "90") -> Any:
    return told(till.ask("POST", "/nexo", message("TransactionStatus", service)))[
        "TransactionStatusResponse"
    ]


def test_the_status_without_a_reference_is_of_the_last_payment(till: Till) -> None:
    assert status(till)["Response"]["ErrorCondition"] == "NotFound"
    first = paid(till, "1")["PaymentResponse"]
    going = begun(till, payment("2", 100))
    now = status(till)
    assert now["Response"]["ErrorCondition"] == "InProgress"
    assert now["MessageReference"]["ServiceID"] == "2"
    till.play(PAY + PASS)
    second = going.told()["PaymentResponse"]
    repeated = status(till)["RepeatedMessageResponse"]
    assert repeated["MessageHeader"]["ServiceID"] == "2"
    again = repeated["RepeatedResponseMessageBody"]["PaymentResponse"]
    assert again["POIData"] == second["POIData"]
    # a later change of an earlier payment makes it no later one
    name = first["POIData"]["POITransactionID"]["TransactionID"]
    back = begun(till, reversal("3", name))
    till.play("press ENTER\ninsert unionpay-debit\npress 123456 ENTER\n" + PASS)
    body = back.told()["ReversalResponse"]
    repeated = status(till)["RepeatedMessageResponse"]
    assert repeated["MessageHeader"]["MessageCategory"] == "Reversal"
    assert repeated["RepeatedResponseMessageBody"]["ReversalResponse"] == body
    other = message("TransactionStatus", "91")
    other["SaleToPOIRequest"]["MessageHeader"]["SaleID"] = "Till2"
    answer = told(till.ask("POST", "/nexo", other))["TransactionStatusResponse"]
    assert answer["Response"]["ErrorCondition"] == "NotFound", "another till's is not told"


def test_a_status_is_of_its_payment_after_a_power_cut_too(till: Till) -> None:
    going = Sent(till, payment("a name with spaces"))
    while not till.ask("GET", "/v1/payments").json["payments"]:
        pass
    till.play(PAY + PASS)
    body = going.told()["PaymentResponse"]
    till.play("power cut\npower on\nwait 1m")
    repeated = status(till)["RepeatedMessageResponse"]
    assert repeated["MessageHeader"]["ServiceID"] == "a name with spaces"
    again = repeated["RepeatedResponseMessageBody"]["PaymentResponse"]
    assert again["PaymentResult"] == body["PaymentResult"]
    asked = referring("TransactionStatus", "2", "a name with spaces")
    named = told(till.ask("POST", "/nexo", asked))["TransactionStatusResponse"]
    assert named["RepeatedMessageResponse"] == repeated


def host(till: Till, **asked: Any) -> Any:
    sent = Sent(till, message("Diagnosis", "1", **asked))
    while sent.under_way:
        till.play("wait 1s")
    return sent.told()["DiagnosisResponse"].get("HostStatus")


def test_a_diagnosis_of_the_host_says_how_its_line_went(till: Till) -> None:
    assert host(till) is None
    (well,) = host(till, HostDiagnosisFlag=True)
    assert (bool(well["AcquirerID"]), well["IsReachableFlag"]) == (True, True)
    till.play("fault host down")
    going = begun(till, payment("2"))
    till.play(PAY + "wait 2m\nremove\nwait 10s")
    assert going.told()["PaymentResponse"]["Response"]["ErrorCondition"] == "UnreachableHost"
    assert host(till, HostDiagnosisFlag=True, AcquirerID=["A"]) == [
        {"AcquirerID": "A", "IsReachableFlag": False}
    ]
    till.play("clear host\nwait 10m")
    assert host(till, HostDiagnosisFlag=True)[0]["IsReachableFlag"] is True


def test_an_earlier_reconciliation_is_told_of_again(till: Till) -> None:
    paid(till, "1")

    def asked(kind: str, service: str, **more: Any) -> Any:
        sent = message("Reconciliation", service, ReconciliationType=kind, **more)
        return told(till.ask("POST", "/nexo", sent))["ReconciliationResponse"]

    assert asked("PreviousReconciliation", "2")["Response"]["ErrorCondition"] == "NotFound"
    closed = asked("AcquirerReconciliation", "3")
    till.play("wait 20s")
    for more in ({}, {"POIReconciliationID": "1"}):
        again = asked("PreviousReconciliation", "4", **more)
        assert again["TransactionTotals"] == closed["TransactionTotals"]
        assert again["POIReconciliationID"] == "1"
    for named in ("77", "x"):
        refused = asked("PreviousReconciliation", "5", POIReconciliationID=named)
        assert refused["Response"]["ErrorCondition"] in ("NotFound", "MessageFormat")
        assert refused["ReconciliationType"] == "PreviousReconciliation"
    synchronised = asked("AcquirerSynchronisation", "6")
    assert synchronised["Response"]["ErrorCondition"] == "UnavailableService"
    assert asked("Whatever", "7")["Response"]["ErrorCondition"] == "MessageFormat"


def test_login_totals_and_logout_are_what_a_client_sends_first(till: Till) -> None:
    login = told(till.ask("POST", "/nexo", message("Login", "1", DateTime="2019-01-01T00:00:00Z")))
    system = login["LoginResponse"]["POISystemData"]
    assert system["POISoftware"].keys() >= {"ManufacturerID", "ApplicationName", "SoftwareVersion"}
    assert system["DateTime"]
    paid(till, "2")
    totals = told(till.ask("POST", "/nexo", message("GetTotals", "3")))["GetTotalsResponse"]
    assert totals["TransactionTotals"][0]["PaymentTotals"][0]["TransactionAmount"] == 128.5
    logout = told(till.ask("POST", "/nexo", message("Logout", "4")))["LogoutResponse"]
    assert logout["Response"] == {"Result": "Success"}
