"""The embedded acquirer's messages byte by byte, as sent while it had a codec of its own; dates.

What they share with another acquirer's is in tests/iso8583/test_each_profile.py.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.masked import Pan, Pin, Track2
from firmware.core.money import CURRENCIES
from firmware.iso8583.messages import (
    Answered,
    BalanceRequest,
    CardPresented,
    FinancialRequest,
    LineRequest,
    NoAnswer,
    ReversalRequest,
    SettlementRequest,
)
from firmware.iso8583.pinblock import PinFormat
from firmware.iso8583.unionpay import embedded_line
from tests.iso8583.ends import EMBEDDED, Ends
from tests.payment import changed, on_the_line

TODAY = date(2026, 3, 14)
PAN = "6217000012345678901"

CARD = CardPresented(
    pan=Pan(PAN),
    psn="01",
    expiry="3012",
    track2=Track2(f"{PAN}D30122010000000000"),
    pin=Pin("123456"),
    de55=bytes.fromhex("9F02060000000128509F2608A1A2A3A4A5A6A7A8"),
)
SALE = FinancialRequest(
    on_the_line(batch=7, stan=42, date="20260314", time="120000", operator=""), CARD
)
VOID = changed(
    SALE,
    kind=Kind.VOID,
    stan=43,
    original=OriginalRef(batch=7, stan=42, reference="", date=""),
)
HELD = OriginalRef(batch=3, stan=9, reference="", date="20251231")
REFUND = changed(
    SALE,
    kind=Kind.REFUND,
    stan=44,
    original=replace(HELD, reference="607312345678"),
    card=CardPresented(pan=Pan("62800001"), psn="", expiry="3012"),
)
REVERSAL = ReversalRequest(
    on_the_line(kind=Kind.VOID, batch=7, stan=43, operator="", date="", time=""),
    "20260314",
    "120000",
    "98",
)
TOTALS = Totals(
    sales=500, sales_minor=10**15, voids=1, voids_minor=12_850, refunds=2, refunds_minor=3
)
ASKED: dict[str, Any] = {
    "terminal": "10000001",
    "merchant": "104110054110001",
    "batch": 7,
    "stan": 45,
    "currency": CURRENCIES["CNY"],
    "date": "20260314",
    "time": "235959",
}
SETTLEMENT, BALANCE = SettlementRequest(totals=TOTALS, **ASKED), BalanceRequest(card=CARD, **ASKED)
NAMED = replace(HELD, authorisation_code="A12345")
COMPLETION = changed(SALE, kind=Kind.COMPLETION, original=NAMED)
MESSAGES: dict[str, LineRequest] = {
    "reversal": changed(REVERSAL, date="20260228", time="235959", last4="8901"),
    "settlement": SETTLEMENT,
    "sale": SALE,
    "void": VOID,
    "refund": REFUND,
    "offline": replace(SALE, offline=True, card=replace(CARD, pin=None)),
    "balance": BALANCE,
    "preauth": changed(SALE, kind=Kind.PREAUTH),
    "completion": COMPLETION,
}
REQUESTS = MESSAGES | {
    "preauth_void": changed(COMPLETION, kind=Kind.PREAUTH_VOID),
    "completion_void": changed(VOID, kind=Kind.COMPLETION_VOID),
    "sale of the chip alone": replace(SALE, card=replace(CARD, pin=None, track2=None, psn="")),
    "reversal of a void": REVERSAL,
    "reversal of a refund": changed(REVERSAL, kind=Kind.REFUND),
}
# Type, bitmap and fields; the operator's field is left out.
BYTES = {
    "reversal": (
        "04003038000002C08019200000000000012850000043120000031439383130303030303031313034"
        "31313030353431313030303131353600112300000700000030000007000043202602282359598901"
        "FFAAD9343782F46D"
    ),
    "settlement": (
        "05000038000000C18011000045235959031431303030303030313130343131303035343131303030"
        "31006700050010000000000000000000010000000000012850000002000000000000000300313536"
        "0011000000072010CBEE0D2E77E8B90C"
    ),
    "sale": (
        "0200703C06C020C09A11196217000012345678901000000000000001285000004212000003143012"
        "051000010012376217000012345678901D3012201000000000003130303030303031313034313130"
        "30353431313030303131353637B835AC0048DA50260000000000000000209F02060000000128509F"
        "2608A1A2A3A4A5A6A7A80011220000070000C2C18F62FC27A5E8"
    ),
    "void": (
        "0200703C06C020C09A19196217000012345678901020000000000001285000004312000003143012"
        "051000010012376217000012345678901D3012201000000000003130303030303031313034313130"
        "30353431313030303131353637B835AC0048DA50260000000000000000209F02060000000128509F"
        "2608A1A2A3A4A5A6A7A80011230000070000002000000700004200000000F6C490B645CEEB1A"
    ),
    "refund": (
        "0220703C048008C08019086280000120000000000001285000004412000003143012052000363037"
        "33313233343536373831303030303030313130343131303035343131303030313135360011250000"
        "07000000200000030000092025123115AE66DB1DD8205D"
    ),
    "offline": (
        "0220703C068020C08211196217000012345678901000000000000001285000004212000003143012"
        "0520000100376217000012345678901D301220100000000000313030303030303131303431313030"
        "353431313030303131353600209F02060000000128509F2608A1A2A3A4A5A6A7A800113600000700"
        "008B885DB5892550F3"
    ),
    "balance": (
        "0200603C06C020C09A11196217000012345678901031000000004523595903143012051000010012"
        "376217000012345678901D3012201000000000003130303030303031313034313130303534313130"
        "30303131353637B835AC0048DA50260000000000000000209F02060000000128509F2608A1A2A3A4"
        "A5A6A7A800110100000700003C4A5C04BB9237C5"
    ),
    "preauth": (
        "0100703C06C020C09A11196217000012345678901003000000000001285000004212000003143012"
        "051000010612376217000012345678901D3012201000000000003130303030303031313034313130"
        "30353431313030303131353637B835AC0048DA50260000000000000000209F02060000000128509F"
        "2608A1A2A3A4A5A6A7A800111000000700009446A375374392BD"
    ),
    "completion": (
        "0200703C06C024C09A19196217000012345678901000000000000001285000004212000003143012"
        "051000010612376217000012345678901D3012201000000000004131323334353130303030303031"
        "31303431313030353431313030303131353637B835AC0048DA50260000000000000000209F020600"
        "00000128509F2608A1A2A3A4A5A6A7A800112000000700000020000003000009202512316E783E3A"
        "E1CA6D14"
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_these_bytes(name: str) -> None:
    frame = EMBEDDED.asks(MESSAGES[name])
    assert frame[EMBEDDED.message_at :].hex().upper() == BYTES[name]


@pytest.mark.parametrize("form", [0, 4])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_comes_back_as_it_was(name: str, form: PinFormat) -> None:
    ends = Ends(embedded_line(form))
    assert ends.heard(ends.asks(REQUESTS[name]), TODAY).request == REQUESTS[name]


@pytest.mark.parametrize(
    ("totals", "code", "balanced"),
    [(TOTALS, "95", False), (Totals(completion_voids=1, sales_minor=5), "00", True)],
)
def test_totals_of_every_kind_come_back_as_they_were(
    totals: Totals, code: str, balanced: bool
) -> None:
    request = replace(SETTLEMENT, totals=totals)
    answer = Answered(code, host_totals=totals, balanced=balanced)
    assert EMBEDDED.reads(EMBEDDED.answers(request, answer), request).answer == answer


def test_an_answer_has_to_repeat_the_terminals_time() -> None:
    foreign = EMBEDDED.answers(changed(SALE, time="120001"), Answered("00"))
    answer = EMBEDDED.reads(foreign, SALE).answer
    assert isinstance(answer, NoAnswer)
    assert answer.detail == "answer to another request: time 120001, sent 120000"


def test_both_ends_share_the_messages_that_were_made() -> None:
    assert embedded_line(0) is embedded_line(0)
    assert embedded_line(4) is not embedded_line(0)


@pytest.mark.parametrize(
    ("sent", "today"), [("20251231", date(2026, 1, 1)), ("20240229", date(2024, 3, 1))]
)
def test_a_new_year_does_not_change_a_date(sent: str, today: date) -> None:
    request = changed(SALE, date=sent)
    assert EMBEDDED.heard(EMBEDDED.asks(request), today).request == request
