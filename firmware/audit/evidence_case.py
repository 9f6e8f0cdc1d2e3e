"""What a bank asks for in a dispute, gathered from a journal: one sale and its records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from PIL import Image

from firmware.audit.data import JournalWithKeys
from firmware.audit.dossier import entries_about
from firmware.audit.keyring import fingerprint_of
from firmware.audit.receipt_picture import ReceiptPicture, drawn
from firmware.core.config import Config
from firmware.core.exits import FAILED, Refused
from firmware.core.kinds import Copy, EmvData
from firmware.emv.meanings import meaning
from firmware.emv.tags import Tag, describe
from firmware.journal.chain import ChainedRecord, Introduced
from firmware.journal.genuine import verify_signed_record
from firmware.journal.lookups import Lookups
from firmware.journal.records import AmountAgreed, IntentRecorded
from firmware.journal.signed_record import signed_record
from firmware.journal.transactions import Transaction
from firmware.journal.verify import JournalReport, verify_journal
from firmware.receipts.papers import Papers
from firmware.terminal.drivers import profile_of

DISPLAY_PX = (128, 64)
# the journal's name of a fact: the tag it came from
EMV_TAGS = {
    "aid": Tag.AID_TERMINAL,
    "tvr": Tag.TERMINAL_VERIFICATION_RESULTS,
    "tsi": Tag.TRANSACTION_STATUS_INFORMATION,
    "atc": Tag.APPLICATION_TRANSACTION_COUNTER,
    "cid": Tag.CRYPTOGRAM_INFORMATION_DATA,
    "ac": Tag.APPLICATION_CRYPTOGRAM,
    "arqc": Tag.APPLICATION_CRYPTOGRAM,
    "cvm_results": Tag.CVM_RESULTS,
    "iad": Tag.ISSUER_APPLICATION_DATA,
    "unpredictable_number": Tag.UNPREDICTABLE_NUMBER,
}


class Case(Struct, frozen=True):
    """Everything about one sale. `asked` is the voucher that was named: the sale, or what undid it.

    `family` are the sale and each void and refund of it; `frames` the agreed ones by their hash.
    `receipts`, by name, are printed anew and marked as duplicates: the first ones were handed out.
    """

    asked: Transaction
    family: tuple[Transaction, ...]
    entries: tuple[ChainedRecord, ...]
    frames: dict[str, Image.Image]
    receipts: dict[str, ReceiptPicture]
    report: JournalReport
    signed_records: dict[str, str]  # QR text of each of the family, by voucher
    faults: tuple[str, ...]  # of the signed records
    keys: Introduced  # every key that has signed, so that papers of any time can be checked
    introductions: tuple[ChainedRecord, ...]  # the records that name them

    @property
    def sound(self) -> bool:
        """Whether journal and receipts verify."""
        return self.report.intact and not self.faults


def gather(reading: JournalWithKeys, asked: Transaction, config: Config, directory: Path) -> Case:
    """Gather the case of a voucher; reads and verifies the whole journal in `directory`.

    Raises Refused when the voucher's original is not in the journal, JournalFault.
    """
    journal = reading.journal
    sale = sale_of(journal, asked)
    entries = tuple(entries_about(journal, sale))
    family = tuple(_family(journal, entries))
    signed_records = {f"{one.stan:06d}": signed_record(one, reading.signer) for one in family}
    key = reading.signer.public_key
    faults = tuple(
        f"{number}: {fault}"
        for number, text in signed_records.items()
        for fault in verify_signed_record(text, [(1, key)], directory).faults
    )
    return Case(
        asked=asked,
        family=family,
        entries=entries,
        frames=dict(_frames(journal, entries)),
        receipts=dict(_receipts(reading, family, config)),
        report=verify_journal(directory, key),
        signed_records=signed_records,
        faults=faults,
        keys=(keys := journal.public_keys()),
        introductions=tuple(entry for seq, _ in keys for entry in journal.records(seq, seq)),
    )


def sale_of(journal: Lookups, asked: Transaction) -> Transaction:
    """The sale or hold that a dispute is about, whichever of its vouchers was named."""
    first = asked
    while (original := first.original) is not None and not original.elsewhere:
        found = journal.transaction(
            original.batch, original.stan, training=asked.training, date=original.date
        )
        if found is None:
            raise Refused(f"the original {original.stan:06d} is not in the journal", code=FAILED)
        first = found
    return first  # or another terminal has what comes before it


def _family(journal: Lookups, entries: tuple[ChainedRecord, ...]) -> Iterator[Transaction]:
    for entry in entries:
        record = entry.record
        if isinstance(record, IntentRecorded):
            found = journal.transaction(
                record.batch, record.stan, training=record.training, date=record.date
            )
            if found is not None:
                yield found


def _frames(
    journal: Lookups, entries: tuple[ChainedRecord, ...]
) -> Iterator[tuple[str, Image.Image]]:
    for entry in entries:
        record = entry.record
        if isinstance(record, AmountAgreed):
            packed = journal.frame(record.frame_sha256)
            if packed is not None:
                yield record.frame_sha256, Image.frombytes("1", DISPLAY_PX, packed)


def _receipts(
    reading: JournalWithKeys, family: tuple[Transaction, ...], config: Config
) -> Iterator[tuple[str, ReceiptPicture]]:
    """Both copies of each, as the printer makes them."""
    papers = Papers(reading, config, profile_of(config.printer).columns)
    for one in family:
        for copy in (Copy.MERCHANT, Copy.CARDHOLDER):
            document = papers.receipt(one, copy, duplicate=True)
            yield f"{one.batch:06d}-{one.stan:06d}-{copy.value}", drawn(document, config.printer)


def records_json(case: Case) -> str:
    """The records with hashes and signatures, so that anybody can check them again.

    Beside those of the case the ones that introduce the keys.
    """
    entries = {entry.seq: entry for entry in (*case.introductions, *case.entries)}
    return json.dumps(
        [
            {
                "record": entry.seq,
                "at": entry.at,
                "body": entry.body,  # the very text that was hashed
                "previous": entry.previous.hex(),
                "hash": entry.hash.hex(),
                "signature": entry.signature.hex(),
                "says": msgspec.to_builtins(entry.record),
            }
            for _, entry in sorted(entries.items())
        ],
        ensure_ascii=False,
        indent=1,
    )


def emv_rows(emv: EmvData) -> Iterator[tuple[str, str, str, str]]:
    """Tag, name, value and meaning of each fact that the chip gave."""
    for name, tag in EMV_TAGS.items():
        value = getattr(emv, name)
        if value:
            words = meaning(tag, bytes.fromhex(value))
            label = describe(tag) + (" (ARQC)" if name == "arqc" else "")
            yield f"{tag:X}", label, value, words


def emv_told(emv: EmvData) -> list[dict[str, str]]:
    """What the chip gave of one transaction, decoded, as `emv.json` has it."""
    names = ("tag", "name", "value", "meaning")
    return [dict(zip(names, row, strict=True)) for row in emv_rows(emv)]


def emv_json(case: Case) -> str:
    """The chip's data of each of the family, decoded."""
    told = {f"{one.stan:06d}": emv_told(one.emv) for one in case.family}
    return json.dumps(told, ensure_ascii=False, indent=1)


def verification_json(case: Case) -> str:
    """What the check of journal and receipts found."""
    report = case.report
    told = {
        "sound": case.sound,
        "records": report.records,
        "head": report.head_hash,
        "keys": report.keys,
        "fingerprints": [fingerprint_of(key) for _, key in case.keys],
        "journal_faults": report.faults,
        "journal_notes": report.notes,
        "voucher_faults": list(case.faults),
        "qr": case.signed_records,
    }
    return json.dumps(told, ensure_ascii=False, indent=1)
