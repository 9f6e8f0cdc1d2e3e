"""Books with account names and batch numbers, as an audit reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from firmware.acquirer.booking import Booking
from firmware.acquirer.engine import BooksEngine
from firmware.core.masked import SecretKey
from firmware.iso8583 import rounds

if TYPE_CHECKING:
    from firmware.acquirer.accounts import Account


BookEntry = Booking
"""A request as an audit reads it: `account` is a name, `batch` the terminal's number for it."""


def unknown(account: str) -> str:
    """The name for an account that is in the books alone; `account` is its keyed hash."""
    return f"unknown-{account[:8]}"


class NamedBooks:
    """Reads books whose accounts are `accounts`, by the keyed hash of their PAN."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts

    def names_by_hash(self, key: SecretKey) -> dict[str, str]:
        """The accounts' names by the hash that their PAN has under a terminal's key."""
        return {one.pan.keyed_hash(key): one.name for one in self._accounts.values()}

    def entries(self, books: BooksEngine) -> list[BookEntry]:
        """Every financial request and what became of it, by terminal, batch and STAN."""
        return [
            replace(entry, batch=rounds.number_of(entry.batch), account=self._name(entry.account))
            for entry in books.entries()
        ]

    def balances(self, books: BooksEngine) -> dict[str, int]:
        """What each account by name has spent: what was charged and not given back."""
        none = {account.name: 0 for account in self._accounts.values()}
        return none | {self._name(key): minor for key, minor in books.spent().items()}

    def holds(self, books: BooksEngine) -> dict[str, int]:
        """What pre-authorisations hold on each account by name, where they hold something."""
        funds = books.all_funds().items()
        return {self._name(key): each.held_minor for key, each in funds if each.held_minor}

    def _name(self, account: str) -> str:
        known = self._accounts.get(account)
        return known.name if known else unknown(account)
