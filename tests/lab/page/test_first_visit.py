"""A shop's day by somebody who reads the page and the display, and nothing else.

What is keyed comes from the page: passwords and PINs from its notes, the voucher from its journal.
"""

from __future__ import annotations

import re
import zipfile

import pytest

from firmware.lab.page.browser import served
from firmware.ui.texts import Text
from tests.lab.page.conftest import PATIENT, SPEED, wait_for
from tests.lab.page.people import PATIENCE_MS, Keyboard, see

LANGUAGES = {"zh": ("zh_CN", "zh-CN", 0), "en": ("en", "en-GB", 1)}
CARD = "unionpay-debit"


class Newcomer(Keyboard):
    """Somebody at the page, in a language."""

    def __init__(self, page, hub, index: int) -> None:
        super().__init__(page)
        self.page, self.hub, self._index = page, hub, index

    def sees(self, text: Text) -> None:
        words = re.split(r"[{\d]", text.value[self._index])[0].strip()
        see(self.page, words)

    def when(self, text: Text, *keys: str) -> None:
        self.sees(text)
        self.press(*keys)

    @property
    def password(self) -> str:
        return self.page.locator('#note [data-operator="00"] code').text_content()

    @property
    def pin(self) -> str:
        note = self.page.locator(f'.pick[data-card="{CARD}"] .pin').text_content()
        return re.search(r"\d+", note)[0]

    @property
    def voucher(self) -> str:
        told = self.page.locator(".rows li small").first.text_content()
        return re.search(r"\d{6}", told)[0]

    def step(self) -> str:
        return self.page.locator("#guide .now span").text_content()

    def totals(self, kind: str) -> list[int]:
        return self.hub.state("journal")["totals"][kind]

    def sell(self, minor: str) -> None:  # type: ignore[override]
        self.press(*minor, "ENTER")
        self.when(Text.CHECK_AMOUNT, "ENTER")
        self.sees(Text.INSERT_CARD)
        self.page.locator(f'.pick[data-card="{CARD}"]').click()
        self.when(Text.ENTER_PIN, *self.pin, "ENTER")
        self.sees(Text.APPROVED)

    def end(self, *, sold: bool = True) -> None:
        self.when(Text.ENTER_NEXT_COPY, "ENTER")
        self.sees(Text.REMOVE_CARD)
        self.remove()
        if sold:
            self.when(Text.ENTER_DONE, "ENTER")
        self.sees(Text.ENTER_AMOUNT)

    def by_menu(self, item: str) -> None:
        self.press("MENU", item)
        self.when(Text.SUPERVISOR_PASSWORD, *self.password, "ENTER")

    def same_card(self) -> None:
        self.sees(Text.INSERT_SAME_CARD)
        self.page.locator(f'.pick[data-card="{CARD}"]').click()

    # --- what the page says may be tried next ---

    def undo(self) -> None:
        self.when(Text.CANCEL_UNDO, "CANCEL")
        wait_for(self.hub, lambda: self.totals("voids") == [1, 5000])
        self.end(sold=False)

    def void(self) -> None:
        self.sell("12850")
        self.end()
        voucher = self.voucher
        self.by_menu("2")
        self.when(Text.ORIGINAL_VOUCHER, *voucher, "ENTER")
        see(self.page, "128.50")
        self.press("ENTER")
        self.same_card()
        self.when(Text.ENTER_PIN, *self.pin, "ENTER")
        self.end(sold=False)
        assert self.totals("voids") == [2, 17850]

    def refund_a_part(self) -> None:
        self.sell("8800")
        self.end()
        voucher = self.voucher
        self.by_menu("3")
        self.when(Text.ORIGINAL_VOUCHER_OR_REFERENCE, *voucher, "ENTER")
        self.when(Text.ORIGINAL_DATE, "ENTER")
        self.when(Text.VOID_INSTEAD, "2")
        see(self.page, "88.00")
        self.press("ENTER")
        self.when(Text.REFUND_AMOUNT, *"3000", "ENTER")
        see(self.page, "30.00")
        self.when(Text.CHECK_AMOUNT, "ENTER")
        self.same_card()
        self.end(sold=False)
        assert self.totals("refunds") == [1, 3000]

    def print_again_and_settle(self) -> None:
        self.press("MENU", "5", "1", "1")
        self.sees(Text.PRINT_QUEUED_AGAIN)
        self.press("ENTER")
        self.sees(Text.ENTER_AMOUNT)
        self.press("MENU", "6")
        self.when(Text.SETTLE_TOTALS, "ENTER")
        wait_for(self.hub, lambda: self.hub.state("journal")["batch"] == 2)


@pytest.fixture(params=["en", "zh"])
def newcomer(request, browser):
    language, locale, index = LANGUAGES[request.param]
    errors: list[str] = []
    with served({**PATIENT, "general.language": language}) as (session, server):
        context = browser.new_context(locale=locale, viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.url)
        person = Newcomer(page, session.hub, index)
        person.sees(Text.ENTER_AMOUNT)
        yield person
        context.close()
    assert errors == []


def test_the_steps_know_of_a_key_that_the_page_did_not_see_go_down(newcomer):
    newcomer.press("1")
    wait_for(newcomer.hub, lambda: newcomer.hub.state("steps") > 0)
    newcomer.page.reload()
    newcomer.page.locator("#guide li.done").first.wait_for()


def test_a_newcomer_works_a_day_reading_the_page_alone(newcomer):
    page = newcomer.page
    steps = [newcomer.step()]
    newcomer.press("1")
    page.locator("#guide li.done").first.wait_for()
    steps.append(newcomer.step())
    newcomer.press("BACK")
    page.locator(f'[data-speed="{SPEED}"]').click()
    newcomer.press(*"5000", "ENTER")
    newcomer.when(Text.CHECK_AMOUNT, "ENTER")
    newcomer.sees(Text.INSERT_CARD)
    page.locator("#guide li.done").nth(1).wait_for()
    steps.append(newcomer.step())
    page.locator(f'.pick[data-card="{CARD}"]').click()
    newcomer.when(Text.ENTER_PIN, *newcomer.pin, "ENTER")
    page.locator("#guide p.now").wait_for()
    assert len(set(steps)) == len(steps) == 3
    newcomer.undo()
    page.locator("#next summary").click()
    assert newcomer.password in page.locator("#next ul").text_content()
    newcomer.void()
    newcomer.refund_a_part()
    newcomer.print_again_and_settle()
    with page.expect_download(timeout=2 * PATIENCE_MS) as saved:
        page.locator("#takeJournal").click()
    assert "88.00" in saved.value.path().read_text("utf-8-sig")
    with page.expect_download(timeout=2 * PATIENCE_MS) as saved:
        page.locator(".proof").first.click()
    assert "terminal-key.pem" in zipfile.ZipFile(saved.value.path()).namelist()


def test_the_guide_is_put_away_and_comes_back(page):
    page.locator("#guideHide").click()
    page.reload()
    see(page, "Enter amount")
    assert not page.locator("#guide").is_visible()
    page.locator("#help").click()
    page.locator("#guide .now").wait_for()


def test_a_terminal_from_the_factory_says_its_passwords(page, bench):
    hub = bench[0].hub
    page.locator("#tab-setup").click()
    page.locator('[data-key="stage.fresh"][value="true"]').check()
    page.locator("#fresh").click()
    wait_for(hub, lambda: hub.state("settings")["fresh"])
    page.locator(
        '#note [data-operator="00"] code', has_text="123456"
    ).wait_for()  # the page follows
    said = page.locator("#said")
    said.filter(has_not_text="Enter amount").wait_for(state="attached", timeout=PATIENCE_MS)
    assert "123456" in page.locator("#guide .now span").text_content()


def test_every_tab_says_what_it_is_in_both_languages(page):
    said = set()
    for _ in ("en", "zh"):
        for tab in page.locator("[role=tab]").all():
            tab.click()
            said.add(page.locator("#what").text_content())
        page.locator("#lang").click()
    assert len(said) == 2 * page.locator("[role=tab]").count()
    assert page.locator("[role=tab]").first.get_attribute("id") == "tab-journal"


def test_of_each_choice_of_the_set_up_one_is_chosen(page):
    page.locator("#tab-setup").click()
    choices = page.locator("fieldset.choice")
    assert choices.count() == choices.locator("input:checked").count() > 0
