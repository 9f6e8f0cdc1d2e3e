"""The tables of the embedded host's books, and what each schema number added to them."""

from __future__ import annotations

SCHEMA = 4
TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY,
    spent_minor INTEGER NOT NULL DEFAULT 0,
    pin_failures INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions (
    terminal TEXT NOT NULL,
    batch INTEGER NOT NULL,
    stan INTEGER NOT NULL,
    kind TEXT NOT NULL,
    merchant TEXT NOT NULL,
    account TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    date TEXT NOT NULL,
    original_batch INTEGER NOT NULL,
    original_stan INTEGER NOT NULL,
    original_reference TEXT NOT NULL,
    state TEXT NOT NULL,
    response_code TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    authorisation_code TEXT NOT NULL,
    issuer_data BLOB,
    cryptogram BLOB NOT NULL,
    muted INTEGER NOT NULL,
    decided_on TEXT NOT NULL,
    undoes TEXT NOT NULL,
    PRIMARY KEY (terminal, batch, stan)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_undoes ON transactions (undoes) WHERE undoes <> '';
CREATE INDEX IF NOT EXISTS by_cryptogram ON transactions (cryptogram, account)
    WHERE cryptogram <> x'';
CREATE INDEX IF NOT EXISTS by_day ON transactions (account, decided_on);
CREATE TABLE IF NOT EXISTS reversals (
    terminal TEXT NOT NULL,
    batch INTEGER NOT NULL,
    stan INTEGER NOT NULL,
    PRIMARY KEY (terminal, batch, stan)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settlements (
    terminal TEXT NOT NULL,
    batch INTEGER NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    sales INTEGER NOT NULL, sales_minor INTEGER NOT NULL,
    voids INTEGER NOT NULL, voids_minor INTEGER NOT NULL,
    refunds INTEGER NOT NULL, refunds_minor INTEGER NOT NULL,
    PRIMARY KEY (terminal, batch)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (only INTEGER PRIMARY KEY CHECK (only = 1), last INTEGER) STRICT;
INSERT OR IGNORE INTO counter (only, last) VALUES (1, 0);
"""
# 2: the time of a request, which books and how often they were written: all else can be alike in
# other books
SINCE_2 = """
ALTER TABLE transactions ADD COLUMN time TEXT NOT NULL DEFAULT '';
ALTER TABLE counter ADD COLUMN books TEXT NOT NULL DEFAULT '';
ALTER TABLE counter ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
UPDATE counter SET books = lower(hex(randomblob(16)));
"""
# 3: what pre-authorisations hold, and their completions
SINCE_3 = """
ALTER TABLE accounts ADD COLUMN held_minor INTEGER NOT NULL DEFAULT 0 CHECK (held_minor >= 0);
ALTER TABLE transactions ADD COLUMN holds_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlements ADD COLUMN completions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlements ADD COLUMN completions_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlements ADD COLUMN completion_voids INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlements ADD COLUMN completion_voids_minor INTEGER NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS by_code ON transactions (account, authorisation_code)
    WHERE kind = 'preauth';
"""
# 4: pre-authorisations lapse: a state that earlier releases do not know
SINCE_4 = """
CREATE INDEX IF NOT EXISTS by_hold ON transactions (account, decided_on)
    WHERE kind = 'preauth' AND state = 'standing';
"""
STEPS = (TABLES, SINCE_2, SINCE_3, SINCE_4)
"""What leads from schema n to n + 1, from 0, which has no tables."""
# made at each opening where it is not yet: books of any schema may lack it
TIE = """CREATE TABLE IF NOT EXISTS tie (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    identity TEXT NOT NULL,
    key_check TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT"""
