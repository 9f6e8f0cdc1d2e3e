"""The faults that a tester lets an acquirer have, by a file of rules: delays, silence, wrong MACs.

    [[rule]]
    does = "silence"       # one of DEEDS
    type = "0200"          # the rest says when: message type,
    terminal = "10000001"  # terminal,
    stan = 7               # STAN,
    amount = 12300         # amount in minor units,
    amount_ends = "68"     # or its last digits
    skip = 2               # not the first two that fit,
    times = 1              # and then so often; without it always
    name = "first"         # a rule with a name goes on counting when the file changes

The first rule that fits is followed. The file is read anew when it changes, and rules without a
name begin to count anew; a file with a mistake leaves the rules before it in force.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, structs

from firmware.core.files import read_text
from firmware.core.log import fields as event

Deed = Literal[
    "delay",  # the answer comes after `ms`
    "lost",  # the request never arrives: nothing is booked, nothing answered
    "silence",  # it is booked, and no answer comes
    "close",  # it is booked, and the connection is closed
    "wrong-mac",
    "twice",  # the answer comes twice
    "code",  # nothing is booked, the answer is `code`
    "unbalanced",  # of a settlement: the answer says that it does not balance
    "sign-on-again",  # the answer's header asks for a sign-on
    "half",  # half of the answer comes, then the connection is closed
    "garbage",  # bytes that are no answer
]
DEEDS = Deed.__args__  # type: ignore[attr-defined]
MS_MAX = 600_000
RULES = "rules.toml"
_Text = Annotated[str, Meta(min_length=1, max_length=15)]
_Count = Annotated[int, Meta(ge=0)]

_LOG = logging.getLogger(__name__)


class RulesError(ValueError):
    """A rule file with a mistake; the message names the file and the place."""


class RequestSeen(Struct, frozen=True):
    """What rules look at in a request."""

    type: str
    terminal: str
    stan: int
    amount_minor: int | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule. Amounts are minor units."""

    does: Deed
    ms: Annotated[int, Meta(ge=0, le=MS_MAX)] = 0
    code: Annotated[str, Meta(pattern="^[A-Z0-9]{2}$")] = ""
    type: Annotated[str, Meta(pattern="^[0-9]{4}$")] | None = None
    terminal: _Text | None = None
    stan: _Count | None = None
    amount: _Count | None = None
    amount_ends: Annotated[str, Meta(pattern="^[0-9]{1,12}$")] | None = None
    skip: _Count = 0
    times: _Count | None = None
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,20}$")] = ""

    def __post_init__(self) -> None:
        if self.does == "delay" and not self.ms:
            raise ValueError("delay wants ms")
        if (self.does == "code") != bool(self.code):
            raise ValueError("code is for does = code, which wants it")

    def fits(self, asked: RequestSeen) -> bool:
        """Whether it is about this request, however often it was followed."""
        ends = self.amount_ends
        amount = "" if asked.amount_minor is None else f"{asked.amount_minor:012d}"
        return (
            self.type in (None, asked.type)
            and self.terminal in (None, asked.terminal)
            and self.stan in (None, asked.stan)
            and self.amount in (None, asked.amount_minor)
            and (ends is None or (bool(amount) and amount.endswith(ends)))
        )


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...] = ()


def rules_in(path: Path) -> tuple[Rule, ...]:
    """The rules in a file. Raises RulesError, or OSError when it cannot be read."""
    try:
        found: tuple[Rule, ...] = msgspec.toml.decode(read_text(path), type=_File).rule
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RulesError(f"{path}: {error}") from None
    names = [rule.name for rule in found if rule.name]
    if len(set(names)) < len(names):
        raise RulesError(f"{path}: two rules have one name")
    return found


def as_toml(rules: Iterable[Rule]) -> str:
    """What `rules_in` reads as these rules."""
    tables = []
    for rule in rules:
        said = {
            field.name: value
            for field in structs.fields(rule)
            if (value := getattr(rule, field.name)) != field.default
        }
        lines = (f"{name} = {json.dumps(value)}" for name, value in said.items())
        tables.append("\n".join(("[[rule]]", *lines, "")))
    return "\n".join(tables)


class RuleBook:
    """The rules in the file at `path`, which need not be there. Used from any thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._print: tuple[int, ...] | None = None
        self._rules: tuple[Rule, ...] = ()
        self._fitted: Counter[int | str] = Counter()

    def rule_for(self, asked: RequestSeen) -> Rule | None:
        """The rule to follow, which is counted; None to go on as usual."""
        with self._lock:
            self._refresh()
            for number, rule in enumerate(self._rules):
                if not rule.fits(asked):
                    continue
                counted = rule.name or number
                self._fitted[counted] += 1
                at = self._fitted[counted] - rule.skip
                if at > 0 and (rule.times is None or at <= rule.times):
                    return rule
        return None

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            stat = self._path.stat()
            found: tuple[int, ...] | None = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            found = None
        if found == self._print:
            return
        self._print = found
        try:
            self._rules = () if found is None else rules_in(self._path)
        except (OSError, RulesError) as error:
            _LOG.error("rules not read: those before stay", extra=event(detail=error))
            return
        names = {rule.name for rule in self._rules}
        self._fitted = Counter({key: n for key, n in self._fitted.items() if key in names})
        _LOG.info("rules read", extra=event(rules=len(self._rules)))
