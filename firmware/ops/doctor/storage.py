"""Where the data lie: room, mount options, and how worn the card is."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from firmware.ops.doctor.findings import Finding, bad, good, warning
from firmware.ops.doctor.machine import Machine, SystemUser

PART = "storage"
MEGABYTE = 1_000_000
FREE_LEAST, FREE_ENOUGH = 50 * MEGABYTE, 500 * MEGABYTE
_MAKE_ROOM = "make room: sudo journalctl --vacuum-size=50M; sudo apt clean"
CARD = "/dev/mmcblk"  # SD card or eMMC


class Mount(Struct, frozen=True):
    """A file system: on which device, of which type, with which options."""

    device: str = ""
    kind: str = ""
    options: tuple[str, ...] = ()

    @property
    def on_card(self) -> bool:
        return self.device.startswith(CARD)


def mount_of(machine: Machine, path: str) -> Mount:
    """The file system that an absolute path is, or would be, on; one without words if unknown."""
    best, found = "", Mount()
    for line in (machine.read("/proc/mounts") or b"").decode(errors="replace").splitlines():
        device, point, kind, options, *_ = [*line.split(), "", "", "", ""]
        point = point.rstrip("/")
        # of two at one place the later one covers the earlier one
        if (path == point or path.startswith(f"{point}/")) and len(point) >= len(best):
            best, found = point, Mount(device, kind, tuple(options.split(",")))
    return found


class StorageCheck(Struct, frozen=True):
    """The file system that `data`, an absolute path, is on; `user` is whose it is to be."""

    machine: Machine
    data: str
    user: SystemUser

    def look(self) -> Iterator[Finding]:
        """Free space, access, and a data directory in memory."""
        yield self._space()
        if self.machine.exists(self.data) and not self.machine.usable(self.data, self.user):
            advice = f"sudo chown -R {self.user.name}: {self.data}"
            yield bad(PART, f"{self.data} is closed to {self.user.name}", advice)
        if mount_of(self.machine, self.data).kind in ("overlay", "tmpfs"):
            advice = "mount a partition of its own there, as in firmware/ops/install/README.md"
            yield bad(PART, f"{self.data} is in memory: it is lost at power-off", advice)

    def _space(self) -> Finding:
        free = self.machine.free_bytes(self.data)
        if free is None:
            return bad(PART, f"{self.data} cannot be looked at", "check general.data_dir")
        told = f"{free // MEGABYTE} MB free for {self.data}"
        if free < FREE_LEAST:
            return bad(PART, told, _MAKE_ROOM)
        if free < FREE_ENOUGH:
            return warning(PART, told, _MAKE_ROOM)
        return good(PART, told)


GIGABYTE = 1_000_000_000
SECTOR_BYTES = 512  # of /sys/class/block/*/size, whatever the device has
EMMC_WORN = 0x09  # 80–90 % of the life estimated. See JEDEC JESD84-B51, 7.4.25
FILLS_MANY = 200  # times its size; cells bear some hundreds, and a small write costs a whole block
LOG = "/var/log/journal"
_REPLACE = "`sudo pos backup FILE` to a USB stick, then a new card, of endurance class"
_VOLATILE = (
    "[Journal] and Storage=volatile, a line each, into /etc/systemd/journald.conf.d/90-pos.conf; "
    "sudo systemctl restart systemd-journald"
)


class WearCheck(Struct, frozen=True):
    """The cards and sticks that hold the system and its data."""

    machine: Machine

    def look(self) -> Iterator[Finding]:
        """Errors that ext4 counted, what was written, eMMC's own word; swap, log, access times."""
        yield from self._errors()
        yield from self._written()
        yield from self._life()
        yield from self._swap()
        if mount_of(self.machine, LOG).on_card and self._log_is_kept():
            yield warning(PART, "the system's log is on the card, and wears it", _VOLATILE)
        root = mount_of(self.machine, "/")
        if root.on_card and "noatime" not in root.options:
            advice = "add noatime to the options of / in /etc/fstab, and reboot"
            yield warning(PART, "reading a file writes to the card: when it was read", advice)

    def _words(self, path: str) -> list[str]:
        return (self.machine.read(path) or b"").decode(errors="replace").split()

    def _number(self, path: str) -> int:
        """What a file of /sys says; 0 for nothing."""
        words = self._words(path)
        return int(words[0]) if words and words[0].isdecimal() else 0

    def _errors(self) -> Iterator[Finding]:
        for path in self.machine.listed("/sys/fs/ext4", "*/errors_count"):
            if count := self._number(path):
                told = f"{_device_of(path)}: ext4 counted {count} errors"
                yield bad(PART, told, _REPLACE)

    def _written(self) -> Iterator[Finding]:
        """What ext4 wrote since it was made: an SD card itself tells nothing of its life."""
        for path in self.machine.listed("/sys/fs/ext4", "*/lifetime_write_kbytes"):
            device = _device_of(path)
            written = self._number(path) * 1024
            size = self._number(f"/sys/class/block/{device}/size") * SECTOR_BYTES
            if not size:
                continue
            fills = written // size
            told = f"{device}: {written // GIGABYTE} GB written in its life, {fills} times its size"
            yield warning(PART, told, _REPLACE) if fills >= FILLS_MANY else good(PART, told)

    def _life(self) -> Iterator[Finding]:
        """What an eMMC tells of its life, in tenths."""
        for path in self.machine.listed("/sys/block", "mmcblk*/device/life_time"):
            worst = max((int(word, 16) for word in self._words(path)), default=0)
            if worst >= EMMC_WORN:
                yield warning(PART, f"the eMMC has used {10 * worst} % of its life", _REPLACE)
            elif worst:
                yield good(PART, f"the eMMC has used {10 * worst} % of its life at most")

    def _swap(self) -> Iterator[Finding]:
        lines = (self.machine.read("/proc/swaps") or b"").decode(errors="replace").splitlines()
        for place, kind, *_ in map(str.split, lines[1:]):
            device = mount_of(self.machine, place).device if kind == "file" else place
            if not device.startswith(CARD):
                continue
            if kind != "file":
                advice = f"sudo swapoff {place}, and take its line out of /etc/fstab"
            elif self.machine.exists("/etc/dphys-swapfile"):
                advice = "sudo apt purge dphys-swapfile"
            else:
                advice = "Mechanism=zram below [Main] in /etc/rpi/swap.conf, and reboot"
            yield warning(PART, f"swap is on the card, and wears it: {place}", advice)

    def _log_is_kept(self) -> bool:
        """Whether journald writes to disk. See journald.conf(5), Storage=."""
        settings = self.machine.ran("systemd-analyze", "cat-config", "systemd/journald.conf") or ""
        lines = (line.strip().partition("=") for line in settings.splitlines())
        said = [value.strip() for name, _, value in lines if name.rstrip() == "Storage"]
        storage = said[-1] if said else "auto"  # the last word counts
        return storage == "persistent" or (storage == "auto" and self.machine.exists(LOG))


def _device_of(path: str) -> str:
    return path.split("/")[-2]
