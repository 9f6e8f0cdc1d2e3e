"""Which slot a terminal takes of all that a PC/SC service lists, and why."""

from __future__ import annotations

from collections.abc import Sequence

# by what makers call their slots; a contactless one lists itself first on some readers
CONTACTLESS, SAM = ("picc", "contactless", " cl ", "nfc", "rfid"), ("sam",)


def choose(listed: Sequence[str], name: str, exclude: Sequence[str]) -> str | None:
    """The first contact slot with `name` in its own and none of `exclude`, or None.

    A contactless or SAM slot only where there is no other.
    """
    wanted = [each for each in listed if name in each and not any(out in each for out in exclude)]
    return min(wanted, key=_rank) if wanted else None


def why(taken: str, listed: Sequence[str], name: str) -> str:
    """What was taken of `listed`, in words for people."""
    if all(each == taken for each in listed):
        return f"{taken}: the only one"
    if name:
        return f"{taken}: the first slot with {name!r} in its name"
    return f"{taken}: the first contact slot, of {len(listed)}; reader.name sets it"


def _rank(name: str) -> int:
    """Contact slots first, then contactless ones, then those for SAMs."""
    said = f" {name.lower()} "
    return 2 if any(word in said for word in SAM) else any(word in said for word in CONTACTLESS)
