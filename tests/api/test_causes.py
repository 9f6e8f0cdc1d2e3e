"""Why a payment took no money: one code of a closed set, in the journal, the API and nexo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.api.causes import cause_of
from firmware.api.nexo_answers import BY_CAUSE
from firmware.audit.data import reading
from firmware.core.kinds import EndCause, ReversalCause
from tests.api.http import PAY, Till
from tests.journal.story import Shop, confirmed, opened, order

AGREE, POWER = "press ENTER\nwait 1s\n", "power cut\npower on\nwait 1m"
CARD = "press ENTER\ninsert unionpay-debit\nwait 1s\n"
READER = "fault reader unplugged\nwait 1m\nclear reader\nwait 1m"
MEND = "\nclear host\nclear card\nclear reader\nremove\nwait 10m\n"
LIMITED = {"host__test_amounts": "true", "sale__card_day_limit": "200.00"}
ENDS = {
    "till cancels": ("", "", "cancelled", "cancelled-by-till"),
    "till cancels at the card": (CARD, "", "cancelled", "cancelled-by-till"),
    "CANCEL": ("press CANCEL", "", "cancelled", "cancelled-at-terminal"),
    "CANCEL at the card": (AGREE + "press CANCEL", "", "cancelled", "cancelled-at-terminal"),
    "nobody agrees": ("wait 2m", "", "expired", "not-agreed-in-time"),
    "no card": ("press ENTER\nwait 10m", "", "expired", "no-card-in-time"),
    "no PIN": (CARD + "wait 10m", "", "expired", "no-card-in-time"),
    "power": (CARD + POWER, "", "cancelled", "power-lost"),
    "reader lost": (CARD + READER, "", "cancelled", "out-of-service"),
    "silence": (PAY + "wait 2m", "fault host silent", "reversed", "no-answer"),
    "card pulled": (PAY + "wait 1m", "fault card pull-at 15", "reversed", "card-pulled"),
    "declined": (PAY + "wait 1m", "", "declined", "declined"),
    "over the card's limit": (CARD + "wait 1m", "", "failed", "card-over-limit"),
}  # fmt: skip
AMOUNTS = {"declined": 12_851, "over the card's limit": 20_100}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    till = Till(tmp_path_factory.mktemp("causes") / "terminal", **LIMITED)
    yield till
    till.play("expect books balanced\nexpect totals sales=0/0")
    till.close()


@pytest.mark.parametrize("story", ENDS)
def test_why_no_money_was_taken_is_a_code(limited: Till, story: str) -> None:
    lines, before, state, cause = ENDS[story]
    limited.play(before)
    name = story.translate(str.maketrans(" '", "--"))
    assert limited.put(name, amount_minor=AMOUNTS.get(story, 12_800)).json["cause"] == ""
    limited.play(lines)
    if "till" in story:
        assert limited.ask("POST", f"/v1/payments/{name}/cancel").status == 202
    limited.play(MEND)
    ended = limited.get(name)
    assert (ended["state"], ended["final"], ended["cause"]) == (state, True, cause)
    with reading(limited.directory) as journal:
        found = journal.order(name)
    assert found is not None
    if found.ended is not None:
        assert found.ended.cause.value == cause, "the journal keeps it, not only its words"


@pytest.mark.parametrize("fault", ["reader unplugged", "key stuck 9"])
def test_an_order_ends_with_its_terminal_out_of_service_and_not_only_when_it_is_back(
    till: Till, fault: str
) -> None:
    till.put("a")
    till.play(f"{CARD}fault {fault}\nwait 2m")
    assert till.ask("GET", "/v1/terminal").json["in_service"] is False
    ended = till.get("a")
    assert (ended["state"], ended["final"], ended["cause"]) == ("cancelled", True, "out-of-service")
    till.play(f"clear {fault.split(maxsplit=1)[0]}\nremove\nwait 5m")
    assert till.get("a") == ended
    assert till.put("b").status == 201
    till.play("expect totals sales=0/0")


def test_a_card_that_declines_by_itself_is_told_from_an_issuer(till: Till) -> None:
    till.put("a")
    till.play("press ENTER\ninsert cloned\nwait 1m\nremove\nwait 1m")
    assert (till.get("a")["state"], till.get("a")["cause"]) == ("declined", "declined-by-card")


@pytest.mark.parametrize("why", ReversalCause)
def test_each_reversal_has_its_cause_before_and_after_it_is_confirmed(
    why: ReversalCause, tmp_path: Path
) -> None:
    shop = Shop.open(tmp_path)
    intent = shop.intent(order_id="a")
    records = order("a"), intent, replace(opened(intent), reason=why.value), confirmed(intent)
    told = []
    for record in records:
        shop.journal.append(record)
        found = shop.journal.order("a")
        assert found is not None
        told.append(cause_of(found, shop.journal.by_intent(found.intent)))
    assert told[:2] == [EndCause.NONE, EndCause.NONE]
    assert told[2] is told[3]
    assert told[3] is not EndCause.NONE
    assert (told[3] is EndCause.OTHER) == (why is ReversalCause.TAIL_LOST)
    shop.journal.close()


def test_what_is_approved_has_no_cause(till: Till) -> None:
    till.put("a")
    till.play(PAY + "remove\nwait 1m")
    assert (till.get("a")["state"], till.get("a")["cause"]) == ("approved", "")


def test_nexo_has_a_condition_for_each_cause() -> None:
    assert BY_CAUSE.keys() == set(EndCause)


def test_the_document_says_what_each_cause_means() -> None:
    page = Path("firmware/api/README.md").read_text(encoding="utf-8")
    assert [cause.value for cause in EndCause if f"`{cause.value}`" not in page] == []
