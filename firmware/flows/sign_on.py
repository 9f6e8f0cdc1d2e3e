"""签到 and 签退: who is signed on; nobody trades with a factory password."""

from __future__ import annotations

from firmware.flows import words
from firmware.flows.desk import Desk
from firmware.flows.effects import AskEntryOpen, Beep, ChangeOperator, OperatorChange, Wait
from firmware.flows.permissions import ask_password, password_length
from firmware.flows.steps import GivenUp, ask_to_go_on, enter_digits, enter_password, tell
from firmware.journal.operators import MustChange, is_weak
from firmware.journal.records import OperatorSignedOff, OperatorSignedOn
from firmware.payments.effects import Append, ReadClock
from firmware.payments.owed import Retry, send_owed, what_is_owed
from firmware.ui.screens import Phrase, TextEntry
from firmware.ui.texts import Text


async def sign_on(desk: Desk) -> None:
    """Ask until an operator has signed on; what is owed to the acquirer is sent again meanwhile."""
    retry = await Retry.begin(desk)
    while True:
        if await AskEntryOpen():  # digits do nothing until it ends
            number, hint = Phrase.of(Text.OPERATOR_NUMBER), Phrase.of(Text.SIGN_ON)
            await desk.show(TextEntry(number, "", 2, hint, Phrase.of(Text.ENTRY_LEFT_OPEN)))
            await Wait(desk.idle_timeout_ms, entry_open=True)
        elif await try_sign_on(desk):
            return
        await retry.go_on(desk, await ReadClock())


async def try_sign_on(desk: Desk) -> bool:
    """Sign an operator on; a factory password must be changed first. False: not signed on."""
    number = await enter_digits(desk, Text.OPERATOR_NUMBER, lengths=(2,), hint=Text.SIGN_ON)
    if isinstance(number, GivenUp):
        return False
    verdict = await ask_password(desk, number, Text.OPERATOR_PASSWORD, "sign on")
    if verdict is None:
        return False
    if isinstance(verdict, MustChange):
        await tell(desk, Text.SIGN_ON, Text.CHANGE_DEFAULT, warning=False)
        if not await choose_password(desk, number, by=number):
            return False
    await Append.of(OperatorSignedOn(operator=number, training=desk.training))
    desk.operator = number
    await tell(desk, Text.SIGN_ON, Phrase.of(Text.WELCOME, operator=number), warning=False)
    return True


async def choose_password(desk: Desk, operator: str, *, by: str) -> bool:
    """Make the operator choose a password that is not the default and not easily guessed."""
    notice: Phrase | None = None
    length = password_length(operator)
    while True:
        first = await enter_password(desk, Text.NEW_PASSWORD, length, notice)
        if isinstance(first, GivenUp):
            return False
        if is_weak(operator, first):
            notice = Phrase.of(Text.PASSWORD_WEAK)
            await Beep()
            continue
        second = await enter_password(desk, Text.NEW_PASSWORD_AGAIN, length)
        if isinstance(second, GivenUp):
            return False
        if first != second:
            notice = Phrase.of(Text.PASSWORDS_DIFFER)
            continue
        refusal = await ChangeOperator(OperatorChange.CHANGE, operator, by, first)
        if not refusal:
            await tell(desk, Text.OPERATOR_CHANGE, Text.PASSWORD_CHANGED, warning=False)
            return True
        notice = Phrase.of(Text.PASSWORD_WEAK)


async def sign_off(desk: Desk) -> None:
    """Sign the operator off, after sending what is owed; the display says what stays owed."""
    if not await ask_to_go_on(desk, Phrase.of(Text.SIGN_OFF_ASK, operator=desk.operator)):
        return
    await send_owed(desk)
    await Append.of(OperatorSignedOff(operator=desk.operator))
    desk.operator = ""
    owed = words.what_is_owed(await what_is_owed())
    if owed is None:
        await tell(desk, Text.SIGN_OFF, Text.SIGNED_OFF, warning=False)
    else:
        await tell(desk, Text.SIGN_OFF, Text.SIGNED_OFF, owed)
