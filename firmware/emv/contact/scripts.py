"""Issuer scripts: parsing, delivery, results. See EMV 4.4 Book 3, 10.10."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from firmware.emv.apdu import Command, Response
from firmware.emv.codes import Tsi, Tvr
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import SessionEnded
from firmware.emv.tags import Tag
from firmware.emv.tlv import Tlv, TlvError, parse_one, split

SCRIPT_BYTES_MAX = 1024  # the Books ask for 128, Book 3, 10.10
_NO_IDENTIFIER = bytes(4)
_NOT_PERFORMED, _FAILED, _SUCCESSFUL = 0x00, 0x10, 0x20
_SEQUENCE_MAX = 0x0F


class Script(Struct, frozen=True):
    """One script template: its tag says whether it comes before or after the last cryptogram."""

    tag: int
    identifier: bytes
    commands: tuple[bytes, ...]
    readable: bool = True  # False: not sent, and reported to the issuer


def parse_scripts(data: bytes) -> tuple[Script, ...]:
    """Parse templates 71 and 72, one after another; a broken one does not stop the others.

    Raises TlvError when one does not show where the next begins. See Book 3, 10.10.
    """
    if len(data) > SCRIPT_BYTES_MAX:
        raise TlvError(f"{len(data)} bytes of scripts")
    scripts = []
    for coding in split(data):
        tag = coding[0]
        if tag not in (Tag.ISSUER_SCRIPT_TEMPLATE_1, Tag.ISSUER_SCRIPT_TEMPLATE_2):
            raise TlvError(f"{tag:X} is no script template")
        try:
            scripts.append(_script(parse_one(coding, tag)))
        except TlvError:
            scripts.append(Script(tag, _NO_IDENTIFIER, (), readable=False))
    return tuple(scripts)


def _script(template: Tlv) -> Script:
    """One template; raises TlvError."""
    identifier = template.value_of(Tag.ISSUER_SCRIPT_IDENTIFIER) or _NO_IDENTIFIER
    commands = tuple(one.value for one in template.children if one.tag == Tag.ISSUER_SCRIPT_COMMAND)
    if len(identifier) != len(_NO_IDENTIFIER) or any(not _is_apdu(c) for c in commands):
        raise TlvError("a script of another form")
    return Script(template.tag, identifier, commands)


def _is_apdu(command: bytes) -> bool:
    """Whether this is a command of short length whose Lc, if any, is right. See Book 1, 9.4.1."""
    if len(command) <= 5:
        return len(command) >= 4
    return command[4] > 0 and len(command) in (5 + command[4], 6 + command[4])


def refuse_scripts(state: SessionState, why: str, tag: int = Tag.ISSUER_SCRIPT_TEMPLATE_1) -> None:
    """Report scripts that cannot be read, and so are not delivered, to the issuer."""
    state.tsi |= Tsi.SCRIPT_PROCESSING_PERFORMED
    _fail(state, tag, why)
    _report(state, _NOT_PERFORMED, _NO_IDENTIFIER)


def _fail(state: SessionState, tag: int, why: str) -> None:
    before = tag == Tag.ISSUER_SCRIPT_TEMPLATE_1
    bit = Tvr.SCRIPT_FAILED_BEFORE_FINAL_AC if before else Tvr.SCRIPT_FAILED_AFTER_FINAL_AC
    state.raise_tvr(bit, "Book 3, 10.10", why)


def _report(state: SessionState, result: int, identifier: bytes) -> None:
    """One script's five bytes. See EMV 4.4 Book 4, Annex A5."""
    state.script_results += bytes([result]) + identifier
    state.objects[Tag.ISSUER_SCRIPT_RESULTS] = state.script_results


async def deliver(state: SessionState, scripts: Sequence[Script], *, final_ac_done: bool) -> None:
    """Send the scripts of one stage, each until its first error; writes their results.

    After the final cryptogram the decision stands, whatever becomes of a script: even a card that
    is gone then does not end the session. Raises SessionEnded before it.
    """
    tag = Tag.ISSUER_SCRIPT_TEMPLATE_2 if final_ac_done else Tag.ISSUER_SCRIPT_TEMPLATE_1
    mine = [script for script in scripts if script.tag == tag]
    if not mine:
        return
    state.begin(f"Issuer scripts ({tag:X})")
    state.tsi |= Tsi.SCRIPT_PROCESSING_PERFORMED
    for script in mine:
        if not script.readable:
            refuse_scripts(state, "a script of another form", tag)
            continue
        try:
            failed_at = await _run(state, script)
        except SessionEnded as ended:
            if not final_ac_done:
                raise
            state.note(f"Script cut short: {ended.reason.value}", "Book 3, 10.10")
            failed_at = _SEQUENCE_MAX
        result = _SUCCESSFUL if failed_at is None else _FAILED | min(failed_at, _SEQUENCE_MAX)
        if failed_at is not None:
            _fail(state, tag, f"command {failed_at}")
        _report(state, result, script.identifier)


async def _run(state: SessionState, script: Script) -> int | None:
    """Send one script's commands; gives the number of the one that failed, from 1, or None."""
    for number, raw in enumerate(script.commands, 1):
        response = await _send(state, raw)
        # '90', '62' and '63' let a script go on. See Book 3, 10.10
        if response.sw >> 8 not in (0x90, 0x62, 0x63):
            return number
    return None


async def _send(state: SessionState, raw: bytes) -> Response:
    has_data = len(raw) > 5
    data = raw[5 : 5 + raw[4]] if has_data else b""
    rest = raw[5 + len(data) :] if has_data else raw[4:]
    le = rest[0] if rest else None
    return await state.send(Command(raw[0], raw[1], raw[2], raw[3], data, le))
