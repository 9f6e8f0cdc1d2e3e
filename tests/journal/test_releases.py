"""Every release opens, verifies and goes on with the journals of all earlier ones."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from firmware.core.kinds import Totals
from firmware.core.masked import Password
from firmware.journal.chain import link
from firmware.journal.connection import DATABASE
from firmware.journal.genuine import verify_signed_record
from firmware.journal.operators import Operators, Verified
from firmware.journal.schema import SCHEMA
from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from tests.journal.releases import KEPT
from tests.journal.story import KEYS, Shop, confirmed, opened
from tests.journal.tamper import forge
from tests.journal.test_offline_advice import answer

RELEASES = sorted(path.name for path in KEPT.iterdir())


def test_there_is_a_journal_of_the_first_schema_and_of_each_since() -> None:
    assert RELEASES[0] == "1-0.1.0"
    kept = {int(release.split("-")[0]) for release in RELEASES}
    assert kept == set(range(1, SCHEMA + 1)), "run `python -m tests.journal.releases`"


@pytest.mark.parametrize("release", RELEASES)
def test_a_receipt_is_checked_against_a_journal_that_no_later_release_has_opened(
    release: str, tmp_path: Path
) -> None:
    expected = json.loads((KEPT / release / "expected.json").read_text())
    shutil.copy(KEPT / release / DATABASE, tmp_path / DATABASE)
    before = (tmp_path / DATABASE).read_bytes()
    for keys in ([], [(1, KEYS.public_key)]):
        assert verify_signed_record(expected["qr"], keys, tmp_path).faults == []
    assert (tmp_path / DATABASE).read_bytes() == before


@pytest.mark.parametrize("release", ["4-0.1.0", RELEASES[-1]])
def test_a_number_that_no_column_holds_is_a_fault_in_each_check(
    release: str, tmp_path: Path
) -> None:
    expected = json.loads((KEPT / release / "expected.json").read_text())
    shutil.copy(KEPT / release / DATABASE, tmp_path / DATABASE)

    def change(db: sqlite3.Connection) -> None:
        sql = "SELECT seq, at, body, previous FROM records WHERE body LIKE '%OutcomeRecorded%'"
        seq, at, body, previous = db.execute(sql).fetchone()
        body = json.dumps(json.loads(body) | {"batch": 2**70}, separators=(",", ":"))
        changed = (body, link(seq, at, body, previous), seq)
        db.execute("UPDATE records SET body = ?, hash = ? WHERE seq = ?", changed)

    forge(tmp_path / DATABASE, change)
    assert any("contradicts the log" in fault for fault in verify_journal(tmp_path).faults)
    told = verify_signed_record(expected["qr"], [], tmp_path).faults
    assert release == RELEASES[-1] or "the journal cannot be read" in told[0]


@pytest.mark.parametrize("release", RELEASES)
def test_an_earlier_releases_journal_is_read_whole_and_traded_on(
    release: str, tmp_path: Path
) -> None:
    shutil.copy(KEPT / release / DATABASE, tmp_path / DATABASE)
    expected = json.loads((KEPT / release / "expected.json").read_text())
    shop = Shop.open(tmp_path)
    journal = shop.journal
    assert list(journal.head()) == [expected["head"], expected["hash"]]
    assert (journal.batch(), journal.next_stan(), journal.next_job()) == (
        2,
        expected.get("next_stan", 9),
        3,
    )
    assert journal.totals(1) == Totals(
        sales=2, sales_minor=22_750, voids=1, voids_minor=9_900, refunds=1, refunds_minor=2_850
    )
    assert [each.amount_minor for each in journal.open_intents()] == [777]
    assert [(r.transaction.amount_minor, r.attempts) for r in journal.reversals()] == [(321, 1)]
    assert [(job.job, job.state) for job in journal.print_jobs()] == [(1, "sending"), (2, "queued")]
    orders = {each.taken.id: each.state.value for each in journal.orders_after(0)}
    assert orders == expected.get("orders", {})
    assert journal.signed_on() == "01"
    verdict = Operators(journal).verify("01", Password("1357"), shop.clock())
    assert verdict == Verified()
    uploads = journal.advices()
    assert [owed.transaction.amount_minor for owed in uploads] == expected.get("uploads", [])
    for upload in uploads:
        journal.append(answer(upload.transaction))
    journal.append(opened(journal.open_intents()[0]))
    for owed in journal.reversals():
        journal.append(confirmed(owed.transaction))
    partly = journal.by_voucher(1)
    assert partly is not None
    assert shop.refund(partly, 10_000).state is State.APPROVED
    shop.settle()
    assert verify_journal(tmp_path, KEYS.public_key).faults == []
    assert verify_signed_record(expected["qr"], [(1, KEYS.public_key)], tmp_path).faults == []
    journal.close()
