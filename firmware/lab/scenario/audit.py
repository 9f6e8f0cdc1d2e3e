"""Holds the host's books against the journal, account by account: where money would be lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from firmware.acquirer.booking import Standing
from firmware.acquirer.named_books import BookEntry
from firmware.core.kinds import Kind, Totals
from firmware.core.masked import Key
from firmware.journal.transactions import State
from firmware.lab.switch_link import SwitchLink
from firmware.terminal.data_directory import DataDirectory

_Key = tuple[str, int, int, Kind, int]  # account, batch, STAN, kind, minor units


class KeepsBooks(Protocol):
    """An acquirer whose books can be looked at: the embedded one, or one of a line."""

    def names_by_hash(self, key: Key) -> dict[str, str]: ...

    def books(self) -> Sequence[BookEntry]: ...

    def balances(self) -> dict[str, int]: ...

    def holds(self) -> dict[str, int]: ...


def unbalanced(ledger: DataDirectory, host: KeepsBooks) -> list[str]:
    """Every difference in words; empty when books and journal agree and nothing is open."""
    journal = ledger.journal
    names = host.names_by_hash(ledger.keys.card)
    ours: set[_Key] = set()
    spent: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for serial in journal.serials():
        for each in journal.list_transactions(None, 0, 1_000_000, serial=serial):
            if each.state is State.APPROVED:
                account = names.get(each.card.hash, "unknown card")
                ours.add((account, each.batch, each.stan, each.kind, each.amount_minor))
                spent[account] += each.kind.sign * each.amount_minor
                if each.kind is Kind.PREAUTH and not (each.voided_by or each.completed_by):
                    held[account] += each.amount_minor
    theirs = {
        (each.account, each.batch, each.stan, each.kind, each.amount_minor)
        for each in host.books()
        if each.state is Standing.STANDING
    }
    found = [f"only in the journal: {_words(each)}" for each in sorted(ours - theirs, key=str)]
    found += [
        f"only in the host's books: {_words(each)}" for each in sorted(theirs - ours, key=str)
    ]
    for account, minor in sorted(host.balances().items()):
        if spent[account] != minor:
            found.append(f"{account} spent {spent[account]} here, {minor} at the host")
    holds = host.holds()
    for account in sorted(held.keys() | holds.keys()):
        if held[account] != holds.get(account, 0):
            found.append(f"{account} holds {held[account]} here, {holds.get(account, 0)} there")
    found += [f"intent {each.stan:06d} is open" for each in journal.open_intents()]
    found += [f"reversal of {each.transaction.stan:06d} is owed" for each in journal.reversals()]
    found += [f"advice of {each.transaction.stan:06d} is owed" for each in journal.uploads()]
    return found


def otherwise(totals: Totals, wanted: Mapping[str, tuple[int, int]]) -> str:
    """The first total that is not as wanted, as `sales=1/100`; "" if all are."""
    for name, sums in wanted.items():
        count, minor = getattr(totals, name), getattr(totals, f"{name}_minor")
        if (count, minor) != sums:
            return f"{name}={count}/{minor}"
    return ""


def uploaded_otherwise(acquirer: SwitchLink | None, words: Sequence[str]) -> str:
    """The first count of an upload that is not as `chip=1` and the like say; "" if all are."""
    if acquirer is None:
        return "no acquirer's line: set host.kind acquirer first"
    seen = acquirer.uploads()
    wanted = (word.partition("=") for word in words)
    return next((f"{name}={seen[name]}" for name, _, n in wanted if seen[name] != int(n)), "")


def _words(key: _Key) -> str:
    account, batch, stan, kind, minor = key
    return f"{kind.value} {batch:06d}/{stan:06d} of {minor} on {account}"
