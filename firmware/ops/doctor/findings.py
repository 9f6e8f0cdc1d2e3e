"""What a check finds: good, bad, worth knowing, or not looked at; and the advice in one line."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct


class Verdict(enum.Enum):
    """How a part is. Only BAD makes the terminal unfit."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


class Finding(Struct, frozen=True):
    """One thing seen of a part. `advice` is what to do, in a line; GOOD has none."""

    part: str
    verdict: Verdict
    detail: str
    advice: str = ""

    def __post_init__(self) -> None:
        assert "\n" not in self.advice
        assert bool(self.advice) == (self.verdict in (Verdict.BAD, Verdict.WARNING))


class Inspection(Protocol):
    """Looks at one part. `look` may block for as long as the part does, and never raises for it.

    A library that is not there is none of the part's: ImportError.
    """

    def look(self) -> Iterator[Finding]: ...


def good(part: str, detail: str) -> Finding:
    """The part is as it should be."""
    return Finding(part, Verdict.GOOD, detail)


def warning(part: str, detail: str, advice: str) -> Finding:
    """The terminal works, but not for long or not well."""
    return Finding(part, Verdict.WARNING, detail, advice)


def bad(part: str, detail: str, advice: str) -> Finding:
    """The terminal does not work like this."""
    return Finding(part, Verdict.BAD, detail, advice)


def skipped(part: str, why: str) -> Finding:
    """Not looked at."""
    return Finding(part, Verdict.SKIPPED, why)
