"""What the journal can be asked. Every answer costs a few steps in an index, whatever its length.

A look-up is a method that has its SQL; a flow awaits it as `Look.of(Lookups.batch)`. They are
grouped by what is asked: `numbers`, `vouchers`, `sums`, `owed`, `orders`, and here the log itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from firmware.core.kinds import COUNTED
from firmware.journal.chain import ORIGIN, ChainedRecord, public_key_of
from firmware.journal.faults import error_is_a_fault
from firmware.journal.orders import OrderLookups
from firmware.journal.owed import OwedLookups
from firmware.journal.records import (
    BatchUploaded,
    ChipUploaded,
    SettingChanged,
    SettingsRecorded,
    SettlementAnswered,
)
from firmware.journal.rows import believed, entry_of
from firmware.journal.sums import SumLookups
from firmware.journal.transactions import Transaction
from firmware.journal.vouchers import NEVER

_ENTRY = "SELECT seq, at, body, previous, hash, signature FROM records "
_OF_OPEN_BATCH = "t.batch = ? AND t.serial = (SELECT serial FROM terminal) AND t.training = 0"


class SettlementProgress(Struct, frozen=True):
    """How far a settlement on an acquirer's line has come.

    `details`: vouchers whose details the acquirer has taken. `unnamed`: how many more it took
    before, counted by an earlier release that did not name them. `chips`: vouchers whose chip's
    data were answered, and whether they were taken.
    """

    answered: SettlementAnswered | None = None
    unnamed: int = 0
    details: frozenset[int] = frozenset()
    chips: dict[int, bool] = {}


class Lookups(OwedLookups, OrderLookups, SumLookups):
    """All that the journal can be asked, through the one connection it is given."""

    # -- settings ------------------------------------------------------------------------------

    def settings(self) -> dict[str, str]:
        """The settings of the last start by key; none where no start has told any."""
        return {row["key"]: row["value"] for row in self._all("SELECT * FROM settings")}

    def settings_to_record(
        self, settings: dict[str, str], by: str
    ) -> tuple[SettingsRecorded | SettingChanged, ...]:
        """What is to be recorded of these settings, by key: nothing where none has changed."""
        known = self.settings()
        if not (known or settings):
            return ()
        if not known:
            return (SettingsRecorded(settings=settings),)
        return tuple(
            SettingChanged(key=key, before=before, after=after, by=by)
            for key in sorted(known.keys() | settings.keys())
            if (before := known.get(key, "")) != (after := settings.get(key, ""))
        )

    def setting_changes(self, serial: int | None = None) -> list[ChainedRecord]:
        """What changed of the settings while a batch was open, or ever, oldest first."""
        first, last = 0, NEVER
        if serial is not None:
            sql = "SELECT opened FROM batches WHERE serial IN (?, ?) ORDER BY serial"
            first, last = (*self._numbers(sql, (serial, serial + 1)), NEVER, NEVER)[:2]
        numbers = "SELECT changed FROM setting_changes WHERE changed BETWEEN ? AND ?"
        return self._values(
            entry_of, f"{_ENTRY}WHERE seq IN ({numbers}) ORDER BY seq", (first, last)
        )

    # -- the log ------------------------------------------------------------------------------

    def head(self) -> tuple[int, str]:
        """Number and hash (hex) of the last record; (0, 64 zeros) when there is none."""
        found = self._values(
            lambda row: (int(row["seq"]), str(row["hash"].hex())),
            "SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1",
        )
        return found[0] if found else (0, ORIGIN.hex())

    def settlement_progress(self) -> SettlementProgress:
        """How far the settlement under way is: the acquirer's answer, and what was uploaded."""
        row = self._one(
            "SELECT max(b.started) AS started FROM terminal s JOIN batches b"
            " ON b.serial = s.serial WHERE b.state = 'settling'"
        )
        answered, unnamed, details, chips = None, 0, set[int](), dict[int, bool]()
        for entry in self.records(row["started"]) if row["started"] else ():
            match entry.record:
                case SettlementAnswered() as said:
                    answered = said
                case BatchUploaded(count=count, stans=stans):
                    details.update(stans)
                    unnamed = unnamed if stans else count
                case ChipUploaded(stan=stan, taken=taken):
                    chips[stan] = taken
        return SettlementProgress(answered, unnamed, frozenset(details), chips)

    def to_upload(self, batch: int) -> list[Transaction]:
        """What the totals of the open batch count, oldest first: a voided sale, and its void."""
        kinds = ", ".join(f"'{kind.value}'" for kind in COUNTED)
        where = f"{_OF_OPEN_BATCH} AND t.state = 'approved' AND t.kind IN ({kinds})"
        return self._transactions(f"{where} ORDER BY t.intent", (batch,))

    def chips_to_upload(self, batch: int) -> list[Transaction]:
        """Those of the open batch whose chip's data are kept to be uploaded, oldest first.

        What a card and the acquirer approved, and what a card declined by itself.
        """
        where = f"{_OF_OPEN_BATCH} AND t.state IN ('approved', 'declined') ORDER BY t.intent"
        return [one for one in self._transactions(where, (batch,)) if one.chip_data]

    def records(self, first: int = 1, last: int | None = None) -> Iterator[ChainedRecord]:
        """The rows from `first` to `last`, both included, read as they are taken."""
        step = 500
        start = first
        while last is None or start <= last:
            end = start + step - 1 if last is None else min(start + step - 1, last)
            rows = self._all(_ENTRY + "WHERE seq BETWEEN ? AND ? ORDER BY seq", (start, end))
            if not rows and (last is None or start > self.head()[0]):
                return
            for row in rows:
                entry = entry_of(row)
                yield believed(entry) if self.believes_hashes_only else entry
            start = end + 1

    def every_record(self) -> Iterator[ChainedRecord]:
        """Every row there is, one at a time; also rows with numbers that no record should have."""
        with error_is_a_fault:
            for row in self._db.execute(_ENTRY + "ORDER BY seq"):
                yield entry_of(row)

    def public_keys(self) -> list[tuple[int, Ed25519PublicKey]]:
        """The terminal's signing keys, each with the record that introduced it, oldest first."""
        return self._values(
            lambda row: (int(row["introduced"]), public_key_of(row["public_key"])),
            "SELECT introduced, public_key FROM identity ORDER BY introduced",
        )

    def frame(self, sha256: str) -> bytes | None:
        """The 1,024 bytes of a frame that was agreed to, or None."""
        rows = self._all("SELECT packed FROM frames WHERE sha256 = ?", (sha256,))
        return rows[0]["packed"] if rows else None
