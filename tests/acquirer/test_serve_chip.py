"""Chip data that terminals upload: held against the books of both engines, kept, and told."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.acquirer.books_report import BooksReport, report
from firmware.cli import acquirer_report
from firmware.core.masked import Pan
from firmware.core.money import CURRENCIES
from firmware.iso8583.messages import (
    CardPresented,
    ChipUploadRequest,
    FinancialRequest,
    ReversalRequest,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from tests.acquirer.conftest import MERCHANT
from tests.acquirer.serving import LineTerminal
from tests.acquirer.test_together import Bank
from tests.crash.canaries import Search, pan_canaries

TC, AAC = 0x40, 0x00


class Counter:
    """A terminal that uploads, and the acquirer that it asks."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.till = bank, bank.tills[0]

    def ask(self, request: Any) -> str:
        (answer,) = self.bank.together([(self.till, request)])
        return answer.response_code if answer is not None else "none"

    def sell(self, minor: int) -> FinancialRequest:
        sale = self.till.sale(minor)
        assert self.ask(sale) == "00"
        return sale

    def chip(self, sale: FinancialRequest, cid: int = TC, **changes: Any) -> ChipUploadRequest:
        card = sale.card
        made = ChipUploadRequest(
            terminal=self.till.number,
            merchant=MERCHANT,
            batch=1,
            stan=sale.payment.stan,
            card=CardPresented(
                card.pan,
                card.psn,
                card.expiry,
                de55=self.till.card.de55(sale.payment.amount.minor, cid=cid),
            ),
            amount_minor=sale.payment.amount.minor,
        )
        return replace(made, **changes)

    def report(self) -> BooksReport:
        books, registry, close = self.bank.place.to_read()
        try:
            return report(books, registry)
        finally:
            close()


@pytest.fixture
def counter(url: str, tmp_path: Path) -> Iterator[Counter]:
    bank = Bank(tmp_path / "acquirer", url)
    yield Counter(bank)
    bank.pool.close()


def test_chip_data_are_taken_once_and_told(counter: Counter, capsys) -> None:
    first, second = counter.sell(1_000), counter.sell(2_000)
    one, two = counter.chip(first), counter.chip(second, currency=CURRENCIES["CNY"])
    assert [counter.ask(each) for each in (one, two, one, two)] == ["00", "00", "94", "94"]
    (batch,) = counter.report().batches
    assert batch.upload is None
    assert batch.chip is not None
    assert (batch.chip.taken, batch.chip.failed, batch.chip.refused) == (2, 0, ())
    assert [each.de55 for each in batch.chip.data] == [
        each.card.de55.hex().upper() for each in (one, two)
    ]
    acquirer_report.run(Namespace(terminal="", json=False, hold_days=30), counter.bank.place)
    assert "    chip data: 2\n" in capsys.readouterr().out
    acquirer_report.run(Namespace(terminal="", json=True, hold_days=30), counter.bank.place)
    told = json.loads(capsys.readouterr().out)["batches"][0]["chip"]
    assert told["data"][0]["stan"] == first.payment.stan


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stan": 99}, "25"),
        ({"batch": 3}, "25"),
        ({"amount_minor": 999}, "13"),
        ({"currency": CURRENCIES["JPY"]}, "13"),
        ({"pan": "6217000012345678901"}, "14"),
        ({"cid": AAC}, "12"),
        ({"cid": AAC, "failed": True}, "12"),
    ],
)
def test_what_is_not_as_in_the_books_is_refused_and_told(
    counter: Counter, changes: dict[str, Any], code: str, capsys
) -> None:
    sale, before = counter.sell(1_000), counter.bank.spent()
    changes = dict(changes)
    asked = counter.chip(sale, changes.pop("cid", TC))
    if pan := changes.pop("pan", ""):
        changes["card"] = replace(asked.card, pan=Pan(pan))
    asked = replace(asked, **changes)
    assert counter.ask(asked) == code
    seen = [batch.chip for batch in counter.report().batches if batch.chip is not None]
    if asked.batch == 1:
        assert [(one.stan, one.response_code) for one in seen[0].refused] == [(asked.stan, code)]
        assert seen[0].taken == 0
        acquirer_report.run(Namespace(terminal="", json=False, hold_days=30), counter.bank.place)
        assert f"refused: 1 ({asked.stan:06d}: {code})" in capsys.readouterr().out
    assert counter.bank.spent() == before
    assert counter.ask(counter.chip(sale)) == "00", "what was refused stands in nobody's way"


def test_other_data_of_the_same_transaction_do_not_replace_the_first(counter: Counter) -> None:
    sale = counter.sell(1_000)
    first, other = counter.chip(sale), counter.chip(sale)
    assert first.card.de55 != other.card.de55
    assert [counter.ask(each) for each in (first, other, first)] == ["00", "12", "94"]
    (batch,) = counter.report().batches
    assert batch.chip is not None
    assert [one.de55 for one in batch.chip.data] == [first.card.de55.hex().upper()]


def test_what_the_card_declined_is_in_no_books(counter: Counter) -> None:
    counter.sell(1_000)
    declined = counter.till.sale(3_000)  # nobody is asked
    assert counter.ask(counter.chip(declined, AAC, failed=True)) == "00"
    assert counter.ask(counter.chip(declined, AAC)) == "12"
    (batch,) = counter.report().batches
    assert batch.chip is not None
    assert (batch.chip.taken, batch.chip.failed) == (1, 1)
    assert sum(counter.bank.spent()) == 1_000


def test_what_was_reversed_has_no_chip_data(counter: Counter) -> None:
    sale = counter.sell(1_000)
    assert counter.ask(ReversalRequest(sale.payment, "", "", "98", "", None)) == "00"
    assert counter.ask(counter.chip(sale)) == "25"


def test_a_pre_authorisation_has_them_too(counter: Counter) -> None:
    hold = counter.till.preauth(5_000)
    assert counter.ask(hold) == "00"
    assert counter.ask(counter.chip(hold)) == "00"


def test_field_55_that_is_none_is_refused_and_nothing_stops(counter: Counter) -> None:
    sale = counter.sell(1_000)
    good = counter.chip(sale)
    for de55 in (b"", b"\x9f\x26\x08", b"\x9f\x26\x02\x00\x00", b"\xff" * 200, good.card.de55[:-1]):
        asked = replace(good, card=replace(good.card, de55=de55))
        assert counter.ask(asked) == "30", de55.hex()
    assert counter.report().batches[0].chip is None
    assert sum(counter.bank.spent()) == 1_000
    assert counter.ask(good) == "00"


def test_an_upload_with_chip_data_agrees_with_the_books(counter: Counter) -> None:
    first, second, third = (counter.sell(minor) for minor in (1_000, 2_000, 3_000))
    till = counter.till
    (sold,) = counter.bank.together([(till, second)])  # the same answer again
    assert sold is not None
    void = till.void(second, sold.reference, 2_000)
    assert counter.ask(void) == "00"
    sums = {"sales": 3, "sales_minor": 6_000, "voids": 1, "voids_minor": 1}
    assert counter.ask(till.settlement(**sums)) == "95"
    pan = first.card.pan

    def details(*sales: FinancialRequest) -> UploadRequest:
        items = tuple(UploadItem(one.payment.stan, pan, one.payment.amount.minor) for one in sales)
        return UploadRequest(**till.numbered(), items=items)

    def seen() -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        upload = counter.report().batches[0].upload
        assert upload is not None
        return upload.count, upload.unknown, upload.missing

    assert counter.ask(details(first)) == "00"
    assert seen() == (1, (), (third.payment.stan,)), "a sale and its void are nothing together"
    assert counter.ask(counter.chip(third)) == "00"
    assert seen() == (2, (), ())
    assert counter.ask(counter.chip(first)) == "00"
    assert seen() == (2, (), ()), "a transaction is counted once"
    assert counter.ask(details(second)) == "00"
    assert seen() == (3, (), (void.payment.stan,)), "its void is missing now"
    assert counter.ask(details(void)) == "00"
    assert seen() == (4, (), ())
    end = UploadEndRequest(**till.numbered(), count=4, balanced=False)
    assert counter.ask(end) == "00"


def test_no_card_number_is_kept(counter: Counter, tmp_path: Path) -> None:
    sale = counter.sell(1_000)
    pan = sale.card.pan.reveal()
    told = counter.chip(sale)
    digits = bytes.fromhex(pan + "F" * (len(pan) % 2))
    more = b"\x5a" + bytes([len(digits)]) + digits + b"\x57" + bytes([len(digits)]) + digits
    asked = replace(told, card=replace(told.card, de55=told.card.de55 + more))
    assert counter.ask(asked) == "00"
    (batch,) = counter.report().batches
    assert batch.chip is not None
    assert batch.chip.data[0].de55 == told.card.de55.hex().upper()
    search = Search(pan_canaries("payer", pan))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            search.file(path)
    search.text("report", repr(counter.report()))
    assert search.found == set()


def test_another_terminals_transaction_is_not_its_own(counter: Counter) -> None:
    sale = counter.sell(1_000)
    other: LineTerminal = counter.bank.tills[1]
    asked = replace(counter.chip(sale), terminal=other.number)
    (answer,) = counter.bank.together([(other, asked)])
    assert answer is not None
    assert answer.response_code == "25"
