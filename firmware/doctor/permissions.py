"""Checks that this user may use the devices, and that no running terminal holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from firmware.doctor.findings import Finding, bad, good, skipped, warning
from firmware.doctor.machine import Machine

PART = "permissions"
SERVICE = "pos-terminal.service"


class Access(Struct, frozen=True):
    """Device nodes that the configured parts need, in the group that Debian gives them to."""

    folder: str
    pattern: str
    group: str
    missing: str = ""  # what to do without any; empty: another check says it


class PermissionsCheck(Struct, frozen=True):
    """Each device that is needed."""

    machine: Machine
    needed: Sequence[Access]

    def look(self) -> Iterator[Finding]:
        """Ask the service manager, then each device's node."""
        if (self.machine.ran("systemctl", "is-active", SERVICE) or "").strip() == "active":
            advice = f"systemctl stop {SERVICE}, look, and start it again"
            yield warning(PART, "the terminal is running and holds the devices", advice)
        for access in self.needed:
            yield self._node(access)

    def _node(self, access: Access) -> Finding:
        nodes = self.machine.listed(access.folder, access.pattern)
        wanted = f"{access.folder}/{access.pattern}"
        if not nodes and access.missing:
            return bad(PART, f"there is no {wanted}", access.missing)
        if not nodes:
            return skipped(PART, f"there is no {wanted}")
        if any(self.machine.usable(node) for node in nodes):
            return good(PART, f"{wanted} is open to this user")
        if access.group in self.machine.groups():
            advice = "run `pos install`: its udev rules give the device to the group"
            return bad(PART, f"{wanted} is closed, though we are in group {access.group}", advice)
        advice = f"usermod -aG {access.group} $USER and log in again; `pos install` does it"
        return bad(PART, f"{wanted} wants group {access.group}", advice)
