"""Figures that tests measured stand at the end of a run, however many processes it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.moved import python_path

ROOT = Path(__file__).parents[1]
MEASURES = """
def test_that_passes(figure):
    figure("b: 1 of 1")

def test_that_fails(figure):
    figure("c: 0 of 1")
    assert False

def test_without():
    print("captured")
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_figures_of_tests_are_said_at_the_end(tmp_path: Path, processes: str) -> None:
    (tmp_path / "test_measures.py").write_text(MEASURES, "utf-8")
    options = ["-q", "-n", processes, "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=python_path(ROOT)),
        check=False,
        capture_output=True,
        text=True,
    )
    said = [line.strip(" =") for line in done.stdout.splitlines()]
    at = said.index("figures")
    assert sorted(said[at + 1 : at + 3]) == ["b: 1 of 1", "c: 0 of 1"]
