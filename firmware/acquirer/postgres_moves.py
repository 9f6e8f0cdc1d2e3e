"""What enters a request into books in PostgreSQL: one conditional statement for each kind.

Sales, which are most of what comes, have a statement for many at once: see postgres_sql.SELL.

A condition that does not hold finds nothing to change, which is an error (a division by zero) and
with it all that is sent after it: nothing is booked. The CHECKs of the schema hold the same.
"""

from __future__ import annotations

from firmware.acquirer.booking import COLUMNS
from firmware.core.kinds import COMPLETION_PERCENT_MAX, Kind

NAMES = ", ".join(COLUMNS)
PLACE = "terminal = %s AND batch = %s AND stan = %s"
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
# a hold is used once: released, or completed until the completion is voided
_USE_HOLD = f"""
WITH used AS (
    UPDATE transactions SET undone_minor = amount_minor
    WHERE reference = %(undoes)s AND kind = 'preauth' AND state = 'standing'
        AND account = %(account)s AND undone_minor = 0 AND amount_minor = -%(holds_minor)s
        AND (%(kind)s = 'completion' OR %(amount_minor)s = amount_minor)
        AND %(amount_minor)s * 100 <= amount_minor * {COMPLETION_PERCENT_MAX}
    RETURNING 1),
paid AS ({_MOVE} AND EXISTS (SELECT 1 FROM used)
    AND (%(moved_minor)s <= 0 OR {_WITHIN}) RETURNING 1),
{_ENTERED}"""  # noqa: S608 - a number of ours
_GIVE_BACK = f"""
WITH undone AS (
    UPDATE transactions SET undone_minor = undone_minor + %(amount_minor)s
    WHERE reference = %(undoes)s AND state = 'standing' AND account = %(account)s
        AND kind = ANY (CASE %(kind)s WHEN 'void' THEN ARRAY['sale']
            WHEN 'completion_void' THEN ARRAY['completion'] ELSE ARRAY['sale', 'completion'] END)
        AND undone_minor + %(amount_minor)s <= amount_minor
        AND (%(kind)s = 'refund' OR undone_minor = 0)
    RETURNING undoes),
held AS (
    UPDATE transactions AS hold SET undone_minor = 0 FROM undone
    WHERE %(kind)s = 'completion_void' AND hold.reference = undone.undoes
    RETURNING 1),
paid AS ({_MOVE} AND EXISTS (SELECT 1 FROM undone)
    AND (%(kind)s <> 'completion_void' OR EXISTS (SELECT 1 FROM held)) RETURNING 1),
{_ENTERED}"""  # noqa: S608 - our own names
ENTER = {
    Kind.PREAUTH: _HOLD,
    Kind.PREAUTH_VOID: _USE_HOLD,
    Kind.COMPLETION: _USE_HOLD,
    Kind.VOID: _GIVE_BACK,
    Kind.REFUND: _GIVE_BACK,
    Kind.COMPLETION_VOID: _GIVE_BACK,
}
REVERSE = f"""
WITH gone AS (
    UPDATE transactions SET state = 'reversed' WHERE {PLACE} AND state = 'standing'
    RETURNING kind, undoes, amount_minor, holds_minor, account),
original AS (
    UPDATE transactions SET undone_minor = undone_minor - CASE
        WHEN gone.kind IN ('preauth_void', 'completion') THEN -gone.holds_minor
        ELSE gone.amount_minor END
    FROM gone WHERE gone.undoes <> '' AND transactions.reference = gone.undoes
    RETURNING transactions.undoes, gone.kind),
used AS (
    UPDATE transactions AS hold SET undone_minor = hold.amount_minor FROM original
    WHERE original.kind = 'completion_void' AND hold.reference = original.undoes
    RETURNING 1),
paid AS (
    UPDATE accounts SET spent_minor = spent_minor - %s, held_minor = held_minor - %s FROM gone
    WHERE accounts.account = gone.account
    RETURNING 1)
{_ONE} paid"""  # noqa: S608 - our own names
