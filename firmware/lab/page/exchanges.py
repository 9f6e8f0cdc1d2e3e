"""The card's wire as a reader of it sees it: commands and responses decoded, masked, in turn.

What a command's data means was said by the card before: in its lists of data objects.
See EMV 4.4 Book 3, 5.4.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from firmware.emv import dol, tlv
from firmware.emv.apdu import Command, Ins, Response
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.trace import Trace

GET_RESPONSE = 0xC0
LISTS = (Tag.PDOL, Tag.CDOL1, Tag.CDOL2, Tag.DDOL)
DEFAULT_DDOL = bytes.fromhex("9F3704")  # the unpredictable number. See EMV 4.4 Book 3, 6.5.9
TEMPLATE_83_BYTES = 2  # tag and length before the data of GET PROCESSING OPTIONS


class Exchanges:
    """A wire, from the insertion of a card on."""

    def __init__(self) -> None:
        self._trace = Trace()
        self._lists: dict[int, bytes] = {}
        self._cryptograms = 0
        self._answered = ""  # the command that GET RESPONSE fetches the answer of

    def next(self, sent: bytes, answer: bytes) -> dict[str, Any] | None:
        """One command and its response, as values of JSON; None when it is none."""
        try:
            command, response = command_of(sent), Response.parse(answer)
        except (ValueError, CardError):
            return None
        asked: Sequence[tuple[int, bytes]] = ()
        with contextlib.suppress(CardError):  # of a broken list the bytes are shown as they are
            asked = dol.split(*self._listed(command))
        self._trace.steps.clear()
        self._trace.apdu("", command, response, asked)
        self._learn(command, response)
        found: dict[str, Any] = self._trace.to_json()[0]
        if command.ins == GET_RESPONSE:
            found["name"] = f"GET RESPONSE · {self._answered}" if self._answered else "GET RESPONSE"
        else:
            self._answered = command.name
        return found

    def _listed(self, command: Command) -> tuple[bytes, bytes]:
        """The list that a command's data was made by, and the data."""
        match command.ins:
            case Ins.GET_PROCESSING_OPTIONS:
                return self._lists.get(Tag.PDOL, b""), command.data[TEMPLATE_83_BYTES:]
            case Ins.INTERNAL_AUTHENTICATE:
                return self._lists.get(Tag.DDOL, DEFAULT_DDOL), command.data
            case Ins.GENERATE_AC:
                tag = Tag.CDOL2 if self._cryptograms else Tag.CDOL1
                return self._lists.get(tag, b""), command.data
        return b"", b""

    def _learn(self, command: Command, response: Response) -> None:
        if command.ins == Ins.SELECT:  # another application has lists of its own
            self._lists.clear()
            self._cryptograms = 0
        if command.ins == Ins.GENERATE_AC and (response.sw == 0x9000 or response.sw >> 8 == 0x61):
            self._cryptograms += 1
        try:
            objects = tlv.parse(response.data)
        except tlv.TlvError:
            return
        self._lists |= {one.tag: one.value for one in _flat(objects) if one.tag in LISTS}


def _flat(objects: Sequence[tlv.Tlv]) -> Iterator[tlv.Tlv]:
    for one in objects:
        yield one
        yield from _flat(one.children)


def command_of(raw: bytes) -> Command:
    """A TPDU or APDU of short length as the kernel writes commands. Raises ValueError."""
    if len(raw) < 4:
        raise ValueError("no command")
    cla, ins, p1, p2 = raw[:4]
    if len(raw) <= 5:
        return Command(cla, ins, p1, p2, b"", raw[4] if raw[4:] else None)
    data, rest = raw[5 : 5 + raw[4]], raw[5 + raw[4] :]
    return Command(cla, ins, p1, p2, data, rest[0] if rest else None)
