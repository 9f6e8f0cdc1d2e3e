"""An evidence file: a ZIP of what a bank asks for in a dispute, signed by the terminal.

`evidence.pdf` and `index.html` read by themselves; `records.json` has the records word for word,
`frames/` what the display showed, `vouchers/` the receipts printed anew, `emv.json` the data of the
chip, `verification.json` the check of the journal and the QR codes, `terminal-key.pem` the public
keys, `manifest.txt` and `manifest.sig` the seal. `pos verify FILE.zip` checks it with nothing else.
"""

from __future__ import annotations

import zipfile
from datetime import datetime
from typing import IO

from firmware.audit.evidence_case import Case, emv_json, records_json, verification_json
from firmware.audit.evidence_page import page, png
from firmware.audit.evidence_pdf import pdf
from firmware.audit.evidence_seal import seal
from firmware.audit.keyring import pem_of_all
from firmware.journal.keys import TerminalKeys


def pack(case: Case, keys: TerminalKeys, to: IO[bytes]) -> None:
    """Write the ZIP; its files bear the time of the last record."""
    latest = datetime.fromisoformat(case.entries[-1].at)
    stamp = (latest.year, latest.month, latest.day, latest.hour, latest.minute, latest.second)
    files = _contents(case)
    with zipfile.ZipFile(to, "w") as archive:
        for name, data in (files | seal(files, keys)).items():
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def _contents(case: Case) -> dict[str, bytes]:
    """Every file of the ZIP by its name, but for the seal."""
    files = {"index.html": page(case).encode(), "evidence.pdf": pdf(case)}
    for name, receipt in case.receipts.items():
        files[f"vouchers/{name}.png"] = png(receipt.image)
        files[f"vouchers/{name}.txt"] = (receipt.text + "\n").encode()
    for sha256, image in case.frames.items():
        files[f"frames/{sha256[:16]}.png"] = png(image)
    return files | {
        "records.json": records_json(case).encode(),
        "emv.json": emv_json(case).encode(),
        "verification.json": verification_json(case).encode(),
        "terminal-key.pem": pem_of_all(case.keys).encode(),
    }
