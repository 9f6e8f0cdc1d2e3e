"""The settings that the journal knows: those of the first start, and what changed since."""

from __future__ import annotations

import sqlite3

from firmware.journal.records import SettingChanged, SettingRecord, SettingsRecorded
from firmware.journal.rules import require


def project(db: sqlite3.Connection, seq: int, record: SettingRecord) -> None:
    """Change the known settings by record `seq`. Raises RuleBroken."""
    if isinstance(record, SettingsRecorded):
        known = db.execute("SELECT 1 FROM settings").fetchone()
        require(known is None, "settings that are known already, as if for the first time")
        db.executemany("INSERT INTO settings VALUES (?, ?)", record.settings.items())
        return
    row = db.execute("SELECT value FROM settings WHERE key = ?", (record.key,)).fetchone()
    before = row["value"] if row is not None else ""
    require(before == record.before, f"{record.key} changed from what it was not")
    require(record.after != before, f"{record.key} changed to what it was")
    if record.after:
        values = (record.key, record.after)
        db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", values)
    else:
        db.execute("DELETE FROM settings WHERE key = ?", (record.key,))
    db.execute("INSERT INTO setting_changes VALUES (?)", (seq,))


def change_words(record: SettingChanged) -> str:
    """A change as a sentence: `sale.max_amount was "50000.00", is "100.00"`."""
    # an empty list is recorded under its own key, any other under the keys of its items
    if (record.before, record.after) == ("", "[]"):
        return f"{record.key} has no items"
    if (record.before, record.after) == ("[]", ""):
        return f"{record.key} had no items"
    if not record.before:
        return f"{record.key} is new: {record.after}"
    if not record.after:
        return f"{record.key} is gone, was {record.before}"
    return f"{record.key} was {record.before}, is {record.after}"
