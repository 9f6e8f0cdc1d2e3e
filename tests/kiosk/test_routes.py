"""The shop's routes: prices are the settings', strangers are refused, an id is one order."""

from __future__ import annotations

import pytest

from firmware.lab.target.target import Seen
from tests.kiosk.people import ShopBench

PAYMENT = "/kiosk/v1/payments/order-1"


def basket(shop: ShopBench, count: int = 2, language: str = "en"):
    return {
        "items": [{"item": shop.goods()["Latte"]["id"], "quantity": count}],
        "language": language,
    }


@pytest.fixture
def ordered(shop):
    answer = shop.ask("PUT", PAYMENT, basket(shop))
    assert answer.status == 201
    return shop


def test_the_settings_make_the_price(ordered):
    assert ordered.ask("GET", PAYMENT).json["amount_minor"] == 5600
    ordered.play('wait 1s\nexpect screen "56.00" "Latte"')


@pytest.mark.parametrize(
    "body",
    [
        {"amount_minor": 1, "currency": "CNY"},
        {"items": [], "language": "en"},
        {"items": [{"item": "0" * 12, "quantity": 1}], "language": "en"},
        {"items": [{"item": "LATTE", "quantity": -1}], "language": "en"},
        {"items": [{"item": "LATTE", "quantity": 0}], "language": "en"},
        {"items": [{"item": "LATTE", "quantity": 100}], "language": "en"},
        {"items": [{"item": "LATTE", "quantity": 1.5}], "language": "en"},
        {"items": [{"item": "LATTE", "quantity": 1, "price_minor": 1}], "language": "en"},
        {"items": [{"item": "LATTE", "quantity": 1}], "language": "en", "amount_minor": 1},
        {"items": [{"item": "LATTE", "quantity": 1}], "language": "fr"},
    ],
)
def test_a_page_that_was_tampered_with_orders_nothing(shop, body):
    for wanted in body.get("items", []):
        if wanted["item"] == "LATTE":
            wanted["item"] = shop.goods()["Latte"]["id"]
    answer = shop.ask("PUT", PAYMENT, body)
    assert answer.status == 422
    assert answer.kind in ("invalid-body", "goods-changed")
    assert shop.payments() == []


def test_a_price_that_has_changed_is_no_order_at_the_old_one(shops):
    before, after = shops(), shops(kiosk__items="[{name='拿铁',name_en='Latte',price='30.00'}]")
    answer = after.ask("PUT", PAYMENT, basket(before))
    assert (answer.status, answer.kind) == (422, "goods-changed")


def test_too_much_is_over_the_limit(shop):
    answer = shop.ask("PUT", PAYMENT, {**basket(shop), "items": basket(shop, 99)["items"] * 100})
    assert (answer.status, answer.kind) == (422, "amount-over-limit")


def test_the_same_again_is_the_same_and_another_basket_is_refused(ordered):
    again = ordered.ask("PUT", PAYMENT, basket(ordered))
    assert (again.status, again.json["id"]) == (200, "order-1")
    for other in (basket(ordered, 3), basket(ordered, language="zh_CN")):
        answer = ordered.ask("PUT", PAYMENT, other)
        assert (answer.status, answer.kind) == (422, "payment-differs")
    assert len(ordered.payments()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/cancel"), ("GET", "/receipt"), ("POST", "/print"), ("PUT", "")],
)
def test_another_tills_payment_is_not_the_pages(shop, method, path):
    token = {"Authorization": f"Bearer {shop.target.token}"}
    order = {"amount_minor": 100, "currency": "CNY"}
    assert shop.ask("PUT", "/v1/payments/order-1", order, token).status == 201
    answer = shop.ask(method, PAYMENT + path, basket(shop) if method == "PUT" else None)
    assert answer.kind == ("payment-differs" if method == "PUT" else "not-found")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://shop.example"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Host": "elsewhere.example"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
@pytest.mark.parametrize("path", ["/kiosk/", "/kiosk/v1/shop", PAYMENT])
def test_pages_of_elsewhere_are_refused(shops, headers, path):
    shop = shops(api__origins="['https://shop.example']")  # who may ask with a token
    method = "PUT" if path == PAYMENT else "GET"
    answer = shop.ask(method, path, basket(shop) if path == PAYMENT else None, headers)
    assert answer.status == 403
    assert shop.payments() == []


def test_the_page_opens_no_other_route(shop):
    for path in ("/v1/payments", "/v1/totals", "/v1/terminal", "/v1/events", "/"):
        assert shop.ask("GET", path).status == 401
    for path in ("/kiosk/../v1/payments", "/kiosk/v1/payments", "/kiosk/nothing", "/kioskx"):
        assert shop.ask("GET", path).status == 404


def test_a_picture_is_of_an_item_and_no_other_file(shop):
    latte, bun = shop.goods()["Latte"], shop.goods()["红豆包"]
    answer = shop.ask("GET", f"/kiosk/pictures/{latte['id']}")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert not bun["picture"]
    for other in (bun["id"], "latte.svg", "..%2fshop.toml", "%2e%2e/shop.toml"):
        assert shop.ask("GET", f"/kiosk/pictures/{other}").status == 404


def test_what_the_page_may_load_is_its_own(shop):
    answer = shop.ask("GET", "/kiosk/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers.get("set-cookie") is None
    assert answer.headers.get("access-control-allow-origin") is None
    assert b"://" not in answer.raw


def test_without_the_setting_there_is_no_shop(shops):
    shop = shops(kiosk__shop="false")
    for path in ("/kiosk/", "/kiosk", "/kiosk/v1/shop"):
        assert shop.ask("GET", path).status == 401


def test_a_receipt_is_printed_once_and_only_where_the_till_prints(shops):
    shop, other = shops(), shops(api__receipts="print")
    for each in (shop, other):
        each.ask("PUT", PAYMENT, basket(each))
        each.play(
            "wait 1s\npress ENTER\ninsert unionpay-debit\nwait 1s\npress 123456 ENTER\nwait 3s"
        )
    assert [shop.ask("POST", f"{PAYMENT}/print").status for _ in range(3)] == [202] * 3
    assert other.ask("POST", f"{PAYMENT}/print").kind == "no-receipt"
    shop.play("remove\nwait 20s")
    printed = shop.target.paper().result(60)
    assert isinstance(printed, Seen)
    assert printed.text.count("CARDHOLDER COPY") == 1


def test_how_the_terminal_stands_is_told_without_its_figures(shop):
    told = shop.ask("GET", "/kiosk/v1/terminal").json
    assert told == {"in_service": True, "ready": True, "paper": True}
