"""What the journal lets a refund of another terminal's sale be."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.kinds import Kind, Result
from firmware.journal.records import SettingChanged, SettingsRecorded
from firmware.journal.verify import verify_journal
from firmware.payments.originals import elsewhere
from tests.journal.story import KEYS, Shop
from tests.journal.test_rules import refused

ELSEWHERE = elsewhere("632618765432", "20260101")


def intent(shop: Shop, kind: Kind = Kind.REFUND, **changes: str):
    original = msgspec.structs.replace(ELSEWHERE, **changes)
    return msgspec.structs.replace(shop.intent(kind, 850), original=original)


@pytest.mark.parametrize("result", [Result.APPROVED, Result.DECLINED])
def test_it_counts_as_a_refund_and_verifies(shop: Shop, result: Result) -> None:
    begun = intent(shop)
    shop.end(begun, result)
    assert shop.journal.totals(begun.batch).refunds == int(result is Result.APPROVED)
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_only_a_refund_names_another_terminals_sale(shop: Shop) -> None:
    refused(shop, intent(shop, Kind.VOID), because="void of another terminal's sale")


@pytest.mark.parametrize("missing", ["reference", "date"])
def test_reference_and_date_name_it(shop: Shop, missing: str) -> None:
    refused(shop, intent(shop, **{missing: ""}), because="without its reference and date")


def test_what_was_sold_here_is_no_other_terminals(shop: Shop) -> None:
    sale = shop.sale()
    refused(shop, intent(shop, reference=sale.reference), because="made here")


def test_the_setting_forbids_it(shop: Shop) -> None:
    shop.journal.append(SettingsRecorded(settings={"refund.other_terminals": "false"}))
    refused(shop, intent(shop), because="setting forbids")
    key, by = "refund.other_terminals", "configuration"
    shop.journal.append(SettingChanged(key=key, before="false", after="true", by=by))
    shop.journal.append(intent(shop))
