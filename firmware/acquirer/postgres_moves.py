"""What enters a request into books in PostgreSQL: one conditional statement for each kind.

Sales, which are most of what comes, have a statement for many at once: see postgres_sql.SELL.

Where a condition does not hold, no row changes and the statement fails, by a division by zero, with
all that is sent after it: nothing is booked. The CHECKs of the schema ensure the same.
"""

from __future__ import annotations

from firmware.acquirer.booking import COLUMNS
from firmware.acquirer.engine import NAMES, PLACE
from firmware.core.kinds import COMPLETION_PERCENT_MAX, Kind

_ONE = "SELECT 1 / count(*) FROM"
_VALUES = ", ".join(f"%({name})s" for name in COLUMNS)
INSERT = f"INSERT INTO transactions ({NAMES}) "
# a NULL of no type is text to the server: the cast says what it is
_WITHIN = """(%(limit_minor)s::bigint IS NULL
        OR spent_minor + held_minor + %(moved_minor)s <= %(limit_minor)s::bigint)"""
_MOVE = """UPDATE accounts SET spent_minor = spent_minor + %(spends_minor)s,
        held_minor = held_minor + %(holds_minor)s
    WHERE account = %(account)s"""
_BOOKED = f"{INSERT} SELECT {_VALUES} FROM paid RETURNING 1"  # noqa: S608 - our own names
_ENTERED = f"entered AS ({_BOOKED}) {_ONE} entered"
_HOLD = f"""
WITH paid AS ({_MOVE} AND {_WITHIN} RETURNING 1),
{_ENTERED}"""
_SAME = "merchant = %(merchant)s AND currency = %(currency)s AND account = %(account)s"
# a hold is used once: released, or completed until the completion is voided. One that has lapsed
# is only released, and that changes no balance
_USE_HOLD = f"""
WITH used AS (
    UPDATE transactions SET undone_minor = amount_minor
    WHERE reference = %(undoes)s AND kind = 'preauth' AND {_SAME} AND undone_minor = 0
        AND ((state = 'standing' AND amount_minor = -%(holds_minor)s)
            OR (state = 'lapsed' AND %(kind)s = 'preauth_void' AND %(holds_minor)s = 0))
        AND (%(kind)s = 'completion' OR %(amount_minor)s = amount_minor)
        AND %(amount_minor)s * 100 <= amount_minor * {COMPLETION_PERCENT_MAX}
    RETURNING 1),
paid AS ({_MOVE} AND EXISTS (SELECT 1 FROM used)
    AND (%(moved_minor)s <= 0 OR {_WITHIN}) RETURNING 1),
{_ENTERED}"""  # noqa: S608 - a number of ours
_GIVE_BACK = f"""
WITH undone AS (
    UPDATE transactions SET undone_minor = undone_minor + %(amount_minor)s
    WHERE reference = %(undoes)s AND state = 'standing' AND {_SAME}
        AND kind = ANY (CASE %(kind)s WHEN 'void' THEN ARRAY['sale']
            WHEN 'completion_void' THEN ARRAY['completion'] ELSE ARRAY['sale', 'completion'] END)
        AND undone_minor + %(amount_minor)s <= amount_minor
        AND (%(kind)s = 'refund' OR undone_minor = 0)
    RETURNING undoes),
held AS (
    UPDATE transactions AS hold SET undone_minor = 0 FROM undone
    WHERE %(kind)s = 'completion_void' AND %(holds_minor)s <> 0
        AND hold.reference = undone.undoes
    RETURNING 1),
paid AS ({_MOVE} AND EXISTS (SELECT 1 FROM undone)
    AND (%(kind)s <> 'completion_void' OR %(holds_minor)s = 0 OR EXISTS (SELECT 1 FROM held))
    RETURNING 1),
{_ENTERED}"""  # noqa: S608 - our own names
ENTER = {
    Kind.PREAUTH: _HOLD,
    Kind.PREAUTH_VOID: _USE_HOLD,
    Kind.COMPLETION: _USE_HOLD,
    Kind.VOID: _GIVE_BACK,
    Kind.REFUND: _GIVE_BACK,
    Kind.COMPLETION_VOID: _GIVE_BACK,
}
_IS_OVER = "kind = 'preauth' AND state = 'standing' AND undone_minor = 0 AND decided_on < %s"
LAPSE = f"""
WITH lapsed AS (
    UPDATE transactions SET state = 'lapsed' WHERE account IN (
        SELECT account FROM accounts WHERE account = ANY(%s) AND held_minor > 0) AND {_IS_OVER}
    RETURNING account, amount_minor),
freed AS (SELECT account, SUM(amount_minor)::bigint AS minor FROM lapsed GROUP BY account)
UPDATE accounts SET held_minor = held_minor - freed.minor FROM freed
WHERE accounts.account = freed.account"""  # noqa: S608 - our own names
LAPSED = f"""
SELECT account, COUNT(*), SUM(amount_minor)::bigint,
    SUM(CASE state WHEN 'lapsed' THEN 0 ELSE amount_minor END)::bigint
FROM transactions WHERE kind = 'preauth' AND (state = 'lapsed' OR ({_IS_OVER}))
GROUP BY account"""  # noqa: S608 - our own names
# of a completion's void: the completion stands again. Where its hold has lapsed meanwhile, or
# somebody else has used it, that money is gone, and is not taken off what is held once more
REVERSE = f"""
WITH gone AS (
    UPDATE transactions SET state = 'reversed' WHERE {PLACE} AND state = 'standing'
    RETURNING kind, undoes, amount_minor, holds_minor, account),
hold AS (  -- as it was before this statement
    SELECT each.reference, each.state = 'lapsed' AND each.undone_minor = 0 AS is_lapsed,
        each.undone_minor <> 0 AS is_used
    FROM gone JOIN transactions AS completion ON completion.reference = gone.undoes
    JOIN transactions AS each ON each.reference = completion.undoes
    WHERE gone.kind = 'completion_void' AND gone.holds_minor <> 0),
original AS (
    UPDATE transactions SET undone_minor = undone_minor - CASE
            WHEN gone.kind = 'completion' AND gone.holds_minor = 0 THEN 0
            WHEN gone.kind IN ('preauth_void', 'completion') THEN undone_minor
            ELSE gone.amount_minor END,
        holds_minor = CASE WHEN EXISTS (SELECT 1 FROM hold WHERE is_used) THEN 0
            ELSE transactions.holds_minor END
    FROM gone WHERE gone.undoes <> '' AND transactions.reference = gone.undoes
    RETURNING 1),
used AS (
    UPDATE transactions SET undone_minor = amount_minor, state = 'standing' FROM hold
    WHERE NOT is_used AND transactions.reference = hold.reference
    RETURNING 1),
paid AS (
    UPDATE accounts SET spent_minor = spent_minor - %s, held_minor = held_minor - CASE
            WHEN EXISTS (SELECT 1 FROM hold WHERE is_used OR is_lapsed) THEN 0
            ELSE gone.holds_minor END
    FROM gone
    WHERE accounts.account = gone.account
    RETURNING 1)
{_ONE} paid"""  # noqa: S608 - our own names
