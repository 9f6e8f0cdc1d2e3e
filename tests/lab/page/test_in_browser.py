"""The page in a real browser: sales by mouse and keys, pixels, faults, power, stories, a phone.

Each step waits for what the page shows, and for as long as ENTER needs it to have been shown. The
terminal's time runs ten times as fast, and its time-outs are longer than a busy machine is slow.
"""

from __future__ import annotations

import base64

import pytest

from firmware.acquirer.booking import Standing
from firmware.journal.transactions import State
from firmware.lab.scenario.language import FAULTS
from firmware.lab.scenario.playing import play
from tests.lab.page.conftest import ARTIFACTS, SPEED, wait_for
from tests.lab.page.people import PATIENCE_MS, Keyboard, Mouse, see


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def person(request, page):
    return request.param(page)


def hub_of(bench):
    return bench[0].hub


def fault(page, name: str) -> None:
    page.locator("#tab-faults").click()
    page.locator(f'[data-fault="{name}"]').click()


def test_a_sale_a_void_and_a_refund(person, page, bench):
    hub = hub_of(bench)
    person.sell("12850", "128.50", "unionpay-debit", "123456")
    person.take_both_copies()
    # the void: supervisor, voucher, the very card
    person.press("MENU", "2")
    person.press_when("Supervisor", *"246810", "ENTER")
    person.press_when("Original voucher", *"000001", "ENTER")
    person.press_when("128.50", "ENTER")
    see(page, "Insert same card")
    person.insert("unionpay-debit")
    person.press_when("Enter PIN", *"123456", "ENTER")
    person.take_both_copies(sold=False)
    assert hub.state("journal")["totals"]["voids"] == [1, 12850]
    # a sale of a batch that is settled can only be refunded
    person.sell("8800", "88.00", "visa-credit")
    person.take_both_copies()
    person.press("MENU", "6")
    person.press_when("Settle batch?", "ENTER")
    person.press_when("Settled", "ENTER")
    wait_for(hub, lambda: hub.state("journal")["batch"] == 2)
    see(page, "Enter amount")
    person.press("MENU", "3")
    person.press_when("Supervisor", *"246810", "ENTER")
    person.press_when("Voucher or ref", *"000003", "ENTER")
    person.press_when("Original date", *"20261122", "ENTER")
    person.press_when("88.00", "ENTER")
    person.press_when("Refund amount", *"3000", "ENTER")
    person.press_when("30.00", "ENTER")
    see(page, "Insert same card")
    person.insert("visa-credit")
    person.take_both_copies(sold=False)
    assert hub.state("journal")["totals"]["refunds"] == [1, 3000]
    page.locator("#tab-books").click()
    page.locator(".balanced").wait_for()


def pixels(page) -> bytes:
    """The canvas as 1,024 bytes, a bit a pixel, as the chip's picture is packed."""
    return bytes(
        page.evaluate("""() => {
          const {data} = document.getElementById("display").getContext("2d")
            .getImageData(0, 0, 128, 64);
          const packed = new Uint8Array(1024);
          for (let i = 0; i < 8192; i += 1)
            if (data[4 * i + 2] > 0) packed[i >> 3] |= 0x80 >> (i & 7);
          return [...packed];
        }""")
    )


def still_display(page, hub) -> dict:
    """What the display showed; from now on the terminal, without power, shows nothing more."""
    shown = hub.state("display")
    page.locator("#power").click()
    page.locator("#display.dark").wait_for()
    return shown


def brightness(page) -> int:
    return page.evaluate("""() => Math.max(...document.getElementById("display").getContext("2d")
        .getImageData(0, 0, 128, 64).data.filter((_, i) => i % 4 === 2))""")


def test_the_canvas_is_the_memory_of_the_chip(page, bench):
    hub = hub_of(bench)
    pictures = set()
    for key, text in (("1", "0.01"), ("2", "0.12"), ("BACK", "0.01"), ("CANCEL", "Enter amount")):
        Keyboard(page).press(key)
        see(page, text)
        memory = base64.b64decode(hub.state("display")["bits"])
        assert pixels(page) == memory
        pictures.add(memory)
    assert len(pictures) >= 3


def test_a_dimmed_chip_is_a_dimmer_canvas(page, bench):
    hub = hub_of(bench)
    shown = still_display(page, hub)
    levels = []
    for contrast in (255, 10):
        drawn = page.evaluate_handle(
            """() => ({ done: new Promise((seen) => document.getElementById("display")
            .addEventListener("drawn", () => seen(true), { once: true })) })"""
        )
        hub.put("display", {**shown, "contrast": contrast, "text": str(contrast)})
        drawn.evaluate("(drawn) => drawn.done")
        levels.append(brightness(page))
    assert levels[0] > levels[1] > 0


def test_without_power_the_display_is_dark_and_the_sale_is_recovered(page, bench):
    hub, hand = hub_of(bench), Mouse(page)
    fault(page, "host silent")
    hand.ask_for_card("5000", "50.00")
    hand.insert("visa-credit")
    wait_for(hub, lambda: [row["state"] for row in hub.state("journal")["rows"]] == ["reversing"])
    page.locator("#power").click()
    page.locator("#display.dark").wait_for()
    assert not any(pixels(page))
    assert page.locator("#said").text_content() == ""
    page.locator('[data-clear="host"]').click()
    hand.remove()
    page.locator("#power").click()
    page.locator("#display:not(.dark)").wait_for()
    wait_for(hub, lambda: [row["state"] for row in hub.state("journal")["rows"]] == ["reversed"])
    see(page, "Enter amount")
    assert hub.state("journal")["totals"]["sales"] == [0, 0]
    assert hub.state("books")["differences"] == []


def test_a_card_pulled_in_the_middle_of_a_sale_costs_nothing(page, bench):
    hub, hand = hub_of(bench), Mouse(page)
    hand.ask_for_card("7700", "77.00")
    hand.insert("unionpay-debit")
    see(page, "Enter PIN")
    hand.remove()
    page.locator(".pulled").wait_for(state="detached")
    hand.press(*"123456", "ENTER")
    see(page, "Card out too early")
    assert hub.state("journal")["totals"]["sales"] == [0, 0]
    assert hub.state("books")["differences"] == []


def test_out_of_paper_the_sale_stands_and_the_slip_comes_with_the_new_roll(page, bench):
    hub, hand = hub_of(bench), Mouse(page)
    fault(page, "printer paper-out")
    hand.ask_for_card("2000", "20.00")
    hand.insert("visa-credit")
    see(page, "Receipt will follow")
    assert page.evaluate("document.getElementById('paper').height") <= 1
    page.locator('[data-clear="printer"]').click()
    page.locator("#tear").click()
    page.locator("#tab-slips").click()
    assert page.locator(".slip canvas").evaluate("(slip) => slip.height") > 500
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    assert hub.state("journal")["totals"]["sales"] == [1, 2000]


def test_what_was_recorded_on_the_page_replays(page, tmp_path):
    Keyboard(page).sell("12850", "128.50", "unionpay-debit", "123456")
    page.locator("#tab-story").click()
    with page.expect_download() as saved:
        page.locator("#save").click()
    told = saved.value.path().read_text()
    assert "expect totals sales=1/12850" in told
    file = tmp_path / "bench.pos"
    file.write_text(told)
    play(file)


STORY = """press 8800
expect screen "88.00"
press CANCEL
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
    page.locator(f".end.{end}").wait_for(timeout=PATIENCE_MS)


def test_kiosk_and_chinese_are_a_fresh_terminal(page, bench):
    hub = hub_of(bench)
    page.locator("#tab-setup").click()
    page.locator('[data-key="general.profile"][value="kiosk"]').check()
    page.locator('[data-key="general.language"][value="zh_CN"]').check()
    page.locator("#fresh").click()
    wait_for(hub, lambda: hub.state("settings")["profile"] == "kiosk")
    assert hub.state("settings")["language"] == "zh_CN"
    see(page, "豆浆")
    page.locator("#lang").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.locator("#tab-journal").get_by_text("流水").wait_for()


STATES = [*State, *Standing]


def test_every_state_of_journal_and_books_has_a_word_in_both_languages(page, bench):
    hub = hub_of(bench)
    row = {
        "voucher": "",
        "batch": 1,
        "time": "",
        "kind": "sale",
        "amount": "",
        "card": "",
        "code": "",
    }
    rows = [row | {"state": state.value, "note": ["ofVoucher", "1"]} for state in STATES]
    page.locator("#tab-journal").click()
    hub.put("journal", {**hub.state("journal"), "rows": rows})
    for _ in ("en", "zh"):
        page.locator(".pill").nth(len(rows) - 1).wait_for()
        words = page.locator(".pill").all_text_contents()
        assert len(words) == len(rows)
        assert not [word for word in words if not word or "." in word]
        page.locator("#lang").click()


def test_every_fault_of_the_language_is_on_the_workbench_in_both_languages(page):
    named = {f"{device} {kind}" for device, kinds in FAULTS.items() for kind in kinds}
    page.locator("#tab-faults").click()
    for _ in ("en", "zh"):
        shown = page.evaluate("""() => [...document.querySelectorAll("[data-fault]")].map(
          (one) => [one.dataset.fault, one.textContent])""")
        assert {fault for fault, _ in shown} == named
        if page.locator("html").get_attribute("lang") == "zh-CN":
            assert not [word for _, word in shown if word.replace("N ", "").isascii()]
        page.locator("#lang").click()


def test_a_countdown_is_not_read_out_every_second(page, bench):
    hub = hub_of(bench)
    before = still_display(page, hub)
    for text, heard in (("undo 30 s", "undo 30 s"), ("undo 29 s", "undo 30 s"), ("1.00", "1.00")):
        hub.put("display", {**before, "text": text})
        page.locator(f"#display[data-text='{text}']").wait_for()
        assert page.locator("#said").text_content() == heard


def test_on_a_phone_everything_is_in_reach(browser, bench):
    hub, (_, server) = hub_of(bench), bench
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en"
    )
    page = context.new_page()
    page.goto(server.url)
    see(page, "Enter amount")
    page.locator(f'[data-speed="{SPEED}"]').tap()
    assert "Tap" in page.locator(".tray .hint:visible").text_content()
    for width in (360, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for key in ("1", "2", "ENTER"):
        box = page.locator(f'.key[data-key="{key}"]').bounding_box()
        assert box["y"] + box["height"] <= 844
        assert min(box["width"], box["height"]) >= 44
    for key in ("1", "2", "0", "0", "ENTER"):
        page.locator(f'.key[data-key="{key}"]').tap()
    see(page, "Amount correct?", "12.00")
    page.locator('.key[data-key="ENTER"]').tap()
    see(page, "Insert card")
    page.locator('.pick[data-card="amex"]').tap()
    see(page, "Approved")
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / "phone.png", full_page=True)
    context.close()
    assert hub.state("journal")["totals"]["sales"] == [1, 1200]


NAMELESS = """() => [...document.querySelectorAll("button, select, input")]
  .filter((one) => one.checkVisibility() && !(one.ariaLabel || one.textContent.trim()
    || one.labels?.[0]?.textContent.trim())).map((one) => one.outerHTML)"""


def test_everything_to_press_has_a_name(page):
    for tab in ("journal", "slips", "story", "setup", "faults", "books", "trace"):
        page.locator(f"#tab-{tab}").click()
        assert page.evaluate(NAMELESS) == []
