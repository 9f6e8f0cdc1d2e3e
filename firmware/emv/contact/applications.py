"""The applications a terminal accepts, as data: AIDs with their parameters, from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from msgspec import Struct

from firmware.emv.codes import TerminalCapabilities, Tvr

_CVM_KINDS = {
    "plaintext-pin": TerminalCapabilities.PLAINTEXT_PIN,
    "enciphered-pin": TerminalCapabilities.ENCIPHERED_PIN,
    "online-pin": TerminalCapabilities.ONLINE_PIN,
    "signature": TerminalCapabilities.SIGNATURE,
    "none": TerminalCapabilities.NO_CVM,
}
_ALL_CVM_KINDS = (
    TerminalCapabilities.PLAINTEXT_PIN
    | TerminalCapabilities.ENCIPHERED_PIN
    | TerminalCapabilities.ONLINE_PIN
    | TerminalCapabilities.SIGNATURE
    | TerminalCapabilities.NO_CVM
)
_FLOOR_LIMIT_MAX = 0xFFFF_FFFF


class ApplicationsError(ValueError):
    """A table of applications that is not what it should be; says which entry and key."""


class Application(Struct, frozen=True):
    """One accepted AID and what the acquirer says of it. Amounts are minor units."""

    aid: bytes
    name: str
    scheme: str
    partial: bool  # the Application Selection Indicator: longer DF names match too
    versions: tuple[bytes, ...]  # the first is sent as 9F09
    tac_denial: Tvr
    tac_online: Tvr
    tac_default: Tvr
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


class Applications:
    """The table, in order of preference; of two that match a card, the longer AID wins."""

    def __init__(self, applications: Iterable[Application]) -> None:
        self._applications = tuple(applications)

    def __iter__(self) -> Iterator[Application]:
        return iter(self._applications)

    def __len__(self) -> int:
        return len(self._applications)

    def match(self, df_name: bytes) -> Application | None:
        """The application of a card's DF name, or None."""
        found = [one for one in self._applications if one.matches(df_name)]
        return max(found, key=lambda one: len(one.aid), default=None)

    @classmethod
    def from_toml(cls, text: str, name: str = "applications") -> Applications:
        """Read a table; raises ApplicationsError naming entry and key."""
        try:
            tables = tomllib.loads(text).get("application", [])
        except tomllib.TOMLDecodeError as error:
            raise ApplicationsError(f"{name}: {error}") from None
        if not isinstance(tables, list) or not tables:
            raise ApplicationsError(f"{name}: expected [[application]] entries")
        return cls(_application(entry, f"{name}, entry {i}") for i, entry in enumerate(tables, 1))

    @classmethod
    def shipped(cls) -> Applications:
        """The table that comes with the terminal."""
        file = resources.files("firmware.emv.contact") / "applications.toml"
        return cls.from_toml(file.read_text("utf-8"), "applications.toml")


_INTEGERS = {
    "floor_limit_minor": _FLOOR_LIMIT_MAX,
    "random_threshold_minor": _FLOOR_LIMIT_MAX,
    "random_target_percent": 99,
    "random_target_max_percent": 99,
}


def _application(entry: Mapping[str, Any], where: str) -> Application:
    unknown = set(entry) - set(Application.__struct_fields__)
    if unknown:
        raise ApplicationsError(f"{where}: unknown key {min(unknown)}")
    for key in ("aid", "name", "scheme", "versions", "tac_denial", "tac_online", "tac_default"):
        if key not in entry:
            raise ApplicationsError(f"{where}: {key} is missing")
    given: dict[str, Any] = {"partial": True, **entry}
    given["aid"] = _hex(entry["aid"], 5, 16, f"{where}, aid")
    given["versions"] = tuple(_hex(v, 2, 2, f"{where}, versions") for v in entry["versions"])
    for key in ("tac_denial", "tac_online", "tac_default"):
        given[key] = Tvr(int.from_bytes(_hex(entry[key], 5, 5, f"{where}, {key}"), "big"))
    for key in ("ddol", "tdol"):
        if key in entry:
            given[key] = _hex(entry[key], 0, 252, f"{where}, {key}")
    for key, highest in _INTEGERS.items():
        if key in entry and (type(entry[key]) is not int or not 0 <= entry[key] <= highest):
            raise ApplicationsError(f"{where}, {key}: expected an integer of 0 to {highest}")
    if "cvm_kinds" in entry:
        given["cvm_kinds"] = _cvm_kinds(entry["cvm_kinds"], f"{where}, cvm_kinds")
    if not given["versions"]:
        raise ApplicationsError(f"{where}, versions: expected at least one")
    return Application(**given)


def _cvm_kinds(words: list[str], where: str) -> TerminalCapabilities:
    kinds = TerminalCapabilities(0)
    for word in words:
        if word not in _CVM_KINDS:
            raise ApplicationsError(f"{where}: {word!r} is none of {', '.join(_CVM_KINDS)}")
        kinds |= _CVM_KINDS[word]
    return kinds


def _hex(text: object, shortest: int, longest: int, where: str) -> bytes:
    try:
        value = bytes.fromhex(str(text))
    except ValueError:
        raise ApplicationsError(f"{where}: {text!r} is not hexadecimal") from None
    if not shortest <= len(value) <= longest:
        raise ApplicationsError(f"{where}: expected {shortest} to {longest} bytes")
    return value
