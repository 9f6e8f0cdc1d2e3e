"""A machine that checks can be shown: files, commands, groups and space as a test says."""

import fnmatch
from dataclasses import dataclass, field

from firmware.doctor.findings import Verdict


@dataclass
class ModelMachine:
    """Implements firmware.doctor.machine.Machine. `closed` paths exist, and may not be used."""

    files: dict[str, bytes] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    member_of: frozenset[str] = frozenset()
    free: int | None = 10_000_000_000
    links: dict[str, str] = field(default_factory=dict)

    def read(self, path):
        return self.files.get(path)

    def exists(self, path):
        return self.resolved(path) in self.files

    def resolved(self, path):
        return self.links.get(path, path)

    def usable(self, path):
        return path in self.files and path not in self.closed

    def listed(self, folder, pattern):
        return sorted(fnmatch.filter(self.files, f"{folder}/{pattern}"))

    def ran(self, *command):
        return self.commands.get(" ".join(command))

    def free_bytes(self, path):
        return self.free

    def groups(self):
        return self.member_of


def verdicts(check):
    """What a check finds, without the words."""
    return [finding.verdict for finding in check.look()]


def worst(check):
    """The bad findings of a check, else the warnings: each as its detail and advice."""
    found = list(check.look())
    for verdict in (Verdict.BAD, Verdict.WARNING):
        if any(finding.verdict is verdict for finding in found):
            return [(each.detail, each.advice) for each in found if each.verdict is verdict]
    return []
