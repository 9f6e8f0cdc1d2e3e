"""The layer between command APDUs and a card that speaks T=0: 61xx, 6Cxx and warnings.

PC/SC hands these status words through; putting the pieces together is the terminal's task. See EMV
4.4 Book 1, 9.3.1 and annex A.
"""

from __future__ import annotations

from collections.abc import Callable

from hw.ports import CardMute

Send = Callable[[bytes], bytes]

MAX_ROUNDS = 32  # commands to the card for one of ours: a card may chain, not talk for ever
MAX_GATHERED_BYTES = 4096
GET_RESPONSE = 0xC0
OK = b"\x90\x00"
APDU_MAX_BYTES = 261  # CLA INS P1 P2 Lc, 255 of data, Le


def exchange(send: Send, command: bytes, *, t0: bool) -> bytes:
    """Send one short command APDU, give the whole response APDU with SW1 SW2.

    With `t0` the command leaves as a TPDU: case 1 gets its P3, case 4 loses its Le. Raises
    ValueError for a command that is no short APDU, CardMute for an answer outside ISO 7816-3
    (no status word, endless 61xx), and what `send` raises.
    """
    both, outgoing = _split(command)
    first = outgoing if t0 else command
    sent, gathered, warning = first, b"", b""
    for _ in range(MAX_ROUNDS):
        response = send(sent)
        if len(response) < 2:
            raise CardMute("answer without a status word")
        data, status = response[:-2], response[-2:]
        gathered += data
        if len(gathered) > MAX_GATHERED_BYTES:
            raise CardMute(f"more than {MAX_GATHERED_BYTES} bytes for one command")
        if status[0] == 0x61:
            sent = _get_response(command, status[1])
        elif status[0] == 0x6C and not data and _may_resend(sent, first, both=both, t0=t0):
            sent = sent[:-1] + status[1:]
        elif status[0] in (0x62, 0x63) and both and not (gathered or warning) and t0:
            warning = status
            sent = _get_response(command, 0)
        elif warning and status != OK:
            return warning  # nothing waits behind the warning
        else:
            return gathered + (warning or status)
    raise CardMute("endless 61xx or 6Cxx")


def _split(command: bytes) -> tuple[bool, bytes]:
    """Whether the command is of case 4, and its TPDU. See ISO/IEC 7816-3, 12.1 and 12.2."""
    size = len(command)
    if size == 4:
        return False, command + b"\x00"
    if size == 5:
        return False, command
    if size > 5 and command[4] and size - 5 - command[4] in (0, 1):
        return size == 6 + command[4], command[: 5 + command[4]]
    raise ValueError(f"no short command APDU of {size} bytes (at most {APDU_MAX_BYTES})")


def _may_resend(sent: bytes, first: bytes, *, both: bool, t0: bool) -> bool:
    """Whether the last byte sent is the Le that 6Cxx corrects."""
    return sent is not first or len(sent) == 5 or (both and not t0)


def _get_response(command: bytes, length: int) -> bytes:
    """GET RESPONSE on the command's logical channel. See ISO/IEC 7816-4, 7.6.1."""
    return bytes([command[0] & 0x03 if command[0] < 0x40 else 0x00, GET_RESPONSE, 0, 0, length])
