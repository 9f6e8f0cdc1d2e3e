"""Every coverage-guided target for a fixed number of runs, from the same seed each time."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        importlib.util.find_spec("atheris") is None,
        reason="NOT FUZZED: atheris has no wheel for this Python and machine",
    ),
]
SEED = 20260501


@pytest.mark.parametrize(
    ("target", "runs"), [("tlv", 50_000), ("certificates", 1_000), ("session", 3_000)]
)
def test_no_input_breaks_out(target: str, runs: int, tmp_path: Path):
    fuzz = (sys.executable, "-m", "tests.emv.fuzz", target)
    limits = (f"-runs={runs}", f"-seed={SEED}", f"-artifact_prefix={tmp_path}/")
    done = subprocess.run([*fuzz, *limits], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr[-3000:]}\nthe input: {list(tmp_path.iterdir())}"
    assert f"Done {runs} runs" in done.stderr
