"""What is mounted where, by /proc/mounts. See proc_pid_mounts(5)."""

from __future__ import annotations

from msgspec import Struct

from firmware.ops.doctor.machine import Machine

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
