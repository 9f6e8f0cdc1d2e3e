"""Records that may wait for the next commit: a power cut may lose them without harm.

An amount that was agreed to moves no money before its intent, and a receipt that is not recorded as
out is printed again, marked as a duplicate. So neither needs a commit of its own, which wears an SD
card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field

from firmware.journal.faults import RuleBroken
from firmware.journal.paper_records import PrintSent
from firmware.journal.records import AmountAgreed, Record

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})
AtRecord = tuple[str, Record]  # the time that it is of, ISO 8601, and what happened


class Waiting(Struct):
    """What was handed in and is not written yet, oldest first, each with its time."""

    entries: list[AtRecord] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def take(self, at: str, records: tuple[Record, ...], blobs: Mapping[str, bytes]) -> None:
        """Keep records. Raises RuleBroken for those that could not be written later."""
        check_frames(blobs)
        for record in records:
            if isinstance(record, AmountAgreed) and record.frame_sha256 not in blobs:
                raise RuleBroken(f"the agreed frame {record.frame_sha256[:8]} is not kept")
        self.entries += [(at, record) for record in records]
        self.blobs.update(blobs)

    @property
    def agreed(self) -> bool:
        """Whether an amount was agreed to, and its intent is not there yet."""
        return any(isinstance(record, AmountAgreed) for _, record in self.entries)

    @property
    def papers_out(self) -> frozenset[int]:
        """The print jobs that are done, though the journal does not say so yet."""
        return frozenset(sent.job for _, sent in self.entries if isinstance(sent, PrintSent))

    def clear(self) -> None:
        """Forget them: they are written."""
        self.entries.clear()
        self.blobs.clear()


def check_frames(blobs: Mapping[str, bytes]) -> None:
    """Raise RuleBroken unless each frame is what its hash says."""
    for sha256, packed in blobs.items():
        if hashlib.sha256(packed).hexdigest() != sha256:
            raise RuleBroken(f"frame {sha256[:8]} is not what its hash says")
