"""`pos verify`: a journal, or the QR code of a voucher, checked without the terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from firmware.cli.exits import DONE, FAILED, Refused, one_line
from firmware.journal.essence import verify_essence
from firmware.journal.verify import database_of, verify_journal

_QR_MOST = 4_296  # characters that the largest QR code holds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "journal", nargs="?", type=Path, metavar="JOURNAL", help="a journal's file or directory"
    )
    parser.add_argument(
        "--qr", metavar="TEXT", help="what a voucher's QR code says; - reads it from standard input"
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the terminal's public key as PEM, see `pos journal key`",
    )


def run(options: argparse.Namespace) -> int:
    """Check what is given: 0 as the terminal wrote it, 1 not so. Raises Refused."""
    if options.qr is None and options.journal is None:
        raise Refused("a journal, or --qr with a voucher's text, is needed")
    if options.qr is not None and options.key is None:
        raise Refused("--qr needs the terminal's public key: --key FILE")
    if options.journal is not None and not database_of(options.journal).is_file():
        raise Refused(f"{options.journal}: there is no journal here")
    key = None if options.key is None else _public_key(options.key)
    if options.qr is None:
        return _journal(options.journal, key)
    assert key is not None
    text = sys.stdin.read(_QR_MOST + 1) if options.qr == "-" else options.qr
    return _voucher(text.strip("\r\n"), key, options.journal)


def _journal(path: Path, key: Ed25519PublicKey | None) -> int:
    report = verify_journal(path, key)
    print(f"journal {report.path}")
    print(f"records {report.records}, head {report.head_hash or 'none'}")
    for number, public_key in enumerate(report.keys, start=1):
        print(f"key {number}   {public_key}")
    for note in report.notes:
        print(f"note    {one_line(note)}")
    if key is None:
        print("note    held against the key it names itself; --key tells whose it is")
    return _verdict("intact" if report.intact else "NOT INTACT", report.faults)


def _voucher(text: str, key: Ed25519PublicKey, journal: Path | None) -> int:
    report = verify_essence(text, key, journal)
    for name, value in report.fields.items():
        print(f"{name:<13} {one_line(value)}")
    if journal is None:
        print("note: --qr with the journal as well tells whether the record is still there")
    return _verdict("genuine" if report.genuine else "NOT GENUINE", report.faults)


def _verdict(word: str, faults: list[str]) -> int:
    for fault in faults:
        print(f"fault   {one_line(fault)}")
    print(word)
    return FAILED if faults else DONE


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Refused(f"{path}: expected an Ed25519 public key as PEM")
    return key
