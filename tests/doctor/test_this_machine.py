"""What checks ask of a real machine: whatever cannot be had is nothing, and never an error."""

import grp
import os

import pytest

from firmware.doctor.machine import ThisMachine


@pytest.fixture
def machine():
    return ThisMachine()


def test_a_file_is_its_bytes_and_a_missing_one_nothing(machine, tmp_path):
    (tmp_path / "cell").write_bytes(b"\x00\x06\x1a\x80")
    assert machine.read(f"{tmp_path}/cell") == b"\x00\x06\x1a\x80"
    assert machine.read(f"{tmp_path}/none") is None
    assert machine.read(str(tmp_path)) is None


def test_a_link_is_followed_to_its_end_and_a_loop_is_no_error(machine, tmp_path):
    (tmp_path / "ttyAMA0").touch()
    (tmp_path / "serial0").symlink_to("ttyAMA0")
    (tmp_path / "loop").symlink_to("loop")
    assert machine.resolved(f"{tmp_path}/serial0") == machine.resolved(f"{tmp_path}/ttyAMA0")
    assert machine.resolved(f"{tmp_path}/none").endswith("/none")
    assert machine.resolved(f"{tmp_path}/loop").endswith("/loop")


def test_a_command_is_what_it_prints_and_a_failing_one_nothing(machine):
    assert machine.ran("echo", "throttled=0x0") == "throttled=0x0\n"
    assert machine.ran("false") is None
    assert machine.ran("no-such-command-here") is None


def test_space_is_that_of_where_a_folder_would_be_made(machine, tmp_path):
    free = machine.free_bytes(f"{tmp_path}/not/yet/made")
    assert free is not None
    assert free > 0


def test_nodes_are_listed_by_pattern_and_none_of_a_missing_folder(machine, tmp_path):
    for name in ("gpiochip4", "gpiochip0", "gpiomem"):
        (tmp_path / name).touch()
    assert machine.listed(str(tmp_path), "gpiochip*") == [
        f"{tmp_path}/gpiochip0",
        f"{tmp_path}/gpiochip4",
    ]
    assert machine.listed(f"{tmp_path}/none", "*") == []


def test_groups_have_names(machine):
    assert grp.getgrgid(os.getegid()).gr_name in machine.groups()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use everything")
def test_a_closed_file_is_not_usable(machine, tmp_path):
    node = tmp_path / "node"
    node.touch(mode=0o000)
    assert machine.exists(str(node))
    assert not machine.usable(str(node))
