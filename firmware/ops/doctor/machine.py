"""What checks ask of the machine that they run on: files, commands, users, space."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from firmware.ops.doctor import accounts
from firmware.ops.doctor.accounts import SEARCH, USE, SystemUser

COMMAND_TIMEOUT_S = 5.0


class Machine(Protocol):
    """A machine as checks see it. Nothing raises: what cannot be had is None, False or empty."""

    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is none that can be read."""
        ...

    def exists(self, path: str) -> bool: ...

    def resolved(self, path: str) -> str:
        """The path with every symbolic link followed; itself where there is none."""
        ...

    def usable(self, path: str, who: SystemUser) -> bool:
        """Whether `who` may get to `path`, and read and write it."""
        ...

    def listed(self, folder: str, pattern: str) -> Sequence[str]:
        """Full paths in `folder` that match a glob pattern."""
        ...

    def ran(self, *command: str) -> str | None:
        """What a command prints; None when it is not there, fails or takes five seconds."""
        ...

    def free_bytes(self, path: str) -> int | None:
        """Space left for this user where `path` is, or would be made."""
        ...

    def caller(self) -> SystemUser:
        """Who runs this."""
        ...

    def account(self, name: str) -> SystemUser | None:
        """A user of this machine; None where there is none of that name."""
        ...


class ThisMachine:
    """The machine this runs on; implements `Machine`."""

    def read(self, path: str) -> bytes | None:
        try:
            return Path(path).read_bytes()
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        return os.path.exists(path)  # noqa: PTH110 - never raises, be it that a folder is closed

    def resolved(self, path: str) -> str:
        return os.path.realpath(path)  # of a loop, too

    def usable(self, path: str, who: SystemUser) -> bool:
        if who.uid == os.geteuid():
            return os.access(path, os.R_OK | os.W_OK)
        place = Path(self.resolved(path))
        try:
            way = all(accounts.may(who, folder.stat(), SEARCH) for folder in place.parents)
            return way and accounts.may(who, place.stat(), USE)
        except OSError:
            return False

    def listed(self, folder: str, pattern: str) -> Sequence[str]:
        try:
            return sorted(map(str, Path(folder).glob(pattern)))
        except OSError:
            return []

    def ran(self, *command: str) -> str | None:
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
        place = Path(path).absolute()
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            return shutil.disk_usage(place).free
        except OSError:
            return None

    def caller(self) -> SystemUser:
        return accounts.caller()

    def account(self, name: str) -> SystemUser | None:
        return accounts.account(name)
