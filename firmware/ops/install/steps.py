"""The steps of an installation: each knows whether it is done, says what it would change, does it.

What holds money or settings is never taken away: data, configuration, and the user who owns them.
"""

from __future__ import annotations

from msgspec import Struct

from firmware.core.durable import write_whole
from firmware.ops.install.system import System


class Step(Struct, frozen=True):
    """One thing that an installed system has. It is kept when the terminal goes, by default."""

    def pending(self, system: System) -> str | None:
        """What `do` would change, in a line; None when it is as it should be."""
        raise NotImplementedError

    def do(self, system: System) -> None:
        """Raises InstallFault or OSError."""
        raise NotImplementedError

    def left(self, system: System) -> str | None:  # noqa: ARG002
        """What `undo` would take away, in a line; None for nothing."""
        return None

    def undo(self, system: System) -> None:
        """Raises InstallFault or OSError."""


class Group(Step, frozen=True):
    """A group. Never taken away: Debian keeps system accounts, and others may use it."""

    name: str

    def pending(self, system: System) -> str | None:
        return None if system.entry("group", self.name) else f"add group {self.name}"

    def do(self, system: System) -> None:
        system.account("groupadd", "--system", self.name)


class User(Step, frozen=True):
    """The user that the terminal runs as; kept when it goes, for the data stays and is its own."""

    name: str
    home: str
    groups: tuple[str, ...]

    def pending(self, system: System) -> str | None:
        if system.entry("passwd", self.name) is None:
            return f"add user {self.name} in groups {' '.join(self.groups)}"
        missing = self._missing(system)
        return f"add user {self.name} to groups {' '.join(missing)}" if missing else None

    def do(self, system: System) -> None:
        if system.entry("passwd", self.name) is None:
            system.account(
                *("useradd", "--system", "--gid", self.name, "--home-dir", self.home),
                *("--no-create-home", "--shell", "/usr/sbin/nologin", self.name),
            )
        if missing := self._missing(system):
            system.account("usermod", "--append", "--groups", ",".join(missing), self.name)

    def _missing(self, system: System) -> list[str]:
        entries = {group: system.entry("group", group) for group in self.groups}
        return [
            group
            for group, entry in entries.items()
            if entry is None or self.name not in entry[3].split(",")
        ]


class Directory(Step, frozen=True):
    """The data directory, for its owner alone. Never taken away."""

    path: str
    owner: str
    mode: int = 0o700

    def pending(self, system: System) -> str | None:
        place = system.path(self.path)
        if not place.is_dir():
            return f"make {self.path} for {self.owner}"
        if not system.owned(place, self.owner) or place.stat().st_mode & 0o777 != self.mode:
            return f"give {self.path} to {self.owner} alone"
        return None

    def do(self, system: System) -> None:
        place = system.path(self.path)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(self.mode)
        system.give(place, self.owner)


class File(Step, frozen=True):
    """A file, as it is shipped; or with `once`, only where there is none, and never taken away."""

    path: str
    content: str
    once: bool = False

    def pending(self, system: System) -> str | None:
        place = system.path(self.path)
        if not place.is_file():
            return f"write {self.path}"
        if not self.once and place.read_text(encoding="utf-8") != self.content:
            return f"write {self.path} anew"
        return None

    def do(self, system: System) -> None:
        place = system.path(self.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, self.content.encode())

    def left(self, system: System) -> str | None:
        there = system.path(self.path).is_file() and not self.once
        return f"remove {self.path}" if there else None

    def undo(self, system: System) -> None:
        system.path(self.path).unlink(missing_ok=True)


class Link(Step, frozen=True):
    """A symbolic link, by which a unit is enabled."""

    path: str
    target: str

    def pending(self, system: System) -> str | None:
        place = system.path(self.path)
        there = place.is_symlink() and str(place.readlink()) == self.target
        return None if there else f"link {self.path} to {self.target}"

    def do(self, system: System) -> None:
        place = system.path(self.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(self.target)

    def left(self, system: System) -> str | None:
        return f"remove {self.path}" if system.path(self.path).is_symlink() else None

    def undo(self, system: System) -> None:
        system.path(self.path).unlink(missing_ok=True)
