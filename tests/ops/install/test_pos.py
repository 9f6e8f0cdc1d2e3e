"""How `firmware/pos` makes its environment, and how `firmware/pos test` starts pytest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

POS = Path(__file__).resolve().parents[3] / "firmware" / "pos"
CORES = 4
SPREAD = ["-n", f"{CORES + 1}", "--dist", "worksteal"]
USED = ("sh", "readlink", "uname")  # of the system's commands; without apt-get nothing is installed


@pytest.fixture
def started(tmp_path):
    """Starts `pos test` in a checkout whose environment is ready, and gives what pytest is told."""
    commands, made = tmp_path / "commands", tmp_path / "checkout" / ".venv" / "bin"
    commands.mkdir()
    made.mkdir(parents=True)
    for name in USED:
        (commands / name).symlink_to(shutil.which(name))
    (commands / "nproc").write_text(f"#!/bin/sh\necho {CORES}\n")
    (commands / "nproc").chmod(0o755)
    (made / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$@"\n')
    (made / "pos").touch()
    for path in made.iterdir():
        path.chmod(0o755)
    copied = tmp_path / "checkout" / "firmware" / "pos"
    copied.parent.mkdir()
    shutil.copy(POS, copied)

    def start(*words):
        done = subprocess.run(
            [copied, "test", *words],
            env={"PATH": os.fspath(commands)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        folder, *told = done.stdout.splitlines()
        assert folder == os.fspath(tmp_path / "checkout")
        assert told[:2] == ["-m", "pytest"]
        return told[2:]

    return start


@pytest.mark.parametrize(
    "words",
    [[], ["tests/hw"], ["-k", "hardware"], ["-m", "not hardware"], ["--long", "tests/crash"]],
)
def test_a_run_of_the_suite_has_a_process_more_than_cores(started, words):
    assert started(*words) == [*SPREAD, *words]


@pytest.mark.parametrize("words", [["-s"], ["-n0"], ["-n", "3"]])
def test_who_has_a_say_in_it_is_left_alone(started, words):
    assert started(*words) == words


def test_on_real_parts_one_process_asks_is_answered_and_writes_nothing_into_the_checkout(started):
    words = ["-m", "hardware", "tests/contracts"]
    assert started(*words) == ["-v", "-s", "-p", "no:hypothesispytest", *words]


LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
SETTING_UP = ("cat", "env", "find", "grep", "mkdir", "rm", "sha256sum", "tail")
# stands for Python: makes an environment with itself and a pip in it, and runs nothing
PYTHON = """#!/bin/sh
[ "$1 $2" != "-m venv" ] && exit 0
for made; do :; done
mkdir -p "$made/bin" "$made/lib/python3.11/site-packages"
cat "$0" >"$made/bin/python"
cat "$0" >"$made/bin/pip"
chmod 755 "$made/bin/python" "$made/bin/pip"
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout without an environment, and a start in it, which gives what it told."""
    commands, copied = tmp_path / "commands", tmp_path / "checkout" / "firmware" / "pos"
    commands.mkdir()
    copied.parent.mkdir(parents=True)
    shutil.copy(POS, copied)
    for name in (*USED, *SETTING_UP, "chmod"):
        (commands / name).symlink_to(shutil.which(name))
    (commands / "python3").write_text(PYTHON)
    (commands / "python3").chmod(0o755)
    for name in LOCKS:
        copied.parents[1].joinpath(name).write_text("a package\n")

    def start(*words):
        done = subprocess.run(
            [copied, *words],
            env={"PATH": os.fspath(commands)},
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stderr.splitlines()

    return copied.parents[1], start


@pytest.mark.parametrize("words", [(), ("test", "--version")], ids=["run", "test"])
@pytest.mark.parametrize("changed", LOCKS)
def test_an_environment_that_no_longer_fits_is_made_to_fit_once(checkout, words, changed):
    root, start = checkout
    assert start(*words)[-1] == "pos: ready"
    assert start(*words) == []
    (root / changed).write_text("a later package\n")
    needed = changed != LOCKS[0 if words else 1]
    assert (start(*words)[-1:] == ["pos: ready"]) is needed
    assert start(*words) == []
