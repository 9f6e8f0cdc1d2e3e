"""What checks ask of a real machine: whatever cannot be had is nothing, and never an error."""

import grp
import os

import pytest

from firmware.ops.doctor.machine import USE, Machine, SystemUser, may


@pytest.fixture
def machine():
    return Machine()


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


def test_a_pattern_goes_through_links_to_folders_as_sysfs_has_them(machine, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/idVendor").touch()
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices/1-1").symlink_to(tmp_path / "real")
    assert machine.listed(f"{tmp_path}/devices", "*/idVendor") == [
        f"{tmp_path}/devices/1-1/idVendor"
    ]


def test_who_runs_this_is_somebody_with_groups(machine):
    caller = machine.caller()
    assert caller.uid == os.geteuid()
    assert grp.getgrgid(os.getegid()).gr_name in caller.groups


def test_a_user_has_the_groups_of_the_systems_files_and_a_stranger_is_nobody(machine):
    root = machine.account("root")
    assert (root.name, root.uid) == ("root", 0)
    assert "root" in root.groups
    assert machine.account("no-such-user-here") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use everything")
def test_a_closed_file_is_not_usable(machine, tmp_path):
    node = tmp_path / "node"
    node.touch(mode=0o000)
    assert machine.exists(str(node))
    assert not machine.usable(str(node), machine.caller())


STRANGER = SystemUser("stranger", os.geteuid() + 1, frozenset())


def test_a_file_is_usable_to_others_only_by_its_mode_and_every_folder_on_the_way(machine, tmp_path):
    node = tmp_path / "node"
    node.touch()
    node.chmod(0o666)
    assert machine.usable(str(node), machine.caller())
    assert machine.usable("/dev/null", STRANGER)
    assert not machine.usable(str(node), STRANGER)  # pytest's folder is its owner's alone
    assert not machine.usable("/dev/none", STRANGER)


@pytest.mark.parametrize(
    ("mode", "owner", "member", "other"),
    [
        (0o600, True, False, False),
        (0o660, True, True, False),
        (0o666, True, True, True),
        (0o440, False, False, False),
        (0o066, False, True, True),  # the first class that fits decides
        (0o606, True, False, True),
    ],
)
def test_the_mode_decides_by_owner_group_or_neither(mode, owner, member, other, tmp_path):
    node = tmp_path / "node"
    node.touch()
    node.chmod(mode)
    status = node.stat()
    group = grp.getgrgid(status.st_gid).gr_name
    users = (
        SystemUser("owner", status.st_uid, frozenset({group})),
        SystemUser("member", status.st_uid + 1, frozenset({group})),
        STRANGER,
    )
    assert tuple(may(user, status, USE) for user in users) == (owner, member, other)
