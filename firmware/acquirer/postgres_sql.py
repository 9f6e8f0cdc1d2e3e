"""The statements by which the books are kept in PostgreSQL.

Many requests are entered or read by one statement, as one JSON array of objects: they cost the
round trips of one request.
"""

from __future__ import annotations

from firmware.acquirer.booking import COLUMNS
from firmware.acquirer.engine import NAMES, SELECT
from firmware.acquirer.postgres_moves import INSERT
from firmware.acquirer.sealed_records import ACCOUNT, TERMINAL

_NUMBERS = dict.fromkeys(("batch", "original_batch", "amount_minor", "holds_minor"), "bigint")
_NUMBERS |= dict.fromkeys(("stan", "original_stan"), "integer")
_OTHERS = {"issuer_data": "bytea", "cryptogram": "bytea", "muted": "boolean"}
_ROWS = ", ".join(f"{name} {(_NUMBERS | _OTHERS).get(name, 'text')}" for name in COLUMNS)
ENTER_REFUSED = f"""{INSERT} SELECT {NAMES}
FROM json_to_recordset(%s::json) AS asked({_ROWS})"""  # noqa: S608 - our own names
SELL = f"""
WITH asked AS (
    SELECT * FROM json_to_recordset(%s::json) AS each({_ROWS}, limit_minor bigint)),
paid AS (
    UPDATE accounts SET spent_minor = spent_minor + asked.amount_minor FROM asked
    WHERE accounts.account = asked.account AND (asked.limit_minor IS NULL
        OR spent_minor + held_minor + asked.amount_minor <= asked.limit_minor)
    RETURNING accounts.account AS payer),
entered AS (
    {INSERT} SELECT {NAMES} FROM asked JOIN paid ON payer = account RETURNING 1)
SELECT 1 / (count(*) = %s)::integer FROM entered"""  # noqa: S608 - our own names
# always locked in the order of their keys, so that two never wait for each other
HOLD_TERMINALS = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS held(key)"
NEW_ACCOUNTS = (
    "INSERT INTO accounts (account) SELECT * FROM unnest(%s::text[]) ON CONFLICT DO NOTHING"
)
HOLD_ACCOUNTS = "SELECT 1 FROM accounts WHERE account = ANY(%s) ORDER BY account FOR UPDATE"
# the index is of those that are not empty, and a plan that is kept does not know the value
SEEN = "SELECT 1 FROM transactions WHERE account = %s AND cryptogram = %s AND cryptogram <> ''"
TERMINALS = f"""
SELECT number, (SELECT COALESCE(MAX(batch), 0) FROM settlements WHERE terminal = number),
    (SELECT value FROM records WHERE kind = '{TERMINAL}' AND name = number)
FROM unnest(%s::text[]) AS asked(number)"""  # noqa: S608 - our own names
ACCOUNTS_AT = """
SELECT DISTINCT account FROM transactions
JOIN json_to_recordset(%s::json) AS asked(terminal text, batch bigint, stan integer)
USING (terminal, batch, stan)"""
# of each request in order: true or NULL for what is there or not, and of the account the values
# themselves. Not EXISTS: of many rows PostgreSQL makes one hash of the whole table
GLANCE = f"""
SELECT
    (SELECT true FROM transactions AS t WHERE t.terminal = asked.terminal
        AND t.batch = asked.batch AND t.stan = asked.stan),
    (SELECT true FROM settlements AS s WHERE s.terminal = asked.terminal
        AND s.batch = asked.batch),
    (SELECT true FROM reversals AS r WHERE r.terminal = asked.terminal
        AND r.batch = asked.batch AND r.stan = asked.stan),
    (SELECT true FROM transactions AS t WHERE t.account = asked.account
        AND t.cryptogram = asked.cryptogram AND t.cryptogram <> ''),
    (SELECT true FROM transactions AS t WHERE t.reference = asked.reference
        UNION ALL SELECT true FROM settlements AS s WHERE s.reference = asked.reference LIMIT 1),
    accounts.spent_minor, accounts.held_minor, accounts.pin_failures, records.value
FROM json_to_recordset(%s::json) AS asked(at integer, terminal text, batch bigint, stan integer,
    account text, cryptogram bytea, reference text)
LEFT JOIN accounts ON accounts.account = asked.account
LEFT JOIN records ON records.kind = '{ACCOUNT}' AND records.name = asked.account
ORDER BY at"""  # noqa: S608 - our own names
ORIGINALS = SELECT + "WHERE reference = ANY(%s)"
RESTING_ON_ANY = SELECT + "WHERE undoes = ANY(%s) AND undoes <> '' AND state = 'standing'"
DRAW = "SELECT nextval('numbers') FROM generate_series(1, %s)"
