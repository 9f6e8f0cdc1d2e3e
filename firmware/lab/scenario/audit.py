"""Compares the host's books with the journal, account by account, to find money that is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from firmware.acquirer.booking import Standing
from firmware.acquirer.embedded import LocalHost
from firmware.acquirer.named_books import BookEntry
from firmware.core.kinds import USES_A_HOLD, Kind, Totals
from firmware.journal.transactions import State
from firmware.lab.scenario.other_terminal import NUMBER
from firmware.lab.switch_link import SwitchLink
from firmware.terminal.data_directory import DataDirectory

_Key = tuple[str, int, int, Kind, int]  # account, batch, STAN, kind, minor units


KeepsBooks = LocalHost | SwitchLink
"""An acquirer whose books can be looked at: the embedded one, or one of a line."""


def unbalanced(data: DataDirectory, host: KeepsBooks) -> list[str]:
    """Every difference in words; empty when books and journal agree and nothing is open.

    What the merchant's other terminal did is left out, but for what it used of this one's.
    """
    journal = data.journal
    names = host.names_by_hash(data.keys.card)
    theirs = _Books(host.books())
    ours: set[_Key] = set()
    spent: Counter[str] = Counter(theirs.spent_elsewhere)
    held: Counter[str] = Counter(theirs.held_elsewhere)
    for serial in journal.serials():
        for each in journal.list_transactions(None, 1_000_000, serial=serial):
            if each.state is State.APPROVED:
                account = names.get(each.card.hash, "unknown card")
                ours.add((account, each.batch, each.stan, each.kind, each.amount_minor))
                spent[account] += each.kind.sign * each.amount_minor
                used = each.voided_by or each.completed_by or each.reference in theirs.let_go
                if each.kind is Kind.PREAUTH and not used:
                    held[account] += each.amount_minor
    found = [f"only in the journal: {_words(each)}" for each in sorted(ours - theirs.here, key=str)]
    found += [
        f"only in the host's books: {_words(each)}" for each in sorted(theirs.here - ours, key=str)
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
    found += [f"advice of {each.transaction.stan:06d} is owed" for each in journal.advices()]
    return found


def otherwise(totals: Totals, wanted: Mapping[str, tuple[int, int]]) -> str:
    """The first total that is not as wanted, as `sales=1/100`; "" if all are."""
    for name, sums in wanted.items():
        count, minor = getattr(totals, name), getattr(totals, f"{name}_minor")
        if (count, minor) != sums:
            return f"{name}={count}/{minor}"
    return ""


def uploaded_otherwise(acquirer: SwitchLink, words: Sequence[str]) -> str:
    """The first count of an upload that is not as `chip=1` and the like say; "" if all are."""
    seen = acquirer.uploads()
    wanted = (word.partition("=") for word in words)
    return next((f"{name}={seen[name]}" for name, _, n in wanted if seen[name] != int(n)), "")


class _Books:
    """What stands in the books, of this terminal and of the other one."""

    def __init__(self, entries: Sequence[BookEntry]) -> None:
        standing = [each for each in entries if each.state is Standing.STANDING]
        given_back = {each.undoes for each in standing if each.kind is Kind.COMPLETION_VOID}
        used = {
            each.undoes: each.terminal
            for each in standing
            if each.kind in USES_A_HOLD and each.reference not in given_back
        }
        lapsed = {each.reference for each in entries if each.state is Standing.LAPSED}
        # of what this terminal holds: its days are over, or the other terminal has used it
        self.let_go = lapsed | {one for one, terminal in used.items() if terminal == NUMBER}
        self.here: set[_Key] = set()
        self.spent_elsewhere: Counter[str] = Counter()
        self.held_elsewhere: Counter[str] = Counter()
        for each in entries:
            if each.state not in (Standing.STANDING, Standing.LAPSED):
                continue
            if each.terminal != NUMBER:
                key = (each.account, each.batch, each.stan, each.kind, each.amount.minor)
                self.here.add(key)
                continue
            self.spent_elsewhere[each.account] += each.kind.sign * each.amount.minor
            free = each.reference not in used and each.state is Standing.STANDING
            if each.kind is Kind.PREAUTH and free:
                self.held_elsewhere[each.account] += each.amount.minor


def _words(key: _Key) -> str:
    account, batch, stan, kind, minor = key
    return f"{kind.value} {batch:06d}/{stan:06d} of {minor} on {account}"
