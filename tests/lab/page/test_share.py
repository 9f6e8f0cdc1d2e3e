"""What is given up is asked for first; a story by link, from anybody, does what hands do."""

from __future__ import annotations

import base64
import re
import zlib
from typing import get_args

import pytest

from firmware.journal import records
from firmware.lab.page import commands
from firmware.lab.page.choices import spoken_by
from firmware.lab.scenario.language import parse
from tests.lab.page.conftest import said, wait_for
from tests.lab.page.people import PATIENCE_MS, Keyboard, see

STORY = 'press 8800\nexpect screen "88.00"\n'


def link_of(text: str) -> str:
    """A link as anybody might write it."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(text.encode()) + packer.flush()
    return f"http://127.0.0.1:8440/#play={base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def paste(page, link: str) -> None:
    page.locator("#tab-story").click()
    page.locator("#pasted").fill(link)
    page.locator("#playPasted").click()


def test_what_was_done_here_plays_on_another_simulator_by_its_link(page, bench, browser):
    session, server = bench
    Keyboard(page).press(*"4200")
    see(page, "42.00")
    page.locator("#tab-story").click()
    page.locator("#share").click()
    link = page.locator("#link").input_value()
    assert server.token not in link
    other = browser.new_page(locale="en")  # knows this simulator's token, and no more
    other.goto(server.url)
    see(other, "42.00")
    other.goto("about:blank")
    other.goto(f"{server.url.split('?')[0]}?token={server.token}#{link.split('#')[1]}")
    # a key that is down for long is told by both its edges: that is up to the machine's pace
    other.locator("#ask").get_by_text(re.compile("(press|down) 4")).wait_for()
    other.locator("#askYes").click()
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("name") == "shared.pos")
    other.locator(".end.held").wait_for(timeout=PATIENCE_MS)
    assert "#" not in other.url
    other.close()


def test_a_link_that_is_pasted_asks_and_may_be_refused(page, bench):
    hub = bench[0].hub
    paste(page, link_of(STORY))
    page.locator("#askNo").click()
    assert hub.state("play") is None
    paste(page, link_of(STORY))
    page.locator("#askYes").click()
    page.locator(".end.held").wait_for(timeout=PATIENCE_MS)


BAD = {
    "no link": "hello",
    "cut": link_of(STORY)[:-9],
    "no deflate": "http://127.0.0.1:8440/#play=AAAA",
    "a bomb": link_of("# " + "x" * 3_000_000),
    "long": "http://127.0.0.1:8440/#play=" + "A" * 20_000,
    "no line": link_of("# nothing\n"),
}


@pytest.mark.parametrize("link", BAD.values(), ids=BAD.keys())
def test_a_bad_link_is_one_line_and_plays_nothing(page, bench, link):
    paste(page, link)
    page.locator("#toast:visible").wait_for()
    assert page.locator("#toast").text_content() != ""
    assert bench[0].hub.state("play") is None


@pytest.mark.parametrize(
    "line", ["set general.data_dir /etc", "include /etc/passwd", "set host.accounts /etc/passwd"]
)
def test_a_link_reads_no_file(page, bench, line):
    hub = bench[0].hub
    paste(page, link_of(f"{line}\npress 1\n"))
    page.locator("#askYes").click()
    wait_for(hub, lambda: hub.state("notice")["count"] == 1)
    assert hub.state("play") is None


def test_starting_afresh_asks_when_something_was_done(page, bench):
    hub = bench[0].hub
    Keyboard(page).press("7")
    see(page, "0.07")
    page.locator("#tab-setup").click()
    page.locator("#fresh").click()
    page.locator("#askNo").click()
    assert "0.07" in said(hub)
    page.locator("#fresh").click()
    page.locator("#askYes").click()
    see(page, "Enter amount")


def test_a_story_keeps_the_language_unless_it_reads_words():
    def spoken(text: str) -> dict[str, str]:
        return spoken_by(list(parse(text, "x.pos")), "en")

    assert spoken(STORY) == {"general.language": "en"}
    assert spoken("press 1") == {"general.language": "en"}
    assert spoken('expect screen "交易成功"') == {}
    assert spoken('expect paper "Approved"') == {}
    assert spoken('set general.language "zh_CN"\npress 1') == {}


def test_a_story_is_played_in_the_language_of_the_terminal(bench):
    session, _ = bench
    session.submit(commands.Play("x.pos", STORY))
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("end") == "held")
    assert session.hub.state("settings")["language"] == "en"


def test_speed_ends_with_the_story(bench):
    session, _ = bench
    session.submit(commands.Speed(60))
    session.submit(commands.Play("x.pos", STORY))
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("end") == "held")
    wait_for(session.hub, lambda: session.hub.state("power")["speed"] == 1)


def test_whoever_opens_the_page_first_has_real_time(page, bench):
    hub = bench[0].hub
    wait_for(hub, lambda: hub.state("power")["speed"] == 10)
    page.goto("about:blank")
    wait_for(hub, lambda: hub.listeners == 1)  # this one: the page is gone
    page.goto(bench[1].url)
    wait_for(hub, lambda: hub.state("power")["speed"] == 1)


def test_every_record_has_words_in_both_languages(page):
    kinds = {
        re.sub(r"(?<=[a-z])(?=[A-Z])", " ", one.__name__).lower()
        for one in get_args(records.Record)
    }
    assert len(kinds) > 40
    words = page.evaluate("async () => (await import('/static/words.js')).RECORD_WORDS")
    assert set(words) == kinds
    assert all(all(pair) for pair in words.values())
