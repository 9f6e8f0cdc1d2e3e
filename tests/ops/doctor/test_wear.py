"""What a card has gone through and what wears it: a healthy system, and each thing amiss."""

import pytest

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.storage import WearCheck
from tests.ops.doctor.machine import ModelMachine, verdicts, worst

GOOD, WARNING = Verdict.GOOD, Verdict.WARNING
EXT4 = "/sys/fs/ext4/mmcblk0p2"
JOURNALD = "systemd-analyze cat-config systemd/journald.conf"
SWAPS = b"Filename\tType\tSize\tUsed\tPriority\n"
CARD_BYTES = 32_000_000_000


def pi(journald="#Storage=auto\nStorage=volatile\n", written_kib=40_000_000, **files):
    """A Pi as Raspberry Pi OS installs it."""
    told = {
        "/proc/mounts": b"/dev/mmcblk0p2 / ext4 rw,noatime 0 0\ntmpfs /tmp tmpfs rw 0 0\n",
        "/proc/swaps": SWAPS + b"/dev/zram0 partition 2097136 0 100\n",
        f"{EXT4}/errors_count": b"0\n",
        f"{EXT4}/lifetime_write_kbytes": b"%d\n" % written_kib,
        "/sys/class/block/mmcblk0p2/size": b"%d\n" % (CARD_BYTES // 512),
        "/var/log/journal": b"",
    }
    told |= files
    return WearCheck(ModelMachine(told, {JOURNALD: journald}))


def test_a_card_with_a_life_before_it_and_nothing_that_wears_it_is_good():
    [finding] = pi().look()
    assert finding.verdict is GOOD
    assert finding.detail == "mmcblk0p2: 40 GB written in its life, 1 times its size"


def test_a_card_that_was_written_many_times_over_is_a_warning_to_save_and_replace():
    assert verdicts(pi(written_kib=199 * CARD_BYTES // 1024)) == [GOOD]
    [(detail, advice)] = worst(pi(written_kib=200 * CARD_BYTES // 1024))
    assert detail == "mmcblk0p2: 6400 GB written in its life, 200 times its size"
    assert advice.startswith("`sudo pos backup FILE`")


def test_a_file_system_of_unknown_size_is_not_judged_by_what_was_written():
    check = pi(written_kib=200 * CARD_BYTES // 1024)
    del check.machine.files["/sys/class/block/mmcblk0p2/size"]
    assert verdicts(check) == []


def test_errors_that_ext4_counted_are_bad():
    [(detail, advice)] = worst(pi(**{f"{EXT4}/errors_count": b"3\n"}))
    assert detail == "mmcblk0p2: ext4 counted 3 errors"
    assert advice.startswith("`sudo pos backup FILE`")


@pytest.mark.parametrize(("told", "verdict"), [(b"0x02 0x08\n", GOOD), (b"0x02 0x09\n", WARNING)])
def test_an_emmc_tells_of_its_life_itself(told, verdict):
    found = list(pi(**{"/sys/block/mmcblk0/device/life_time": told}).look())
    assert found[-1].verdict is verdict
    assert "of its life" in found[-1].detail


@pytest.mark.parametrize(
    ("swap", "beside", "advice"),
    [
        (b"/var/swap file 102396 0 -2\n", "/etc/dphys-swapfile", "apt purge dphys-swapfile"),
        (b"/var/swap file 102396 0 -2\n", "/etc/rpi/swap.conf", "Mechanism=zram"),
        (b"/dev/mmcblk0p3 partition 102396 0 -2\n", "/etc/fstab", "swapoff /dev/mmcblk0p3"),
    ],
    ids=["Debian 12", "Debian 13", "partition"],
)
def test_swap_on_the_card_is_a_warning_with_how_this_system_ends_it(swap, beside, advice):
    [(detail, told)] = worst(pi(**{"/proc/swaps": SWAPS + swap, beside: b""}))
    assert detail.startswith("swap is on the card")
    assert advice in told


def test_swap_that_is_elsewhere_wears_no_card():
    mounts = b"/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n/dev/sda1 /mnt ext4 rw 0 0\n"
    swaps = SWAPS + b"/mnt/swap file 102396 0 -2\n"
    assert verdicts(pi(**{"/proc/mounts": mounts, "/proc/swaps": swaps})) == [GOOD]


@pytest.mark.parametrize(
    ("journald", "kept"),
    [
        ("[Journal]\n#Storage=auto\n", True),
        ("[Journal]\n#Storage=auto\n# 40-rpi\n[Journal]\nStorage=volatile\n", False),
        ("[Journal]\nStorage=volatile\n# 90-mine\n[Journal]\nStorage = persistent\n", True),
        ("Storage=none", False),
        ("", True),
    ],
    ids=["auto", "as shipped", "persistent", "none", "unknown"],
)
def test_a_log_that_is_kept_on_the_card_is_a_warning(journald, kept):
    found = [detail for detail, _ in worst(pi(journald))]
    assert found == (["the system's log is on the card, and wears it"] if kept else [])


def test_a_log_of_which_nobody_made_the_folder_is_in_memory():
    check = pi("")
    del check.machine.files["/var/log/journal"]
    assert worst(check) == []


def test_a_root_that_notes_when_a_file_was_read_is_a_warning():
    [(_, advice)] = worst(pi(**{"/proc/mounts": b"/dev/mmcblk0p2 / ext4 rw,relatime 0 0\n"}))
    assert "noatime" in advice


def test_an_overlay_wears_no_card():
    mounts = b"overlay / overlay rw,relatime 0 0\n/dev/mmcblk0p3 /var/lib/pos ext4 rw,noatime 0 0\n"
    assert verdicts(pi("Storage=persistent", **{"/proc/mounts": mounts})) == [GOOD]
