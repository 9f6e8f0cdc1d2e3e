"""Which terminals and accounts an acquirer knows, sealed at rest under its master key.

A record is its nonce and AES-256-GCM of its JSON; kind and name are authenticated with it, so that
no record can be put in another's place.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from firmware.acquirer.accounts import Account
from firmware.acquirer.engine import RecordDamagedError
from firmware.acquirer.registration import Registration
from firmware.acquirer.sealed_records import ACCOUNT, TERMINAL, Records
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.seal import Seal
from firmware.iso8583.keys import SessionKeys, derive

OPENED_MAX = 4_096  # records that are not opened again while they stay as they are
_Kept = TypeVar("_Kept", bound="TerminalRecord | Account")


class TerminalRecord(Registration, frozen=True, kw_only=True):
    """A terminal with its master key, and the working keys of its last sign-on."""

    number: str  # 8 characters
    tmk: SecretKey  # 16 bytes
    pin_key: SecretKey | None = None  # 16 bytes, or 8
    mac_key: SecretKey | None = None  # 16 bytes, or 8
    signed_on: str = ""  # when, ISO 8601; "" before the first sign-on and after a sign-off

    @property
    def session(self) -> SessionKeys | None:
        """The working keys of the last sign-on; None before it."""
        if self.mac_key is None or self.pin_key is None:
            return None
        return SessionKeys(mac=self.mac_key, pin=self.pin_key)


class Registry:
    """The terminals and accounts in `records`, sealed under `master`.

    An account is found by the keyed hash of its PAN under `hash_key`, as in the books.
    """

    def __init__(self, records: Records, master: SecretKey) -> None:
        self._records = records
        self._seal = Seal(derive(master, "acquirer|records", 32).reveal())
        self._opened: dict[tuple[str, str], tuple[bytes, Any]] = {}
        self.hash_key = derive(master, "books|accounts", 32)

    def terminal(self, number: str) -> TerminalRecord | None:
        """The terminal of this number. Raises BooksError."""
        return self._get(TERMINAL, number, TerminalRecord)

    def put_terminal(self, terminal: TerminalRecord) -> None:
        """Keep a terminal; durable when this returns. Raises BooksError."""
        self._put(TERMINAL, terminal.number, terminal)

    def remove_terminal(self, number: str) -> bool:
        """Forget a terminal and its keys; whether there was one."""
        return self._records.remove(TERMINAL, number)

    def terminals(self) -> list[TerminalRecord]:
        """All of them, by number."""
        found = self._records.all(TERMINAL)
        return [self._open(TERMINAL, name, value, TerminalRecord) for name, value in found.items()]

    def account(self, hashed: str) -> Account | None:
        """The account whose PAN has this keyed hash. Raises BooksError."""
        return self._get(ACCOUNT, hashed, Account)

    def put_account(self, account: Account) -> None:
        """Keep an account; one with the same PAN is replaced. Raises BooksError."""
        self._put(ACCOUNT, account.pan.keyed_hash(self.hash_key), account)

    def accounts(self) -> dict[str, Account]:
        """All of them, by the keyed hash of their PAN."""
        found = self._records.all(ACCOUNT)
        return {name: self._open(ACCOUNT, name, value, Account) for name, value in found.items()}

    def note(self, kind: str, name: str, value: bytes) -> None:
        """Keep what holds no secret: an upload, chip data, a script result. Raises BooksError."""
        self._records.put(kind, name, value)

    def note_of(self, kind: str, name: str) -> bytes | None:
        """What was noted under this name, or None. Raises BooksError."""
        return self._records.get(kind, name)

    def noted(self, kind: str) -> dict[str, bytes]:
        """All of a kind that was noted, by name."""
        return self._records.all(kind)

    def _get(self, kind: str, name: str, shape: type[_Kept]) -> _Kept | None:
        value = self._records.get(kind, name)
        if value is None:
            return None
        before = self._opened.get((kind, name))
        if before is not None and before[0] == value:  # it is sealed anew when it changes
            same: _Kept = before[1]
            return same
        if len(self._opened) >= OPENED_MAX:
            self._opened.clear()
        opened = self._open(kind, name, value, shape)
        self._opened[kind, name] = value, opened
        return opened

    def _put(self, kind: str, name: str, value: TerminalRecord | Account) -> None:
        clear = msgspec.json.encode(value, enc_hook=_plain)
        self._records.put(kind, name, self._seal.close(clear, f"{kind}|{name}".encode()))

    def _open(self, kind: str, name: str, value: bytes, shape: type[_Kept]) -> _Kept:
        try:
            clear = self._seal.open(value, f"{kind}|{name}".encode())
            return msgspec.json.decode(clear, type=shape, dec_hook=_masked)
        except ValueError:  # whose words could quote the record
            words = "sealed under another master key, or damaged"
            raise RecordDamagedError(f"{kind} record: {words}") from None


class KnownTerminals:
    """The registry's terminals, each read once for a commit."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._found: dict[str, TerminalRecord | None] = {}

    def look_up(self, *numbers: str) -> list[TerminalRecord | None]:
        """The terminals as they are now; those before are forgotten. Raises BooksError."""
        self._found = {number: self._registry.terminal(number) for number in dict.fromkeys(numbers)}
        return [self._found[number] for number in numbers]

    def get(self, key: str) -> Registration | None:
        """Whose the terminal is, if it was looked up."""
        return self._found.get(key)


def _plain(value: Any) -> str:
    """A masked value, for what is sealed at once."""
    match value:
        case SecretKey():
            return value.reveal().hex()
        case Pan() | Pin():
            return value.reveal()
    raise NotImplementedError(type(value).__name__)


def _masked(shape: type, value: Any) -> SecretKey | Pan | Pin:
    if shape is SecretKey:
        return SecretKey(bytes.fromhex(value))
    if shape in (Pan, Pin):
        made: Pan | Pin = shape(value)
        return made
    raise NotImplementedError(shape.__name__)
