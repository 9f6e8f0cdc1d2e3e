"""An order at the terminal: shown, agreed to, paid, cancelled, expired; and who comes first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from firmware.journal.order_records import OrderLine, OrderState
from firmware.lab.scenario.audit import unbalanced
from firmware.payments.refusals import Code, Refusal
from firmware.payments.tills import Done, NotNow, OrderStage, Reprint, Settle, TillAnswer, TillAsked
from hw.events import Key
from tests.api.counter import CARD, PIN, Counter, order_taken

PAY = f"press ENTER\ninsert {CARD}\npress {PIN} ENTER\n"


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path)
    yield counter
    counter.close()


def balanced(counter: Counter) -> None:
    terminal = counter.stage.terminal
    assert terminal is not None
    assert list(unbalanced(terminal.data, counter.stage.keeps_books)) == []


def test_an_order_is_shown_agreed_to_and_paid(counter: Counter) -> None:
    lines = (OrderLine(name="拿铁", quantity=2, amount_minor=5_600),)
    assert counter.order("a", reference="order 4711", lines=lines) is Done.RECORDED
    counter.do('expect screen "128.50" "S01" "10000001" "order 4711"\nwait 2s')
    counter.do('expect screen "拿铁 ×2 56.00"')
    assert counter.standing.stage is OrderStage.SHOWN
    counter.do(f"press ENTER\ninsert {CARD}\nwait 1s")
    assert counter.standing.stage is OrderStage.CARD
    counter.do(f'press {PIN} ENTER\nexpect screen "交易成功"\nexpect paper "商户存根" "持卡人存根"')
    assert counter.state("a") is OrderState.APPROVED
    (sale,) = counter.sales()
    assert (sale.order_id, sale.order_reference, sale.amount_minor) == ("a", "order 4711", 12_850)
    counter.do('remove\nwait 1s\nexpect screen "请输入金额"\nexpect totals sales=1/12850')
    balanced(counter)


def test_a_key_before_the_frame_was_seen_agrees_to_nothing(counter: Counter) -> None:
    counter.order("a")
    counter.player.hands.press(Key.ENTER)
    counter.run(400)
    assert counter.standing.stage is OrderStage.SHOWN


def test_a_person_who_keys_is_not_interrupted(counter: Counter) -> None:
    counter.do("press 1 2")
    assert counter.order("a") is NotNow.BUSY
    counter.do('expect screen "0.12"\npress CANCEL\nwait 1s')
    assert counter.order("a") is Done.RECORDED


def test_nobody_keys_an_amount_while_an_order_is_shown(counter: Counter) -> None:
    counter.order("a")
    counter.do('press 9 9 MENU #\nexpect screen "128.50"')
    assert counter.order("b") is NotNow.BUSY
    assert counter.state("a") is OrderState.TAKEN


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("shown", ""),
        ("agreed", "press ENTER\n"),
        ("pin", f"press ENTER\ninsert {CARD}\n"),
        ("pin half keyed", f"press ENTER\ninsert {CARD}\npress 123\n"),
    ],
)
def test_a_till_cancels_up_to_the_intent(counter: Counter, step: str, lines: str) -> None:
    counter.order("a")
    counter.do(lines)
    counter.stop("a")
    counter.do("wait 1s")
    assert counter.state("a") is OrderState.CANCELLED, step
    counter.stop("a")
    counter.do("remove\nwait 10s")
    assert counter.sales() == []
    assert counter.order("b", 100) is Done.RECORDED
    counter.do(PAY + 'expect screen "交易成功"\nexpect totals sales=1/100')
    balanced(counter)


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ("", OrderState.APPROVED),
        ("set", OrderState.DECLINED),
        ("fault host silent", OrderState.REVERSING),
        ("fault card pull-at 5", OrderState.CANCELLED),
    ],
)
def test_a_cancel_after_the_end_changes_nothing(
    tmp_path: Path, fault: str, end: OrderState
) -> None:
    settings = {"host__test_amounts": "true"} if fault == "set" else {}
    counter = Counter(tmp_path, **settings)
    counter.order("a", 12_851 if fault == "set" else 12_850)
    counter.do("" if fault == "set" else fault)
    counter.do(PAY + "wait 1s")
    if fault.startswith("fault card"):
        counter.stop("a")
        counter.do("wait 1s")
    else:
        counter.do("wait 40s")
    assert counter.state("a") is end
    counter.stop("a")
    counter.do("wait 1s\nremove\nclear card\nclear host\nwait 3m")
    final = OrderState.REVERSED if end is OrderState.REVERSING else end
    assert counter.state("a") is final
    assert counter.order("b", 100) is Done.RECORDED
    counter.do(PAY + 'expect screen "交易成功"')
    assert counter.state("b") is OrderState.APPROVED
    balanced(counter)
    counter.close()


def test_the_customer_cancels(counter: Counter) -> None:
    counter.order("a")
    counter.do("press CANCEL\nwait 1s")
    assert counter.state("a") is OrderState.CANCELLED


@pytest.mark.parametrize("lines", ["", "press ENTER\n"])
def test_an_order_expires_and_no_money_moves(counter: Counter, lines: str) -> None:
    counter.order("a", expires_in_s=20)
    counter.do(lines + "wait 90s")
    assert counter.state("a") is OrderState.EXPIRED
    assert counter.sales() == []


def test_the_same_id_is_taken_once_for_ever(counter: Counter) -> None:
    counter.order("a")
    counter.do("press CANCEL\nwait 1s\npower cut\npower on\nwait 1s")
    assert counter.order("a") is NotNow.TAKEN_BEFORE


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ("press MENU 7 1\npress ENTER\npress ENTER\nwait 1s", None),
        ("fault reader unplugged\nwait 3s", NotNow.OUT_OF_SERVICE),
    ],
)
def test_an_order_where_none_can_be_taken(
    counter: Counter, lines: str, answer: NotNow | None
) -> None:
    counter.do(lines)
    assert counter.order("a") is (answer or NotNow.BUSY)
    assert counter.standing.ready is False


def test_limits_stand_against_an_order(tmp_path: Path) -> None:
    counter = Counter(tmp_path, sale__max_amount="100.00", batch__warn_at="0", batch__full_at="1")
    refusal = counter.order("a", 10_001)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.AMOUNT_OVER_LIMIT
    assert counter.order("a", 100, currency="HKD") is NotNow.OTHER_CURRENCY
    counter.order("a", 10_000)
    counter.do(PAY + "wait 1s\nremove\nwait 10s")
    full = counter.order("b", 100)
    assert isinstance(full, Refusal)
    assert full.code is Code.BATCH_FULL
    counter.close()


@pytest.mark.parametrize("receipts", ["print", "ask", "till"])
def test_receipts_are_as_the_setting_says(tmp_path: Path, receipts: str) -> None:
    counter = Counter(tmp_path, api__receipts=receipts)
    counter.order("a")
    counter.do(PAY + 'expect screen "交易成功"')
    if receipts == "print":
        counter.do('expect paper "商户存根" "持卡人存根"')
    elif receipts == "ask":
        counter.do('expect paper "商户存根"\nexpect no paper "持卡人存根"\npress ENTER')
        counter.do('expect paper "持卡人存根"')
    else:
        counter.do('expect no paper "签购单"')
    counter.do("remove\nwait 10s")
    assert counter.ask(Reprint("a")).result() is Done.RECORDED
    counter.do('expect paper "重打印"')
    counter.close()


def test_a_receipt_that_nobody_wants_does_not_come_out_at_the_next_start(tmp_path: Path) -> None:
    counter = Counter(tmp_path, api__receipts="ask")
    counter.order("a")
    counter.do(PAY + "wait 2m\nremove\nwait 1s\npower cut\npower on\nwait 5s")
    counter.do('expect no paper "持卡人存根"')
    counter.close()


CUTS = ["", "press ENTER\n", f"press ENTER\ninsert {CARD}\n", PAY, PAY + "wait 5s\n"]


@pytest.mark.parametrize("before", range(len(CUTS)))
def test_a_power_cut_at_any_step_charges_at_most_once(counter: Counter, before: int) -> None:
    counter.order("a")
    counter.do(CUTS[before])
    counter.do("power cut\npower on\nwait 40s")
    paid = counter.state("a")
    assert paid in (OrderState.CANCELLED, OrderState.REVERSED, OrderState.APPROVED)
    assert counter.order("a") in (NotNow.TAKEN_BEFORE, NotNow.BUSY)
    assert counter.state("a") is paid
    approved = [each for each in counter.sales() if each.state.value == "approved"]
    assert len(approved) == (paid is OrderState.APPROVED)
    balanced(counter)


def test_a_till_closes_the_batch(counter: Counter) -> None:
    assert counter.ask(Settle()).result() is NotNow.BATCH_EMPTY
    counter.order("a")
    counter.do(PAY + "remove\nwait 10s")
    answer = counter.ask(Settle())
    counter.do('expect screen "结算"\nexpect paper "结算"')
    assert answer.result() is Done.RECORDED
    counter.do("wait 15s\nexpect totals sales=0/0")


def test_a_request_that_was_withdrawn_is_not_begun(counter: Counter) -> None:
    answer: Future[TillAnswer] = Future()
    answer.cancel()
    counter.post(TillAsked(order_taken("a"), answer))
    assert counter.order("a") is Done.RECORDED


def test_in_real_time_an_answer_that_never_comes_is_waited_for(counter: Counter) -> None:
    """So that whoever tries a till sees how it waits for the bank, and cancels too late."""
    counter.stage.wait_for_host()
    counter.do("fault host silent")
    counter.order("a")
    before_ms = counter.stage.bench.clock.monotonic_ms()
    counter.do(PAY)
    assert counter.state("a") is OrderState.AUTHORISING
    counter.stop("a")
    counter.do("wait 1s\nclear host\nremove\nwait 5m")
    assert counter.state("a") is OrderState.REVERSED
    waited_ms = counter.stage.bench.clock.monotonic_ms() - before_ms
    assert waited_ms > counter.stage.config.host.timeout_s * 1_000
    balanced(counter)
