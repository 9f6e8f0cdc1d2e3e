"""Between the wire and the commands: what T=0 and T=1 make of data, Le and status words.

T=0 answers case 2 with another Le than the data's by 6Cxx, and case 4 by 61xx, the data waiting for
GET RESPONSE. See EMV 4.4 Book 1, 9.3.1 and annex A; ISO/IEC 7816-3, 12.
"""

from __future__ import annotations

from collections.abc import Callable

from hw.sim.cards.commands import GET_RESPONSE, Answer, Case, Command, Refused, Sw, case_of

Execute = Callable[[Command], Answer]
MORE, WRONG_LE = 0x6100, 0x6C00


class T0:
    """The card's end of T=0; commands come as TPDUs, without Le where there is data.

    A Le that a reader leaves behind the data is dropped, as the protocol has no place for it.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._waiting = b""

    def reset(self) -> None:
        """Forget the answer that waits for GET RESPONSE."""
        self._waiting = b""

    def answer(self, raw: bytes) -> Answer:
        """What `execute` answers to a command, as the protocol has it. Raises Refused."""
        waiting, self._waiting = self._waiting, b""
        if len(raw) < 4:
            raise Refused(Sw.WRONG_LENGTH)
        cla, ins, p1, p2 = raw[:4]
        p3 = raw[4] if len(raw) > 4 else 0
        case = case_of(cla, ins)
        if case is Case.ANSWER:
            if len(raw) > 5:
                raise Refused(Sw.WRONG_LENGTH)
            le = p3 or 256
            if ins == GET_RESPONSE:
                return self._get_response(p1 << 8 | p2, le, waiting)
            answer = self._execute(Command(cla, ins, p1, p2, le=le))
            if answer.data and len(answer.data) != le:
                raise Refused(WRONG_LE | len(answer.data) & 0xFF)
            return answer
        data = raw[5 : 5 + p3]
        if len(data) != p3 or len(raw) > 6 + p3:
            raise Refused(Sw.WRONG_LENGTH)
        le_or_none = 256 if case is Case.BOTH else None
        answer = self._execute(Command(cla, ins, p1, p2, data, le_or_none))
        if not answer.data:
            return answer
        self._waiting = answer.data
        if answer.status == Sw.OK:
            return Answer(status=MORE | len(answer.data) & 0xFF)
        return Answer(status=answer.status)  # a warning: the terminal asks of itself

    def _get_response(self, p1_p2: int, le: int, waiting: bytes) -> Answer:
        if p1_p2 != 0:
            raise Refused(Sw.P1_P2_WRONG)
        if not waiting:
            raise Refused(Sw.CONDITIONS)
        if le > len(waiting):
            self._waiting = waiting
            raise Refused(WRONG_LE | len(waiting) & 0xFF)
        self._waiting = waiting[le:]
        status = MORE | len(self._waiting) & 0xFF if self._waiting else Sw.OK
        return Answer(waiting[:le], status)


class T1:
    """The card's end of T=1, above the blocks: whole APDUs."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def reset(self) -> None:
        """Nothing is kept between commands."""

    def answer(self, raw: bytes) -> Answer:
        """The same for an APDU. Raises Refused."""
        command = parse_apdu(raw)
        case = case_of(command.cla, command.ins)
        if command.ins == GET_RESPONSE:
            raise Refused(Sw.INS_UNKNOWN)
        if command.data and case is Case.ANSWER:
            raise Refused(Sw.WRONG_LENGTH)
        answer = self._execute(command)
        if answer.data and command.le is None:
            raise Refused(Sw.WRONG_LENGTH)
        if answer.data and command.le is not None and command.le < len(answer.data):
            raise Refused(WRONG_LE | len(answer.data) & 0xFF)
        return answer


def parse_apdu(raw: bytes) -> Command:
    """A short command APDU. Raises Refused with 6700."""
    if len(raw) < 4:
        raise Refused(Sw.WRONG_LENGTH)
    cla, ins, p1, p2 = raw[:4]
    body = raw[4:]
    if not body:
        return Command(cla, ins, p1, p2)
    if len(body) == 1:
        return Command(cla, ins, p1, p2, le=body[0] or 256)
    data, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
    if not body[0] or len(data) != body[0] or len(rest) > 1:
        raise Refused(Sw.WRONG_LENGTH)
    return Command(cla, ins, p1, p2, data, (rest[0] or 256) if rest else None)
