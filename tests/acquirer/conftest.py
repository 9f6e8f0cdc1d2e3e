"""A till with an embedded host behind the real wire, and cards that make real cryptograms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.acquirer.accounts import Account, AccountStatus
from firmware.acquirer.books import Books
from firmware.acquirer.embedded import LocalHost
from firmware.acquirer.registration import Registration
from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.masked import Pan, Pin, SecretKey, Track2
from firmware.core.money import CURRENCIES
from firmware.core.payment import Payment
from firmware.iso8583.client import HostClient
from firmware.iso8583.messages import (
    Answered,
    BalanceRequest,
    CardPresented,
    FinancialRequest,
    HostAnswer,
    HostRequest,
    ReversalRequest,
    SettlementRequest,
)
from firmware.iso8583.unionpay import embedded_line
from firmware.lab.postgres import Cluster
from hw.ports import HostLink
from hw.sim.cards import cryptogram as card_side
from hw.sim.cards.des import icc_master_key
from tests.payment import changed, on_the_line, yuan

TERMINAL, MERCHANT = "10000001", "104110054110001"
MASTER = SecretKey(bytes(range(32)))
IMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture(params=["postgres", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the books are: a database of their own, or "" for SQLite."""
    if request.param == "sqlite":
        return ""
    running: Cluster = request.getfixturevalue("postgres")
    return running.database(str(tmp_path))


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows whenever statements go to PostgreSQL: one alone, or several together."""
    import psycopg  # noqa: PLC0415 - an extra
    from psycopg.pq import PipelineStatus  # noqa: PLC0415

    trips: list[str] = []
    execute, pipeline = psycopg.Connection.execute, psycopg.Connection.pipeline

    def alone(db: Any, sql: Any, *values: Any) -> Any:
        if db.info.pipeline_status is PipelineStatus.OFF:
            trips.append(str(sql))
        return execute(db, sql, *values)

    def together(db: Any) -> Any:
        trips.append("several")
        return pipeline(db)

    monkeypatch.setattr(psycopg.Connection, "execute", alone)
    monkeypatch.setattr(psycopg.Connection, "pipeline", together)
    return trips


def account(name: str, pan: str, **changes: object) -> Account:
    made = Account(
        name=name,
        pan=Pan(pan),
        psn="01",
        expiry="3012",
        pin=Pin("123456"),
        balance_minor=500_000,
        credit_limit_minor=None,
        imk_ac=SecretKey(IMK),
        cvn=0x12,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


ACCOUNTS = [
    account("debit", "6217000012345678901"),
    account(
        "credit",
        "4761739001010119",
        balance_minor=None,
        credit_limit_minor=1_000_000,
        pin=None,
        cvn=0x0A,
    ),
    account("free", "5413330089010483", balance_minor=None, cvn=0x14),
    account("chip16", "5413330089010491", balance_minor=None, cvn=0x10),
    account("store", "62800001", cvn=0xA5, pin=Pin("0000"), arpc_method=2),
    account("poor", "6217000012345678919", balance_minor=100),
    account("lost", "6217000012345678927", status=AccountStatus.LOST),
    account("stolen", "6217000012345678935", status=AccountStatus.STOLEN),
    account("blocked", "6217000012345678943", status=AccountStatus.BLOCKED),
    account("old", "6217000012345678950", expiry="2602"),
    account("locked", "6217000012345678968", status=AccountStatus.PIN_BLOCKED),
    account("rationed", "6217000012345678976", day_count=2, day_limit_minor=3_000),
]
LAYOUTS = {0x0A: "visa", 0x10: "mchip", 0x12: "unionpay", 0x14: "mchip", 0xA5: "ccd"}


class ChipCard:
    """The card of an account: counts its ATC and makes the cryptogram of a sale."""

    def __init__(self, owner: Account) -> None:
        self.account = owner
        self.atc = 0

    def de55(self, amount_minor: int, *, cid: int = 0x80, type_: int = 0) -> bytes:
        self.atc += 1
        cvn, atc = self.account.cvn, self.atc.to_bytes(2, "big")
        iad = card_side.issuer_application_data(
            LAYOUTS[cvn], cvn, card_side.CardFindings(first=card_side.AcType(cid))
        )
        data = {
            0x9F02: bytes.fromhex(f"{amount_minor:012d}"),
            0x9F03: bytes(6),
            0x9F1A: bytes.fromhex("0156"),
            0x95: bytes.fromhex("0080048000"),
            0x5F2A: bytes.fromhex("0156"),
            0x9A: bytes.fromhex("260314"),
            0x9C: bytes([type_]),
            0x9F37: bytes.fromhex("0BADF00D"),
        }
        master = icc_master_key(IMK, self.account.pan.reveal(), int(self.account.psn))
        key = card_side.session_key(cvn, master, atc, data[0x9F37])
        aip = bytes.fromhex("7C00")
        made = card_side.application_cryptogram(cvn, key, data, (aip, atc, iad))
        whole = data | {0x82: aip, 0x9F36: atc, 0x9F10: iad, 0x9F26: made, 0x9F27: bytes([cid])}
        return b"".join(_tlv(tag, value) for tag, value in whole.items())


def _tlv(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + bytes([len(value)]) + value


@dataclass
class Till:
    """Asks a host as a terminal does, one voucher number after the other."""

    host: LocalHost
    client: HostClient
    batch: int = 1
    stan: int = 0
    cards: dict[str, ChipCard] = field(default_factory=dict)

    def sale(self, name: str, amount_minor: int, pin: str | None = None) -> FinancialRequest:
        """A sale, not yet sent."""
        card = self.cards[name]
        return self._request(Kind.SALE, name, amount_minor, pin, card.de55(amount_minor))

    def sold(self, name: str, amount_minor: int) -> FinancialRequest:
        """A sale that stands."""
        sale = self.sale(name, amount_minor)
        assert self.code(sale) == "00"
        return sale

    def void(self, sale: FinancialRequest, /, **changes: object) -> FinancialRequest:
        made = self._request(Kind.VOID, self._owner(sale), sale.payment.amount.minor, None, b"")
        return changed(changed(made, original=original_of(sale.payment)), **changes)

    def preauth(self, name: str, amount_minor: int, pin: str | None = None) -> FinancialRequest:
        """A pre-authorisation, not yet sent."""
        de55 = self.cards[name].de55(amount_minor)
        return self._request(Kind.PREAUTH, name, amount_minor, pin, de55)

    def uses(
        self, kind: Kind, hold: FinancialRequest, code: str, amount_minor: int, /, **changes: Any
    ) -> FinancialRequest:
        """A completion or void of a pre-authorisation, named by its authorisation code."""
        made = self._request(kind, self._owner(hold), amount_minor, None, b"")
        date = hold.payment.date
        named = original_of(hold.payment, date=date, authorisation_code=code)
        return changed(changed(made, original=named), **changes)

    def gives_back(self, completion: FinancialRequest, /, **changes: Any) -> FinancialRequest:
        """The void of a completion."""
        minor, owner = completion.payment.amount.minor, self._owner(completion)
        made = self._request(Kind.COMPLETION_VOID, owner, minor, None, b"")
        return changed(changed(made, original=original_of(completion.payment)), **changes)

    def refund(
        self, sale: FinancialRequest, reference: str, amount_minor: int, /, **changes: object
    ) -> FinancialRequest:
        made = self._request(Kind.REFUND, self._owner(sale), amount_minor, None, b"")
        named = original_of(sale.payment, reference=reference, date=sale.payment.date)
        return changed(changed(made, original=named), **changes)

    def balance(self, name: str, pin: str | None = "123456", **card: Any) -> BalanceRequest:
        """An enquiry about an account, not yet sent."""
        asked = self._request(Kind.SALE, name, 0, pin, self.cards[name].de55(0, type_=0x31))
        paid = asked.payment
        return BalanceRequest(
            terminal=paid.terminal,
            merchant=paid.merchant,
            batch=paid.batch,
            stan=paid.stan,
            card=replace(asked.card, **card),
            currency=CURRENCIES["CNY"],
            date=paid.date,
            time=paid.time,
        )

    def ask(self, request: HostRequest) -> HostAnswer:
        return self.client.ask(request, 1_000)

    def answered(self, request: HostRequest) -> Answered:
        answer = self.ask(request)
        assert isinstance(answer, Answered), answer
        return answer

    def code(self, request: HostRequest) -> str:
        return self.answered(request).response_code

    def settlement(self, totals: Totals | None = None) -> SettlementRequest:
        return SettlementRequest(
            terminal=TERMINAL,
            merchant=MERCHANT,
            batch=self.batch,
            stan=self.stan + 1,
            totals=totals or self.host.totals(TERMINAL, self.batch),
            currency=CURRENCIES["CNY"],
            date="20260314",
            time="235900",
        )

    def _request(
        self, kind: Kind, name: str, amount_minor: int, pin: str | None, de55: bytes
    ) -> FinancialRequest:
        self.stan += 1
        owner = self.cards[name].account
        paid = on_the_line(
            kind=kind,
            batch=self.batch,
            stan=self.stan,
            amount=yuan(amount_minor),
            date="20260314",
            time="120000",
        )
        return FinancialRequest(
            paid,
            CardPresented(
                pan=owner.pan,
                psn=owner.psn,
                expiry=owner.expiry,
                track2=Track2(f"{owner.pan.reveal()}D{owner.expiry}2010000000000"),
                pin=Pin(pin) if pin else None,
                de55=de55,
            ),
        )

    def _owner(self, request: FinancialRequest) -> str:
        return next(
            name for name, card in self.cards.items() if card.account.pan == request.card.pan
        )


def reversal_of(request: FinancialRequest) -> ReversalRequest:
    paid = request.payment
    return ReversalRequest(paid, paid.date, paid.time, "98", request.card.pan.last4)


def original_of(sale: Payment, **said: Any) -> OriginalRef:
    """How a void or refund names its sale; `said` is what it says besides its numbers."""
    named = OriginalRef(batch=sale.batch, stan=sale.stan, reference="", date="")
    return replace(named, **said)


MakeTill = Callable[..., Till]


def temporary_till(
    books: Path,
    *,
    test_amounts: bool = False,
    link: Callable[[LocalHost], HostLink] = lambda host: host,
    now: Callable[[], datetime] = lambda: NOON,
    accounts: Sequence[Account] = ACCOUNTS,
    open_books: type[Books] = Books,
) -> Till:
    """A till whose host keeps its books at `books`; whoever made it closes the host."""
    host = LocalHost(
        books,
        accounts,
        master=MASTER,
        terminals={TERMINAL: Registration(MERCHANT)},
        clock_now=now,
        test_amounts=test_amounts,
        open_books=open_books,
    )
    cards = {owner.name: ChipCard(owner) for owner in ACCOUNTS}
    client = HostClient(link(host), lambda: embedded_line(0), lambda: host.session)
    return Till(host, client, cards=cards)


@pytest.fixture
def make_till(tmp_path: Path) -> Iterator[MakeTill]:
    """Makes tills; each has its host's books in a file of its own unless told otherwise."""
    hosts: list[LocalHost] = []

    def make(*, books: str | None = None, **settings: Any) -> Till:
        till = temporary_till(tmp_path / (books or f"books-{len(hosts)}.db"), **settings)
        hosts.append(till.host)
        return till

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def till(make_till: MakeTill) -> Till:
    return make_till()
