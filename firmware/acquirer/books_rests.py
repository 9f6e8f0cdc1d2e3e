"""What is asked of books in SQLite about an entry on which another is to rest.

Each gives a row if it stands, and has that much left.
"""

from __future__ import annotations

from firmware.core.kinds import COMPLETION_PERCENT_MAX as PERCENT

LEFT = """
SELECT undone FROM (
    SELECT amount_minor, account, kind, (
        SELECT COALESCE(SUM(amount_minor), 0) FROM transactions
        WHERE undoes = ? AND undoes <> '' AND state = 'standing') AS undone
    FROM transactions WHERE reference = ? AND state = 'standing')
WHERE account = ? AND undone + ? <= amount_minor AND kind IN (SELECT value FROM json_each(?))"""
# a hold that is neither released nor completed; a completion that was voided holds again
FREE_HOLD = f"""
SELECT 1 FROM transactions AS hold WHERE reference = ? AND account = ? AND kind = 'preauth'
    AND state = 'standing' AND amount_minor = ? AND ? * 100 <= amount_minor * {PERCENT}
    AND NOT EXISTS (SELECT 1 FROM transactions AS used WHERE undoes = hold.reference
        AND state = 'standing' AND NOT EXISTS (SELECT 1 FROM transactions AS given_back
            WHERE given_back.undoes = used.reference AND given_back.state = 'standing'
            AND given_back.kind = 'completion_void'))"""  # noqa: S608 - a number of ours
