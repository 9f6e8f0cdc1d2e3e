"""The tables of the journal: the log that is the truth, and projections that only make it quick.

A projection says where to read, not what: a row of `transactions` names records of the log. All
projections can be made again from the log, which is how a schema changes: a new version drops them,
makes them anew and replays the log once. `records` and `frames` never change shape.
"""

from __future__ import annotations

import sqlite3

SCHEMA = 7

LOG = (
    """CREATE TABLE records (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        body TEXT NOT NULL,
        previous BLOB NOT NULL,
        hash BLOB NOT NULL,
        signature BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE frames (
        sha256 TEXT PRIMARY KEY,
        packed BLOB NOT NULL
    ) STRICT""",
    # rows of the log are never changed or deleted, not even by the terminal
    *(
        f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE(ABORT, 'append only'); END"""
        for table in ("records", "frames")
        for verb in ("UPDATE", "DELETE")
    ),
    # not from the log: password hashes have no place in it
    """CREATE TABLE operators (
        number TEXT PRIMARY KEY,
        password TEXT NOT NULL,
        must_change INTEGER NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0,
        checking TEXT,
        locked_until_s INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
)

# not from the log either; firmware.payments.sealed_cards says what is sealed
SEALED = """CREATE TABLE IF NOT EXISTS sealed (
    batch INTEGER NOT NULL,
    stan INTEGER NOT NULL,
    card BLOB NOT NULL,
    PRIMARY KEY (batch, stan)
) STRICT"""

OWED = "state IN ('queued', 'sending')"  # of a print job; the index wants the very same words

PROJECTIONS = {
    "identity": """CREATE TABLE identity (
        introduced INTEGER PRIMARY KEY,
        public_key TEXT NOT NULL,
        card_key_check TEXT NOT NULL,
        pepper_check TEXT NOT NULL
    ) STRICT""",
    "terminal": """CREATE TABLE terminal (
        batch INTEGER NOT NULL,
        next_stan INTEGER NOT NULL,
        next_training_stan INTEGER NOT NULL,
        next_job INTEGER NOT NULL,
        signed_on TEXT NOT NULL,
        training INTEGER NOT NULL,
        serial INTEGER NOT NULL,
        day TEXT NOT NULL, -- the latest date of a transaction since the clock was last vouched for
        jumped_s INTEGER NOT NULL, -- by how much the clock was moved in all
        schema INTEGER NOT NULL -- of the release that wrote the records from the last start on
    ) STRICT""",
    "staff": """CREATE TABLE staff (
        number TEXT PRIMARY KEY,
        password_digest TEXT NOT NULL
    ) STRICT""",
    # a batch's number begins anew at 1 after the last one; its serial never does
    "batches": """CREATE TABLE batches (
        serial INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL,
        state TEXT NOT NULL,
        opened INTEGER NOT NULL,
        started INTEGER,
        completed INTEGER,
        intents INTEGER NOT NULL DEFAULT 0,
        sales INTEGER NOT NULL DEFAULT 0,
        sales_minor INTEGER NOT NULL DEFAULT 0,
        voids INTEGER NOT NULL DEFAULT 0,
        voids_minor INTEGER NOT NULL DEFAULT 0,
        refunds INTEGER NOT NULL DEFAULT 0,
        refunds_minor INTEGER NOT NULL DEFAULT 0,
        completions INTEGER NOT NULL DEFAULT 0,
        completions_minor INTEGER NOT NULL DEFAULT 0,
        completion_voids INTEGER NOT NULL DEFAULT 0,
        completion_voids_minor INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "transactions": """CREATE TABLE transactions (
        intent INTEGER PRIMARY KEY,
        outcome INTEGER,
        ended INTEGER,
        reversal INTEGER, -- the record that opened it
        serial INTEGER NOT NULL,
        batch INTEGER NOT NULL,
        stan INTEGER NOT NULL,
        training INTEGER NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        amount_minor INTEGER NOT NULL,
        currency TEXT NOT NULL,
        owner TEXT NOT NULL,
        card TEXT NOT NULL,
        psn TEXT NOT NULL,
        operator TEXT NOT NULL,
        date TEXT NOT NULL,
        day TEXT NOT NULL, -- the day it counts to: setting the clock back begins no new one
        clock_s INTEGER NOT NULL, -- of a clock that nobody ever moved
        reference TEXT NOT NULL DEFAULT '',
        authorisation TEXT NOT NULL DEFAULT '', -- of a pre-authorisation
        original INTEGER,
        voided_by INTEGER NOT NULL DEFAULT 0,
        completed_by INTEGER NOT NULL DEFAULT 0,
        refunded_minor INTEGER NOT NULL DEFAULT 0,
        reprints INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "reversals": """CREATE TABLE reversals (
        intent INTEGER PRIMARY KEY,
        opened INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        told INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "uploads": """CREATE TABLE uploads (
        intent INTEGER PRIMARY KEY,
        attempts INTEGER NOT NULL DEFAULT 0,
        told INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "scripts": """CREATE TABLE scripts (
        intent INTEGER PRIMARY KEY,
        queued INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "print_jobs": """CREATE TABLE print_jobs (
        job INTEGER PRIMARY KEY,
        queued INTEGER NOT NULL,
        intent INTEGER, -- of the transaction that it tells of
        state TEXT NOT NULL -- of journal.transactions.PaperStands
    ) STRICT""",
    "orders": """CREATE TABLE orders (
        id TEXT PRIMARY KEY,
        taken INTEGER NOT NULL,
        ended INTEGER,
        intent INTEGER NOT NULL DEFAULT 0,
        kind TEXT NOT NULL,
        amount_minor INTEGER NOT NULL,
        currency TEXT NOT NULL,
        reference TEXT NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL -- the last record that changed it
    ) STRICT, WITHOUT ROWID""",
    "order_events": """CREATE TABLE order_events (
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (seq, id)
    ) STRICT, WITHOUT ROWID""",
    "settings": """CREATE TABLE settings (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "setting_changes": """CREATE TABLE setting_changes (
        changed INTEGER PRIMARY KEY
    ) STRICT""",
    "day_totals": """CREATE TABLE day_totals (
        date TEXT NOT NULL,
        kind TEXT NOT NULL,
        operator TEXT NOT NULL,
        currency TEXT NOT NULL,
        count INTEGER NOT NULL,
        minor INTEGER NOT NULL,
        PRIMARY KEY (date, kind, operator, currency)
    ) STRICT, WITHOUT ROWID""",
}

# Where a column has an index for some of its values, look-ups say `column = +?`: SQLite plans
# `column = ?` anew for every value that it is asked with. See tests/journal/test_planned_once.py.
INDEXES = (
    "CREATE INDEX orders_version ON orders (version)",
    "CREATE INDEX orders_intent ON orders (intent) WHERE intent <> 0",
    "CREATE INDEX orders_waiting ON orders (id) WHERE state = 'taken'",
    f"CREATE INDEX print_jobs_owed ON print_jobs (job) WHERE {OWED}",
    "CREATE INDEX print_jobs_unheard ON print_jobs (job) WHERE state = 'unheard'",
    "CREATE INDEX print_jobs_intent ON print_jobs (intent) WHERE intent IS NOT NULL",
    "CREATE INDEX batches_number ON batches (batch)",
    "CREATE UNIQUE INDEX transactions_number ON transactions (stan, batch, training, serial)",
    "CREATE INDEX transactions_card ON transactions (card, day)",
    "CREATE INDEX transactions_recent ON transactions (card, clock_s)",
    "CREATE INDEX transactions_reference ON transactions (reference) WHERE reference <> ''",
    """CREATE INDEX transactions_authorisation ON transactions (authorisation, date)
        WHERE authorisation <> ''""",
    "CREATE INDEX transactions_open ON transactions (intent) WHERE state = 'open'",
    "CREATE INDEX transactions_lessons ON transactions (intent) WHERE training = 1",
    """CREATE INDEX transactions_approved ON transactions (kind, training, currency, intent)
        WHERE state = 'approved'""",
    "CREATE INDEX transactions_original ON transactions (original) WHERE original IS NOT NULL",
)


def create_log(connection: sqlite3.Connection) -> None:
    """Make the tables that hold the truth. Call within a transaction."""
    for statement in LOG:
        connection.execute(statement)


def create_projections(connection: sqlite3.Connection) -> None:
    """Make the projections, empty, replacing older ones. Call within a transaction."""
    connection.execute(SEALED)  # since schema 2
    for table in PROJECTIONS:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in (*PROJECTIONS.values(), *INDEXES):
        connection.execute(statement)
    connection.execute("INSERT INTO terminal VALUES (0, 1, 1, 1, '', 0, 0, '', 0, ?)", (SCHEMA,))


def version(connection: sqlite3.Connection) -> int:
    """The schema version of a database; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def set_version(connection: sqlite3.Connection) -> None:
    """Mark the database as of this release's schema. Part of the transaction it is called in."""
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
