"""What terminals say about the line itself: sign-on, sign-off, echo, uploads, script results.

Nothing of it moves money. Uploads, chip data and script results are kept as records, for the
report.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from firmware.acquirer.books_pool import BooksConnection
from firmware.acquirer.chip_uploads import take_chip
from firmware.acquirer.registry import TerminalRecord
from firmware.core.masked import SecretKey
from firmware.core.payment import Payment
from firmware.iso8583 import rounds
from firmware.iso8583.des import BLOCK, odd_parity
from firmware.iso8583.mac import KEY_BYTES
from firmware.iso8583.messages import (
    Answered,
    ChipUploadRequest,
    Control,
    ControlRequest,
    LineRequest,
    ScriptRequest,
    Upload,
    UploadEndRequest,
    UploadRequest,
    subject_of,
)
from firmware.iso8583.profile import Profile
from firmware.iso8583.responses import APPROVED, INVALID_MERCHANT, INVALID_TRANSACTION
from firmware.iso8583.working_keys import DeliveredKeys, pack_keys

UPLOADED, UPLOAD_END, SCRIPT = "uploaded", "upload-end", "script"


class Uploaded(Struct, frozen=True):
    """One transaction that a terminal uploaded; `account` is the keyed hash of its PAN."""

    stan: int
    account: str
    amount_minor: int


class UploadEnd(Struct, frozen=True):
    """How an upload ended: the terminal's count, and whether the batch had balanced.

    A transaction is counted once, whether its details, its chip's data or both came.
    """

    count: int
    balanced: bool


class LineMatters:
    """Answers them for terminals of one profile. Used from any thread, each with its connection."""

    def __init__(self, profile: Profile, clock_now: Callable[[], datetime]) -> None:
        self._profile, self._now = profile, clock_now

    def answer(
        self, connection: BooksConnection, terminal: TerminalRecord, request: LineRequest
    ) -> Answered:
        """The answer to `terminal`, durable where something is kept. Raises BooksError."""
        if terminal.merchant != subject_of(request).merchant:
            return Answered(INVALID_MERCHANT)
        match request:
            case ControlRequest(what=Control.SIGN_ON):
                return self._sign_on(connection, terminal, request)
            case ControlRequest(what=Control.SIGN_OFF):
                left = replace(terminal, pin_key=None, mac_key=None, signed_on="")
                connection.registry.put_terminal(left)
            case ControlRequest():
                pass
            case UploadRequest():
                self._keep(connection, request)
            case ChipUploadRequest():
                serial = connection.books.serial_of(request.terminal, request.batch)
                return take_chip(connection, request, _batch_name(connection, request), serial)
            case UploadEndRequest():
                end = UploadEnd(request.count, request.balanced)
                name = _batch_name(connection, request)
                connection.registry.note(UPLOAD_END, name, msgspec.json.encode(end))
            case ScriptRequest():
                payment = request.payment
                name = f"{_batch_name(connection, payment)}|{payment.stan:06d}"
                connection.registry.note(SCRIPT, name, request.card.de55)
            case _:
                return Answered(INVALID_TRANSACTION)
        return Answered(APPROVED)

    def _sign_on(
        self, connection: BooksConnection, terminal: TerminalRecord, request: ControlRequest
    ) -> Answered:
        """New working keys, kept before they leave; those before are not taken any more."""
        keys = self._new_keys(self._profile.messages.key_code)
        signed_on = self._now().isoformat(timespec="seconds")
        connection.registry.put_terminal(
            replace(terminal, pin_key=keys.pin, mac_key=keys.mac, signed_on=signed_on)
        )
        last = connection.books.last_settled(terminal.number)
        behind = connection.books.serial_of(terminal.number, request.batch) <= last
        return Answered(
            APPROVED,
            reference=f"{secrets.randbelow(10**12):012d}",
            working_keys=pack_keys(keys, terminal.tmk),
            batch=rounds.number_of(last + 1) if behind else None,
        )

    def _new_keys(self, key_code: str) -> DeliveredKeys:
        """Keys of the lengths that the profile asks for, where the MAC scheme has them."""
        wanted = BLOCK if key_code == "001" else 2 * BLOCK
        sizes = KEY_BYTES[self._profile.mac.scheme]
        mac_size = wanted if wanted in sizes else sizes[0]
        pin_size = 2 * BLOCK if mac_size > BLOCK else wanted
        track = _random_key(2 * BLOCK) if key_code == "004" else None
        return DeliveredKeys(_random_key(pin_size), _random_key(mac_size), track)

    def _keep(self, connection: BooksConnection, request: UploadRequest) -> None:
        name = _batch_name(connection, request)
        for item in request.items:
            account = item.pan.keyed_hash(connection.registry.hash_key)
            kept = Uploaded(item.stan, account, item.amount_minor)
            connection.registry.note(UPLOADED, f"{name}|{item.stan:06d}", msgspec.json.encode(kept))


def _batch_name(connection: BooksConnection, asked: Upload | Payment) -> str:
    return f"{asked.terminal}|{connection.books.serial_of(asked.terminal, asked.batch)}"


def _random_key(size: int) -> SecretKey:
    return SecretKey(odd_parity(secrets.token_bytes(size)))
