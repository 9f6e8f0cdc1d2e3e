"""Whether a lock file is whole by itself: what installing it with `--no-deps` relies on.

pip looks for nothing that a lock does not name, and `pip check` knows no extras. So this walks from
what pyproject.toml asks for, and from every locked package, along the requirements that the
installed packages declare, with the extras that are asked for on the way.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# the requirements that a package declares at the version that is installed
Declared = Callable[[str], Iterable[str]]


def locked(lock: str) -> dict[str, str]:
    """Version by name of what a lock file installs on this Python and system."""
    found: dict[str, str] = {}
    for line in lock.splitlines():
        pin = line.partition(" --hash")[0].rstrip("\\ ")
        if not pin or pin.lstrip().startswith(("#", "--")):
            continue
        requirement = Requirement(pin)
        (only,) = requirement.specifier
        assert only.operator == "==", f"not pinned: {line}"
        if requirement.marker is None or requirement.marker.evaluate():
            found[canonicalize_name(requirement.name)] = only.version
    return found


def wanted(pyproject: Path, *extras: str) -> list[str]:
    """What the project itself asks for, with those of its extras."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(one for extra in extras for one in optional[extra])]


def installed(name: str) -> list[str]:
    """What an installed package requires. Raises PackageNotFoundError."""
    return metadata.requires(name) or []


def holes(pins: dict[str, str], roots: Iterable[str], declared: Declared = installed) -> list[str]:
    """Every requirement that no locked version meets, in words; empty for a lock that is whole."""
    missing: dict[str, None] = {}
    todo = [("the project", Requirement(one)) for one in roots]
    todo += [("the lock", Requirement(f"{name}=={version}")) for name, version in pins.items()]
    seen: set[tuple[str, str]] = set()
    while todo:
        whose, requirement = todo.pop()
        if not applies(requirement.marker, ""):
            continue
        name = canonicalize_name(requirement.name)
        if name not in pins or not requirement.specifier.contains(pins[name], prereleases=True):
            missing[f"{whose} wants {requirement}, locked is {pins.get(name, 'none')}"] = None
            continue
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                todo += [(name, each) for each in requirements(declared(name), extra)]
    return list(missing)


def requirements(declared: Iterable[str], extra: str) -> Iterator[Requirement]:
    """The declared requirements that hold here with an extra, their own markers spent."""
    for line in declared:
        requirement = Requirement(line)
        if applies(requirement.marker, extra):
            requirement.marker = None
            yield requirement


def applies(marker: Marker | None, extra: str) -> bool:
    """Whether a marker holds on this Python and system."""
    return marker is None or marker.evaluate({"extra": extra})
