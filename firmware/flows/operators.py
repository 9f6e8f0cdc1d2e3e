"""管理: signing off, passwords, and the supervisor's work on operators."""

from __future__ import annotations

from firmware.flows.desk import Desk
from firmware.flows.effects import ChangeOperator, OperatorChange
from firmware.flows.line_keys import line_keys
from firmware.flows.permissions import ask_password, permitted
from firmware.flows.sign_on import choose_password, sign_off
from firmware.flows.steps import GivenUp, choose_text, enter_digits, tell
from firmware.journal.operators import SUPERVISOR, OperatorRefused
from firmware.journal.records import TrainingSwitched
from firmware.payments.context import is_on_a_line
from firmware.payments.effects import Append
from firmware.payments.roles import Act
from firmware.ui.texts import Text

ITEMS = {  # what each has to be permitted
    Text.SIGN_OFF: Act.SIGN_OFF,
    Text.OPERATOR_CHANGE: Act.OWN_PASSWORD,
    Text.OPERATOR_ADD: Act.OPERATORS,
    Text.OPERATOR_DELETE: Act.OPERATORS,
    Text.OPERATOR_RESET: Act.OPERATORS,
    Text.TRAINING_MODE: Act.TRAINING,
}
AT_A_LINE = {**ITEMS, Text.MENU_KEYS: Act.KEYS}
CHANGES = {
    Text.OPERATOR_ADD: OperatorChange.ADD,
    Text.OPERATOR_DELETE: OperatorChange.DELETE,
    Text.OPERATOR_RESET: OperatorChange.RESET,
}
REFUSALS = {
    OperatorRefused.NUMBER: Text.NOT_PERMITTED,
    OperatorRefused.EXISTS: Text.OPERATOR_EXISTS,
    OperatorRefused.UNKNOWN: Text.UNKNOWN_OPERATOR,
    OperatorRefused.WEAK: Text.PASSWORD_WEAK,
}


async def manage(desk: Desk) -> None:
    """Choose what to manage."""
    items = AT_A_LINE if is_on_a_line(desk) else ITEMS
    item = await choose_text(desk, Text.MENU_MANAGE, items)
    if isinstance(item, GivenUp) or not await permitted(desk, items[item]):
        return
    match item:
        case Text.SIGN_OFF:
            await sign_off(desk)
        case Text.OPERATOR_CHANGE:
            await change_own_password(desk)
        case Text.TRAINING_MODE:
            await switch_training(desk)
        case Text.MENU_KEYS:
            await line_keys(desk)
        case _:
            await change_operator(desk, item)


async def change_own_password(desk: Desk) -> None:
    """Change the password of the operator who is signed on; the old one is asked for first."""
    title, purpose = Text.OPERATOR_PASSWORD, Act.OWN_PASSWORD.value
    if await ask_password(desk, desk.operator, title, purpose) is not None:
        await choose_password(desk, desk.operator, by=desk.operator)


async def change_operator(desk: Desk, item: Text) -> None:
    """Add, delete or reset a cashier; the new password is the factory's, to be changed."""
    number = await enter_digits(desk, Text.OPERATOR_NUMBER, lengths=(2,))
    if isinstance(number, GivenUp):
        return
    if number == SUPERVISOR:  # a reset would bring the factory password back, which others know
        await tell(desk, Text.REFUSED, Text.NOT_PERMITTED)
        return
    refusal = await ChangeOperator(CHANGES[item], number, SUPERVISOR)
    if refusal:
        await tell(desk, Text.REFUSED, REFUSALS[refusal])
    else:
        await tell(desk, item, Text.OPERATOR_DONE, warning=False)


async def switch_training(desk: Desk) -> None:
    """Switch training mode: everything works, nothing counts."""
    desk.training = not desk.training
    await Append.of(TrainingSwitched(on=desk.training, by=SUPERVISOR))
    text = Text.TRAINING_ON if desk.training else Text.TRAINING_OFF
    await tell(desk, Text.TRAINING_MODE, text, warning=False)
