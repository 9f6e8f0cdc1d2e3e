"""VERIFY: the cardholder's PIN, in clear or enciphered, and the counter that falls.

See EMV 4.4 Book 3, 6.5.12 and Book 2, 7.2.
"""

from __future__ import annotations

import hmac

from hw.sim.cards.application import Application, Phase
from hw.sim.cards.commands import Answer, Command, Refused, Sw

PLAINTEXT, ENCIPHERED = 0x80, 0x88
BLOCK_HEADER = 0x7F


def pin_block(pin: str) -> bytes:
    """The 8-byte block of VERIFY: control 2, length, digits, filled with F."""
    return bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))


def verify(application: Application, command: Command) -> Answer:
    """Compare the PIN. Raises Refused with 63Cx, 6983, 6984 and others."""
    application.require(Phase.INITIATED)
    if command.p1 != 0 or command.p2 not in (PLAINTEXT, ENCIPHERED):
        raise Refused(Sw.P1_P2_WRONG)
    memory, findings = application.memory, application.transaction.findings
    challenge, application.transaction.challenge = application.transaction.challenge, b""
    if memory.pin is None:
        raise Refused(Sw.DATA_NOT_FOUND)
    if memory.pin_tries_left == 0:
        raise Refused(Sw.METHOD_BLOCKED)
    if command.p2 == PLAINTEXT:
        if len(command.data) != 8:
            raise Refused(Sw.WRONG_LENGTH)
        block = command.data
    else:
        block = _decipher(application, command.data, challenge)
        findings.pin_enciphered = True
    findings.pin_performed = True
    findings.pin_failed = not hmac.compare_digest(block, pin_block(memory.pin))
    if findings.pin_failed:
        memory.pin_tries_left -= 1
    else:
        memory.pin_tries_left = application.own.account.pin_tries
    findings.pin_tries_left = memory.pin_tries_left
    if findings.pin_failed:
        raise Refused(Sw.PIN_WRONG | memory.pin_tries_left)
    return Answer()


def _decipher(application: Application, data: bytes, challenge: bytes) -> bytes:
    """Header, PIN block, the card's challenge, padding. See EMV 4.4 Book 2, table 25."""
    key = application.files.pin_key
    if key is None:
        raise Refused(Sw.P1_P2_WRONG)
    if len(data) != key.size:
        raise Refused(Sw.WRONG_LENGTH)
    if int.from_bytes(data, "big") >= key.modulus:
        raise Refused(Sw.REFERENCE_INVALID)
    clear = key.private(data)
    if not challenge or clear[0] != BLOCK_HEADER or clear[9:17] != challenge:
        raise Refused(Sw.REFERENCE_INVALID)
    return clear[1:9]
