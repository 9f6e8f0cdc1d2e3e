"""The checks of the machine itself: power, clock, storage; healthy and broken."""

from datetime import UTC, datetime

import pytest

from firmware.ops.doctor.computer import ClockCheck, PowerCheck
from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.storage import StorageCheck
from firmware.terminal.clock_watch import RELEASED
from hw.sim.time import VirtualClock
from tests.ops.doctor.machine import POS, ROOT, ModelMachine, verdicts, worst

GOOD, WARNING, BAD, SKIPPED = Verdict.GOOD, Verdict.WARNING, Verdict.BAD, Verdict.SKIPPED
HEAT = "/sys/class/thermal/thermal_zone0/temp"


def pi_saying(throttled, temperature=b"48312\n"):
    return ModelMachine({HEAT: temperature}, {"vcgencmd get_throttled": f"throttled={throttled}\n"})


def test_a_pi_with_a_good_supply_and_air_is_well():
    assert verdicts(PowerCheck(pi_saying("0x0"))) == [GOOD, GOOD]


@pytest.mark.parametrize(
    ("throttled", "verdict", "detail"),
    [
        ("0x50001", BAD, "under-voltage now"),
        ("0x10000", WARNING, "there was under-voltage since boot"),
        ("0x20002", WARNING, "throttled now"),
        ("0x4", WARNING, "throttled now"),
        ("0x80000", WARNING, "it was throttled since boot"),
    ],
)
def test_the_flags_of_the_firmware_are_told(throttled, verdict, detail):
    found = list(PowerCheck(pi_saying(throttled)).look())
    assert (found[0].verdict, found[0].detail) == (verdict, detail)


def test_under_voltage_and_heat_are_two_findings():
    assert verdicts(PowerCheck(pi_saying("0x50005", b"80100\n"))) == [BAD, WARNING, WARNING]


@pytest.mark.parametrize("answer", ["", "error=1", "throttled=?"])
def test_what_is_no_pi_is_not_judged(answer):
    machine = ModelMachine(commands={"vcgencmd get_throttled": answer})
    assert verdicts(PowerCheck(machine)) == [SKIPPED]


def clock_check(now, answer):
    command = "timedatectl show -p NTPSynchronized --value"
    return ClockCheck(ModelMachine(commands={command: answer}), VirtualClock(now), RELEASED)


def test_a_synchronised_clock_is_good():
    assert verdicts(clock_check(datetime(2026, 5, 1, tzinfo=UTC), "yes\n")) == [GOOD]


@pytest.mark.parametrize("answer", ["no\n", ""])
def test_a_clock_that_nobody_sets_is_a_warning(answer):
    assert verdicts(clock_check(datetime(2026, 5, 1, tzinfo=UTC), answer)) == [WARNING]


def test_a_clock_before_the_release_is_bad_whatever_the_system_says():
    assert verdicts(clock_check(datetime(1970, 1, 1, tzinfo=UTC), "yes\n")) == [BAD]


DATA = "/var/lib/pos-terminal"
MOUNTS = b"/dev/mmcblk0p2 / ext4 rw 0 0\n/dev/mmcblk0p3 /var/lib/pos-terminal ext4 rw 0 0\n"


def disk(**changes):
    files = {"/proc/mounts": MOUNTS, DATA: b""}
    return ModelMachine({**files, **changes.pop("files", {})}, **changes)


def test_a_disk_with_space_on_its_own_partition_is_good():
    assert verdicts(StorageCheck(disk(), DATA, POS)) == [GOOD]


@pytest.mark.parametrize(("free", "verdict"), [(49_999_999, BAD), (400_000_000, WARNING)])
def test_little_space_is_told_before_none_is_left(free, verdict):
    assert verdicts(StorageCheck(disk(free=free), DATA, POS)) == [verdict]


def test_a_place_that_cannot_be_looked_at_is_bad():
    assert verdicts(StorageCheck(disk(free=None), DATA, POS)) == [BAD]


def test_a_data_directory_in_memory_is_bad():
    mounts = b"overlay / overlay rw 0 0\n/dev/mmcblk0p3 /var/lib/pos ext4 rw 0 0\n"
    found = worst(StorageCheck(disk(files={"/proc/mounts": mounts}), DATA, POS))
    assert found == [
        (
            f"{DATA} is in memory: it is lost at power-off",
            "mount a partition of its own there, as in firmware/ops/install/README.md",
        )
    ]


def test_what_is_mounted_last_at_a_place_is_what_is_there():
    covered = MOUNTS + f"tmpfs {DATA} tmpfs rw 0 0\n".encode()
    assert verdicts(StorageCheck(disk(files={"/proc/mounts": covered}), DATA, POS)) == [GOOD, BAD]


def test_a_data_directory_of_somebody_else_is_bad_whoever_looks():
    closed = disk(closed_to={"pos": {DATA}}, runs=ROOT)
    assert worst(StorageCheck(closed, DATA, POS)) == [
        (f"{DATA} is closed to pos", f"sudo chown -R pos: {DATA}")
    ]
    assert verdicts(StorageCheck(closed, DATA, ROOT)) == [GOOD]
