"""An acquirer with books of either engine, asked as terminals of several merchants ask."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from firmware.acquirer.booking import Funds
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.registry import TerminalRecord
from firmware.core.kinds import Kind, OriginalRef
from firmware.core.masked import SecretKey
from firmware.core.money import CURRENCIES
from firmware.iso8583.messages import (
    Answered,
    FinancialRequest,
    HostRequest,
    SettlementRequest,
    subject_of,
)
from tests.acquirer.conftest import ACCOUNTS, MERCHANT, NOON, ChipCard, Till
from tests.payment import changed

HERE, THERE, STRANGER = "10000001", "10000002", "10000009"
OTHER_MERCHANT = "104110054110009"


class Bank:
    """Three terminals, the third of another merchant, and the accounts of the tests.

    The clock stands at `now`. It is asked from any thread.
    """

    def __init__(self, folder: Path, url: str = "", **settings: Any) -> None:
        self.now: datetime = NOON
        self.place = AcquirerPlace(folder, url)
        registry, close = self.place.registry()
        for number, merchant in ((HERE, MERCHANT), (THERE, MERCHANT), (STRANGER, OTHER_MERCHANT)):
            tmk = SecretKey(bytes(range(1, 17)))
            registry.put_terminal(TerminalRecord(number=number, merchant=merchant, tmk=tmk))
        for owner in ACCOUNTS:
            registry.put_account(owner)
        self.registry, self._close = registry, close
        self.hash_key = registry.hash_key
        self.settings = settings
        self.pool = self.place.pool(lambda: self.now, **settings)
        cards = {owner.name: ChipCard(owner) for owner in ACCOUNTS}
        self.till = Till(None, None, cards=cards)  # type: ignore[arg-type] # makes requests alone

    def again(self) -> None:
        """Another server takes over."""
        self.pool.close()
        self.pool = self.place.pool(lambda: self.now, **self.settings)

    def close(self) -> None:
        self.pool.close()
        self._close()

    def take(self, request: HostRequest) -> Answered:
        """The answer, durable."""
        with self.pool.taken() as connection:
            connection.terminals.look_up(subject_of(request).terminal)
            answer = connection.service.take(connection.books, request)
        assert answer is not None
        return answer

    def code(self, request: HostRequest) -> str:
        return self.take(request).response_code

    def funds(self, name: str = "debit") -> Funds:
        with self.pool.taken() as connection:
            return connection.books.funds(self.hashed(name))

    def hashed(self, name: str) -> str:
        return self.till.cards[name].account.pan.keyed_hash(self.hash_key)

    def hold(
        self, terminal: str = THERE, minor: int = 100_000, name: str = "debit"
    ) -> tuple[FinancialRequest, str]:
        """A pre-authorisation that stands, and its authorisation code."""
        asked = self._at(terminal, self.till.preauth(name, minor))
        answer = self.take(asked)
        assert answer.response_code == "00"
        return asked, answer.authorisation_code

    def uses(
        self,
        kind: Kind,
        held: tuple[FinancialRequest, str],
        minor: int = 100_000,
        terminal: str = HERE,
        **changes: Any,
    ) -> FinancialRequest:
        """A completion or void as whoever knows code and date alone asks for it."""
        hold, code = held
        original = OriginalRef(
            batch=0, stan=0, reference="", date=hold.payment.date, authorisation_code=code
        )
        made = self.till.uses(kind, hold, code, minor, original=original)
        return changed(self._at(terminal, made), **changes)

    def settlement(self, terminal: str, stan: int = 900) -> SettlementRequest:
        with self.pool.taken() as connection:
            totals = connection.books.totals(terminal, 1)
        return SettlementRequest(
            terminal=terminal, merchant=MERCHANT, batch=1, stan=stan, totals=totals,
            currency=CURRENCIES["CNY"], date="20260314", time="235900",
        )  # fmt: skip

    def _at(self, terminal: str, request: FinancialRequest) -> FinancialRequest:
        merchant = OTHER_MERCHANT if terminal == STRANGER else MERCHANT
        return changed(request, terminal=terminal, merchant=merchant)

    def replace_account(self, name: str, **changes: Any) -> None:
        self.registry.put_account(replace(self.till.cards[name].account, **changes))
