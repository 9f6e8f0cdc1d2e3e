"""One transaction in the journal: its state, and every record about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from firmware.audit.spans import clock_text, dashed
from firmware.core.kinds import Copy
from firmware.journal.advice_records import AdviceRecord
from firmware.journal.chain import ChainedRecord
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PaperRecord, PrintQueued
from firmware.journal.records import (
    AmountAgreed,
    ChipUploaded,
    GuardOverridden,
    IntentRecorded,
    PaymentRecord,
    Record,
    SettingChanged,
)
from firmware.journal.transactions import Transaction

_Place = tuple[int, int, bool]  # batch, voucher number, whether it is a training transaction


def dossier(journal: Lookups, one: Transaction) -> Iterator[str]:
    """The lines of a voucher's dossier. Reads the whole log. Raises JournalFault."""
    yield f"voucher {one.stan:06d} of batch {one.batch:06d}" + " TRAINING" * one.training
    facts = {
        "type": one.kind.value + (" (undo)" if one.undo else ""),
        "amount": f"{one.amount} {one.currency}",
        "state": one.state.value,
        "response": f"{one.response_code} {one.reason}".strip(),
        "card": f"****{one.card.last4} {one.card.scheme or one.card.label}".strip(),
        "at": f"{dashed(one.date)} {clock_text(one.time)}",
        "operator": one.operator,
        "merchant": f"{one.merchant} {one.merchant_name}",
        "terminal": f"{one.terminal}, store {one.store}",
        "authorisation": one.authorisation_code,
        "reference": one.reference,
        "issuer": one.issuer,
        "voided by": f"{one.voided_by:06d}" if one.voided_by else "",
        "refunded": str(one.refunded) if one.refunded_minor else "",
        "settled": "yes" if one.settled else "no",
    }
    if one.original is not None and one.original.elsewhere:
        what = "reference" if one.original.reference else "authorisation"
        facts["original"] = f"{what} {one.original.number}, of another terminal"
    elif one.original is not None:
        facts["original"] = f"{one.original.stan:06d} of batch {one.original.batch:06d}"
    yield from (f"  {name:<13} {value}" for name, value in facts.items() if value)
    for entry in entries_about(journal, one):
        yield f"record {entry.seq}  {entry.at}  {entry.record.__struct_config__.tag}"
        fields = msgspec.to_builtins(entry.record)
        yield from (f"  {name} = {value}" for name, value in _flat(fields) if name != "type")


def entries_about(journal: Lookups, one: Transaction) -> Iterator[ChainedRecord]:
    """The records of a voucher, of all that rests on it, and of their papers."""
    family: list[IntentRecorded] = []
    places: set[_Place] = set()
    jobs: set[int] = set()
    leading: list[ChainedRecord] = []  # agreed amounts and overridden guards before an intent
    settings: list[ChainedRecord] = []  # changes since the voucher was begun
    for entry in journal.records():
        record = entry.record
        match record:
            case GuardOverridden() | AmountAgreed():
                leading.append(entry)
            case SettingChanged() if places:
                settings.append(entry)
            case IntentRecorded():
                places.discard(_place(record))  # the number is used again
                if _is(record, one) or any(_names(record, each) for each in family):
                    family.append(record)
                    yield from settings
                    settings = []
                    places.add(_place(record))
                    yield from (before for before in leading if _leads(before.record, record))
                    yield entry
                leading = []
            case PrintQueued():
                if record.copy is not Copy.SETTLEMENT and _place(record) in places:
                    jobs.add(record.job)
                    yield entry
            case _ if isinstance(record, PaymentRecord):
                if _place(record) in places:
                    yield entry
            case _ if isinstance(record, AdviceRecord | ChipUploaded):
                if (record.batch, record.stan, False) in places:
                    yield entry
            case _ if isinstance(record, PaperRecord):
                if record.job in jobs:
                    yield entry


def _place(record: PaymentRecord | PrintQueued) -> _Place:
    return record.batch, record.stan, record.training


def _is(intent: IntentRecorded, one: Transaction) -> bool:
    """Whether `intent` began this transaction, and not another with the same numbers."""
    at = (intent.date, intent.time, intent.amount_minor)
    same = at == (one.date, one.time, one.amount_minor)
    return same and _place(intent) == (one.batch, one.stan, one.training)


def _names(intent: IntentRecorded, one: IntentRecorded) -> bool:
    original = intent.original
    return (
        original is not None
        and (original.batch, original.stan, original.date) == (one.batch, one.stan, one.date)
        and intent.training == one.training
    )


def _leads(record: Record, intent: IntentRecorded) -> bool:
    """Whether a record before an intent belongs to it: an agreed amount does by its frame."""
    return not isinstance(record, AmountAgreed) or record.frame_sha256 == intent.frame_sha256


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
