"""Whose rights count: the terminal's user's where there is one, whoever runs the doctor."""

import pytest

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.machine import SystemUser
from firmware.ops.doctor.permissions import Access, PermissionsCheck
from tests.ops.doctor.machine import ALICE, POS, ROOT, ModelMachine, verdicts, worst

GOOD, WARNING, BAD, SKIPPED = Verdict.GOOD, Verdict.WARNING, Verdict.BAD, Verdict.SKIPPED
NODE = "/dev/i2c-1"
I2C = Access(NODE, "i2c")


def machine(**changes):
    return ModelMachine({NODE: b""}, **changes)


def check(on, user=None):
    return PermissionsCheck(on, [I2C], user)


@pytest.mark.parametrize("runs", [ALICE, ROOT, POS], ids=lambda each: each.name)
def test_a_terminal_whose_user_may_use_its_devices_is_good_whoever_looks(runs):
    assert verdicts(check(machine(runs=runs), POS)) == [GOOD, GOOD]


def test_what_is_closed_to_the_terminals_user_is_bad_though_root_looks():
    found = worst(check(machine(runs=ROOT, closed_to={"pos": {NODE}}), POS))
    assert [detail for detail, _ in found] == [f"{NODE} is closed to pos"]
    assert found[0][1].startswith("`sudo pos install`: its udev rules")


def test_a_terminals_user_without_a_group_is_bad_though_no_device_is_there():
    lonely = SystemUser("pos", 999, frozenset({"pos", "gpio"}))
    found = list(check(ModelMachine(runs=ROOT), lonely).look())
    assert [each.verdict for each in found] == [BAD, SKIPPED]
    assert found[0].detail == "user pos is not in group i2c"
    assert found[0].advice == "`sudo pos install` puts it there"


def test_a_terminals_user_who_is_shut_out_for_want_of_a_group_is_put_into_it():
    lonely = SystemUser("pos", 999, frozenset({"pos", "gpio"}))
    found = worst(check(machine(closed_to={"pos": {NODE}}), lonely))
    assert found[-1] == (f"{NODE} is closed to pos", "`sudo pos install` puts it into group i2c")


def test_what_only_who_looks_may_not_use_is_a_warning_to_look_as_root():
    [(detail, advice)] = worst(check(machine(closed_to={"alice": {NODE}}), POS))
    assert detail == f"{NODE} is open to pos, and closed to alice, who looks"
    assert advice.startswith("look with sudo")


def test_at_a_bench_who_looks_counts():
    assert verdicts(check(machine())) == [GOOD]
    [(detail, advice)] = worst(check(machine(closed={NODE})))
    assert detail == f"{NODE} is closed to alice"
    assert "udev" in advice  # alice is in the group already


def test_at_a_bench_who_is_not_in_the_group_is_told_to_join_it():
    bob = SystemUser("bob", 1001, frozenset({"bob"}))
    [(_, advice)] = worst(check(machine(runs=bob, closed={NODE})))
    assert advice == "sudo usermod -aG i2c bob, and log in again"


def test_root_at_a_bench_is_told_that_its_own_rights_say_nothing():
    assert verdicts(check(machine(runs=ROOT))) == [WARNING, GOOD]


def test_a_running_terminal_is_told():
    command = "systemctl is-active pos-terminal.service"
    assert verdicts(check(machine(commands={command: "active\n"}), POS)) == [WARNING, GOOD, GOOD]


def test_a_device_that_is_not_there_is_bad_where_nothing_else_says_it():
    nodes = Access("/dev/gpiochip*", "gpio", "is this a Pi?")
    assert worst(PermissionsCheck(ModelMachine(), [nodes, I2C], None)) == [
        ("there is no /dev/gpiochip*", "is this a Pi?")
    ]
