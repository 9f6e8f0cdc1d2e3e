"""The tables of the pages' scripts have an entry for each member of what the product counts."""

import re

import pytest

from firmware.acquirer.booking import Standing
from firmware.api.types import FINAL
from firmware.core.kinds import COUNTED, EndCause, Kind
from firmware.journal import signed_record
from firmware.journal.transactions import State
from firmware.lab.page import views
from firmware.lab.scenario.language import FAULTS
from tests.source import ROOT

CHECK = "firmware/audit/receipt_page/static/check.js"
WORDS = "firmware/lab/page/static/words.js"
CARDS = "firmware/lab/page/static/cards.js"
RESULT = "firmware/kiosk/page/kiosk.mjs"


def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def keys(path: str, name: str) -> set[str]:
    """The keys of `const NAME = {KEY: [...], ...};` or of one whose values are texts."""
    found = re.search(rf"const {name} = {{(.*?)\n}};", source(path), re.DOTALL)
    assert found is not None
    named = re.findall(r'(?:^|[{,])\s*"?([\w. -]+?)"?:\s*["\[]', found[1], re.MULTILINE)
    assert len(named) == len(set(named)), "a key stands twice"
    return set(named)


def letters(name: str) -> set[str]:
    found = re.search(rf'\b{name} = "(\w+)"', source(CHECK))
    assert found is not None
    return set(found[1])


def test_the_page_that_checks_receipts_knows_every_letter_that_is_signed():
    assert keys(CHECK, "KINDS") == set(signed_record.KINDS.values())
    assert keys(CHECK, "STATES") == set(signed_record.STATES.values())


def test_the_page_that_checks_receipts_puts_a_minus_where_paper_does():
    signed = signed_record.KINDS
    assert letters("GIVES_BACK") == {signed[kind] for kind in Kind if kind.gives_back}
    assert letters("HOLDS") == {signed[kind] for kind in Kind if not kind.sign}


@pytest.mark.parametrize(
    "wanted",
    [{kind.value for kind in Kind}, {f"{kind.value}s" for kind in COUNTED}],
    ids=["kinds", "sums"],
)
def test_the_bench_page_has_words_for_every_kind_and_sum(wanted: set[str]):
    assert wanted - keys(WORDS, "WORDS") == set()


def test_the_bench_page_has_words_for_every_state():
    told = {name for name in keys(WORDS, "WORDS") if name.startswith("is.")}
    assert told == {f"is.{state.value}" for state in (*State, *Standing)}


def test_the_bench_page_has_words_for_every_fault():
    assert keys(WORDS, "FAULT_WORDS") == set(FAULTS) | {
        kind for kinds in FAULTS.values() for kind in kinds
    }


def test_the_touch_screen_knows_how_a_payment_ends():
    drawn = re.search(r"function drawResult.*?\n}\n", source(RESULT), re.DOTALL)
    assert drawn is not None
    ((paid, causes, ends),) = re.findall(
        r"\[([^]]*)\]\.includes.*?{([^{}]*)}\[ended\.cause.*: {([^{}]*)}\[ended\.state",
        drawn[0],
        re.DOTALL,
    )
    told = set(re.findall(r'"(\w+)"', paid)) | set(re.findall(r"(\w+): \[", ends))
    assert told == {*FINAL, "reversing"}
    assert set(re.findall(r'"([\w-]+)":', causes)) <= {cause.value for cause in EndCause}


def test_the_bench_page_draws_the_name_of_every_scheme():
    assert keys(CARDS, "SCHEMES") == {*views.SCHEMES.values(), "store"}
