"""`pos evidence`: a ZIP of what a bank asks for in a dispute, signed by the terminal.

`evidence.pdf` and `index.html` read by themselves; `records.json` has the records word for word,
`frames/` what the display showed, `vouchers/` the receipts printed anew, `emv.json` the data of the
chip, `verification.json` the check of the journal and the QR codes, `terminal-key.pem` the public
keys, `manifest.txt` and `manifest.sig` the seal. `pos verify FILE.zip` checks it with nothing else.
"""

from __future__ import annotations

import argparse
import zipfile
from datetime import datetime
from pathlib import Path

from firmware.audit.data import add_data_argument, reading
from firmware.audit.evidence_case import (
    Case,
    JournalWithKeys,
    emv_json,
    gather,
    records_json,
    verification_json,
)
from firmware.audit.evidence_page import page, png
from firmware.audit.evidence_seal import seal
from firmware.audit.keyring import fingerprint_of, pem_of_all
from firmware.audit.output import add_output_arguments, writing_bytes
from firmware.audit.spans import batch_number
from firmware.cli.journal import voucher_number
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.faults import JournalFault
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.terminal.settings import add_config_argument, settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("voucher", type=voucher_number, metavar="VOUCHER")
    parser.add_argument(
        "--batch", type=batch_number, metavar="N", help="default: the latest with it"
    )
    parser.add_argument("--training", action="store_true", help="of a training transaction")
    add_output_arguments(parser, required=True, metavar="FILE.zip", says=None)
    add_config_argument(parser)
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Write the ZIP: 0, or 1 when it is written and the journal does not verify. Raises Refused."""
    config = settings_of(options.config).config
    with reading(options.data) as journal:
        journal.believes_hashes_only = False  # the verification in it says what is wrong
        asked = _asked(journal, options)
        try:
            keys = TerminalKeys.load(options.data)
        except JournalFault as fault:
            raise Refused(f"{options.data}: {fault}", code=FAILED) from fault
        case = gather(JournalWithKeys(journal, keys), asked, config, options.data)
    _write(options.output, case, keys, force=options.force)
    print(f"{options.output}: voucher {asked.stan:06d}, {len(case.entries)} records")
    for words in (*case.report.faults, *case.faults):
        print(f"fault   {words}")
    for _, key in case.keys:
        print(f"key     {fingerprint_of(key)}")
    print(f"`pos verify {options.output}` checks it on any computer")
    print("verified" if case.sound else "NOT VERIFIED")
    return DONE if case.sound else FAILED


def _asked(journal: Lookups, options: argparse.Namespace) -> Transaction:
    if options.batch is None:
        found = journal.by_voucher(options.voucher, training=options.training)
    else:
        found = journal.transaction(options.batch, options.voucher, training=options.training)
    if found is None:
        raise Refused(f"there is no voucher {options.voucher:06d}", code=FAILED)
    return found


def contents(case: Case) -> dict[str, bytes]:
    """Every file of the ZIP by its name, but for the seal."""
    from firmware.audit.evidence_pdf import pdf  # noqa: PLC0415 - a large library, of this alone

    files = {"index.html": page(case).encode(), "evidence.pdf": pdf(case)}
    for receipt in case.receipts:
        files[f"vouchers/{receipt.name}.png"] = png(receipt.image)
        files[f"vouchers/{receipt.name}.txt"] = (receipt.text + "\n").encode()
    for sha256, image in case.frames.items():
        files[f"frames/{sha256[:16]}.png"] = png(image)
    return files | {
        "records.json": records_json(case).encode(),
        "emv.json": emv_json(case).encode(),
        "verification.json": verification_json(case).encode(),
        "terminal-key.pem": pem_of_all(case.keys).encode(),
    }


def _write(path: Path, case: Case, keys: TerminalKeys, *, force: bool) -> None:
    """The ZIP is there whole or not at all; its files bear the time of the last record."""
    latest = datetime.fromisoformat(case.entries[-1].at)
    stamp = (latest.year, latest.month, latest.day, latest.hour, latest.minute, latest.second)
    files = contents(case)
    with writing_bytes(path, force=force) as file, zipfile.ZipFile(file, "w") as archive:
        for name, data in (files | seal(files, keys)).items():
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
