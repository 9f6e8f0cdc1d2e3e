"""Users of the machine, and what the owner, group and mode of a file let them do."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable

from msgspec import Struct

SEARCH, USE = 0o1, 0o6  # a folder on the way; a device or file to read and write


class SystemUser(Struct, frozen=True):
    """A user, and the names of the groups it is in."""

    name: str
    uid: int
    groups: frozenset[str]


def caller() -> SystemUser:
    """Who runs this process, with the groups it has now."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return SystemUser(name, uid, _names({os.getegid(), *os.getgroups()}))


def account(name: str) -> SystemUser | None:
    """A user, with the groups it would have after a login; None where there is none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(name, entry.pw_uid, _names(os.getgrouplist(name, entry.pw_gid)))


def may(who: SystemUser, status: os.stat_result, wanted: int) -> bool:
    """Whether the mode gives `who`, not root, all of `wanted`, as owner, in the group, or else.

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
