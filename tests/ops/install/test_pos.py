"""How `firmware/pos test` starts pytest: with several processes, unless one has a say in it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

POS = Path(__file__).resolve().parents[3] / "firmware" / "pos"
SPREAD = ["-n", "auto", "--dist", "loadfile"]
USED = ("sh", "readlink", "uname")  # of the system's commands; without apt-get nothing is installed


@pytest.fixture
def started(tmp_path):
    """Starts `pos test` in a checkout whose environment is ready, and gives what pytest is told."""
    commands, made = tmp_path / "commands", tmp_path / "checkout" / ".venv" / "bin"
    commands.mkdir()
    made.mkdir(parents=True)
    for name in USED:
        (commands / name).symlink_to(shutil.which(name))
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


@pytest.mark.parametrize("words", [[], ["tests/hw"], ["-k", "hardware"], ["-m", "not hardware"]])
def test_a_run_of_the_suite_takes_all_processors(started, words):
    assert started(*words) == [*SPREAD, *words]


def test_cores_share_the_tests_of_a_file_that_takes_hours(started):
    words = ["--long", "tests/crash"]
    assert started(*words) == ["-n", "auto", "--dist", "worksteal", *words]


@pytest.mark.parametrize("words", [["-s"], ["-n0"], ["-n", "3"]])
def test_who_has_a_say_in_it_is_left_alone(started, words):
    assert started(*words) == words


def test_on_real_parts_one_process_asks_is_answered_and_writes_nothing_into_the_checkout(started):
    words = ["-m", "hardware", "tests/contracts"]
    assert started(*words) == ["-v", "-s", "-p", "no:hypothesispytest", *words]
