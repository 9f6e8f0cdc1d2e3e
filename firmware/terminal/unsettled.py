"""A terminal keeps its numbers and its currency until its batch is settled.

The acquirer keeps books by terminal and merchant number: under new ones neither settlement nor
reversal would find what was sold under the old.
"""

from __future__ import annotations

from firmware.core.config import Config, ConfigError
from firmware.core.config_across import Mistake
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State

MOVED_MONEY = frozenset({State.OPEN, State.APPROVED, State.PENDING, State.REVERSING})


def check_identity(config: Config, journal: Lookups) -> None:
    """Raises ConfigError naming each number that is not the one of the open batch.

    One transaction speaks for its batch: under other numbers no later one was begun.
    """
    traded = journal.list_transactions(journal.batch(), 0, 1, states=MOVED_MONEY)
    traded += [reversal.transaction for reversal in journal.reversals()]
    mistakes = [
        Mistake(key, f"expected {theirs}, whose batch is not settled, instead of {ours}")
        for key, ours, all_theirs in (
            ("merchant.terminal", config.merchant.terminal, {one.terminal for one in traded}),
            ("merchant.number", config.merchant.number, {one.merchant for one in traded}),
            ("general.currency", config.currency.alpha, {one.currency for one in traded}),
        )
        for theirs in sorted(all_theirs - {ours})
    ]
    if mistakes:
        raise ConfigError(mistakes)
