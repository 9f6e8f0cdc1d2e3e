"""What is told of a pre-authorisation in a dispute: all that rests on it, whichever was named."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.audit.data import JournalWithKeys
from firmware.audit.dossier import dossier, entries_about
from firmware.audit.evidence_case import gather, sale_of
from firmware.audit.evidence_words import name_text, summary, undone_text
from firmware.audit.export import moved_minor
from firmware.core.config import Config
from firmware.core.kinds import Kind
from firmware.journal.records import IntentRecorded
from firmware.journal.transactions import Transaction
from firmware.payments.originals import held_elsewhere
from tests.journal.story import Shop


def story(shop: Shop) -> list[Transaction]:
    """A hold, its completion, that given back, and another completion; and a stranger's sale."""
    held = shop.end(shop.intent(Kind.PREAUTH, 1_000))
    paid = shop.end(shop.intent(Kind.COMPLETION, 800, original=held))
    back = shop.end(shop.intent(Kind.COMPLETION_VOID, 800, original=paid))
    shop.sale()
    again = shop.end(shop.intent(Kind.COMPLETION, 900, original=held))
    return [shop.find(one) for one in (held, paid, back, again)]


def test_whichever_voucher_is_named_all_of_it_is_told(shop: Shop) -> None:
    family = story(shop)
    wanted = [one.stan for one in family]
    for one in family:
        first = sale_of(shop.journal, one)
        assert first == family[0]
        entries = entries_about(shop.journal, first)
        records = [entry.record for entry in entries]
        assert [each.stan for each in records if isinstance(each, IntentRecorded)] == wanted


def test_what_is_charged_in_the_end_is_the_last_completion(shop: Shop) -> None:
    family = story(shop)
    assert [moved_minor(one) for one in family] == [0, 800, -800, 900]
    held, paid, _, again = family
    assert undone_text(held) == f"已完成 completed by {again.stan:06d}"
    assert undone_text(paid).startswith("已撤销 voided by")
    assert name_text(held) == "预授权 AUTH"


def test_the_void_of_a_hold_has_a_minus_as_on_paper(shop: Shop) -> None:
    held = shop.end(shop.intent(Kind.PREAUTH, 1_000))
    released = shop.find(shop.end(shop.intent(Kind.PREAUTH_VOID, 1_000, original=held)))
    reading = JournalWithKeys(shop.journal, shop.journal.keys)
    told = dict(summary(gather(reading, released, Config(), shop.directory)))
    assert "-10.00" in told["之后 Then"]
    assert "0.00" in told["最终扣款 Charged in the end"]


def test_of_another_terminals_hold_all_that_happened_here_is_told(shop: Shop) -> None:
    begun = shop.intent(Kind.COMPLETION, 800)
    paid = shop.end(replace(begun, original=held_elsewhere("022568", "20260101")))
    back = shop.end(shop.intent(Kind.COMPLETION_VOID, 800, original=paid))
    for one in (paid, back):
        assert sale_of(shop.journal, shop.find(one)) == shop.find(paid)
    records = [entry.record for entry in entries_about(shop.journal, shop.find(paid))]
    told = [each.stan for each in records if isinstance(each, IntentRecorded)]
    assert told == [paid.stan, back.stan]
    assert "authorisation 022568, of another terminal" in "\n".join(dossier(shop.journal, paid))
