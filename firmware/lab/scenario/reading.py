"""What a scenario reads on display and paper, and the pictures that it saves of them.

Pictures lie below one folder alone, wherever it would have them.
"""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from firmware.core.files import below, read_bytes, written
from firmware.lab.scenario.language import ScenarioError, Step

PICTURE_MAX_BYTES = 8 * 1024 * 1024
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
REMEMBERED = {  # what a paper says of its transaction, and not of an original
    "voucher": re.compile(r"(?<!原)凭证号[^\d\n]*(\d{6})"),
    "authorisation": re.compile(r"(?<!原)授权码[^\d\n]*(\d{6})"),
}


def stands(text: str, where: str) -> bool:
    """Whether `text` stands in `where`, white space folded; lines may break it anywhere."""
    if " ".join(text.split()) in " ".join(where.split()):
        return True
    return "".join(text.split()) in "".join(where.split())


def save(image: Image.Image, folder: Path, step: Step) -> None:
    """Write a picture under the name that `step` says. Raises ScenarioError."""
    name = step.words[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = below(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written(path, replace=_is_picture(path)) as file:
            image.save(file, format="PNG")
    except OSError as error:
        words = error.strerror or "cannot be written"
        raise ScenarioError(step.place, f"{name}: {words}") from None


def _is_picture(path: Path) -> bool:
    """Whether what lies there is a picture, such as the last time's: that may be replaced."""
    try:
        return read_bytes(path, most_bytes=PICTURE_MAX_BYTES, follow=False)[:8] == PNG_SIGNATURE
    except OSError:
        return False
