"""The applications a terminal accepts, as data: AIDs with their parameters, from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import reduce
from importlib import resources
from operator import or_
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from firmware.emv.codes import TerminalCapabilities, Tvr

_CvmKind = Literal["plaintext-pin", "enciphered-pin", "online-pin", "signature", "none"]
_CVM_KINDS: dict[_CvmKind, TerminalCapabilities] = {
    "plaintext-pin": TerminalCapabilities.PLAINTEXT_PIN,
    "enciphered-pin": TerminalCapabilities.ENCIPHERED_PIN,
    "online-pin": TerminalCapabilities.ONLINE_PIN,
    "signature": TerminalCapabilities.SIGNATURE,
    "none": TerminalCapabilities.NO_CVM,
}
_ALL_CVM_KINDS = reduce(or_, _CVM_KINDS.values())
_Action = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{10}$")]
_Version = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{4}$")]
_Dol = Annotated[str, Meta(pattern="^([0-9A-Fa-f]{2}){0,252}$")]
_Limit = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
_Percent = Annotated[int, Meta(ge=0, le=99)]


class ApplicationsError(ValueError):
    """A table of applications that is not what it should be; says which entry and key."""


class Application(Struct, frozen=True):
    """One accepted AID and what the acquirer says of it. Amounts are minor units."""

    aid: bytes
    name: str
    scheme: str
    versions: tuple[bytes, ...]  # the first is sent as 9F09
    tac_denial: Tvr
    tac_online: Tvr
    tac_default: Tvr
    partial: bool = True  # the Application Selection Indicator: longer DF names match too
    floor_limit_minor: int = 0
    random_threshold_minor: int = 0
    random_target_percent: int = 0
    random_target_max_percent: int = 0
    ddol: bytes = b"\x9f\x37\x04"
    tdol: bytes = b""
    cvm_kinds: TerminalCapabilities = _ALL_CVM_KINDS

    @property
    def rid(self) -> bytes:
        """The registered application provider identifier."""
        return self.aid[:5]

    def matches(self, df_name: bytes) -> bool:
        """Whether a card's application is this one. See EMV 4.4 Book 1, 12.3.1."""
        return df_name.startswith(self.aid) if self.partial else df_name == self.aid

    def capabilities(self, terminal: TerminalCapabilities) -> TerminalCapabilities:
        """The terminal's capabilities with the methods this application may use."""
        return terminal & ~(_ALL_CVM_KINDS & ~self.cvm_kinds)


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """An application as the table writes it: bytes in hex, kinds of verification by name."""

    aid: Annotated[str, Meta(pattern="^([0-9A-Fa-f]{2}){5,16}$")]
    name: str
    scheme: str
    versions: Annotated[tuple[_Version, ...], Meta(min_length=1)]
    tac_denial: _Action
    tac_online: _Action
    tac_default: _Action
    partial: bool = True
    floor_limit_minor: _Limit = 0
    random_threshold_minor: _Limit = 0
    random_target_percent: _Percent = 0
    random_target_max_percent: _Percent = 0
    ddol: _Dol = "9F3704"
    tdol: _Dol = ""
    cvm_kinds: tuple[_CvmKind, ...] = tuple(_CVM_KINDS)


class _Table(Struct, frozen=True):
    application: Annotated[tuple[_Entry, ...], Meta(min_length=1)]


class Applications:
    """The table, in order of preference; of two that match a card, the longer AID wins."""

    def __init__(self, applications: Iterable[Application]) -> None:
        self._applications = tuple(applications)

    def __iter__(self) -> Iterator[Application]:
        return iter(self._applications)

    def match(self, df_name: bytes) -> Application | None:
        """The application of a card's DF name, or None."""
        found = [one for one in self._applications if one.matches(df_name)]
        return max(found, key=lambda one: len(one.aid), default=None)

    @classmethod
    def from_toml(cls, text: str, name: str = "applications") -> Applications:
        """Read a table; raises ApplicationsError naming entry and key."""
        try:
            table = msgspec.convert(tomllib.loads(text), _Table)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ApplicationsError(f"{name}: {error}") from None
        return cls(map(_application, table.application))

    @classmethod
    def shipped(cls) -> Applications:
        """The table that comes with the terminal."""
        file = resources.files("firmware.emv.contact") / "applications.toml"
        return cls.from_toml(file.read_text("utf-8"), "applications.toml")


def _application(entry: _Entry) -> Application:
    kinds = reduce(or_, (_CVM_KINDS[kind] for kind in entry.cvm_kinds), TerminalCapabilities(0))
    given: dict[str, Any] = {
        **asdict(entry),
        "aid": bytes.fromhex(entry.aid),
        "versions": tuple(map(bytes.fromhex, entry.versions)),
        "tac_denial": Tvr(int(entry.tac_denial, 16)),
        "tac_online": Tvr(int(entry.tac_online, 16)),
        "tac_default": Tvr(int(entry.tac_default, 16)),
        "ddol": bytes.fromhex(entry.ddol),
        "tdol": bytes.fromhex(entry.tdol),
        "cvm_kinds": kinds,
    }
    return Application(**given)
