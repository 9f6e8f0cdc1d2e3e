"""Asks an acquirer whether it is there, and says what may be wrong when it does not answer."""

from __future__ import annotations

from firmware.core.exits import FAILED, Refused
from firmware.iso8583.messages import Control, ControlRequest, NoAnswer
from firmware.iso8583.tcp import TcpLink
from firmware.iso8583.unionpay import UnionPay


def echo(
    messages: UnionPay, link: TcpLink, terminal: str, merchant: str, *, timeout_s: int, where: str
) -> str:
    """The response code of the answer to an echo. Blocks up to `timeout_s`.

    Raises Refused, with a line for each cause there may be; `where` is what it calls the acquirer.
    """
    request = ControlRequest(Control.ECHO, terminal, merchant, batch=1, stan=1)
    frame = link.exchange(messages.request(request, None), timeout_s * 1000)
    if frame is None and link.undelivered:
        raise Refused(f"{where}: no line: address, port or TLS may be wrong", code=FAILED)
    if frame is None:
        shape = messages.frame
        raise Refused(
            f"{where}: connected, and nothing answers in {timeout_s} s",
            f"the line may be cut behind {where}",
            f"the TPDU may be wrong: {shape.tpdu} (acquirer.tpdu)",
            f"the header may be wrong: {shape.header or 'none'} (acquirer.header)",
            "an acquirer drops what has a wrong TPDU or header without a word",
            code=FAILED,
        )
    answer = messages.read_answer(frame, request, None).answer
    if isinstance(answer, NoAnswer):
        raise Refused(f"{where}: answered, but not this: {answer.detail}", code=FAILED)
    return answer.response_code
