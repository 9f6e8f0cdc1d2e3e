"""What `pos acquirer serve` tells: report, figures, log; and what none of them says."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from firmware.acquirer.booking import Booking, Standing, asked_of
from firmware.acquirer.opened import AcquirerPlace
from firmware.cli import acquirer_report
from firmware.core.clock import SystemClock
from firmware.core.money import CURRENCIES, Money
from firmware.iso8583.messages import (
    ReversalRequest,
    ScriptRequest,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from firmware.lab.postgres import free_port
from tests.acquirer.bank import Bank
from tests.acquirer.conftest import NOON, TERMINAL
from tests.acquirer.serving import DEBIT, LineTerminal, Server, add_terminal, said
from tests.crash.canaries import Canary, Search, pan_canaries
from tests.payment import payment


class Day:
    """A server, and a terminal's day at it."""

    def __init__(self, data: Path, books: str) -> None:
        self.metrics = free_port()
        self.till = till = LineTerminal(add_terminal(data, books))
        self.server = server = Server(data, "--metrics", self.metrics, "-v", books=books)
        server.put(DEBIT)
        till.sign_on(server)
        self.sold = [self.sell(minor) for minor in (1_000, 2_000, 3_000, 4_000)]
        first, second, third, fourth = self.sold
        till.ask(server, till.void(*second, 2_000))
        refund = till.refund(first[1], 400)
        self.refund = refund.payment.stan
        till.ask(server, refund)
        till.ask(server, ReversalRequest(fourth[0].payment, "", "", "98", "", None))
        totals = {"sales": 3, "sales_minor": 6_000, "voids": 1, "voids_minor": 2_000}
        till.ask(
            server, till.settlement(**totals, refunds=1, refunds_minor=1)
        )  # the refund differs
        self.upload(UploadItem(first[0].payment.stan, DEBIT.pan, 1_000))
        self.upload(UploadItem(99, DEBIT.pan, 5), UploadItem(third[0].payment.stan, DEBIT.pan, 1))
        end = UploadEndRequest(**till.numbered(), count=3, balanced=False)
        assert till.ask(server, end).response_code == "00"
        script = ScriptRequest(third[0].payment, third[0].card, "", "")
        assert till.ask(server, script).response_code == "00"
        garbled = till.frame(till.sale(7))
        server.raw(garbled[:-1] + b"!")

    def sell(self, minor: int) -> tuple[Any, str]:
        sale = self.till.sale(minor)
        return sale, self.till.ask(self.server, sale).reference

    def upload(self, *items: UploadItem) -> None:
        request = UploadRequest(**self.till.numbered(), items=items)
        assert self.till.ask(self.server, request).response_code == "00"
        assert self.till.ask(self.server, request).response_code == "00"  # and once more

    def figures(self, host: str = "") -> str:
        url = f"http://127.0.0.1:{self.metrics}/metrics"
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read(), "utf-8")


@pytest.fixture
def day(url: str, tmp_path: Path) -> Iterator[Day]:
    made = Day(tmp_path / "acquirer", url)
    yield made
    made.server.kill()


def test_the_report_holds_uploads_against_the_books(day: Day) -> None:
    server = day.server
    place = ("--data", server.data, *(("--books", server.books) if server.books else ()))
    first, _, third, _ = (sale.payment.stan for sale, _ in day.sold)
    found = json.loads(said("report", "--json", *place))
    (batch,) = found["batches"]
    assert batch["totals"]["sales"] == 3
    assert batch["upload"] == {
        "count": 3, "ended": True, "said": 3,
        "unknown": sorted((third, 99)), "missing": [day.refund],
    }  # fmt: skip
    assert (batch["scripts"], len(batch["settled"]), first) == (1, 12, 2)
    assert found["accounts"] == [
        {
            "name": "debit",
            "status": "active",
            "spent_minor": 3_600,
            "held_minor": 0,
            "limit_minor": 500_000,
            "currency": "CNY",
            "lapsed": 0,
            "lapsed_minor": 0,
        }
    ]
    assert batch["currency"] == "CNY"
    words = said("report", "--terminal", TERMINAL, *place)
    assert "not in the books: 2 (" in words
    assert "3/60.00" in words
    assert "36.00 of 5000.00 CNY" in words
    assert TERMINAL not in said("report", "--terminal", "10000009", *place)


@pytest.mark.parametrize(
    ("currency", "spent"),
    [("JPY", "1234 no limit JPY"), ("KWD", "1.234 no limit KWD"), ("CNY", "12.34 no limit CNY")],
)
def test_sums_are_told_by_the_exponent_of_their_currency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], currency: str, spent: str
) -> None:
    place = AcquirerPlace(tmp_path / "acquirer")
    registry, close = place.registry()
    registry.put_account(replace(DEBIT, balance_minor=None, currency=CURRENCIES[currency].numeric))
    hashed = DEBIT.pan.keyed_hash(registry.hash_key)
    close()
    with (
        closing(place.pool(lambda: NOON)) as pool,
        pool.taken() as connection,
        connection.books.commit(),
    ):
        paid = payment(terminal=TERMINAL, amount=Money(1_234, CURRENCIES[currency]))
        entry = Booking(
            **asked_of(paid, hashed),
            state=Standing.STANDING,
            response_code="00",
            reference="000000000001",
            decided_on="20260314",
        )
        connection.books.add_all([(entry, None)])
    acquirer_report.run(Namespace(terminal="", json=False, hold_days=30), place)
    told = capsys.readouterr().out
    assert spent in told
    assert f"1/{spent.split(maxsplit=1)[0]}" in told


def test_the_report_tells_what_has_lapsed_by_the_days_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = Bank(tmp_path / "acquirer")
    bank.hold(minor=1_000)
    days = (SystemClock().now().date() - NOON.date()).days
    for hold_days, words in ((days, "0.00 and 10.00 held of"), (days - 1, "lapsed 1/10.00, of")):
        acquirer_report.run(Namespace(terminal="", json=False, hold_days=hold_days), bank.place)
        assert words in capsys.readouterr().out
    bank.close()


def test_the_figures_are_those_of_the_day(day: Day) -> None:
    told = day.figures()
    assert 'pos_acquirer_answers_total{code="00",type="0200"} 5.0' in told
    assert 'pos_acquirer_answers_total{code="A0",type="0200"} 1.0' in told
    assert "pos_acquirer_answer_seconds_count" in told
    with pytest.raises(urllib.error.HTTPError, match="421"):
        day.figures(host="elsewhere.example")


def test_no_card_number_or_key_is_told_or_kept(day: Day) -> None:
    server, till = day.server, day.till
    assert till.keys is not None
    place = ("--data", server.data, *(("--books", server.books) if server.books else ()))
    keys = {"IMK": DEBIT.imk_ac, "TMK": till.master, "MAK": till.keys.mac, "PIK": till.keys.pin}
    search = Search(
        (
            *pan_canaries("debit", DEBIT.pan.reveal()),
            *(Canary(name, key=key.reveal()) for name, key in keys.items()),
        )
    )
    for words in (("report",), ("account", "list"), ("terminal", "list")):
        search.text(" ".join(words), said(*words, *place))
    search.text("figures", day.figures())
    if server.books:
        search.text("database", everything(server.books))
    assert server.end() == 0
    for path in (server.log, *server.data.rglob("*")):
        if path.is_file():
            search.file(path)
    assert search.found == set()
    assert f"terminal={TERMINAL}" in server.log.read_text()
    server.start()


def everything(books: str) -> str:
    """All rows of all tables."""
    with psycopg.connect(books) as db:
        tables = db.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchall()
        rows = [
            db.execute(f'SELECT t::text FROM "{name}" t'.encode()).fetchall() for (name,) in tables
        ]
    return "\n".join(str(row) for row in rows)


def test_a_core_holds_no_card(day: Day) -> None:
    limits = Path(f"/proc/{day.server.process.pid}/limits").read_text()
    (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4] == "0"
