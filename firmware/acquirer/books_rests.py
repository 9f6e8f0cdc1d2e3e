"""Statements of books in SQLite about holds, and about the original of a void or refund.

LEFT and FREE_HOLD give a row only if the original stands, is of the same merchant and currency, and
has the amount of the entry left.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from firmware.acquirer.booking import Lapsed
from firmware.core.kinds import COMPLETION_PERCENT_MAX as PERCENT

LEFT = """
SELECT undone FROM (
    SELECT amount_minor, account, kind, (
        SELECT COALESCE(SUM(amount_minor), 0) FROM transactions
        WHERE undoes = :undoes AND undoes <> '' AND state = 'standing') AS undone
    FROM transactions WHERE reference = :undoes AND state = 'standing'
        AND merchant = :merchant AND currency = :currency)
WHERE account = :account AND undone + :amount_minor <= amount_minor
    AND kind IN (SELECT value FROM json_each(:kinds))"""
# neither released nor completed; a completion that was voided holds again, and one that stands
# beside another user of the hold has none of its money
_IS_FREE = """NOT EXISTS (SELECT 1 FROM transactions AS used WHERE used.undoes = hold.reference
        AND used.undoes <> '' AND used.state = 'standing'
        AND (used.kind = 'preauth_void' OR used.holds_minor <> 0) AND NOT EXISTS (
            SELECT 1 FROM transactions AS given_back
            WHERE given_back.undoes = used.reference AND given_back.undoes <> ''
            AND given_back.state = 'standing' AND given_back.kind = 'completion_void'))"""
# one that has lapsed is only released, and that changes no balance
FREE_HOLD = f"""
SELECT 1 FROM transactions AS hold WHERE reference = :undoes AND kind = 'preauth'
    AND account = :account AND merchant = :merchant AND currency = :currency
    AND ((state = 'standing' AND amount_minor = -:holds_minor)
        OR (state = 'lapsed' AND :kind = 'preauth_void' AND :holds_minor = 0))
    AND (:kind = 'completion' OR :amount_minor = amount_minor)
    AND :amount_minor * 100 <= amount_minor * {PERCENT} AND {_IS_FREE}"""  # noqa: S608 - ours
_IS_OVER = f"kind = 'preauth' AND state = 'standing' AND decided_on < ? AND {_IS_FREE}"
_LAPSE = f"""
UPDATE transactions AS hold SET state = 'lapsed' WHERE account = ? AND {_IS_OVER}
RETURNING amount_minor"""  # noqa: S608 - ours
_LAPSED = f"""
SELECT account, COUNT(*), SUM(amount_minor), SUM(CASE state WHEN 'lapsed' THEN 0
    ELSE amount_minor END)
FROM transactions AS hold WHERE kind = 'preauth' AND (state = 'lapsed' OR ({_IS_OVER}))
GROUP BY account"""  # noqa: S608 - ours
_THE_HOLD = "(SELECT undoes FROM transactions WHERE reference = ?)"
_REVIVE = f"""
UPDATE transactions AS hold SET state = 'standing'
WHERE reference = {_THE_HOLD} AND state = 'lapsed' AND {_IS_FREE} RETURNING 1"""  # noqa: S608 - ours
_LEAVE = f"""
UPDATE transactions SET holds_minor = 0 WHERE reference = ? AND NOT EXISTS (
    SELECT 1 FROM transactions AS hold WHERE reference = {_THE_HOLD} AND {_IS_FREE})
RETURNING 1"""  # noqa: S608 - ours


def lapse(db: sqlite3.Connection, accounts: Collection[str], since: str) -> None:
    """End what pre-authorisations from before the day `since` hold on these accounts."""
    for account in accounts:
        holds = "SELECT 1 FROM accounts WHERE account = ? AND held_minor > 0"
        if db.execute(holds, (account,)).fetchone() is None:
            continue
        over = sum(int(row[0]) for row in db.execute(_LAPSE, (account, since)).fetchall())
        if over:
            sql = "UPDATE accounts SET held_minor = held_minor - ? WHERE account = ?"
            db.execute(sql, (over, account))


def lapsed(db: sqlite3.Connection, since: str) -> dict[str, Lapsed]:
    """For each account, the holds that have lapsed and those that will at its next decision."""
    rows = db.execute(_LAPSED, (since,))
    return {str(account): Lapsed(*map(int, sums)) for account, *sums in rows}


def stand_again(db: sqlite3.Connection, completion: str) -> bool:
    """Let a completion stand again when its void is reversed; True where its hold's money is gone.

    It is gone if the hold has lapsed since, or another completion has used it: then this completion
    stands with `holds_minor` 0.
    """
    if db.execute(_REVIVE, (completion,)).fetchone() is not None:
        return True
    return db.execute(_LEAVE, (completion, completion)).fetchone() is not None
