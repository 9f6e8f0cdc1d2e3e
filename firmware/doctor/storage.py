"""Checks where the journal lives: space, the file system's health, and what wears a card out."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from firmware.doctor.accounts import Account
from firmware.doctor.findings import Finding, bad, good, warning
from firmware.doctor.machine import Machine

PART = "storage"
MEGABYTE = 1_000_000
FREE_LEAST, FREE_ENOUGH = 50 * MEGABYTE, 500 * MEGABYTE
EMMC_WORN = 0x09  # 80–90 % of the life estimated. See JEDEC JESD84-B51, 7.4.25
_REPLACE = "`pos backup FILE` on a USB stick, then a new card, of endurance class"


class StorageCheck(Struct, frozen=True):
    """The file system that `data`, an absolute path, is on; `user` is whose it is to be."""

    machine: Machine
    data: str
    user: Account

    def look(self) -> Iterator[Finding]:
        """Space and access, errors that ext4 counted, wear, swap, a data directory in memory."""
        yield self._space()
        yield from self._access()
        yield from self._errors()
        yield from self._wear()
        if b"/dev/mmcblk" in self._file("/proc/swaps") or b"/var/swap" in self._file("/proc/swaps"):
            advice = "apt purge dphys-swapfile rpi-swap, or swap in zram"
            yield warning(PART, "swap is on the card, and wears it", advice)
        if self._file_system() in ("overlay", "tmpfs"):
            advice = "mount a partition of its own at general.data_dir"
            yield bad(PART, f"{self.data} is in memory: it is lost at power-off", advice)

    def _file(self, path: str) -> bytes:
        return self.machine.read(path) or b""

    def _space(self) -> Finding:
        free = self.machine.free_bytes(self.data)
        if free is None:
            return bad(PART, f"{self.data} cannot be looked at", "check general.data_dir")
        told = f"{free // MEGABYTE} MB free for {self.data}"
        if free < FREE_LEAST:
            return bad(PART, told, "make room: journalctl --vacuum-size=50M, apt clean")
        if free < FREE_ENOUGH:
            return warning(PART, told, "make room: journalctl --vacuum-size=50M, apt clean")
        return good(PART, told)

    def _access(self) -> Iterator[Finding]:
        if self.machine.exists(self.data) and not self.machine.usable(self.data, self.user):
            advice = f"sudo chown -R {self.user.name}: {self.data}"
            yield bad(PART, f"{self.data} is closed to {self.user.name}", advice)

    def _errors(self) -> Iterator[Finding]:
        for path in self.machine.listed("/sys/fs/ext4", "*/errors_count"):
            count = self._file(path).strip()
            if count not in (b"", b"0"):
                device = path.split("/")[-2]
                told = f"{device}: ext4 counted {count.decode(errors='replace')} errors"
                yield bad(PART, told, _REPLACE)

    def _wear(self) -> Iterator[Finding]:
        """What an eMMC tells of its life; SD cards tell nothing."""
        for path in self.machine.listed("/sys/block", "mmcblk*/device/life_time"):
            worst = max((int(word, 16) for word in self._file(path).split()), default=0)
            if worst >= EMMC_WORN:
                yield warning(PART, f"the eMMC has used {10 * worst} % of its life", _REPLACE)
            elif worst:
                yield good(PART, f"the eMMC has used {10 * worst} % of its life at most")

    def _file_system(self) -> str:
        """The type of the file system that the data directory is on."""
        best, kind = "", ""
        for line in self._file("/proc/mounts").decode(errors="replace").splitlines():
            fields = line.split()
            if len(fields) < 3:
                continue
            mount = fields[1].rstrip("/")
            if (self.data == mount or self.data.startswith(mount + "/")) and len(mount) >= len(
                best
            ):
                best, kind = mount, fields[2]
        return kind
