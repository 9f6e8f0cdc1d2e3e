"""A card session step by step: commands, responses, decoded data objects and decisions.

Everything is masked as it is written: account data unless clear data was asked for (test cards),
a PIN always. So a trace can be logged, shown and shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from firmware.emv.apdu import Command, Ins, Response
from firmware.emv.meanings import meaning, status_meaning
from firmware.emv.tags import PAN_BEARING, describe
from firmware.emv.tlv import Tlv, TlvError, is_constructed, parse

_STARS = "*"
_SECRET_BYTES_MIN = 4  # a shorter value would mask half of the trace by coincidence


class DecodedObject(Struct, frozen=True):
    """One data object: hex tag, its name, hex value ("" for a template), depth, and in words."""

    tag: str
    name: str
    value: str
    depth: int
    meaning: str = ""


class ApduStep(Struct, frozen=True, tag_field="kind", tag="apdu"):
    """A command and its response in hex, with the data objects of both."""

    step: str
    name: str
    command: str
    sent: tuple[DecodedObject, ...]  # what a data object list had asked for
    response: str
    status: str  # the status word in words, where it needs any
    objects: tuple[DecodedObject, ...]


class DecisionStep(Struct, frozen=True, tag_field="kind", tag="decision"):
    """What the kernel concluded, and where the Books say so."""

    step: str
    text: str
    source: str


TraceStep = ApduStep | DecisionStep


@dataclass(slots=True)
class Trace:
    """The steps so far. `clear` keeps account data readable: for test cards alone."""

    clear: bool = False
    steps: list[TraceStep] = field(default_factory=list)
    _secrets: set[str] = field(default_factory=set, repr=False)

    def decision(self, step: str, text: str, source: str) -> None:
        """Write a decision; `source` as "Book 3, 10.5"."""
        self.steps.append(DecisionStep(step, text, source))

    def apdu(
        self,
        step: str,
        command: Command,
        response: Response | None,
        sent: Sequence[tuple[int, bytes]] = (),
    ) -> None:
        """Write an exchange; `response` None when none came, `sent` the command's data objects."""
        objects: tuple[Tlv, ...] = ()
        if response is not None and command.ins != Ins.GET_CHALLENGE:
            try:
                objects = parse(response.data)
            except TlvError:
                objects = ()
            self._learn(objects)
        if command.ins == Ins.VERIFY:
            head = f"{command.cla:02X}{command.ins:02X}{command.p1:02X}{command.p2:02X}"
            raw = head + f"{len(command.data):02X}" + _STARS * 2 * len(command.data)
        else:
            raw = self._masked(command.to_bytes().hex().upper())
        got = "" if response is None else self._masked(response.data.hex().upper())
        status = "no response" if response is None else f"{response.sw:04X}"
        said = "" if response is None else status_meaning(response.sw)
        decoded = tuple(self._decode(objects, 0))
        asked = tuple(self._object(tag, value, 0) for tag, value in sent)
        answer = f"{got} {status}".strip()
        self.steps.append(ApduStep(step, command.name, raw, asked, answer, said, decoded))

    def _learn(self, objects: Sequence[Tlv]) -> None:
        if self.clear:
            return
        for one in objects:
            if is_constructed(one.tag):
                self._learn(one.children)
            elif one.tag in PAN_BEARING and len(one.value) >= _SECRET_BYTES_MIN:
                # the padding may differ where the same number stands again
                self._secrets.add(one.value.hex().upper().rstrip("F"))

    def _masked(self, hexadecimal: str) -> str:
        for secret in self._secrets:
            hexadecimal = hexadecimal.replace(secret, _STARS * len(secret))
        return hexadecimal

    def _decode(self, objects: Sequence[Tlv], depth: int) -> Iterator[DecodedObject]:
        for one in objects:
            yield self._object(one.tag, one.value, depth)
            yield from self._decode(one.children, depth + 1)

    def _object(self, tag: int, value: bytes, depth: int) -> DecodedObject:
        if tag in PAN_BEARING and not self.clear:
            shown, words = _STARS * 2 * len(value), ""
        elif is_constructed(tag):
            shown, words = "", ""
        else:
            shown, words = self._masked(value.hex().upper()), meaning(tag, value)
        return DecodedObject(f"{tag:X}", describe(tag), shown, depth, words)

    def to_json(self) -> list[dict[str, object]]:
        """The steps as values of JSON."""
        steps: list[dict[str, object]] = msgspec.to_builtins(self.steps)
        return steps

    def lines(self) -> Iterator[str]:
        """The steps as lines of text for a screen or a log."""
        step_shown = ""
        for step in self.steps:
            if step.step != step_shown:
                step_shown = step.step
                yield f"== {step_shown}"
            yield from _lines_of(step)


def _lines_of(step: TraceStep) -> Iterator[str]:
    if isinstance(step, DecisionStep):
        yield f"  * {step.text}  [EMV 4.4 {step.source}]"
        return
    yield f"  {step.name}"
    yield f"  > {step.command}"
    yield from map(_line_of, step.sent)
    yield f"  < {step.response}" + (f"  ({step.status})" if step.status else "")
    yield from map(_line_of, step.objects)


def _line_of(one: DecodedObject) -> str:
    line = f"    {'  ' * one.depth}{one.tag} {one.name}: {one.value}".rstrip(": ")
    return f"{line}  ({one.meaning})" if one.meaning else line
