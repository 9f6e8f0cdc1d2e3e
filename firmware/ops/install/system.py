"""The system that is installed into: its files, its accounts, and commands that change them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

COMMAND_TIMEOUT_S = 60.0


class InstallFault(Exception):  # noqa: N818 - called a fault everywhere
    """A step could not be taken; says which command or file, and why."""


def ran(command: Sequence[str]) -> str:
    """Run a command quietly; gives what it printed. Raises InstallFault with its last line."""
    try:
        done = subprocess.run(  # noqa: S603 - commands are the steps' own
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InstallFault(f"{command[0]}: {error}") from None
    if done.returncode:
        last = (done.stderr.strip() or "failed").splitlines()[-1]
        raise InstallFault(f"{' '.join(command)}: {last}")
    return done.stdout


class System(Struct, frozen=True):
    """A system below `root`. `live`: it is the one that runs: systemd is told of changes."""

    root: Path
    live: bool
    run: Callable[[Sequence[str]], str] = ran

    @classmethod
    def at(cls, root: Path | None) -> System:
        """The system below `root`; None is this one, live where systemd runs. See sd_booted(3)."""
        if root is not None:
            return cls(root.absolute(), live=False)
        # in a chroot or an image that is being made there is no systemd to talk to
        return cls(Path("/"), live=Path("/run/systemd/system").is_dir())

    def path(self, absolute: str) -> Path:
        """Where a path of that system is."""
        return self.root / absolute.lstrip("/")

    def account(self, command: str, *words: str) -> None:
        """Run one of shadow's commands on this system's accounts. Raises InstallFault."""
        prefix = () if self.root == Path("/") else ("--prefix", str(self.root))
        self.run((command, *prefix, *words))

    def entry(self, database: str, name: str) -> list[str] | None:
        """The fields of a line of /etc/passwd or /etc/group; None where there is no such line."""
        try:
            text = self.path(f"/etc/{database}").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        for line in text.splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return fields
        return None

    def give(self, path: Path, user: str) -> None:
        """Make `user` and its group the owner. Raises InstallFault."""
        entry = self.entry("passwd", user)
        if entry is None:
            raise InstallFault(f"there is no user {user}")
        os.chown(path, int(entry[2]), int(entry[3]))

    def owned(self, path: Path, user: str) -> bool:
        """Whether `user` owns what is at `path`."""
        entry = self.entry("passwd", user)
        return entry is not None and path.stat().st_uid == int(entry[2])
