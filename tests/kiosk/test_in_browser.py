"""The touch screen's shop in a real browser: what customers do, and all that may go wrong.

Nothing waits for time: each step waits for what the page shows. The terminal's time passes by what
is played, the page's time-outs by its clock being put forward.
"""

from __future__ import annotations

import re

import pytest

from tests.kiosk.people import CARD, PIN, SIZES

AGREE, INSERT, KEY_PIN = "wait 1s\npress ENTER", f"insert {CARD}\nwait 1s", f"press {PIN} ENTER"
PAY = f"{KEY_PIN}\nwait 3s"
KEEP_VIEWS = """window.views = [];
new MutationObserver(() => views.push(document.body.dataset.view))
  .observe(document, { subtree: true, attributeFilter: ["data-view"] });"""
ONE_FOR_51 = {"host__test_amounts": "true", "kiosk__items": "[{name='茶',price='0.51'}]"}


def kept(page) -> str | None:
    return page.evaluate("localStorage.getItem('kiosk.payment')")


def states(shop) -> list[str]:
    return [payment["state"] for payment in shop.payments()]


@pytest.mark.parametrize(
    ("size", "language", "keyboard"),
    [
        pytest.param(SIZES[0], "zh_CN", False, id="1080x1920-touch-zh"),
        pytest.param(SIZES[1], "en", True, id="1280x800-keyboard-en"),
        pytest.param(SIZES[2], "en", False, id="800x480-touch-en"),
        pytest.param(SIZES[3], "zh_CN", True, id="480x800-keyboard-zh"),
    ],
)
def test_an_order_is_paid_and_the_next_customer_finds_the_start(
    shop, visit, size, language, keyboard
):
    customer = visit(shop, language, size, keyboard=keyboard)
    zh = language == "zh_CN"
    customer.ask_to_pay()
    customer.see("核对金额" if zh else "Check the amount")
    shop.play('expect screen "72.50"')
    shop.play(AGREE)
    customer.state("agreed")
    customer.see("请插入银行卡" if zh else "Insert your card")
    shop.play(INSERT)
    customer.state("card")
    shop.play(PAY)
    customer.see("付款成功" if zh else "Paid")
    customer.see("000001")
    customer.do("查看凭条" if zh else "Show receipt")
    customer.find(customer.page.locator("#paper").get_by_text("RMB 72.50"))
    customer.do("关闭" if zh else "Close")
    customer.do("打印凭条" if zh else "Print receipt")
    customer.see("凭条已送打印机" if zh else "goes to the printer")
    shop.play('remove\nwait 9s\nexpect paper "RMB 72.50"')
    customer.do("完成" if zh else "Done")
    customer.find(customer.page.locator("#start:not([hidden])"))
    assert kept(customer.page) is None
    (payment,) = shop.payments()
    assert (payment["state"], payment["amount_minor"]) == ("approved", 7250)


def test_a_code_that_comes_late_moves_nothing_under_a_finger(shop, visit):
    customer = visit(shop, "en", SIZES[0])  # the one that a whole receipt does not fill
    coming = []

    def hold(route):
        coming.append(route)

    customer.page.route("**/qr", hold)
    customer.ask_to_pay()
    shop.play(f"{AGREE}\n{INSERT}\n{PAY}")
    customer.see("Paid")
    customer.do("Show receipt")
    customer.find(customer.page.locator("#receipt[open]"))
    close, code = customer.page.locator("#receipt > button"), customer.page.locator("#paper .qr")
    before = close.bounding_box()
    (held,) = coming
    held.continue_()
    code.evaluate("async (image) => { await image.decode(); }")
    assert code.evaluate("(image) => image.complete && image.naturalWidth") > 0
    assert close.bounding_box() == before


@pytest.mark.parametrize("ended", ["requestfinished", "requestfailed"])
def test_what_is_answered_after_its_customer_left_is_not_told_to_the_next(shop, visit, ended):
    customer = visit(shop, "en")
    coming = []

    def hold(route):
        coming.append(route)

    for path in ("**/receipt", "**/print"):
        customer.page.route(path, hold)
    customer.ask_to_pay()
    shop.play(f"{AGREE}\n{INSERT}\n{PAY}")
    customer.see("Paid")
    for name in ("Show receipt", "Print receipt", "Done"):
        customer.do(name)
    shop.play("remove\nwait 9s")
    for name in ("点击开始点单", "可颂", "去付款"):
        customer.do(name)
    customer.state("shown")
    shop.play(f"{AGREE}\n{INSERT}\n{PAY}")
    customer.see("000002")
    told = customer.page.locator("#detail").inner_text()
    assert len(coming) == 2
    for held in coming:
        with customer.page.expect_event(ended):
            held.continue_() if ended == "requestfinished" else held.abort()
    for _ in range(3):  # an answer that comes later than what the page does about those
        customer.page.evaluate("fetch('/kiosk/v1/shop').then((answer) => answer.json())")
    assert customer.page.locator("dialog[open]").count() == 0
    assert customer.page.locator("#detail").inner_text() == told


def test_declined_says_so_and_another_card_can_pay(shops, visit):
    shop = shops(**ONE_FOR_51)
    customer = visit(shop)
    customer.do("点击开始点单")
    customer.do("茶")
    customer.do("去付款")
    customer.state("shown")
    shop.play(f"{AGREE}\n{INSERT}\n{PAY}")
    customer.see("付款未成功")
    customer.see("代码 51")
    shop.play("remove\nwait 9s")
    customer.do("重新付款")
    customer.state("shown")
    assert sorted(states(shop)) == ["declined", "shown"]


def test_a_card_that_is_pulled_can_be_put_in_again(shop, visit):
    customer = visit(shop, "en")
    customer.ask_to_pay()
    shop.play(f"{AGREE}\n{INSERT}")
    customer.state("card")
    shop.play(f"remove\nwait 1s\n{INSERT}\n{PAY}")
    customer.see("Paid")
    assert states(shop) == ["approved"]


@pytest.mark.long
def test_a_card_that_is_pulled_while_the_bank_is_asked_costs_nothing_or_pays_once(shop, visit):
    customer = visit(shop, "en")
    customer.ask_to_pay()
    shop.play(f"{AGREE}\n{INSERT}\n{KEY_PIN}\nremove\nwait 5s")
    customer.find(customer.page.locator("#result:not([hidden])"))
    paid = customer.page.locator("#result").get_attribute("data-paid") == "true"
    assert states(shop) == (["approved"] if paid else ["reversed"])
    shop.play("expect books balanced")


def test_a_bank_that_is_silent_is_told_as_not_paid(shop, visit):
    customer = visit(shop, "en")
    customer.ask_to_pay()
    shop.play(f"fault host silent\n{AGREE}\n{INSERT}\n{KEY_PIN}")
    customer.state("authorising")
    assert customer.page.locator("#cancel").is_disabled()
    shop.play("wait 40s")
    customer.see("given back by itself")
    shop.play("clear host\nremove\nwait 120s\nexpect books balanced")
    assert states(shop) == ["reversed"]


def test_without_paper_the_receipt_is_on_the_screen_and_the_next_customer_knows(shop, visit):
    shop.play("fault printer paper-out")
    customer = visit(shop)
    customer.ask_to_pay()
    shop.play(f"{AGREE}\n{INSERT}\n{PAY}")
    customer.see("付款成功")
    customer.do("打印凭条")  # nobody knows yet, or the terminal has told already
    customer.see(re.compile("凭条已送打印机|可在屏幕上查看"))
    shop.play("wait 3s")
    customer.wait_until(customer.page.locator(".choices:has(#print[hidden])"))
    customer.see("可在屏幕上查看")
    customer.do("查看凭条")
    customer.find(customer.page.locator("#paper").get_by_text("RMB 72.50"))
    customer.do("关闭")
    customer.do("完成")
    customer.see("打印机暂不能打印凭条")
    shop.play("clear printer\nremove\nwait 90s")
    customer.wait_until(customer.page.locator("#start:has(.notice[hidden])"))


def test_after_a_power_cut_the_page_tells_how_its_payment_ended(shop, visit):
    customer = visit(shop)
    customer.ask_to_pay()
    shop.play(f"{AGREE}\n{INSERT}")
    customer.state("card")
    shop.play("power cut")
    customer.wait_until(customer.telling("lost"))
    shop.play("remove\npower on\nwait 2s")
    customer.wait_until(customer.shown("付款已取消"))
    assert states(shop) == ["cancelled"]


def test_after_a_crash_of_the_page_it_follows_the_very_same_payment(shop, visit):
    customer = visit(shop, "en")
    customer.ask_to_pay()
    shop.play(AGREE)
    customer.state("agreed")
    customer.page.add_init_script(KEEP_VIEWS)
    customer.page.reload()
    customer.state("agreed")
    assert customer.page.evaluate("views") == ["pay"]  # nobody could begin another order before
    customer.see("RMB 72.50")
    customer.see("Insert your card")
    shop.play(f"{INSERT}\n{PAY}")
    customer.see("Paid")
    customer.page.reload()
    customer.see("Paid")
    assert states(shop) == ["approved"]


def test_a_payment_that_cannot_be_asked_for_after_a_crash_lets_nobody_order_before_it(shop, visit):
    customer = visit(shop)
    customer.ask_to_pay()
    customer.page.clock.fast_forward(60_000)  # longer ago than a page asks for it anew unseen
    customer.page.route("**/payments/*", lambda route: route.abort())
    customer.page.add_init_script(KEEP_VIEWS)
    customer.page.reload()
    customer.wait_until(customer.page.locator("#closed:not([hidden])"))
    customer.page.unroute("**/payments/*")
    customer.wait_until(customer.telling("shown"))
    assert customer.page.evaluate("views") == ["closed", "pay"]
    assert states(shop) == ["shown"]


def test_an_answer_that_is_lost_is_asked_for_again_and_charges_once(shop, visit):
    customer = visit(shop)
    asked: list[str] = []

    def lose(route) -> None:
        asked.append(route.request.url + (route.request.post_data or ""))
        if len(asked) <= 2:
            route.fetch()  # the terminal has it; its answer gets lost
            route.abort()
        else:
            route.continue_()

    def each(route) -> None:
        if route.request.method == "PUT":
            lose(route)
        else:
            route.continue_()

    customer.page.route("**/payments/*", each)
    customer.choose()
    customer.do("去付款")
    customer.state("lost")
    customer.wait_until(customer.telling("shown"))
    assert len(asked) >= 3
    assert len(set(asked)) == 1
    assert states(shop) == ["shown"]


@pytest.mark.long
def test_yesterdays_payment_is_not_begun_after_a_night_without_power(shop, visit):
    customer = visit(shop)
    customer.ask_to_pay()
    old = kept(customer.page)
    customer.do("取消付款")
    customer.see("付款已取消")
    customer.do("完成")
    shop.play("wait 10s")
    unknown = old.replace('"id":"', '"id":"f')
    customer.page.evaluate("old => localStorage.setItem('kiosk.payment', old)", unknown)
    customer.page.clock.fast_forward(200_000)
    customer.page.reload()
    customer.find(customer.page.locator("#start:not([hidden])"))
    assert states(shop) == ["cancelled"]


def test_cancel_on_the_screen_ends_it_on_the_terminal(shop, visit):
    customer = visit(shop, "en")
    customer.ask_to_pay()
    customer.do("Cancel payment")
    customer.see("Payment cancelled")
    shop.play("wait 5s")
    assert states(shop) == ["cancelled"]
    customer.do("Pay again")
    customer.state("shown")


def test_out_of_service_it_says_so_and_comes_back_by_itself(shop, visit):
    customer = visit(shop)
    shop.play("fault reader unplugged\nwait 5s")
    customer.wait_until(customer.shown("暂停服务"))
    shop.play("clear reader\nwait 10s")
    customer.wait_until(customer.shown("点击开始点单"))


def test_who_is_asked_while_it_goes_out_of_service_is_asked_no_longer(shop, visit):
    customer = visit(shop, "en")
    customer.choose()
    customer.page.clock.run_for(31_000)
    customer.find(customer.page.locator("#still[open]"))
    shop.play("fault reader unplugged\nwait 5s")
    customer.wait_until(customer.page.locator("#closed:not([hidden])"))
    assert customer.page.locator("dialog[open]").count() == 0


@pytest.mark.long
def test_a_busy_terminal_is_waited_for_and_then_said(shop, visit):
    customer = visit(shop, "en")
    customer.choose()
    shop.play("press 1")
    customer.do("Pay")
    customer.state("busy")
    customer.wait_until(customer.shown("The terminal is busy: nothing was taken"))
    customer.see("RMB 72.50")
    assert states(shop) == []


def test_who_hesitates_is_asked_and_who_has_left_leaves_nothing(shop, visit):
    customer = visit(shop, "en")
    customer.choose()
    customer.page.clock.run_for(31_000)
    customer.find(customer.page.get_by_text("Are you still there?"))
    customer.do("Go on")
    customer.see("RMB 72.50")
    customer.page.clock.run_for(70_000)
    customer.find(customer.page.locator("#start:not([hidden])"))
    assert customer.page.evaluate("document.documentElement.lang") == "zh-CN"
    customer.do("点击开始点单")
    customer.see("还没有选商品")
