"""`python -m tests.soak --minutes 5 --seed 1`: a terminal's process through all that goes wrong."""

from __future__ import annotations

import argparse
import time

from tests.soak.days import Soak


def main() -> None:
    """Print figures as it goes, and at last those of the whole."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=int(time.monotonic()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    soak = Soak(options.seed, lambda words: print(words, flush=True))
    soak.run(options.minutes * 60)
    print(soak.figures())


if __name__ == "__main__":
    main()
