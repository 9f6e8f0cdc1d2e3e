"""Processes of their own for what one process cannot measure: they find the package as we do."""

from __future__ import annotations

import os
from pathlib import Path

import firmware

ROOT = Path(firmware.__file__).parent.parent


def environment(**more: str) -> dict[str, str]:
    """Our environment with the package's place in it."""
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), **more}
