"""The printed case: each part of it can be made as it is committed, and says what does not fit."""

import shutil
import subprocess
from pathlib import Path

import pytest

import hw

CASE = Path(hw.__file__).with_name("case") / "case.scad"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("openscad") is None, reason="apt install openscad"),
]


def made(target, *settings):
    options = [word for setting in settings for word in ("-D", setting)]
    return subprocess.run(
        ["openscad", "-q", *options, "-o", target, CASE],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("part", ["body", "lid"])
def test_a_part_is_one_solid_to_print(tmp_path, part):
    target = tmp_path / f"{part}.stl"
    done = made(target, f'part="{part}"')
    assert done.returncode == 0, done.stderr
    assert target.read_text().startswith("solid")


def test_a_printer_that_is_too_deep_is_told(tmp_path):
    done = made(tmp_path / "body.stl", 'part="body"', "printer_depth=200")
    assert done.returncode != 0
    assert "deeper than the case" in done.stderr
