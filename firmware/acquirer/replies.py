"""What goes back for an answer: its frame, or what a tester's rule makes of it."""

from __future__ import annotations

from firmware.acquirer.rules import RequestSeen, Rule
from firmware.acquirer.terminal_line import Reply
from firmware.core.masked import SecretKey
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import Answered
from firmware.iso8583.unionpay import RequestRead, UnionPay

WRONG_KEY = SessionKeys(mac=SecretKey(bytes(range(1, 17))), pin=SecretKey(bytes(16)))


def played(
    line: UnionPay,
    asked: RequestRead,
    answer: Answered,
    keys: SessionKeys | None,
    rule: Rule | None,
) -> Reply:
    """The reply to `asked`. Raises WireError where a field of the answer does not fit."""
    does = rule.does if rule is not None else ""
    frame = line.answer(asked, answer, WRONG_KEY if does == "wrong-mac" else keys)
    match does:
        case "silence":
            return Reply()
        case "close":
            return Reply(close=True)
        case "delay":
            return Reply((frame,), delay_ms=rule.ms if rule is not None else 0)
        case "twice":
            return Reply((frame, frame))
        case "half":
            return Reply((frame[: len(frame) // 2],), close=True)
        case "garbage":
            return Reply((frame[:2] + bytes(len(frame) - 2),))
    return Reply((frame,))


def seen_in(asked: RequestRead) -> RequestSeen:
    """What rules look at in a request."""
    amount = asked.fields.get("4")
    return RequestSeen(
        type=asked.fields["t"],
        terminal=asked.terminal,
        stan=int(asked.fields["11"]),
        amount_minor=int(amount) if amount else None,
    )
