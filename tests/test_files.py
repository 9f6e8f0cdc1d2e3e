"""Files that people name are written whole or not at all, whatever an earlier write left."""

from __future__ import annotations

from pathlib import Path

from firmware.core.files import written


def test_what_a_killed_write_left_does_not_stop_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    killed = written(path)
    killed.__enter__().write(b"ha")  # and no more: its part lies beside the name
    with written(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
