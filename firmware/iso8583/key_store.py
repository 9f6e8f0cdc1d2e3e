"""An acquirer's keys at rest: the terminal master key and the working keys of the last sign-on.

One file, mode 0600, sealed with AES-256-GCM under a key derived from the terminal's card key. It is
replaced whole: a power cut leaves the keys before or the keys after, never half of them.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from firmware.core.durable import write_private
from firmware.core.masked import SecretKey
from firmware.core.payment import STAN_MAX
from firmware.core.seal import Seal
from firmware.iso8583.keys import KeyFileError, SessionKeys
from firmware.iso8583.working_keys import DeliveredKeys

ACQUIRER_KEYS = "acquirer.keys"
_BOUND_TO = b"acquirer keys"


class _Kept(Struct, frozen=True):
    """What the file holds, in clear only within this module; "" and b"" are none."""

    master: bytes = b""
    pin: bytes = b""
    mac: bytes = b""
    signed_on: str = ""  # YYYYMMDD
    stan: int = 0  # of the last message that moved no money

    def __repr__(self) -> str:
        return f"_Kept(signed_on={self.signed_on!r}, stan={self.stan})"


class KeyStore:
    """Stores an acquirer's keys for the terminal.

    Reads its file when it is made. Raises KeyFileError for one that is another terminal's, was
    changed, or can be read by others; OSError if the disk refuses.
    """

    def __init__(self, path: Path, storage_key: SecretKey) -> None:
        self._path = path
        self._seal = Seal(hmac.digest(storage_key.reveal(), b"pos-acquirer-keys", "sha256"))
        self._kept = self._read()

    @property
    def master(self) -> SecretKey | None:
        """The TMK; None before it was loaded."""
        return SecretKey(self._kept.master) if self._kept.master else None

    @property
    def session(self) -> SessionKeys | None:
        """The working keys in use; None before the first sign-on."""
        if not self._kept.mac:
            return None
        return SessionKeys(mac=SecretKey(self._kept.mac), pin=SecretKey(self._kept.pin))

    @property
    def signed_on(self) -> str:
        """The day of the last sign-on, YYYYMMDD; "" before the first."""
        return self._kept.signed_on

    def load_master(self, master: SecretKey) -> None:
        """Another TMK from now on; working keys that came under the one before are forgotten.

        Durable when this returns. Raises OSError.
        """
        self._write(_Kept(master=master.reveal(), stan=self._kept.stan))

    def sign_on(self, keys: DeliveredKeys, day: str) -> None:
        """Use all of these keys from now on. Durable when this returns. Raises OSError."""
        pin, mac = keys.pin.reveal(), keys.mac.reveal()
        self._write(replace(self._kept, pin=pin, mac=mac, signed_on=day))

    def next_stan(self) -> int:
        """A number for a message about the line itself; payments have numbers of their own."""
        stan = self._kept.stan % STAN_MAX + 1
        self._kept = replace(self._kept, stan=stan)
        return stan

    def _read(self) -> _Kept:
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                sealed = file.read(4096)
        except FileNotFoundError:
            return _Kept()
        if mode & 0o077:
            raise KeyFileError(f"{self._path}: expected mode 0600, so that nobody else reads it")
        try:
            return msgspec.msgpack.decode(self._seal.open(sealed, _BOUND_TO), type=_Kept)
        except ValueError:
            words = "was changed, or is another terminal's: load the master key again"
            raise KeyFileError(f"{self._path}: {words}") from None

    def _write(self, kept: _Kept) -> None:
        write_private(self._path, self._seal.close(msgspec.msgpack.encode(kept), _BOUND_TO))
        self._kept = kept
