"""What is read on the display and on paper, for the expectations of scenarios."""

from __future__ import annotations

import re

REMEMBERED = {  # what a paper says of its transaction, and not of an original
    "voucher": re.compile(r"(?<!原)凭证号[^\d\n]*(\d{6})"),
    "authorisation": re.compile(r"(?<!原)授权码[^\d\n]*(\d{6})"),
}


def stands(text: str, where: str) -> bool:
    """Whether `text` stands in `where`, white space folded; lines may break it anywhere."""
    if " ".join(text.split()) in " ".join(where.split()):
        return True
    return "".join(text.split()) in "".join(where.split())
