"""`python -m tests.simulator`: as many merchants' days as one has time for, and their figures."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.simulator.figures import Figures
from tests.simulator.hunt import hunt
from tests.simulator.play import DAYS_OF_A_MERCHANT


def main() -> int:
    """0 when every promise held, 1 when one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--days", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, help="no more merchants after so long")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--failures", type=Path, default=Path("out/simulator"))
    options = parser.parse_args()
    began = time.monotonic()
    first, count = options.first_seed, -(-options.days // DAYS_OF_A_MERCHANT)

    def tell(figures: Figures) -> None:
        print(f"\r{figures.days} days", end="", file=sys.stderr, flush=True)

    seeds = range(first, first + count)

    def enough() -> bool:
        return bool(options.minutes) and time.monotonic() - began > options.minutes * 60

    figures, found = hunt(seeds, options.failures, options.processes, tell, enough)
    print(file=sys.stderr)
    print(figures.words(time.monotonic() - began))
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
