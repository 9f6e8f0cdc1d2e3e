"""Draws the wiring diagram anew: `python -m hw.wiring [FILE]`, or the one in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

from hw.wiring.drawing import drawn

DIAGRAM = Path(__file__).with_name("wiring.svg")

if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DIAGRAM
    target.write_text(drawn(), encoding="utf-8")
    print(target)
