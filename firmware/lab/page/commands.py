"""What a page may ask of the terminal, as messages over its WebSocket, typed and bounded."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Short = Annotated[str, msgspec.Meta(max_length=80)]
FileText = Annotated[str, msgspec.Meta(max_length=100_000)]
KeyName = Annotated[str, msgspec.Meta(max_length=8)]


class Command(
    msgspec.Struct, frozen=True, tag_field="do", tag=str.lower, forbid_unknown_fields=True
):
    """One request of a page."""


class Down(Command, frozen=True):
    """A key goes down."""

    key: KeyName


class Up(Command, frozen=True):
    """A key comes up."""

    key: KeyName


class Act(Command, frozen=True):
    """A line of the scenario language: insert, remove, tear, fault, clear, power."""

    line: Short


class Speed(Command, frozen=True):
    """How fast time passes."""

    times: Literal[1, 10, 60]


class Fresh(Command, frozen=True):
    """A fresh terminal with these settings, `section.name` to text, beside the stage's own."""

    settings: Annotated[dict[Short, Short], msgspec.Meta(max_length=20)]


class Play(Command, frozen=True):
    """A scenario file to be played and watched, from a fresh terminal; `files` it may include."""

    name: Short
    text: FileText
    files: Annotated[dict[Short, FileText], msgspec.Meta(max_length=20)] = {}


class Stop(Command, frozen=True):
    """Stop playing; the terminal stays as it stands."""


class Save(Command, frozen=True):
    """Put what was done so far into the state `recording`, as a scenario file."""


Request = Down | Up | Act | Speed | Fresh | Play | Stop | Save
MESSAGE_BYTES_MAX = 300_000


def decode(message: str | bytes) -> Request:
    """A message as a command. Raises msgspec.DecodeError, of which ValidationError is one."""
    return _DECODER.decode(message)


_DECODER: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
