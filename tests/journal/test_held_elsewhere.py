"""What the journal lets a completion or void of another terminal's hold be."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.kinds import Kind, Result, Totals
from firmware.journal.records import SettingChanged, SettingsRecorded
from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from firmware.payments.originals import held_elsewhere
from tests.journal.story import KEYS, Shop, confirmed, opened
from tests.journal.test_rules import refused

ELSEWHERE = held_elsewhere("022568", "20260101")
USES = (Kind.COMPLETION, Kind.PREAUTH_VOID)


def intent(shop: Shop, kind: Kind = Kind.COMPLETION, minor: int = 850, **changes: str):
    original = msgspec.structs.replace(ELSEWHERE, **changes)
    return msgspec.structs.replace(shop.intent(kind, minor), original=original)


@pytest.mark.parametrize("result", [Result.APPROVED, Result.DECLINED])
@pytest.mark.parametrize("kind", USES)
def test_it_counts_as_what_it_is_and_verifies(shop: Shop, kind: Kind, result: Result) -> None:
    ended = shop.end(intent(shop, kind), result)
    counts = kind is Kind.COMPLETION and result is Result.APPROVED
    totals = Totals(completions=1, completions_minor=850) if counts else Totals()
    assert shop.journal.totals(ended.batch) == totals
    assert ended.original == ELSEWHERE
    assert verify_journal(shop.directory, KEYS.public_key).faults == []
    shop.reopen()
    assert shop.find(ended) == ended


def test_its_completion_is_voided_and_completed_anew(shop: Shop) -> None:
    paid = shop.end(intent(shop))
    undone = shop.end(shop.intent(Kind.COMPLETION_VOID, 850, original=paid))
    assert (undone.state, shop.find(paid).voided_by) == (State.APPROVED, undone.stan)
    again = shop.end(intent(shop, minor=900))
    refused(shop, shop.intent(Kind.VOID, 900, original=again), because="void of a completion")
    shop.settle()
    late = shop.intent(Kind.COMPLETION_VOID, 900, original=again)
    refused(shop, late, because="in another batch")
    assert shop.refund(again, 900).state is State.APPROVED
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


@pytest.mark.parametrize("kind", USES)
def test_one_that_is_reversed_leaves_nothing(shop: Shop, kind: Kind) -> None:
    done = shop.end(intent(shop, kind))
    shop.journal.append(opened(done), confirmed(done))
    assert (shop.find(done).state, shop.journal.totals(1)) == (State.REVERSED, Totals())
    assert shop.end(intent(shop, kind)).state is State.APPROVED
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


@pytest.mark.parametrize("missing", ["authorisation_code", "date"])
@pytest.mark.parametrize("kind", USES)
def test_code_and_date_name_it(shop: Shop, kind: Kind, missing: str) -> None:
    refused(shop, intent(shop, kind, **{missing: ""}), because="hold without its code and date")


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.COMPLETION_VOID])
def test_nothing_else_is_of_another_terminals(shop: Shop, kind: Kind) -> None:
    refused(shop, intent(shop, kind), because="of another terminal's sale")


@pytest.mark.parametrize("kind", USES)
def test_what_is_held_here_is_no_other_terminals(shop: Shop, kind: Kind) -> None:
    held = shop.end(shop.intent(Kind.PREAUTH, 1_000))
    own = {"authorisation_code": held.authorisation_code, "date": held.date}
    refused(shop, intent(shop, kind, **own), because="of a hold that was made here")
    shop.journal.append(intent(shop, kind, **own | {"date": "20260101"}))


def test_the_setting_forbids_it_and_is_not_that_of_refunds(shop: Shop) -> None:
    off = {"refund.other_terminals": "true", "preauth.other_terminals": "false"}
    shop.journal.append(SettingsRecorded(settings=off))
    refused(shop, intent(shop), because="setting forbids")
    key, by = "preauth.other_terminals", "configuration"
    shop.journal.append(SettingChanged(key=key, before="false", after="true", by=by))
    shop.journal.append(intent(shop))
