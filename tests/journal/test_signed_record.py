"""The QR of a settlement slip: it anchors everything the journal had when the slip was made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.config import Config, PrinterSettings
from firmware.core.kinds import Copy, Kind, Result, Totals
from firmware.journal import base45
from firmware.journal.genuine import verify_signed_record
from firmware.journal.paper_records import PrintQueued, PrintSending, PrintSent
from firmware.journal.records import SettlementCompleted
from firmware.journal.signed_record import (
    NAMES,
    SETTLEMENT,
    VOUCHER,
    settlement_record,
    signed_bytes,
    signed_record,
)
from firmware.journal.verify import verify_journal
from firmware.receipts.papers import Papers
from hw.ports import Qr
from tests.journal.story import KEYS, Shop, confirmed, opened
from tests.journal.tamper import copy_of, cut_tail
from tests.journal.test_offline_advice import answer, offline_sale
from tests.journal.test_pending_refunds import outcome, pending
from tests.payment import closed_batch

TRUSTED = [(1, KEYS.public_key)]
LOADED = Totals(
    sales=999_999,
    sales_minor=10**15,
    voids=999_999,
    voids_minor=10**15,
    refunds=999_999,
    refunds_minor=10**15,
    completions=99_999,  # a batch has 999,999 numbers in all
    completions_minor=10**14,
    completion_voids=99_999,
    completion_voids_minor=10**14,
)


class Source:
    """What papers are made from, of a shop."""

    def __init__(self, shop: Shop) -> None:
        self.journal = shop.journal
        self.signer = shop.journal.keys


def settled(shop: Shop) -> int:
    """A day that ends in a settlement whose slip is queued; gives its batch."""
    shop.sale(12_850)
    shop.void(shop.sale(990))
    shop.settle()
    shop.journal.append(queued(1))
    return 1


def queued(batch: int, *, training: bool = False) -> PrintQueued:
    return PrintQueued(job=1, copy=Copy.SETTLEMENT, batch=batch, stan=0, training=training)


def slip_qr(shop: Shop) -> str:
    """The QR of the settlement slip that is owed."""
    job = shop.journal.print_jobs()[0]
    document = Papers(Source(shop), Config(), 32).compose(job)
    return next(part.data for part in document if isinstance(part, Qr))


def test_a_settlement_slip_says_what_was_signed_in_a_line_that_fits_a_qr(shop: Shop) -> None:
    settled(shop)
    report = verify_signed_record(slip_qr(shop), TRUSTED)
    head, digest = shop.journal.head()
    assert (report.genuine, report.what) == (True, "a settlement slip")
    assert report.fields == {
        "version": "S1",
        "merchant": Config().merchant.number,
        "terminal": Config().merchant.terminal,
        "batch": "000001",
        "type": "B",
        "currency": "CNY",
        "sales": "2",
        "sales_minor": "13840",
        "voids": "1",
        "voids_minor": "990",
        "refunds": "0",
        "refunds_minor": "0",
        "date": "20260302",
        "time": "220000",
        "record": str(head),
        "hash": digest[:16].upper(),
    }


def test_the_longest_is_no_longer_than_a_vouchers(shop: Shop) -> None:
    most = closed_batch(LOADED, batch=999_999, balanced=False, date="20260302")
    text = settlement_record(
        most,
        KEYS,
        merchant="1" * 15,
        terminal="1" * 8,
        currency="CNY",
        head=(10**9, shop.journal.head()[1]),
        training=True,
    )
    assert len(text) < 300
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@pytest.mark.parametrize("cut", ["settlement", "reversal", "print"])
def test_a_tail_without_a_voucher_is_missed_by_the_slip(
    shop: Shop, tmp_path: Path, cut: str
) -> None:
    first = {}
    shop.sale()
    lost = shop.intent()
    shop.journal.append(lost)
    shop.journal.append(opened(lost))
    first["reversal"], _ = shop.journal.head()
    shop.journal.append(confirmed(lost))
    first["settlement"] = shop.journal.head()[0] + 1
    shop.settle()
    first["print"] = shop.journal.head()[0] + 1
    shop.journal.append(queued(1))
    text = slip_qr(shop)
    shop.journal.append(PrintSending(job=1), PrintSent(job=1))
    assert verify_signed_record(text, TRUSTED, shop.directory).genuine
    shop.journal.close()
    database = copy_of(shop.directory, tmp_path / "copy")
    cut_tail(database, first[cut] - 1)
    assert verify_journal(database, KEYS.public_key).intact  # from inside it cannot show
    report = verify_signed_record(text, TRUSTED, database)
    assert report.signed
    assert len(report.faults) == 1
    assert "its tail is cut off" in report.faults[0]


def test_a_slip_stays_genuine_while_trade_goes_on_and_a_reprint_anchors_more(shop: Shop) -> None:
    batch = settled(shop)
    first = slip_qr(shop)
    shop.sale(500)
    shop.journal.append(PrintSent(job=1))
    job = PrintQueued(job=2, copy=Copy.SETTLEMENT, batch=batch, stan=0, duplicate=True)
    shop.journal.append(job)
    second = slip_qr(shop)
    reports = [verify_signed_record(text, TRUSTED, shop.directory) for text in (first, second)]
    assert [report.faults for report in reports] == [[], []]
    assert reports[0].number("record") < reports[1].number("record")


def test_slips_of_earlier_releases_stay_understood() -> None:
    kept = (
        "S1*104110054110001*10000001*000001*B*CNY*2*13840*1*990*0*0*20260302*220000*12"
        "*BCBA7671D7D47CF0*S03+QI7UHW+4G5LC.0PV7SEHFIE1WQJ6S*$3SPGDTNIXP.YA2G2SJD-C0C*KS:JS+QA1I"
        ".LV*NTAJK/HVXN3$+BOO2/$LSUQ"
    )
    report = verify_signed_record(kept, TRUSTED)
    assert (report.faults, report.fields["sales_minor"]) == ([], "13840")


def test_every_edit_of_a_settlements_qr_is_found(shop: Shop) -> None:
    settled(shop)
    text = slip_qr(shop)
    for at in range(len(text)):
        for digit in "0A*$":
            edited = text[:at] + digit + text[at + 1 :]
            assert edited == text or not verify_signed_record(edited, TRUSTED).genuine, edited


@pytest.mark.parametrize("version", [VOUCHER, SETTLEMENT])
@pytest.mark.parametrize("name", ["record", "batch", "voucher"])
@pytest.mark.parametrize("digits", [20, 5_000])
def test_a_number_that_no_journal_has_is_none(
    shop: Shop, version: str, name: str, digits: int
) -> None:
    """Whatever stands in its place: also more than SQLite or int() take."""
    settled(shop)
    slip = dict(zip(NAMES[SETTLEMENT], slip_qr(shop).split("*"), strict=False))
    fields = dict.fromkeys(NAMES[version], "1") | {"version": version, "type": "S"}
    fields |= {each: slip[each] for each in ("record", "hash")}
    fields |= {name: "9" * digits} if name in fields else {}
    text = "*".join((*fields.values(), "0" * 96))
    assert "it is not signed by this terminal" in faults_in(text, shop)


@pytest.mark.parametrize("record", ["9" * 19, "0", "x"])
def test_a_replaced_key_signs_no_record_without_a_number(shop: Shop, record: str) -> None:
    """It counts for those before the one that introduced the next, and this comes before none."""
    settled(shop)
    before = shop.journal.keys
    shop.journal.change_key()
    fields = dict(zip(NAMES[SETTLEMENT], slip_qr(shop).split("*"), strict=False))
    text = "*".join((fields | {"record": record}).values())
    text += f"*{base45.encode(before.sign(signed_bytes(text)))}"
    report = verify_signed_record(text, shop.journal.public_keys())
    assert report.faults == ["it is not signed by this terminal"]


def test_bytes_that_are_no_text_are_not_signed(shop: Shop) -> None:
    settled(shop)
    text = slip_qr(shop).replace("*", "*\udcff", 1)
    assert faults_in(text, shop)[-1] == "it is not signed by this terminal"


def test_a_journal_that_cannot_be_read_names_no_key(shop: Shop) -> None:
    settled(shop)
    text = slip_qr(shop)
    shop.journal.close()
    (shop.directory / "journal.db").write_bytes(b"x" * 4_096)
    faults = faults_in(text, shop)
    assert [fault.partition(":")[0] for fault in faults] == [
        "the journal cannot be read",
        "it is not signed by this terminal",
    ]


def faults_in(text: str, shop: Shop) -> list[str]:
    """What is wrong with a QR of which only the journal's keys are known."""
    return verify_signed_record(text, [], shop.directory).faults


def faults_of(completed: SettlementCompleted, shop: Shop) -> list[str]:
    """What the journal says of a slip that it did not make."""
    told = {"merchant": "1", "terminal": "1", "currency": "CNY"}
    text = settlement_record(completed, KEYS, **told, head=shop.journal.head())
    return verify_signed_record(text, TRUSTED, shop.directory).faults


def test_a_receipt_of_before_the_acquirers_answer_stays_genuine(shop: Shop) -> None:
    sale, (_, refund) = offline_sale(shop), pending(shop)
    texts = [signed_record(one, KEYS) for one in (sale, shop.find(refund))]
    shop.journal.append(answer(sale), outcome(refund, Result.APPROVED))
    assert [faults_in(text, shop) for text in texts] == [[], []]
    other = replace(shop.find(sale), reference="632600000002")
    words = "reference: 632600000002; the journal says 632600000001"
    assert faults_in(signed_record(other, KEYS), shop) == [words]
    told = verify_signed_record(texts[1], [], shop.directory).notes
    assert told == ["reference: the journal says 632600000009 since the acquirer answered"]


def test_totals_that_the_journal_does_not_have_are_told(shop: Shop) -> None:
    settled(shop)
    true = shop.journal.settlement(1)
    assert true is not None
    told = {"balanced": False, "date": true.date, "time": true.time}
    sums = Totals(sales=1, sales_minor=12_850)
    faults = faults_of(closed_batch(sums, host_totals=true.host_totals, **told), shop)
    assert "sales: 1; the journal says 2" in faults
    assert "type: U; the journal says B" in faults


def test_a_batch_that_was_not_settled_has_no_slip(shop: Shop) -> None:
    settled(shop)
    faults = faults_of(closed_batch(Totals(), batch=2, date="20260302"), shop)
    assert faults == ["the journal knows nothing that a settlement slip like this could be of"]


def test_a_printer_that_draws_no_symbols_by_itself_prints_them_all_the_same(shop: Shop) -> None:
    settled(shop)
    shop.journal.append(PrintQueued(job=2, copy=Copy.MERCHANT, batch=1, stan=1))
    papers = Papers(Source(shop), Config(printer=PrinterSettings(qr=False)), 32)
    jobs = shop.journal.print_jobs()
    assert [job.job for job in jobs] == [1, 2]
    for job in jobs:
        assert any(isinstance(part, Qr) for part in papers.compose(job)), job


@pytest.mark.parametrize("completed", [0, 1])
def test_a_settlement_with_completions_has_a_version_of_its_own(shop: Shop, completed: int) -> None:
    held = shop.end(shop.intent(Kind.PREAUTH, 1_000))
    if completed:
        shop.end(shop.intent(Kind.COMPLETION, 800, original=held))
    shop.sale()
    shop.settle()
    shop.journal.append(queued(1))
    text = slip_qr(shop)
    report = verify_signed_record(text, TRUSTED, shop.directory)
    assert (report.faults, text[:2]) == ([], "S2" if completed else "S1")
    assert report.fields.get("completions_minor", "-") == ("800" if completed else "-")
    other = text.replace("*800*", "*900*")
    assert verify_signed_record(other, TRUSTED, shop.directory).genuine is not bool(completed)


def test_a_training_settlement_slip_signs_nothing(shop: Shop) -> None:
    """There is nothing to prove: it says training, and has no QR."""
    shop.sale(777, training=True)
    shop.journal.append(queued(1, training=True))
    with pytest.raises(StopIteration):
        slip_qr(shop)


@given(st.binary().filter(lambda data: len(data) % 2 == 0))
def test_base_45_is_read_back_as_it_was(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


def test_base_45_is_that_of_the_standard() -> None:
    assert base45.encode(b"Hello!!\n")[:9] == "%69 VD92E"  # RFC 9285, 4.3: `Hello!!`
    assert [base45.decode(text) for text in (":::", "GG", "a00")] == [b"", b"", b""]


@pytest.mark.parametrize("version", sorted(NAMES))
def test_what_is_cut_short_is_no_signed_record(version: str) -> None:
    assert not verify_signed_record(f"{version}*1*2", TRUSTED).genuine
