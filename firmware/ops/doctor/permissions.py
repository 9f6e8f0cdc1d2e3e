"""Checks that the terminal's user may use the devices, and that no running terminal holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from firmware.ops.doctor.findings import Finding, bad, good, skipped, warning
from firmware.ops.doctor.machine import Machine, SystemUser

PART = "permissions"
SERVICE = "pos-terminal.service"


class Access(Struct, frozen=True):
    """Device nodes that the configured parts need, in the group that Debian gives them to."""

    path: str  # its name may be a glob pattern
    group: str
    missing: str = ""  # what to do without any; empty: another check says it


class PermissionsCheck(Struct, frozen=True):
    """Each device that is needed. `user`, the terminal's, counts; None: it is not installed.

    Without one, who runs this counts: a person at a bench.
    """

    machine: Machine
    needed: Sequence[Access]
    user: SystemUser | None

    def look(self) -> Iterator[Finding]:
        """Ask the service manager, then for groups, then each device's node."""
        if (self.machine.ran("systemctl", "is-active", SERVICE) or "").strip() == "active":
            advice = f"sudo systemctl stop {SERVICE}, look, and start it again"
            yield warning(PART, "the terminal is running and holds the devices", advice)
        caller = self.machine.caller()
        if self.user is not None:
            yield self._groups(self.user)
        elif caller.uid == 0:
            told = "root may use everything, and the terminal's user, who counts, is not there"
            yield warning(PART, told, "`sudo pos install` makes it; before that, look without sudo")
        for access in self.needed:
            yield self._node(access, self.user or caller)

    def _groups(self, user: SystemUser) -> Finding:
        missing = sorted({access.group for access in self.needed} - user.groups)
        if missing:
            detail = f"user {user.name} is not in group {' '.join(missing)}"
            return bad(PART, detail, "`sudo pos install` puts it there")
        return good(PART, f"user {user.name} is in its groups")

    def _node(self, access: Access, who: SystemUser) -> Finding:
        path = Path(access.path)
        nodes, wanted = self.machine.listed(str(path.parent), path.name), str(path)
        if not nodes and access.missing:
            return bad(PART, f"there is no {wanted}", access.missing)
        if not nodes:
            return skipped(PART, f"there is no {wanted}")
        if not any(self.machine.usable(node, who) for node in nodes):
            return bad(PART, f"{wanted} is closed to {who.name}", self._how_to_open(access, who))
        caller = self.machine.caller()
        if not any(self.machine.usable(node, caller) for node in nodes):
            told = f"{wanted} is open to {who.name}, and closed to {caller.name}, who looks"
            return warning(PART, told, "look with sudo, or its part will seem not to be there")
        return good(PART, f"{wanted} is open to {who.name}")

    def _how_to_open(self, access: Access, who: SystemUser) -> str:
        if access.group in who.groups:
            return f"`sudo pos install`: its udev rules give the device to group {access.group}"
        if self.user is not None:
            return f"`sudo pos install` puts it into group {access.group}"
        return f"sudo usermod -aG {access.group} {who.name}, and log in again"
