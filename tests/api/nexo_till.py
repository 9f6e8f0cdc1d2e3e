"""A till that speaks nexo: its messages, and one on its way. No code is shared with the adapter."""

from __future__ import annotations

import threading
from typing import Any

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


def referring(category: str, service: str, to: str, of: str = "Payment") -> Any:
    reference = {"MessageCategory": of, "SaleID": "Till1", "ServiceID": to}
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

    @property
    def under_way(self) -> bool:
        return self._thread.is_alive()

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
