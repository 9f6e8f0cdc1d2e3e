"""The page in a real browser: sales by mouse and keys, pixels, faults, power, stories, a phone."""

from __future__ import annotations

import base64
import re

import pytest

from firmware.scenario.player import play
from tests.page.conftest import ARTIFACTS, wait_for

# minutes of real time in a real browser: with `--long`; the session and the guard are tried always
pytestmark = pytest.mark.long

KEYBOARD = {"ENTER": "Enter", "CANCEL": "Escape", "BACK": "Backspace", "MENU": "m"}


def see(page, *texts: str) -> None:
    """Wait until the screen says each, as a screen reader is told it."""
    for text in texts:
        page.locator("#said").get_by_text(text).wait_for(timeout=15_000)


class Mouse:
    """Somebody with a mouse."""

    def __init__(self, page) -> None:
        self._page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.locator(f'.key[data-key="{key}"]').click(delay=50)

    def insert(self, name: str) -> None:
        """Drag it from the tray to the slot."""
        card = self._page.locator(f'.pick[data-card="{name}"]')
        card.scroll_into_view_if_needed()
        card.hover(position={"x": 60, "y": 20})
        slot = self._page.locator("#slot").bounding_box()
        self._page.mouse.down()
        self._page.mouse.move(slot["x"] + 80, slot["y"] - 10, steps=4)
        self._page.mouse.move(slot["x"] + 90, slot["y"] + 5, steps=3)
        self._page.mouse.up()

    def remove(self) -> None:
        self._page.locator(".pulled").click(position={"x": 60, "y": 40})


class Keyboard:
    """Somebody who never touches the mouse."""

    def __init__(self, page) -> None:
        self._page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self._page.keyboard.press(KEYBOARD.get(key, key), delay=50)

    def insert(self, name: str) -> None:
        self._page.locator(f'.pick[data-card="{name}"]').focus()
        self._page.keyboard.press("Enter")

    def remove(self) -> None:
        self._page.locator(".pulled").focus()
        self._page.keyboard.press("Space")
        self._page.locator("#keypad").focus()


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def person(request, page):
    return request.param(page)


def hub_of(bench):
    return bench[0].hub


def hurry(page, times: int) -> None:
    page.locator(f'[data-speed="{times}"]').click()


def agree(page, amount: str) -> None:
    """Have the amount on view for as long as its agreement wants, then agree by the keyboard."""
    see(page, "Check the amount", amount)
    page.wait_for_timeout(750)
    page.keyboard.press("Enter", delay=50)
    see(page, "Insert card")


def key_in(person, page, minor: str, amount: str) -> None:
    person.press(*minor, "ENTER")
    agree(page, amount)
    see(page, "Insert card")


def next_copy(person, page, *, undo: bool = True) -> None:
    """The cardholder's copy, the card out, and ENTER where a sale could still be undone."""
    see(page, "next copy")
    person.press("ENTER")
    see(page, "Remove card")
    person.remove()
    if undo:
        see(page, "ENTER: done")
        person.press("ENTER")
    see(page, "Enter amount")


def test_a_sale_its_void_and_a_refund(person, page, bench):
    hub = hub_of(bench)
    key_in(person, page, "12850", "128.50")
    person.insert("unionpay-debit")
    see(page, "Enter PIN")
    person.press(*"123456", "ENTER")
    see(page, "Approved")
    next_copy(person, page)
    # the void: supervisor, voucher, the very card
    person.press("MENU", "2")
    see(page, "Supervisor")
    person.press(*"246810", "ENTER")
    see(page, "Original voucher")
    person.press(*"000001", "ENTER")
    see(page, "128.50")
    page.wait_for_timeout(750)
    person.press("ENTER")
    person.insert("unionpay-debit")
    wait_for(hub, lambda: hub.state("journal")["totals"]["voids"] == [1, 12850])
    next_copy(person, page, undo=False)
    assert hub.state("journal")["totals"]["sales"] == [1, 12850]
    page.locator("#tab-books").click()
    page.locator(".balanced").wait_for()


def test_a_refund_of_a_settled_sale(page, bench):
    hub, hand = hub_of(bench), Keyboard(page)
    key_in(hand, page, "8800", "88.00")
    hand.insert("visa-credit")
    see(page, "Approved")
    next_copy(hand, page)
    hand.press("MENU", "6")
    see(page, "88.00")
    page.wait_for_timeout(750)
    hand.press("ENTER")
    wait_for(hub, lambda: hub.state("journal")["batch"] == 2)
    hand.press("ENTER")
    see(page, "Enter amount")
    hand.press("MENU", "3")
    see(page, "Supervisor")
    hand.press(*"246810", "ENTER")
    see(page, "Voucher or ref")
    hand.press(*"000001", "ENTER")
    see(page, "Original date")
    hand.press(*"20261122", "ENTER")
    see(page, "88.00")
    page.wait_for_timeout(750)
    hand.press("ENTER")
    see(page, "Refund amount")
    hand.press(*"3000", "ENTER")
    see(page, "30.00")
    page.wait_for_timeout(750)
    hand.press("ENTER")
    see(page, "Insert")
    hand.insert("visa-credit")
    wait_for(hub, lambda: hub.state("journal")["totals"]["refunds"] == [1, 3000])
    page.locator("#tab-books").click()
    page.locator(".balanced").wait_for()


def pixels(page) -> bytes:
    """The canvas as 1,024 bytes, a bit a pixel, as the chip's picture is packed."""
    return bytes(
        page.evaluate("""() => {
          const {data} = document.getElementById("glass").getContext("2d")
            .getImageData(0, 0, 128, 64);
          const packed = new Uint8Array(1024);
          for (let i = 0; i < 8192; i += 1)
            if (data[4 * i + 2] > 0) packed[i >> 3] |= 0x80 >> (i & 7);
          return [...packed];
        }""")
    )


def brightness(page) -> int:
    return page.evaluate("""() => Math.max(...document.getElementById("glass").getContext("2d")
        .getImageData(0, 0, 128, 64).data.filter((_, i) => i % 4 === 2))""")


def test_the_canvas_is_the_memory_of_the_chip(page, bench):
    hub = hub_of(bench)
    pictures = set()
    for key, text in (("1", "0.01"), ("2", "0.12"), ("BACK", "0.01"), ("CANCEL", "Enter amount")):
        Keyboard(page).press(key)
        see(page, text)
        memory = base64.b64decode(hub.state("glass")["bits"])
        assert pixels(page) == memory
        pictures.add(memory)
    assert len(pictures) >= 3


def test_a_dimmed_chip_is_a_dimmer_canvas(page, bench):
    hub = hub_of(bench)
    levels = []
    for contrast in (255, 10):
        drawn = page.evaluate_handle(
            """() => ({ done: new Promise((seen) => document.getElementById("glass")
            .addEventListener("drawn", () => seen(true), { once: true })) })"""
        )
        hub.put("glass", {**hub.state("glass"), "contrast": contrast, "text": str(contrast)})
        drawn.evaluate("(drawn) => drawn.done")
        levels.append(brightness(page))
    assert levels[0] > levels[1] > 0


def test_without_power_the_glass_is_dark_and_the_sale_is_recovered(page, bench):
    hub, hand = hub_of(bench), Mouse(page)
    key_in(hand, page, "5000", "50.00")
    hand.insert("unionpay-debit")
    see(page, "Enter PIN")
    page.locator("#power").click()
    page.locator("#glass.dark").wait_for()
    assert not any(pixels(page))
    assert page.locator("#said").text_content() == ""
    page.locator("#power").click()
    page.locator("#glass:not(.dark)").wait_for()
    hand.remove()
    see(page, "Enter amount")
    assert hub.state("journal")["totals"]["sales"] == [0, 0]
    assert hub.state("books")["differences"] == []


def test_a_card_pulled_while_the_host_decides_costs_nothing(page, bench):
    hub, hand = hub_of(bench), Mouse(page)
    page.locator("#tab-faults").click()
    page.locator('[data-fault="card pull-at"]').click()
    key_in(hand, page, "7700", "77.00")
    hand.insert("visa-credit")
    page.locator("#said").get_by_text(re.compile("Card removed|Reversed|reversed|Not charged"))
    wait_for(hub, lambda: hub.state("slot") is None)
    see(page, "Card removed")
    assert hub.state("journal")["totals"]["sales"] == [0, 0]
    assert hub.state("books")["differences"] == []


def test_out_of_paper_the_sale_stands_and_the_slip_comes_with_the_new_roll(page, bench):
    hub, hand = hub_of(bench), Mouse(page)
    page.locator("#tab-faults").click()
    page.locator('[data-fault="printer paper-out"]').click()
    key_in(hand, page, "2000", "20.00")
    hand.insert("visa-credit")
    see(page, "slip pending")
    assert page.evaluate("document.getElementById('paper').height") <= 1
    page.locator('[data-clear="printer"]').click()
    page.locator("#tear").wait_for()
    assert page.evaluate("document.getElementById('paper').height") > 500
    page.locator("#tear").click()
    page.locator("#tab-slips").click()
    page.locator(".slip").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    assert hub.state("journal")["totals"]["sales"] == [1, 2000]


def test_what_was_recorded_on_the_page_replays(page, tmp_path):
    hand = Keyboard(page)
    key_in(hand, page, "12850", "128.50")
    hand.insert("unionpay-debit")
    see(page, "Enter PIN")
    hand.press(*"123456", "ENTER")
    see(page, "Approved")
    page.locator("#tab-story").click()
    with page.expect_download() as saved:
        page.locator("#save").click()
    told = saved.value.path().read_text()
    assert "expect totals sales=1/12850" in told
    file = tmp_path / "bench.pos"
    file.write_text(told)
    play(file)


STORY = """press 8800 ENTER
expect screen "88.00"
wait 1h
press 4200 ENTER
expect screen "42.00"
"""


@pytest.mark.parametrize(
    ("story", "end"),
    [(STORY, "held"), (STORY.replace('"42', '"43'), "failed")],
    ids=["held", "failed"],
)
def test_a_dropped_story_is_played_and_judged(page, story, end):
    data = page.evaluate_handle(
        """(text) => { const d = new DataTransfer();
        d.items.add(new File([text], "story.pos", {type: "text/plain"})); return d; }""",
        story,
    )
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    page.locator(f".end.{end}").wait_for(timeout=25_000)


def test_kiosk_and_chinese_are_a_fresh_terminal(page, bench):
    hub = hub_of(bench)
    page.locator("#tab-story").click()
    page.locator('[data-key="general.profile"]').select_option("kiosk")
    page.locator('[data-key="general.language"]').select_option("zh_CN")
    page.locator("#fresh").click()
    wait_for(hub, lambda: hub.state("settings")["profile"] == "kiosk")
    assert hub.state("settings")["language"] == "zh_CN"
    see(page, "豆浆")
    page.locator("#lang").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("#tab-journal").text_content() == "流水"


def test_on_a_phone_everything_is_in_reach(browser, bench):
    hub, (_, server) = hub_of(bench), bench
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en"
    )
    page = context.new_page()
    page.goto(server.url)
    see(page, "Enter amount")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for key in ("1", "2", "ENTER"):
        box = page.locator(f'.key[data-key="{key}"]').bounding_box()
        assert box["y"] + box["height"] <= 844
        assert min(box["width"], box["height"]) >= 44
    for key in ("1", "2", "0", "0", "ENTER"):
        page.locator(f'.key[data-key="{key}"]').tap()
    agree(page, "12.00")
    see(page, "Insert card")
    page.locator('.pick[data-card="amex"]').tap()
    see(page, "Approved")
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / "phone.png", full_page=True)
    context.close()
    assert hub.state("journal")["totals"]["sales"] == [1, 1200]


def test_everything_to_press_has_a_name(page):
    for tab in ("faults", "story", "slips", "journal"):
        page.locator(f"#tab-{tab}").click()
        for button in page.locator("button:visible, select:visible, input:visible").all():
            name = button.evaluate(
                "(e) => e.ariaLabel || e.textContent.trim() || e.labels?.[0]?.textContent"
            )
            assert name, button.evaluate("(e) => e.outerHTML")
