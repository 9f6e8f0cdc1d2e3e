"""What an inspection finds, its verdict, and a whole examination told to people and programs."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from hw.events import FaultReason


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

    Raises ImportError where a library is missing, for that is no fault of the part.
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


_SIGNS = {Verdict.GOOD: "ok", Verdict.WARNING: "warn", Verdict.BAD: "BAD", Verdict.SKIPPED: "-"}


def examined(checks: Iterable[Inspection], tell: Callable[[Finding], None]) -> list[Finding]:
    """Everything the checks find; `tell` hears each finding as it comes."""
    findings = []
    for check in checks:
        for finding in _looked(check):
            tell(finding)
            findings.append(finding)
    return findings


def _looked(check: Inspection) -> Iterator[Finding]:
    try:
        yield from check.look()
    except ImportError as error:  # drivers import their libraries when they are first used
        advice = (
            "sudo apt install --reinstall pos-terminal; in a checkout delete .venv and start again"
        )
        yield bad("libraries", str(error), advice)


def fit(findings: Sequence[Finding]) -> bool:
    """Whether nothing is bad."""
    return all(finding.verdict is not Verdict.BAD for finding in findings)


def as_line(finding: Finding) -> str:
    """A finding, with what to do about it."""
    advice = f" → {finding.advice}" if finding.advice else ""
    return f"{_SIGNS[finding.verdict]:<5}{finding.part:<12} {finding.detail}{advice}"


def as_json(findings: Sequence[Finding]) -> str:
    """All of it as one JSON object."""
    told = {"fit": fit(findings), "findings": msgspec.to_builtins(findings)}
    return json.dumps(told, ensure_ascii=False, indent=2)


_PACKAGES = {FaultReason.NO_LGPIO: "python3-lgpio", FaultReason.NO_SPIDEV: "python3-spidev"}


def package_for(reason: FaultReason | None) -> str:
    """How to get the library of Debian that a driver lacks; empty for none."""
    return f"sudo apt install {_PACKAGES[reason]}" if reason in _PACKAGES else ""
