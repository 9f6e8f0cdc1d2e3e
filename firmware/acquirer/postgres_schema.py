"""The tables of books in PostgreSQL, and what each schema number added to them.

The rules of money are CHECKs here: no program, whatever its fault, refunds more than was paid,
books a request twice or takes one cryptogram for two sales.
"""

from __future__ import annotations

SINCE_1 = """
CREATE TABLE books (
    one integer PRIMARY KEY CHECK (one = 1),
    identity text NOT NULL,
    schema integer NOT NULL
);
CREATE SEQUENCE numbers;
CREATE TABLE accounts (
    account text PRIMARY KEY,
    spent_minor bigint NOT NULL DEFAULT 0,
    pin_failures integer NOT NULL DEFAULT 0 CHECK (pin_failures >= 0)
);
CREATE TABLE transactions (
    terminal text NOT NULL,
    batch bigint NOT NULL,
    stan integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('sale', 'void', 'refund')),
    merchant text NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency text NOT NULL,
    date text NOT NULL,
    time text NOT NULL,
    original_batch bigint NOT NULL,
    original_stan integer NOT NULL,
    original_reference text NOT NULL,
    state text NOT NULL CHECK (state IN ('standing', 'refused', 'reversed', 'blocked')),
    response_code text NOT NULL,
    reference text NOT NULL UNIQUE,
    authorisation_code text NOT NULL,
    issuer_data bytea,
    cryptogram bytea NOT NULL,
    muted boolean NOT NULL,
    decided_on text NOT NULL,
    undoes text NOT NULL,
    -- what voids and refunds have taken back of this sale
    undone_minor bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (terminal, batch, stan),
    CONSTRAINT never_refunded_beyond_what_was_paid
        CHECK (undone_minor >= 0 AND undone_minor <= amount_minor),
    CONSTRAINT only_a_standing_sale_is_refunded
        CHECK (undone_minor = 0 OR (kind = 'sale' AND state = 'standing')),
    CONSTRAINT what_gives_back_rests_on_a_sale
        CHECK (kind = 'sale' OR state <> 'standing' OR undoes <> '')
);
CREATE INDEX transactions_by_undoes ON transactions (undoes) WHERE undoes <> '';
CREATE UNIQUE INDEX one_sale_a_cryptogram ON transactions (account, cryptogram)
    WHERE cryptogram <> '';
CREATE INDEX transactions_by_day ON transactions (account, decided_on);
CREATE TABLE reversals (
    terminal text NOT NULL,
    batch bigint NOT NULL,
    stan integer NOT NULL,
    PRIMARY KEY (terminal, batch, stan)
);
CREATE TABLE settlements (
    terminal text NOT NULL,
    batch bigint NOT NULL,
    reference text NOT NULL UNIQUE,
    sales integer NOT NULL, sales_minor bigint NOT NULL,
    voids integer NOT NULL, voids_minor bigint NOT NULL,
    refunds integer NOT NULL, refunds_minor bigint NOT NULL,
    PRIMARY KEY (terminal, batch)
);
-- of no use: only the embedded acquirer knows a terminal's journal, and it has SQLite
CREATE TABLE tie (
    one integer PRIMARY KEY CHECK (one = 1),
    identity text NOT NULL,
    key_check text NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO books VALUES (1, replace(gen_random_uuid()::text, '-', ''), 1);
"""
RECORDS = """
CREATE TABLE IF NOT EXISTS records (
    kind text NOT NULL,
    name text NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (kind, name)
);
"""
# what pre-authorisations hold, and their completions
SINCE_2 = """
ALTER TABLE accounts ADD COLUMN held_minor bigint NOT NULL DEFAULT 0 CHECK (held_minor >= 0);
ALTER TABLE transactions
    ADD COLUMN holds_minor bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT transactions_kind_check,
    ADD CONSTRAINT transactions_kind_check CHECK (kind IN ('sale', 'void', 'refund',
        'preauth', 'preauth_void', 'completion', 'completion_void')),
    DROP CONSTRAINT only_a_standing_sale_is_refunded,
    ADD CONSTRAINT only_what_stands_is_undone CHECK (undone_minor = 0
        OR (kind IN ('sale', 'preauth', 'completion') AND state = 'standing')),
    DROP CONSTRAINT what_gives_back_rests_on_a_sale,
    ADD CONSTRAINT what_is_no_beginning_rests_on_one
        CHECK (kind IN ('sale', 'preauth') OR state <> 'standing' OR undoes <> ''),
    -- see firmware.core.kinds.COMPLETION_PERCENT_MAX
    ADD CONSTRAINT never_completed_beyond_what_is_held
        CHECK (kind <> 'completion' OR state <> 'standing'
            OR amount_minor * 100 <= -holds_minor * 115);
CREATE INDEX transactions_by_code ON transactions (account, authorisation_code)
    WHERE kind = 'preauth';
ALTER TABLE settlements
    ADD COLUMN completions integer NOT NULL DEFAULT 0,
    ADD COLUMN completions_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN completion_voids integer NOT NULL DEFAULT 0,
    ADD COLUMN completion_voids_minor bigint NOT NULL DEFAULT 0;
"""
# pre-authorisations lapse
SINCE_3 = """
ALTER TABLE transactions
    DROP CONSTRAINT transactions_state_check,
    ADD CONSTRAINT transactions_state_check
        CHECK (state IN ('standing', 'refused', 'reversed', 'blocked', 'lapsed')),
    ADD CONSTRAINT only_a_hold_lapses CHECK (state <> 'lapsed' OR kind = 'preauth'),
    DROP CONSTRAINT only_what_stands_is_undone,
    ADD CONSTRAINT only_what_stands_is_undone CHECK (undone_minor = 0
        OR (kind IN ('sale', 'preauth', 'completion') AND state = 'standing')
        OR state = 'lapsed'),
    -- one that stands again, because its void was reversed, has none of a hold's money where
    -- somebody else has used that meanwhile: see firmware.acquirer.postgres_moves.REVERSE
    DROP CONSTRAINT never_completed_beyond_what_is_held,
    ADD CONSTRAINT never_completed_beyond_what_is_held
        CHECK (kind <> 'completion' OR state <> 'standing' OR holds_minor = 0
            OR amount_minor * 100 <= -holds_minor * 115);
-- of no column that changes: else every refund would write to all indexes
CREATE INDEX transactions_held ON transactions (account, decided_on) WHERE kind = 'preauth';
"""
MIGRATIONS = (SINCE_1 + RECORDS, SINCE_2, SINCE_3)
"""What leads from schema n to n + 1, from 0, which has no tables."""
