"""A program: makes sales on the models, so that its system calls can be watched.

`trade.py FOLDER COUNT` prints as JSON, for each sale, what the journal did: commits, records, and
the bytes by which its write-ahead log grew (0 once it is written over from its beginning).
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

from firmware.journal.connection import LOG
from firmware.lab.benchmarks.hands import Hands
from firmware.lab.scenario.disk import Disk
from firmware.lab.scenario.stage import Stage


class TracedDisk(Disk):
    """A disk that counts the journal's commits."""

    commits = 0

    def connect(self, path: Path) -> sqlite3.Connection:
        connection = super().connect(path)
        connection.set_trace_callback(self._count)
        return connection

    def _count(self, statement: str) -> None:
        self.commits += statement.startswith("COMMIT")


def main(folder: Path, count: int) -> int:
    """Take the sales; 1 if one was not approved."""
    disk = TracedDisk(folder)
    stage = Stage(folder, disk=disk)
    hands = Hands(stage)
    assert stage.terminal is not None
    journal, log = stage.terminal.data.journal, folder / LOG
    sales = []
    for number in range(count):
        before = disk.commits, journal.head()[0], log.stat().st_size
        if not hands.sell(1_000 + number):
            print(hands.said, file=sys.stderr)
            return 1
        after = disk.commits, journal.head()[0], log.stat().st_size
        sales.append([now - then for now, then in zip(after, before, strict=True)])
    stage.close()
    print(json.dumps(sales))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
