"""A run on another day is on that day, with every Python that it starts."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.moved import MOVED_S, moved, on_date

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
WHAT_DAY = """
import subprocess, sys
from firmware.core.clock import SystemClock
ASK = "from firmware.core.clock import SystemClock; print(SystemClock().now().date())"
def test_day():
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert (str(SystemClock().now().date()), told.stdout.strip()) == ("2032-02-29", "2032-02-29")
"""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2032-02-29", date(2032, 2, 29)),
        ("+15m", date(2028, 2, 29)),
        ("+1m", date(2026, 12, 30)),
        ("+0m", date(2026, 11, 30)),
    ],
)
def test_what_an_option_means(text, day):
    assert moved(NOW, text).date() == day
    assert moved(NOW, text).time() == NOW.time()


@pytest.mark.parametrize("text", ["", "tomorrow", "2031-02-29", "+15", "+15d"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(Exception, match=r"YYYY-MM-DD, or \+15m"):
        on_date(text)


@pytest.mark.parametrize("processes", ["0", "1"])
def test_a_run_and_what_it_starts_are_on_that_day(tmp_path, processes, monkeypatch):
    pytest.importorskip("time_machine", reason="not installed")
    monkeypatch.delenv(MOVED_S, raising=False)  # a run of its own, whatever day ours is on
    (tmp_path / "test_day.py").write_text(WHAT_DAY)
    words = ["-n", processes, "--on-date", "2032-02-29", "-c", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-p", "tests.conftest", tmp_path / "test_day.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "on 2032-02-29" in done.stdout
