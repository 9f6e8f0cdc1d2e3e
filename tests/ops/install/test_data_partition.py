"""The README's mount of the data directory: a unit that systemd takes, and no overlay covers."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware.core.places import DATA
from firmware.ops.install import plan

README = Path(plan.__file__).with_name("README.md").read_text("utf-8")
HEREDOC = re.compile(r"^sudo tee '(/\S+\.mount)' <<'(\w+)'\n(.*?)^\2$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def pasted():
    """The path and the text of the unit that a reader pastes."""
    found = HEREDOC.search(README)
    assert found, "README gives no mount unit to paste"
    path, _, text = found.groups()
    return Path(path), text


@pytest.fixture
def unit(pasted):
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(pasted[1])
    return parser


def escaped(path):
    """A path as systemd names units by it. See systemd.unit(5)."""
    return path.strip("/").replace("-", r"\x2d").replace("/", "-")


def test_the_unit_mounts_the_data_directory_and_is_named_by_it(pasted, unit):
    assert unit["Mount"]["Where"] == DATA
    assert str(pasted[0]) == f"{plan.UNITS}/{escaped(DATA)}.mount"
    assert f"sudo systemctl enable --now '{pasted[0].name}'" in README


def test_every_way_to_make_the_partition_gives_it_the_label_that_is_mounted(unit):
    label = unit["Mount"]["What"].removeprefix("/dev/disk/by-label/")
    made = re.findall(r"mkfs\.(\w+) -L (\S+) ", README)
    assert len(made) == 2
    assert set(made) == {(unit["Mount"]["Type"], label)}


def test_the_file_system_is_checked_before_it_is_mounted(unit):
    check = f"systemd-fsck@{escaped(unit['Mount']['What'])}.service"
    assert unit["Unit"]["Requires"] == unit["Unit"]["After"] == check


def test_the_terminal_does_not_start_without_it():
    service = plan.filled("service.txt", {"DATA": DATA})
    assert f"\nRequiresMountsFor={DATA}\n" in service


def test_no_line_of_fstab_mounts_it_where_overlayroot_would_cover_it():
    assert not re.search(rf"\S+ {DATA} ext4 ", README)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_unit(pasted, tmp_path):
    path = tmp_path / pasted[0].name
    path.write_text(pasted[1])
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert path.name not in done.stderr  # of other units there may be words
