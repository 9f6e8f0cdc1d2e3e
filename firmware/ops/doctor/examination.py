"""Runs the checks in their order and tells what they found, as lines or as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from firmware.ops.doctor.findings import Finding, Inspection, Verdict
from firmware.ops.doctor.libraries import missing

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
        yield missing(error)


def fit(findings: Sequence[Finding]) -> bool:
    """Whether nothing is bad."""
    return all(finding.verdict is not Verdict.BAD for finding in findings)


def as_line(finding: Finding) -> str:
    """A finding, with what to do about it."""
    advice = f" → {finding.advice}" if finding.advice else ""
    return f"{_SIGNS[finding.verdict]:<5}{finding.part:<12} {finding.detail}{advice}"


def as_json(findings: Sequence[Finding]) -> str:
    """All of it as one JSON object."""
    told = [
        {
            "part": finding.part,
            "verdict": finding.verdict.value,
            "detail": finding.detail,
            "advice": finding.advice,
        }
        for finding in findings
    ]
    return json.dumps({"fit": fit(findings), "findings": told}, ensure_ascii=False, indent=2)
