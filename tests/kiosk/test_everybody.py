"""Every view, on every size and in both languages: nothing cut, the total largest, for everybody.

axe-core looks where its package is installed; what matters most is looked at without it, too.
"""

from __future__ import annotations

import pytest

from tests.axe import violations
from tests.kiosk.conftest import ARTIFACTS
from tests.kiosk.people import CARD, PATIENCE_MS, PIN, SIZES, WORDS

# what is shown and cannot be read in full, is out of reach, or too small to be touched
FAULTS = """() => {
  const top = document.querySelector("dialog[open]") ?? document.body, faults = [];
  const shown = (one) => one.checkVisibility() && one.getClientRects().length;
  const style = (one) => getComputedStyle(one);
  const text = (node) => node.nodeType === 3 && node.data.trim();
  const scrolls = (one) => ["auto", "scroll"].includes(style(one).overflowY);
  for (const one of [...top.querySelectorAll("*")].filter(shown)) {
    const box = one.getBoundingClientRect(), mine = [...one.childNodes].some(text);
    const said = `${one.tagName} ${one.id} ${one.textContent.slice(0, 20)}`;
    const wide = one.scrollWidth > one.clientWidth + 1 && style(one).display !== "inline";
    if (mine && wide) faults.push(`cut: ${said}`);
    if (mine && (box.left < -1 || box.right > innerWidth + 1)) faults.push(`beside: ${said}`);
    if (one.tagName === "BUTTON") {
      if (box.width < 44 || box.height < 44) faults.push(`small: ${said}`);
      const held = [];
      for (let up = one.parentElement; up; up = up.parentElement) if (scrolls(up)) held.push(up);
      const reached = held.some((up) => up.scrollHeight > up.clientHeight);
      if (!reached && (box.top < 0 || box.bottom > innerHeight)) faults.push(`below: ${said}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page scrolls sideways");
  return faults;
}"""
LARGEST = """() => {
  const size = (one) => parseFloat(getComputedStyle(one).fontSize);
  const text = (node) => node.nodeType === 3 && node.data.trim();
  const shown = [...document.querySelectorAll("section:not([hidden]) *")]
    .filter((one) => one.checkVisibility() && [...one.childNodes].some(text));
  const sorted = shown.sort((a, b) => size(b) - size(a));
  return [sorted[0].className, size(sorted[0]) > size(sorted[1])];
}"""
TOTALS_SEEN = """() => [...document.querySelectorAll(".total")]
  .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect())
  .every((box) => box.top >= 0 && box.bottom <= innerHeight
    && box.left >= 0 && box.right <= innerWidth)"""
# WCAG 2.2: 4.5 to 1 for text; and a name for whatever can be used
BY_HAND = """() => {
  const faults = [];
  const light = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [.2126, .7152, .0722][index], 0);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (one) => {
    for (let up = one; up; up = up.parentElement) {
      const colour = numbers(getComputedStyle(up).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const text = (node) => node.nodeType === 3 && node.data.trim();
  const shown = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility());
  for (const one of shown) {
    if (one.tagName === "BUTTON" && !(one.getAttribute("aria-label") ?? one.textContent).trim())
      faults.push(`no name: ${one.id}`);
    if (one.tagName === "IMG" && !one.hasAttribute("alt")) faults.push("no alt");
    if (one.disabled || ![...one.childNodes].some(text)) continue;
    const lights = [light(numbers(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(...lights) + .05) / (Math.min(...lights) + .05);
    if (ratio < 4.5) faults.push(`${ratio.toFixed(1)}: ${one.id} ${one.textContent}`);
  }
  const headings = [...document.querySelectorAll("h1")].filter((one) => one.checkVisibility());
  if (headings.length !== 1) faults.push(`${headings.length} headings of the first level`);
  if (!["zh-CN", "en"].includes(document.documentElement.lang)) faults.push("no language");
  return faults;
}"""


def look(customer, name: str, *, total: bool = False) -> None:
    """Hold the view that is shown to all of the above, and keep its pictures."""
    page, language = customer.page, customer.language
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        place = (name, language, width, height)
        assert (place, page.evaluate(FAULTS)) == (place, [])
        assert page.evaluate(TOTALS_SEEN), place
        if total:
            assert (place, page.evaluate(LARGEST)) == (place, ["total", True])
        page.screenshot(path=ARTIFACTS / f"{name}-{language}-{width}x{height}.png")
        if (width, height) in customer.sizes_of_axe:
            assert (place, violations(page, clock_stands=True)) == (place, [])
    assert (name, page.evaluate(BY_HAND)) == (name, [])


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_view_is_whole_and_for_everybody(shop, visit, language, pytestconfig):
    customer = visit(shop, language)
    # each size by default, each in both languages with --long: it is what takes the time
    every = 1 if pytestconfig.getoption("--long") else 2
    customer.sizes_of_axe = SIZES[["zh_CN", "en"].index(language) % every :: every]
    customer.find(customer.page.locator("#start:not([hidden])"))
    if language == "en":
        customer.use(customer.page.locator("#language"))
    look(customer, "start")
    customer.do(WORDS[language]["begin"])
    look(customer, "order-empty", total=True)
    customer.page.evaluate("""() => {  // as much as a customer may want of everything
        for (const one of document.querySelectorAll("#goods button")) one.click();
        for (let i = 0; i < 300; i += 1)
          document.querySelector(`#lines li:nth-child(${1 + i % 3}) .step:last-of-type`).click();
      }""")
    look(customer, "order-full", total=True)
    customer.page.clock.run_for(31_000)
    customer.find(customer.page.locator("#still[open]"))
    look(customer, "still")
    customer.use(customer.page.locator("#still button"))
    customer.use(customer.page.locator("#leave"))
    customer.ask_to_pay()
    look(customer, "pay-check", total=True)
    shop.play("wait 1s\npress ENTER")
    customer.state("agreed")
    look(customer, "pay-insert", total=True)
    shop.play(f"insert {CARD}\nwait 1s")
    customer.state("card")
    look(customer, "pay-card", total=True)
    shop.play(f"press {PIN} ENTER\nwait 3s")
    customer.find(customer.page.locator("#result:not([hidden])"))
    look(customer, "approved", total=True)
    customer.use(customer.page.locator("#look"))
    customer.find(customer.page.locator("#receipt[open]"))
    customer.page.locator("#paper .qr").evaluate("one => one.decode()")  # it is a picture
    look(customer, "receipt")
    shop.play("remove\nfault reader unplugged\nwait 10s")
    customer.page.clock.run_for(31_000)
    customer.wait_until(customer.page.locator("#closed:not([hidden])"))
    customer.language = "zh_CN"  # as at every start
    if language == "en":
        customer.use(customer.page.locator("#language"))
        customer.language = "en"
    look(customer, "closed")


def test_the_focus_follows_the_view_and_what_to_do_is_told(shop, visit):
    customer = visit(shop, "en", keyboard=True)
    customer.choose()
    customer.do("One less: Croissant")  # its line goes, and the focus does not fall to nowhere
    customer.find(customer.page.locator("#order-title:focus"))
    customer.do("Pay")
    customer.state("shown")
    customer.find(customer.page.locator("#pay-title:focus"))
    told = customer.page.get_by_role("status").filter(has_text="Check the amount")
    told.wait_for(timeout=PATIENCE_MS)
    customer.do("Cancel payment")
    customer.see("Payment cancelled")
    customer.find(customer.page.locator("#result-title:focus"))


# how a payment may end, as the terminal tells it: state, cause, response code
ENDS = {
    "declined": ("declined", "declined", "51"),
    "declined-by-card": ("declined", "declined-by-card", "Z1"),
    "cancelled": ("cancelled", "cancelled-by-till", ""),
    "power-cut": ("cancelled", "power-lost", ""),
    "out-of-service": ("cancelled", "out-of-service", ""),
    "expired": ("expired", "no-card-in-time", ""),
    "over-limit": ("failed", "card-over-limit", ""),
    "pulled": ("reversed", "card-pulled", ""),
    "pulled-reversing": ("reversing", "card-pulled", ""),
    "no-answer": ("reversing", "no-answer", ""),
    "reversed": ("reversed", "power-lost", ""),
    "lost": ("", "", ""),  # no answer comes
    "authorising": ("authorising", "", ""),
    "unknown": ("unknown", "", ""),
    "paid-without-paper": ("approved", "", "00"),
}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_end_is_whole_and_for_everybody(shop, visit, language, pytestconfig):
    customer = visit(shop, language)
    page, now = customer.page, {"end": ""}
    long = pytestconfig.getoption("--long")
    first = ["zh_CN", "en"].index(language)
    customer.sizes_of_axe = SIZES if long else SIZES[first::4]
    ends = ENDS if long else list(ENDS)[first::2]  # by turns: all are looked at, each once

    def answer(route) -> None:
        state, cause, code = ENDS[now["end"]]
        if not state:
            route.abort()
            return
        payment = {
            "id": "a",
            "state": state,
            "cause": cause,
            "reason": "",
            "version": 1,
            "amount_minor": 7250,
            "voucher": "000001",
            "response_code": code,
            **({"card": {"last4": "0016"}} if code or state.startswith("revers") else {}),
            "final": state not in ("authorising", "unknown", "reversing"),
        }
        route.fulfill(json=payment)

    def bare(route) -> None:
        paper = now["end"] != "paid-without-paper"
        route.fulfill(json={"in_service": True, "ready": True, "paper": paper})

    page.route("**/payments/*", answer)
    page.route("**/v1/terminal", bare)
    customer.choose()
    for end in ends:
        state, now["end"] = ENDS[end][0], end
        customer.use(page.locator("#pay-now, #again").filter(visible=True))
        if state in ("", "authorising", "unknown"):
            customer.state(state or "lost")
        else:
            customer.find(page.locator("#result:not([hidden])"))
        if end == "paid-without-paper":
            customer.wait_until(page.locator(".choices:has(#print[hidden])"))
        look(customer, f"end-{end}", total=True)
        if state in ("", "authorising", "unknown"):  # and then it is cancelled
            now["end"] = "cancelled"
            customer.wait_until(page.locator("#result:not([hidden])"))
