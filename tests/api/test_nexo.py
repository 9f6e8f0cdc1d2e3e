"""nexo Retailer 3.0 at POST /nexo, by a client that shares no code with the adapter."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from firmware.api.nexo_crypto import NexoCryptoError, Trailer, material_of, opened, seal
from firmware.api.nexo_types import id_of
from tests.api.http import PAY, Answer, Till

PASS = 'expect screen "交易成功"\nremove\nwait 10s\n'


def message(category: str, service: str, **body: Any) -> dict[str, Any]:
    header = {
        "ProtocolVersion": "3.0",
        "MessageClass": "Service",
        "MessageCategory": category,
        "MessageType": "Request",
        "ServiceID": service,
        "SaleID": "Till1",
        "POIID": "P400Plus-1",
    }
    return {"SaleToPOIRequest": {"MessageHeader": header, f"{category}Request": body}}


def payment(service: str, amount: Any = 128.5, stamp: str = "2019-01-01T00:00:00Z") -> Any:
    return message(
        "Payment",
        service,
        SaleData={"SaleTransactionID": {"TransactionID": "order 9", "TimeStamp": stamp}},
        PaymentTransaction={"AmountsReq": {"Currency": "CNY", "RequestedAmount": amount}},
    )


def referring(category: str, service: str, to: str) -> Any:
    reference = {"MessageCategory": "Payment", "SaleID": "Till1", "ServiceID": to}
    return message(category, service, MessageReference=reference, AbortReason="MerchantAbort")


def reversal(service: str, name: str, **more: Any) -> Any:
    original = {"POITransactionID": {"TransactionID": name, "TimeStamp": "2019-01-01T00:00:00Z"}}
    return message(
        "Reversal",
        service,
        OriginalPOITransaction=original,
        ReversalReason="MerchantCancel",
        **more,
    )


def told(answer: Answer) -> Any:
    assert answer.status == 200, answer.raw
    return answer.json["SaleToPOIResponse"]


class Sent:
    """A message on its way, for as long as the payment takes."""

    def __init__(self, till: Till, sent: Any) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(
            target=lambda: self._answers.append(till.ask("POST", "/nexo", sent))
        )
        self._thread.start()

    def told(self) -> Any:
        self._thread.join(60)
        return told(self._answers[0])


def begun(till: Till, sent: Any) -> Sent:
    going = Sent(till, sent)
    name = "nexo.Till1." + sent["SaleToPOIRequest"]["MessageHeader"]["ServiceID"]
    while till.ask("GET", f"/v1/payments/{name}").status != 200:
        pass
    return going


def paid(till: Till, service: str) -> Any:
    going = begun(till, payment(service))
    till.play(PAY + PASS)
    return going.told()


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
    (receipt,) = body["PaymentReceipt"]
    assert any("order 9" in line["Text"] for line in receipt["OutputContent"]["OutputText"])
    assert told(till.ask("POST", "/nexo/", payment("1"))) == answer
    status = told(till.ask("POST", "/nexo", referring("TransactionStatus", "2", "1")))
    repeated = status["TransactionStatusResponse"]["RepeatedMessageResponse"]
    assert repeated["MessageHeader"]["ServiceID"] == "1"
    again = repeated["RepeatedResponseMessageBody"]["PaymentResponse"]
    assert again["PaymentResult"] == result
    till.play("expect totals sales=1/12850")


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


@pytest.mark.parametrize("body", [b"{}", b"[", b'{"SaleToPOIRequest": 1}', b"\xff"])
def test_what_is_no_message_is_a_problem(till: Till, body: bytes) -> None:
    assert till.ask("POST", "/nexo", body).status in (400, 422)


def test_a_plain_message_wants_a_token(till: Till) -> None:
    sent = message("Login", "1")
    assert till.ask("POST", "/nexo", sent, {"Authorization": ""}).status == 401
    assert till.ask("POST", "/nexo", sent, {"Authorization": "Bearer x"}).status == 401
    raw = json.dumps(sent).encode()
    by_key = till.ask("POST", "/nexo", raw, {"Authorization": "", "X-API-Key": "wrong"})
    assert by_key.status == 401


# -- encryption -------------------------------------------------------------------------------


def keys(passphrase: str) -> tuple[bytes, bytes, bytes]:
    derived = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), b"AdyenNexoV1Salt", 4000, 80)
    return derived[:32], derived[32:64], derived[64:]


def encrypted(sent: Any, passphrase: str, name: str = "simulator") -> Any:
    mac, key, iv = keys(passphrase)
    plain, nonce = json.dumps(sent).encode(), bytes(range(16))
    pad = 16 - len(plain) % 16
    used = bytes(a ^ b for a, b in zip(iv, nonce, strict=True))
    cipher = Cipher(algorithms.AES(key), modes.CBC(used)).encryptor()
    blob = cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()
    return {
        "SaleToPOIRequest": {
            "MessageHeader": sent["SaleToPOIRequest"]["MessageHeader"],
            "NexoBlob": base64.b64encode(blob).decode(),
            "SecurityTrailer": {
                "KeyVersion": 1,
                "KeyIdentifier": name,
                "Hmac": base64.b64encode(hmac.digest(mac, plain, "sha256")).decode(),
                "Nonce": base64.b64encode(nonce).decode(),
                "AdyenCryptoVersion": 1,
            },
        }
    }


def decrypted(answer: Any, passphrase: str) -> Any:
    mac, key, iv = keys(passphrase)
    trailer = answer["SecurityTrailer"]
    nonce = base64.b64decode(trailer["Nonce"])
    used = bytes(a ^ b for a, b in zip(iv, nonce, strict=True))
    cipher = Cipher(algorithms.AES(key), modes.CBC(used)).decryptor()
    padded = cipher.update(base64.b64decode(answer["NexoBlob"])) + cipher.finalize()
    plain = padded[: -padded[-1]]
    assert hmac.digest(mac, plain, "sha256") == base64.b64decode(trailer["Hmac"])
    return json.loads(plain)["SaleToPOIResponse"]


def test_an_encrypted_message_needs_no_token_and_is_answered_encrypted(till: Till) -> None:
    bare = {"Authorization": ""}
    token = till.target.token
    sent = encrypted(message("Diagnosis", "1"), token)
    outer = told(till.ask("POST", "/nexo", sent, bare))
    assert "DiagnosisResponse" not in outer
    inner = decrypted(outer, token)
    assert inner["DiagnosisResponse"]["Response"]["Result"] == "Success"


@pytest.mark.parametrize("change", ["passphrase", "name", "blob", "header"])
def test_a_message_that_does_not_open_is_refused(till: Till, change: str) -> None:
    token = "other" if change == "passphrase" else till.target.token
    sent = encrypted(message("Login", "1"), token, "who" if change == "name" else "simulator")
    if change == "blob":
        sent["SaleToPOIRequest"]["NexoBlob"] = "AAAA"
    if change == "header":
        sent["SaleToPOIRequest"]["MessageHeader"] = {
            **sent["SaleToPOIRequest"]["MessageHeader"],
            "ServiceID": "2",
        }
    refused = till.ask("POST", "/nexo", sent, {"Authorization": ""})
    assert (refused.status, refused.json) == (401, {"errors": ["Nexo Service: crypto error"]})


def test_the_key_material_of_a_passphrase_is_fixed() -> None:
    mac, key, iv = keys("mypassphrase")
    assert material_of("mypassphrase") == mac + key + iv
    assert mac.hex() == "cf7e99cf1feb743037cf74b5926d7f1860f45fb5f18d6603a4abb4137188143d"
    assert iv.hex() == "12ecd9de01f69868b3e99e62fda5bf96"
    blob, trailer = seal(b'{"a":1}', material_of("mypassphrase"), "name", 1)
    assert opened(blob, trailer, material_of("mypassphrase")) == b'{"a":1}'
    forged = Trailer(
        key_identifier="name", key_version=1, hmac=trailer.hmac[::-1], nonce=trailer.nonce
    )
    with pytest.raises(NexoCryptoError):
        opened(blob, forged, material_of("mypassphrase"))


def test_no_two_names_make_one_id() -> None:
    pairs = [("a.b", "c"), ("a", "b.c"), ("a", "b"), ("店", "1"), ("a" * 99, "1"), ("A", "b")]
    assert len({id_of(*pair) for pair in pairs}) == len(pairs)
    assert all(len(id_of(*pair)) <= 64 for pair in pairs)
