"""A machine that checks can be shown: files, commands, users and space as a test says."""

import fnmatch
from dataclasses import dataclass, field

from firmware.ops.doctor.findings import Inspection, Verdict
from firmware.ops.doctor.machine import Machine, SystemUser

ALICE = SystemUser("alice", 1000, frozenset({"alice", "i2c"}))
ROOT = SystemUser("root", 0, frozenset({"root"}))
POS = SystemUser("pos", 999, frozenset({"pos", "gpio", "i2c", "spi", "lp", "dialout", "input"}))


@dataclass
class ModelMachine(Machine):
    """Overrides every method. `closed` paths exist, and may not be used.

    `closed_to` has more of them for some users, by name. `runs` is who runs the doctor.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    closed_to: dict[str, set[str]] = field(default_factory=dict)
    runs: SystemUser = ALICE
    users: tuple[SystemUser, ...] = ()
    free: int | None = 10_000_000_000
    links: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def exists(self, path: str) -> bool:
        return self.resolved(path) in self.files

    def resolved(self, path: str) -> str:
        return self.links.get(path, path)

    def usable(self, path: str, who: SystemUser) -> bool:
        closed = self.closed | self.closed_to.get(who.name, set())
        return path in self.files and path not in closed

    def listed(self, folder: str, pattern: str) -> list[str]:
        return sorted(fnmatch.filter(self.files, f"{folder}/{pattern}"))

    def ran(self, *command: str) -> str | None:
        return self.commands.get(" ".join(command))

    def free_bytes(self, path: str) -> int | None:
        return self.free

    def caller(self) -> SystemUser:
        return self.runs

    def account(self, name: str) -> SystemUser | None:
        return next((user for user in self.users if user.name == name), None)


def verdicts(check: Inspection) -> list[Verdict]:
    """What a check finds, without the words."""
    return [finding.verdict for finding in check.look()]


def worst(check: Inspection) -> list[tuple[str, str]]:
    """The bad findings of a check, else the warnings: each as its detail and advice."""
    found = list(check.look())
    for verdict in (Verdict.BAD, Verdict.WARNING):
        if any(finding.verdict is verdict for finding in found):
            return [(each.detail, each.advice) for each in found if each.verdict is verdict]
    return []
