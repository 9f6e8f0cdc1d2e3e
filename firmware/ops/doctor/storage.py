"""Checks where the journal lives: space, whose it is, and that it outlives the power."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from firmware.ops.doctor.accounts import SystemUser
from firmware.ops.doctor.findings import Finding, bad, good, warning
from firmware.ops.doctor.machine import Machine
from firmware.ops.doctor.mounts import mount_of

PART = "storage"
MEGABYTE = 1_000_000
FREE_LEAST, FREE_ENOUGH = 50 * MEGABYTE, 500 * MEGABYTE
_MAKE_ROOM = "make room: sudo journalctl --vacuum-size=50M; sudo apt clean"


class StorageCheck(Struct, frozen=True):
    """The file system that `data`, an absolute path, is on; `user` is whose it is to be."""

    machine: Machine
    data: str
    user: SystemUser

    def look(self) -> Iterator[Finding]:
        """Free space, access, and a data directory in memory."""
        yield self._space()
        yield from self._access()
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

    def _access(self) -> Iterator[Finding]:
        if self.machine.exists(self.data) and not self.machine.usable(self.data, self.user):
            advice = f"sudo chown -R {self.user.name}: {self.data}"
            yield bad(PART, f"{self.data} is closed to {self.user.name}", advice)
