"""Issuer script commands: blocks and PIN changes, under secure messaging (format 2).

The MAC covers CLA INS P1 P2 Lc, ATC, the transaction's first cryptogram (an ARQC, or the AAC of a
blocked application) and the data before the MAC; 4 or 8 bytes of it end the data. Keys: for `visa`
and `unionpay` the ATC folded into the card's key; for `mchip` and `ccd` the common session key for
that cryptogram, which counts up by one with every command.
See EMV 4.4 Book 2, 9 and Book 3, 6.5.1-6.5.3 and 6.5.10.
"""

from __future__ import annotations

import hmac

from hw.sim.cards import commands, des
from hw.sim.cards.application import Application, Phase
from hw.sim.cards.commands import Answer, Command, Refused, Sw

UNBLOCK_PIN, CHANGE_WITH_CURRENT, CHANGE = 0x00, 0x01, 0x02


def script_command(application: Application, command: Command) -> Answer:
    """Obey one command of a script. Raises Refused with 6987, 6988 and others."""
    application.require(Phase.ONLINE, Phase.COMPLETE)
    if not application.transaction.first_cryptogram:
        raise Refused(Sw.CONDITIONS)
    findings = application.transaction.findings
    try:
        data = _authenticated(application, command)
        _obey(application, command, data)
    except Refused:
        findings.script_failed = True
        raise
    finally:
        findings.scripts += 1
    return Answer()


def _authenticated(application: Application, command: Command) -> bytes:
    """The data before the MAC, once that is right."""
    if command.p1:
        raise Refused(Sw.P1_P2_WRONG)
    if len(command.data) < 4:
        raise Refused(Sw.SECURE_MESSAGING_MISSING)
    mac_length = 4 if len(command.data) % 8 == 4 else 8
    data, sent = command.data[:-mac_length], command.data[-mac_length:]
    covered = command.header + application.atc + _counted_cryptogram(application) + data
    key = _script_key(application, application.own.account.imk_smi)
    if not hmac.compare_digest(des.mac(key, des.pad_80(covered))[:mac_length], sent):
        raise Refused(Sw.SECURE_MESSAGING_WRONG)
    return data


def _by_cryptogram(application: Application) -> bool:
    return application.own.issuer_data in ("mchip", "ccd")


def _counted_cryptogram(application: Application) -> bytes:
    cryptogram = application.transaction.first_cryptogram
    if not _by_cryptogram(application):
        return cryptogram
    number = int.from_bytes(cryptogram, "big") + application.transaction.findings.scripts
    return (number % (1 << 64)).to_bytes(8, "big")


def _script_key(application: Application, issuer_key: str) -> bytes:
    master = application.master_key(issuer_key)
    if _by_cryptogram(application):
        return des.common_session_key(master, _counted_cryptogram(application))
    return des.visa_script_key(master, application.atc)


def _obey(application: Application, command: Command, data: bytes) -> None:
    memory = application.memory
    if command.ins != commands.PIN_CHANGE:
        command.require_p1_p2(0)
        if data:
            raise Refused(Sw.DATA_WRONG)
        if command.ins == commands.CARD_BLOCK:
            application.card_block_asked = True
        else:
            memory.blocked = command.ins == commands.APPLICATION_BLOCK
        return
    if memory.pin is None or command.p2 not in (UNBLOCK_PIN, CHANGE_WITH_CURRENT, CHANGE):
        raise Refused(Sw.P1_P2_WRONG)
    if command.p2 != UNBLOCK_PIN:
        memory.pin = _new_pin(application, command.p2, data)
    elif data:
        raise Refused(Sw.DATA_WRONG)
    memory.pin_tries_left = application.own.account.pin_tries or 3


def _new_pin(application: Application, how: int, data: bytes) -> str:
    """The PIN in the issuer's block format. Raises Refused with 6A80."""
    if not data or len(data) % 8:
        raise Refused(Sw.DATA_WRONG)
    key = _script_key(application, application.own.account.imk_smc)
    if _by_cryptogram(application):
        digits = _digits(des.decrypt_cbc(key, data), control=2)
    else:
        digits = _digits(_visa_block(application, how, des.decrypt(key, data)), control=0)
    if digits is None:
        raise Refused(Sw.DATA_WRONG)
    return digits


def _visa_block(application: Application, how: int, clear: bytes) -> bytes:
    """Length, block, padding; the block is masked with the card's AC key and the current PIN."""
    if clear[0] != 8 or len(clear) != 16:
        raise Refused(Sw.DATA_WRONG)
    master = application.master_key(application.own.account.imk_ac)
    block = des.xor(clear[1:9], bytes(4) + master[4:8])
    if how == CHANGE_WITH_CURRENT:
        current = application.memory.pin or ""
        block = des.xor(block, bytes.fromhex(current.ljust(16, "0")))
    return block


def _digits(block: bytes, control: int) -> str | None:
    """The digits of an 8-byte PIN block, None when it is not one."""
    if len(block) < 8 or block[0] >> 4 != control or not 4 <= block[0] & 0x0F <= 12:
        return None
    length = block[0] & 0x0F
    digits, fill = block[1:8].hex()[:length], block[1:8].hex()[length:]
    return digits if digits.isdigit() and set(fill) <= {"f"} else None
