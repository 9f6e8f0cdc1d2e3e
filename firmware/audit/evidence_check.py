"""An evidence file checked by itself: records, frames, QR codes, and that nothing was changed.

Nothing is needed but the file; the terminal's public keys are in it. What that cannot prove,
`firmware.audit.evidence_words.LIMITS` says. See `firmware.audit.evidence_pack` for what is in it.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import asdict
from PIL import Image

from firmware.audit.evidence_case import DISPLAY_PX, emv_told
from firmware.audit.evidence_seal import MANIFEST, seal_faults
from firmware.audit.keyring import keys_of
from firmware.core.exits import Refused
from firmware.journal.advice_records import AdviceAnswered
from firmware.journal.chain import ORIGIN, ChainedRecord, Introduced, encode, faults_alone, key_at
from firmware.journal.genuine import verify_signed_record
from firmware.journal.records import (
    AmountAgreed,
    IntentRecorded,
    KeyIntroduced,
    OutcomeRecorded,
    Record,
    ReversalConfirmed,
    ReversalOpened,
)
from firmware.journal.signed_record import VOUCHER, hash_digits, transaction_fields
from firmware.journal.transactions import State, Transaction

BYTES_MAX, FILES_MAX = 64 * 2**20, 500
NEEDED = ("records.json", "verification.json", "emv.json", "terminal-key.pem")
_FRAME = re.compile(r"frames/([0-9a-f]{16})\.png", re.ASCII)
_OUTCOME = set(OutcomeRecorded.__struct_fields__) - {"result"}
_LOOKED_UP = {"record", "hash"}  # of a QR: compared with the record that they name


class PackReport(Struct):
    """What was found in an evidence file; `faults` are empty when all of it holds together."""

    path: Path
    keys: Introduced = ()
    records: int = 0
    first: int = 0
    last: int = 0
    frames: int = 0
    vouchers: dict[str, str] = field(default_factory=dict)  # QR text by voucher number
    sealed: bool = False
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Packed(Struct):
    """A record as `records.json` has it."""

    record: int
    at: str
    body: str
    previous: str
    hash: str
    signature: str
    says: dict[str, Any]


class _Told(Struct):
    """Of `verification.json`, what can be checked."""

    qr: dict[str, str]
    sound: bool = True


def verify_pack(path: Path, given: Introduced = ()) -> PackReport:
    """Check an evidence file; against `given` keys if there are any. Reads at most 64 MiB.

    Raises Refused when it is no evidence file; whatever else is wrong is a fault in the report.
    """
    files = _files(path)
    report = PackReport(path)
    report.keys = keys_of(files["terminal-key.pem"].decode(errors="replace"))
    if not report.keys:
        report.faults.append("terminal-key.pem: it has no public key")
        return report
    entries = list(_entries(files, report))
    _chain(entries, report)
    _key_records(entries, report)
    _given(given, report)
    _frames(files, entries, report)
    _vouchers(files, entries, report)
    report.sealed = MANIFEST in files
    if report.sealed:
        report.faults += seal_faults(files, [key for _, key in report.keys])
    else:
        report.notes.append("it has no seal: an earlier release made it, or it was taken away")
    return report


def _files(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            missing = [name for name in NEEDED if name not in names]
            if missing:
                raise Refused(f"{path}: no evidence file: {missing[0]} is not in it")
            if len(names) != len(set(names)):
                raise Refused(f"{path}: two files in it have one name")
            if len(names) > FILES_MAX or sum(info.file_size for info in infos) > BYTES_MAX:
                raise Refused(f"{path}: larger than any evidence file")
            return {name: archive.read(name) for name in names}
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Refused(f"{path}: it cannot be unpacked: {error}") from error


def _entries(files: Mapping[str, bytes], report: PackReport) -> Iterator[ChainedRecord]:
    try:
        packed = msgspec.json.decode(files["records.json"], type=list[_Packed])
    except msgspec.MsgspecError as error:
        report.faults.append(f"records.json: it cannot be read: {error}")
        return
    for one in packed:
        try:
            hashes = (bytes.fromhex(digits) for digits in (one.previous, one.hash, one.signature))
            entry = ChainedRecord(one.record, one.at, one.body, *hashes)
            record = entry.record
        except ValueError as error:
            report.faults.append(f"record {one.record}: it cannot be read: {error}")
            continue
        if not _says(one.says, record):
            report.faults.append(f"record {one.record}: `says` is not what its body says")
        yield entry


def _says(said: dict[str, Any], record: Record) -> bool:
    """Whether `said` is the record, as the release that made the file would say it.

    Fields that were added since are not in it; they have their defaults in the record.
    """
    try:
        read = msgspec.convert(said, Record)
    except msgspec.ValidationError:
        return False
    return read == record and _within(said, msgspec.json.decode(encode(record)))


def _within(part: Any, whole: Any) -> bool:
    """Whether a JSON value is another one, of which objects may lack some fields."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_within, part, whole))
    return bool(part == whole)


def _chain(entries: list[ChainedRecord], report: PackReport) -> None:
    """Each record's hash and signature; its predecessor's too, where that is in the file."""
    before: ChainedRecord | None = None
    for entry in entries:
        if before is not None and entry.seq <= before.seq:
            report.faults.append(f"record {entry.seq}: out of its order")
        elif before is not None and entry.seq == before.seq + 1 and entry.previous != before.hash:
            report.faults.append(f"record {entry.seq}: it does not follow the record before it")
        if entry.seq == 1 and entry.previous != ORIGIN:
            report.faults.append("record 1: it does not begin the chain")
        faults = faults_alone(entry, key_at(entry.seq, report.keys))
        report.faults += [f"record {entry.seq}: {fault}" for fault in faults]
        before = entry
    report.records = len(entries)
    if entries:
        report.first, report.last = entries[0].seq, entries[-1].seq
    else:
        report.faults.append("records.json: it has no record")


def _key_records(entries: list[ChainedRecord], report: PackReport) -> None:
    """Each key must be named by its own record, which the key before it has signed."""
    introduced = {
        entry.seq: entry.record.public_key
        for entry in entries
        if isinstance(entry.record, KeyIntroduced)
    }
    if not introduced:
        report.notes.append("an earlier release made it: no record in it introduces its keys")
        return
    found = {record: key.public_bytes_raw().hex() for record, key in report.keys}
    if found != introduced:
        report.faults.append("terminal-key.pem: its keys are not those that the records introduce")


def _given(given: Introduced, report: PackReport) -> None:
    own = {key.public_bytes_raw() for _, key in report.keys}
    for _, key in given:
        if key.public_bytes_raw() not in own:
            digits = key.public_bytes_raw().hex()[:16]
            report.faults.append(f"no record introduces the key {digits} that was given")


def _frames(files: Mapping[str, bytes], entries: list[ChainedRecord], report: PackReport) -> None:
    """Every frame that a record names is there, dot by dot, and no other."""
    named = {
        record.frame_sha256: entry.seq
        for entry in entries
        if isinstance(record := entry.record, AmountAgreed)
    }
    pictures = {found[1]: name for name in files if (found := _FRAME.fullmatch(name))}
    for sha256, seq in named.items():
        name = pictures.pop(sha256[:16], None)
        if name is None:
            report.faults.append(f"record {seq}: the frame that was agreed to is not in the file")
        elif _packed_sha256(files[name]) != sha256:
            report.faults.append(f"{name}: it is not the frame that record {seq} names")
        else:
            report.frames += 1
    report.faults += [f"{name}: no record names this frame" for name in sorted(pictures.values())]
    for entry in entries:
        record = entry.record
        if not isinstance(record, IntentRecorded) or record.undo:
            continue
        if record.frame_sha256 and record.frame_sha256 not in named:
            report.faults.append(f"record {entry.seq}: nobody agreed to the frame that it names")


def _packed_sha256(png: bytes) -> str:
    """The hash of a frame's 1,024 bytes; "" for a picture that is no frame."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if image.size != DISPLAY_PX or image.mode != "1":
                return ""
            return hashlib.sha256(image.tobytes()).hexdigest()
    except (OSError, ValueError, SyntaxError):  # what Pillow raises for broken chunks
        return ""


def _vouchers(files: Mapping[str, bytes], entries: list[ChainedRecord], report: PackReport) -> None:
    try:
        told = msgspec.json.decode(files["verification.json"], type=_Told)
        emv = msgspec.json.decode(files["emv.json"], type=dict[str, list[dict[str, str]]])
    except msgspec.MsgspecError as error:
        report.faults.append(f"verification.json or emv.json: it cannot be read: {error}")
        return
    if not told.sound:
        report.faults.append("when it was made the journal did not verify: see verification.json")
    report.vouchers = told.qr
    family = {f"{one.stan:06d}": one for one in _transactions(entries)}
    ended = {entry.seq: entry.hash.hex().upper() for entry in entries}
    for number, text in told.qr.items():
        faults = _qr(text, family.get(number), report.keys, ended)
        report.faults += [f"voucher {number}: {fault}" for fault in faults]
    for number, one in family.items():
        if number not in told.qr:
            report.faults.append(f"voucher {number}: verification.json has no QR code of it")
        if emv.get(number, []) != emv_told(one.emv):
            report.faults.append(f"voucher {number}: emv.json is not what the record says")


def _qr(
    text: str, one: Transaction | None, keys: Introduced, hashes: Mapping[int, str]
) -> Iterator[str]:
    """What is wrong with a QR's signature, or not as the records say."""
    signed_record = verify_signed_record(text, keys)
    yield from (f"its QR code: {fault}" for fault in signed_record.faults)
    fields = signed_record.fields
    if one is None or fields.get("version") != VOUCHER:
        yield "no record in the file is of it"
        return
    for name, value in transaction_fields(one).items():
        if name not in _LOOKED_UP and fields[name] != value:
            yield f"its QR code says {name} {fields[name]}, the record {value}"
    found = hashes.get(signed_record.number("record"), "")
    if not found:
        number = signed_record.number("record")
        yield f"record {number}, which its QR code names, is not in the file"
    elif hash_digits(found) != fields["hash"]:
        yield f"record {signed_record.number('record')} is another than its QR code names"


def _transactions(entries: list[ChainedRecord]) -> Iterator[Transaction]:
    """Each intent of the file with what became of it, as far as the file's records say."""
    records = [entry.record for entry in entries]
    for intent in records:
        if isinstance(intent, IntentRecorded):
            fields = asdict(intent)
            state = State.OPEN
            for record in records:
                if not _is_of(record, intent):
                    continue
                match record:
                    case OutcomeRecorded():
                        state = State(record.result.value)
                        fields |= {name: getattr(record, name) for name in _OUTCOME}
                    case AdviceAnswered():
                        fields["reference"] = record.reference
                    case ReversalOpened():
                        state = State.REVERSING
                    case ReversalConfirmed():
                        state = State.REVERSED
            yield Transaction(**fields, state=state)


def _is_of(record: Record, intent: IntentRecorded) -> bool:
    """Whether a record names the batch, the number and the training mode of an intent."""
    return (
        getattr(record, "batch", None) == intent.batch
        and getattr(record, "stan", None) == intent.stan
        and getattr(record, "training", False) == intent.training
    )
