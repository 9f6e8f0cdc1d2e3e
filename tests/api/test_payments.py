"""The table of answers, over HTTP against the simulator: one charge, one answer, for ever."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from firmware.api.till_service import digest_of
from firmware.api.types import Line, PaymentOrder, RefundOrder, VoidOrder
from firmware.audit.data import reading
from firmware.core.kinds import Copy
from firmware.journal.orders import PAGE_MAX
from tests.api.http import ORDER, PAY, Answer, Till


def test_a_new_payment_is_made_and_told_until_it_is_paid(till: Till) -> None:
    made = till.put("a", lines=[{"name": "拿铁", "quantity": 2, "amount_minor": 12_850}])
    assert (made.status, made.headers["Location"]) == (201, "/v1/payments/a")
    assert made.json["state"] in ("taken", "shown")
    till.play('expect screen "128.50" "order 4711"')
    assert till.get("a")["state"] == "shown"
    till.play(PAY + 'expect screen "交易成功"')
    paid = till.get("a")
    assert (paid["state"], paid["final"], paid["voucher"]) == ("approved", True, "000001")
    assert paid["card"] == {"last4": "0016", "scheme": "银联 UnionPay", "entry": "I"}
    assert paid["authorisation_code"]


def test_the_same_id_and_body_give_the_same_payment_for_ever(till: Till) -> None:
    till.put("a")
    till.play(PAY + "remove\nwait 10s")
    paid = till.get("a")
    for lines in ("", "power cut\npower on\nwait 5s"):
        till.play(lines)
        again = till.put("a")
        assert (again.status, again.json) == (200, paid)
    till.play("expect totals sales=1/12850\nexpect books balanced")


def test_that_a_receipt_is_out_is_said_before_the_journal_hears_of_it(tmp_path: Path) -> None:
    """Its record waits for the next commit, that of the cardholder copy, which a key releases."""
    till = Till(tmp_path / "terminal", api__receipts="ask")
    till.put("a")
    till.play(PAY + 'expect paper "MERCHANT COPY"\nwait 3s')
    with reading(till.directory) as journal:
        jobs = {job.copy: job.state for job in journal.print_jobs()}
    assert jobs == {Copy.MERCHANT: "sending", Copy.CARDHOLDER: "queued"}
    told = till.get("a")
    assert told["receipts_waiting"] == 1
    assert till.ask("GET", "/v1/terminal").json["receipts_waiting"] == 1
    till.play("wait 8s")
    assert till.get("a") == told
    till.play('press ENTER\nexpect paper "CARDHOLDER COPY"\nwait 3s')
    papers = [
        {"copy": copy, "state": "printed", "duplicate": False}
        for copy in ("merchant", "cardholder")
    ]
    assert till.get("a") == told | {"receipts_waiting": 0, "papers": papers}
    till.close()


@pytest.mark.parametrize(
    "body", [b'{"amount_minor":12850,"currency":"CNY","reference":"order 4711"}']
)
def test_white_space_and_the_order_of_fields_make_no_other_body(till: Till, body: bytes) -> None:
    till.put("a")
    assert till.ask("PUT", "/v1/payments/a", body).status == 200


@pytest.mark.parametrize(
    "changed", [{"amount_minor": 1}, {"reference": "x"}, {"expires_in_s": 30}, {"language": "en"}]
)
def test_the_same_id_with_another_body_changes_nothing(till: Till, changed: Any) -> None:
    before = till.put("a").json
    refused = till.put("a", **changed)
    assert (refused.status, refused.kind) == (422, "payment-differs")
    assert till.get("a")["version"] == before["version"]


@pytest.mark.parametrize(
    ("lines", "status", "kind"),
    [
        ("press 12", 409, "busy"),
        ("press MENU", 409, "busy"),
        ("fault reader unplugged\nwait 3s", 409, "out-of-service"),
        ("press MENU 7 1\npress ENTER\npress ENTER\nwait 1s", 409, "signed-off"),
    ],
)
def test_an_order_that_is_not_taken_leaves_nothing_and_may_ask_again(
    till: Till, lines: str, status: int, kind: str
) -> None:
    till.play(lines)
    refused = till.put("a")
    assert (refused.status, refused.kind) == (status, kind)
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json["texts"]["zh_CN"]
    assert till.ask("GET", "/v1/payments/a").status == 404
    if kind == "busy":
        till.play("press CANCEL\nwait 1s")
        assert till.put("a").status == 201


@pytest.mark.parametrize(
    ("changed", "kind", "field"),
    [
        ({"currency": "HKD"}, "other-currency", "currency"),
        ({"amount_minor": 5_000_001}, "amount-over-limit", "amount_minor"),
        ({"amount_minor": 0}, "invalid-body", "amount_minor"),
        ({"amount_minor": 1.5}, "invalid-body", "amount_minor"),
        ({"amount_minor": "12850"}, "invalid-body", "amount_minor"),
        ({"lines": [{"name": "x", "amount_minor": 1}]}, "lines-differ", "lines"),
        ({"lines": [{"name": "", "amount_minor": 1}]}, "invalid-body", "lines[0].name"),
        ({"colour": "red"}, "invalid-body", "colour"),
        ({"lines": [{"name": "x"}]}, "invalid-body", "lines[0].amount_minor"),
        ({"reference": "a\x07b"}, "invalid-body", "reference"),
    ],
)
def test_what_is_wrong_in_a_body_is_named(till: Till, changed: Any, kind: str, field: str) -> None:
    refused = till.put("a", **changed)
    assert (refused.status, refused.kind, refused.json.get("field", "")) == (422, kind, field)
    assert till.put("a").status == 201


@pytest.mark.parametrize("number", ["0" * 18 + "9" * 9, "0" * 5_000, "9" * 5_000, "-1", "1.0", "٣"])
def test_a_number_that_is_none_is_refused(till: Till, number: str) -> None:
    refused = till.ask("GET", f"/v1/payments?after={quote(number)}")
    assert (refused.status, refused.json["field"]) == (400, "after")


def test_orders_do_not_queue(till: Till) -> None:
    till.put("a")
    assert till.put("b").kind == "busy"
    assert till.ask("POST", "/v1/payments/a/cancel").status == 202
    till.play("wait 1s")
    assert till.get("a")["state"] == "cancelled"
    assert till.put("b").status == 201


def test_ten_clients_with_one_id_make_one_payment(till: Till) -> None:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(till.put("a"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.status for each in answers) == [200] * 9 + [201]
    till.play(PAY + "remove\nwait 10s\nexpect totals sales=1/12850")


@pytest.mark.parametrize(
    "lines", ["", "press ENTER\n", "press ENTER\ninsert unionpay-debit\n", PAY]
)
def test_after_a_power_cut_the_same_put_charges_once(till: Till, lines: str) -> None:
    till.put("a")
    till.play(lines + "power cut\npower on\nwait 2m")
    answer = till.put("a")
    assert (answer.status, answer.json["final"]) == (200, True)
    assert till.put("a").json == answer.json
    paid = answer.json["state"] == "approved"
    till.play(f"expect totals sales={int(paid)}/{12_850 * paid}\nexpect books balanced")
    till.play("press CANCEL")  # whoever was keying a PIN when the power went ends that first
    assert till.put("b", amount_minor=100).status == 201
    till.play("remove\n" + PAY + 'expect screen "交易成功"')


def test_a_power_cut_without_an_answer_is_reversed_and_the_till_learns_it(till: Till) -> None:
    till.play("fault host silent")
    till.put("a")
    till.play(PAY)
    assert till.get("a")["state"] in ("authorising", "reversing")
    till.play("power cut\npower on\nwait 2s")
    assert till.put("a").json["state"] in ("unknown", "reversing")
    till.play("clear host\nwait 3m\nexpect books balanced")
    assert till.put("a").json["state"] == "reversed"


def test_waiting_ends_when_something_changed(till: Till) -> None:
    version = till.put("a").json["version"]
    got: list[Any] = []
    path = f"/v1/payments/a?wait_s=25&since={version}"
    waiting = threading.Thread(target=lambda: got.append(till.ask("GET", path).json))
    waiting.start()
    till.play("press CANCEL\nwait 1s")
    waiting.join()
    assert got[0]["state"] in ("shown", "cancelled")


def test_reconciliation_goes_on_after_a_version(till: Till) -> None:
    for name in ("a", "b", "c"):
        till.put(name)
        till.play("press CANCEL\nwait 1s")
    whole = till.ask("GET", "/v1/payments?after=0").json
    assert [each["id"] for each in whole["payments"]] == ["a", "b", "c"]
    rest = till.ask("GET", f"/v1/payments?after={whole['payments'][0]['version']}").json
    assert (rest["payments"], rest["more"]) == (whole["payments"][1:], False)


def test_what_one_record_changed_is_told_together_at_the_end_of_a_page(till: Till) -> None:
    """A page ends between a refund and its sale, which changed by one record: neither is lost."""
    till.put("a")
    till.play(PAY + "remove\nwait 10s\nexpect totals sales=1/12850")
    for number in range(PAGE_MAX - 1):
        till.put(f"p{number}")
        till.play("press CANCEL\nwait 1s")
    refund = {"payment": "a", "amount_minor": 100}
    assert till.ask("PUT", "/v1/refunds/r", refund).status == 201
    till.play("press ENTER\ninsert unionpay-debit\nwait 2s\nremove\nwait 10s")
    till.put("last")
    till.play("press CANCEL\nwait 1s")
    seen, after = [], 0
    while True:
        page = till.ask("GET", f"/v1/payments?after={after}").json
        seen += [each["id"] for each in page["payments"]]
        after = page["payments"][-1]["version"]
        if not page["more"]:
            break
    assert sorted(seen) == sorted(["a", "r", "last", *(f"p{n}" for n in range(PAGE_MAX - 1))])
    assert till.ask("GET", f"/v1/payments?after={after}").json == {"payments": [], "more": False}


def test_a_void_at_the_keypad_shows_at_the_order(till: Till) -> None:
    till.put("a")
    till.play(PAY + "remove\nwait 10s\npress MENU 2\npress 246810 ENTER\npress 000001 ENTER")
    till.play("press ENTER\ninsert unionpay-debit\npress 123456 ENTER\nwait 2s")
    assert (till.get("a")["state"], till.get("a")["voided"]) == ("voided", True)


def test_a_receipt_is_given_as_text_and_as_lines_once_it_is_paid_and_printed_again(
    till: Till,
) -> None:
    till.put("a")
    assert till.ask("GET", "/v1/payments/a/receipt").kind == "no-receipt"
    till.play(PAY + "remove\nwait 10s\ntear")
    text = till.ask("GET", "/v1/payments/a/receipt", headers={"Accept": "text/plain"})
    assert "order 4711" in text.raw.decode()
    assert "000001" in text.raw.decode()
    lines = till.ask("GET", "/v1/payments/a/receipt", headers={"Accept": "application/json"}).json
    assert lines["qr"]
    assert till.ask("POST", "/v1/payments/a/reprint").status == 202
    till.play('expect paper "重打印"')


def test_a_settlement_takes_what_is_in_the_batch_and_opens_the_next_one(till: Till) -> None:
    assert till.ask("POST", "/v1/settlements").kind == "batch-empty"
    till.put("a")
    till.play(PAY + "remove\nwait 10s\ntear")
    assert till.ask("GET", "/v1/totals").json["sales_minor"] == 12_850
    assert till.ask("GET", "/v1/terminal").json["batch_count"] == 1
    assert till.ask("POST", "/v1/settlements").status == 202
    till.play("wait 20s")
    assert till.ask("GET", "/v1/totals").json["batch"] == 2


def test_a_settlement_is_told_of_until_it_is_balanced(till: Till) -> None:
    till.put("a")
    till.play(PAY + "remove\nwait 10s\nfault host silent")
    assert till.ask("GET", "/v1/settlements/000001").status == 404
    asked = till.ask("POST", "/v1/settlements")
    place = asked.headers["Location"]
    assert (asked.status, place) == (202, "/v1/settlements/000001")
    assert till.ask("GET", place).json["state"] == "settling"
    till.play("wait 2m")
    assert till.ask("GET", "/v1/terminal").json["line"] == "down"
    assert till.ask("GET", "/v1/terminal").json["not_ready"] == ["settlement-open"]
    assert till.put("b").kind == "settlement-open"
    till.play("clear host")
    assert till.ask("POST", "/v1/settlements").status == 202
    till.play("wait 1m")
    closed = till.ask("GET", place).json
    assert (closed["state"], closed["balanced"]) == ("closed", True)
    assert closed["sums"] == closed["acquirer"]
    assert (closed["sums"]["sales"], closed["sums"]["sales_minor"]) == (1, 12_850)
    assert till.ask("GET", "/v1/settlements/2").status == 404
    assert till.ask("GET", "/v1/settlements/x").status == 400


@pytest.mark.parametrize(
    "place",
    ["settlements/0", "settlements/1000000", "settlements/000000001" + "9" * 20, "events?after=x"]
    + [f"{name}{'0' * 18}{'9' * 20}" for name in ("events?after=", "payments?after=")],
)
def test_a_number_that_is_too_long_is_refused(till: Till, place: str) -> None:
    """However many zeros it begins with; longer ones than SQLite or int() take end nothing."""
    asked = till.ask("GET", f"/v1/{place}")
    assert (asked.status, asked.kind) == (400, "bad-request")


def test_the_terminal_says_how_it_stands(till: Till) -> None:
    assert till.ask("GET", "/v1/terminal").json["ready"] is True
    till.put("a")
    now = till.ask("GET", "/v1/terminal").json
    assert (now["ready"], now["busy"], now["payment"]) == (False, True, "a")
    till.play("wait 1s")
    assert till.ask("GET", "/v1/terminal").json["stage"] == "shown"
    till.play("press CANCEL\nwait 1s\nfault reader unplugged\nwait 3s")
    now = till.ask("GET", "/v1/terminal").json
    assert (now["in_service"], now["faults"]) == (False, ["reader"])
    assert now["not_ready"] == ["out-of-service"]


@pytest.mark.parametrize(
    ("lines", "part", "states"),
    [
        ("insert visa-credit\nwait 1s", "reader", ("ready", "card-in")),
        ("fault reader unplugged\nwait 3s", "reader", ("ready", "lost")),
        ("fault display lost\nwait 2m", "display", ("ready", "lost")),
        ("fault key stuck 9\nwait 2m", "keypad", ("ready", "lost")),
        ("fault printer paper-out", "paper", ("ready", "paper-out")),
        ("fault host silent", "line", ("unknown", "down")),
        ("wait 1s", "line", ("unknown", "up")),
    ],
)
def test_each_part_is_told_of_by_itself(
    till: Till, lines: str, part: str, states: tuple[str, str]
) -> None:
    before = till.ask("GET", "/v1/terminal").json
    till.play(lines)
    if part in ("paper", "line"):
        till.put("a")
        till.play(PAY + "wait 1m")
    after = till.ask("GET", "/v1/terminal").json
    assert (before[part], after[part]) == states
    others = {"reader", "display", "keypad"} - {part}
    if part not in ("paper", "line"):
        assert {after[each] for each in others} == {"ready"}


def papers_of(till: Till) -> list[tuple[str, str, bool]]:
    papers = till.get("a")["papers"]
    return [(paper["copy"], paper["state"], paper["duplicate"]) for paper in papers]


def test_each_paper_is_told_of_from_its_queue_to_its_reprint(till: Till) -> None:
    till.play("fault printer paper-out")
    till.put("a")
    till.play(PAY + "remove\nwait 10s")
    waiting = [("merchant", "queued", False), ("cardholder", "queued", False)]
    assert papers_of(till) == waiting
    assert (till.get("a")["state"], till.get("a")["receipts_waiting"]) == ("approved", 2)
    till.play("clear printer\nwait 1m")
    printed = [(copy, "printed", False) for copy in ("merchant", "cardholder")]
    assert papers_of(till) == printed
    assert till.get("a")["receipts_waiting"] == 0
    assert till.ask("POST", "/v1/payments/a/reprint").status == 202
    till.play("wait 1m\npower cut\npower on\nwait 1m")
    assert papers_of(till) == [*printed, ("cardholder", "printed", True)]


def test_a_paper_that_the_power_cut_short_is_doubtful_and_its_duplicate_is_told_of(
    till: Till,
) -> None:
    till.put("a")
    till.play(PAY + 'expect paper "商户存根"\npower cut\npower on\nwait 1m')
    copies = papers_of(till)
    assert ("merchant", "doubtful", False) in copies
    assert ("merchant", "printed", True) in copies
    assert till.get("a")["receipts_waiting"] == 0


def test_a_paper_that_nobody_wants_and_one_that_is_held_are_told_of(tmp_path: Path) -> None:
    till = Till(tmp_path / "terminal", api__receipts="ask")
    till.put("a")
    till.play(PAY + "wait 3s")
    assert papers_of(till)[1] == ("cardholder", "held", False)
    till.play("remove\npress CANCEL\nwait 1m")
    assert papers_of(till) == [("merchant", "printed", False), ("cardholder", "dropped", False)]
    till.close()


def test_what_an_id_was_taken_with_is_known_in_later_releases() -> None:
    """A field that is added to an order must not make another one of what was sent before."""
    order = PaymentOrder(
        amount_minor=12_850, currency="CNY", lines=(Line(name="x", amount_minor=1),)
    )
    assert digest_of(order).startswith("194042a228b14ba0")
    refund = RefundOrder(payment="a", amount_minor=1)
    assert digest_of(refund, "salt").startswith("01ae1a1b8d358644")
    assert digest_of(VoidOrder(payment="a")) != digest_of(RefundOrder(payment="a", amount_minor=1))


def test_what_was_made_once_is_there_after_the_data_is_opened_again(tmp_path: Path) -> None:
    first = Till(tmp_path)
    first.put("a")
    first.play("press CANCEL\nwait 1s")
    told = first.get("a")
    first.close()
    second = Till(tmp_path)
    again = second.ask("PUT", "/v1/payments/a", ORDER)
    second.close()
    assert (again.status, again.json) == (200, told)
