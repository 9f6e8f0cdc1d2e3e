"""`pos evidence`: what a bank asks for in a dispute about a voucher, in one file."""

from __future__ import annotations

import argparse

from firmware.audit.data import JournalWithKeys, reading
from firmware.audit.evidence_case import gather
from firmware.audit.keyring import fingerprint_of
from firmware.audit.output import writing_bytes
from firmware.cli.arguments import add_config_argument, add_output_arguments
from firmware.cli.journal_arguments import add_data_argument, add_voucher_arguments, voucher_of
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.faults import JournalFault
from firmware.journal.keys import TerminalKeys
from firmware.terminal.settings import settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_voucher_arguments(parser)
    add_output_arguments(parser, required=True, metavar="FILE.zip", says=None)
    add_config_argument(parser)
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Write the ZIP: 0, or 1 when it is written and the journal does not verify. Raises Refused."""
    config = settings_of(options.config).config
    with reading(options.data) as journal:
        journal.believes_hashes_only = False  # the verification in it says what is wrong
        asked = voucher_of(journal, options)
        if asked is None:
            raise Refused(f"there is no voucher {options.voucher:06d}", code=FAILED)
        try:
            keys = TerminalKeys.load(options.data)
        except JournalFault as fault:
            raise Refused(f"{options.data}: {fault}", code=FAILED) from fault
        case = gather(JournalWithKeys(journal, keys), asked, config, options.data)
    from firmware.audit.evidence_pack import pack  # noqa: PLC0415 - a large library, of this alone

    with writing_bytes(options.output, force=options.force) as file:
        pack(case, keys, file)
    print(f"{options.output}: voucher {asked.stan:06d}, {len(case.entries)} records")
    for words in (*case.report.faults, *case.faults):
        print(f"fault   {words}")
    for _, key in case.keys:
        print(f"key     {fingerprint_of(key)}")
    print(f"`pos verify {options.output}` checks it on any computer")
    print("verified" if case.sound else "NOT VERIFIED")
    return DONE if case.sound else FAILED
