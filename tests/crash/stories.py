"""The stories that faults and power cuts are tried on.

`STORIES` has one for each flow that moves money, and the first start; `OTHER_STORIES` the rest.
"""

from __future__ import annotations

from firmware.core.kinds import Result
from firmware.flows.card import release_card
from firmware.flows.desk import Desk
from firmware.flows.outcome import finish
from firmware.flows.recover import recover
from firmware.flows.sale import Met, agree_on_amount, meet_card
from firmware.iso8583.messages import Answered, FinancialRequest
from firmware.journal.lookups import Lookups
from firmware.payments.effects import Append, Authorise, Look, ReadClock
from firmware.payments.order import Agreed
from firmware.payments.transact import (
    PaymentApproved,
    PaymentDeclined,
    both_copies,
    intent_of,
    outcome_of,
    payment_of,
)
from tests.crash.cuts import Story
from tests.playing import refund, sale, void

SALE = sale(12_850, "unionpay-debit", "123456")[:-1]
VOID = void(1, "unionpay-debit", "123456")[:-1]
REFUND = refund(1, 5_000, "unionpay-debit")[:-1]
UNDO = (*SALE[:-2], "press CANCEL", *VOID[-3:])
SETTLE = ("press MENU 6", "press ENTER", 'expect screen "对账平"', "press ENTER")
FIRST_SIGN_ON = (
    "press 01 ENTER 0000 ENTER",
    'expect screen "首次使用请改密码"',
    "press ENTER",
    "press 2580 ENTER 2580 ENTER",
    "press ENTER",
    "press ENTER",
    'expect screen "请输入金额"',
)
NO_ANSWER = (
    "fault host silent",
    *SALE[:-3],
    'expect screen "冲正待发"',
    "press ENTER",
    "remove",
    "wait 1m",  # as long as the host is silent it is tried in vain
    "clear host",
    "wait 10m",
)
OFFLINE_SALE = sale(5_000, "offline-ok")[:-1]
LOOK_AND_REPRINT = (
    "press MENU 4 1 000001 ENTER",
    'expect screen "128.50"',
    "press CANCEL",
    "press MENU 4 3",
    "press CANCEL",
    "press MENU 5 1",
)
NEW_CASHIER = (
    "press MENU 7 3 246810 ENTER",
    "press 02 ENTER",
    'expect screen "操作成功"',
    "press ENTER",
)
OFF_AND_ON = (
    "press MENU 7 1",
    "press ENTER",
    "press ENTER",
    "press 01 ENTER 1357 ENTER",
    'expect screen "签到成功"',
    "press ENTER",
)
ORDER = ("order a 12850", *SALE[1:-2], "wait 10s", "remove")
AT_REST = ("wait 1m",)

STORIES = (
    Story("sale", (*SALE, *AT_REST)),
    Story("void", (*VOID, *AT_REST), before=(*SALE, *AT_REST)),
    Story("refund", (*REFUND, *AT_REST), before=(*SALE, *AT_REST, *SETTLE, *AT_REST)),
    Story("undo", (*UNDO, *AT_REST)),
    Story("settlement", (*SETTLE, *AT_REST), before=(*SALE, *AT_REST)),
    Story("offline sale", (*OFFLINE_SALE, *AT_REST)),
    Story("reversal", (*NO_ANSWER, *AT_REST)),
    Story("order", (*ORDER, *AT_REST)),
    Story("first sign-on", (*FIRST_SIGN_ON, *AT_REST), blank=True),
)

OTHER_STORIES = (
    Story("query and reprint", (*LOOK_AND_REPRINT, *AT_REST), before=(*SALE, *AT_REST)),
    Story("new cashier", (*NEW_CASHIER, *AT_REST)),
    Story("sign-off and sign-on", (*OFF_AND_ON, *AT_REST)),
)


async def naive_terminal(desk: Desk) -> None:
    """A terminal as one would write it first: what the host approved is recorded afterwards."""
    await recover(desk, power_lost=True)
    desk.operator = await Look.of(Lookups.signed_on)
    while True:
        agreed = await agree_on_amount(desk, None)
        if isinstance(agreed, Agreed):
            met = await meet_card(desk, agreed)
            if isinstance(met, Met):
                await _sell_naively(desk, met)


async def _sell_naively(desk: Desk, met: Met) -> None:
    numbers = await Look.of(Lookups.next_numbers, training=desk.training)
    paid = payment_of(desk, met.ready, numbers, await ReadClock())
    intent = intent_of(met.ready, paid)
    answer = await Authorise(FinancialRequest(paid, met.ready.card))
    await met.end_with_card(answer)
    await release_card()
    assert isinstance(answer, Answered), "a naive terminal believes in its line"
    result = Result.APPROVED if answer.response_code == "00" else Result.DECLINED
    job = await Look.of(Lookups.next_job)
    outcome = outcome_of(desk, paid, met.ready, result, answer)
    await Append.of(intent, outcome, *both_copies(paid, job))
    found = await Look.of(Lookups.by_voucher, paid.stan, training=desk.training)
    assert found is not None
    if result is Result.APPROVED:
        await finish(desk, PaymentApproved(found, job, job + 1, await ReadClock()))
    else:
        await finish(desk, PaymentDeclined(found, answer.response_code))


NAIVE_SALE = Story("naive sale", (*SALE, *AT_REST), flow=naive_terminal)
