"""The machine that is examined: its files, commands, users and USB devices."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

COMMAND_TIMEOUT_S = 5.0
SEARCH, USE = 0o1, 0o6  # a folder on the way; a device or file to read and write


class SystemUser(Struct, frozen=True):
    """A user, and the names of the groups it is in."""

    name: str
    uid: int
    groups: frozenset[str]


def may(who: SystemUser, status: os.stat_result, wanted: int) -> bool:
    """Whether the mode gives `who`, who is not root, `wanted`: as owner, by a group, or as others.

    Access control lists are not looked at. See path_resolution(7).
    """
    if status.st_uid == who.uid:
        granted = status.st_mode >> 6
    elif _names({status.st_gid}) <= who.groups:
        granted = status.st_mode >> 3
    else:
        granted = status.st_mode
    return granted & wanted == wanted


def _names(numbers: Iterable[int]) -> frozenset[str]:
    """The groups' names; a number is its own where the system knows none."""
    names = set()
    for number in numbers:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            names.add(str(number))
    return frozenset(names)


class Machine:
    """The machine this runs on. Nothing raises: what cannot be had is None, False or empty."""

    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is none that can be read."""
        try:
            return Path(path).read_bytes()
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        return os.path.exists(path)  # noqa: PTH110 - never raises, be it that a folder is closed

    def resolved(self, path: str) -> str:
        """The path with every symbolic link followed; itself where there is none."""
        return os.path.realpath(path)  # of a loop, too

    def usable(self, path: str, who: SystemUser) -> bool:
        """Whether `who` may get to `path`, and read and write it."""
        if who.uid == os.geteuid():
            return os.access(path, os.R_OK | os.W_OK)
        place = Path(self.resolved(path))
        try:
            way = all(may(who, folder.stat(), SEARCH) for folder in place.parents)
            return way and may(who, place.stat(), USE)
        except OSError:
            return False

    def listed(self, folder: str, pattern: str) -> Sequence[str]:
        """Full paths in `folder` that match a glob pattern."""
        try:
            return sorted(map(str, Path(folder).glob(pattern)))
        except OSError:
            return []

    def ran(self, *command: str) -> str | None:
        """What a command prints; None when it is not there, fails or takes five seconds."""
        program = shutil.which(command[0])
        if program is None:
            return None
        try:
            done = subprocess.run(  # noqa: S603 - commands are the checks' own
                [program, *command[1:]],
                capture_output=True,
                timeout=COMMAND_TIMEOUT_S,
                text=True,
                errors="replace",
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout

    def free_bytes(self, path: str) -> int | None:
        """Space left for this user where `path` is, or would be made."""
        place = Path(path).absolute()
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            return shutil.disk_usage(place).free
        except OSError:
            return None

    def caller(self) -> SystemUser:
        """Who runs this, with the groups it has now."""
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        return SystemUser(name, uid, _names({os.getegid(), *os.getgroups()}))

    def account(self, name: str) -> SystemUser | None:
        """A user with the groups it would have after a login; None where there is none."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return SystemUser(name, entry.pw_uid, _names(os.getgrouplist(name, entry.pw_gid)))


def usb_node(machine: Machine, numbers: str) -> str | None:
    """The node of VENDOR:PRODUCT in hex; None while it is not plugged in. See sysfs-bus-usb."""
    for path in machine.listed("/sys/bus/usb/devices", "*/idVendor"):
        folder = path.rpartition("/")[0]
        vendor, product, bus, device = (
            (machine.read(f"{folder}/{name}") or b"").decode(errors="replace").strip()
            for name in ("idVendor", "idProduct", "busnum", "devnum")
        )
        if f"{vendor}:{product}" == numbers.lower():
            return f"/dev/bus/usb/{bus:0>3}/{device:0>3}"
    return None
