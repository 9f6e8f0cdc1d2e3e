"""Asking for permission: a password where the table of `firmware.payments.roles` wants one."""

from __future__ import annotations

from firmware.flows.desk import Desk
from firmware.flows.effects import CheckPassword
from firmware.flows.steps import GivenUp, enter_password, tell
from firmware.journal.operators import (
    SUPERVISOR,
    LockedFor,
    MustChange,
    UnknownOperator,
    Verified,
    WrongPassword,
)
from firmware.payments.roles import Act, May, Role, may, role_of
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text


async def permitted(desk: Desk, act: Act) -> bool:
    """Whether `act` may begin: says why not, or asks for the supervisor's password."""
    match may(desk, act):
        case May.YES:
            return True
        case May.ASK:
            return await supervisor(desk, act.value)
        case May.NO:
            customer = role_of(desk) is Role.CUSTOMER
            await tell(desk, Text.REFUSED, Text.OFF_IN_KIOSK if customer else Text.NOT_PERMITTED)
            return False


async def supervisor(desk: Desk, purpose: str) -> bool:
    """Ask for the supervisor's password; False when it was not given."""
    verdict = await ask_password(desk, SUPERVISOR, Text.SUPERVISOR_PASSWORD, purpose)
    if isinstance(verdict, MustChange):
        await tell(desk, Text.REFUSED, Text.CHANGE_DEFAULT)
    return isinstance(verdict, Verified)


async def ask_password(
    desk: Desk, operator: str, title: Text, purpose: str
) -> Verified | MustChange | None:
    """Ask for an operator's password until it is right; None when given up or locked."""
    notice: Phrase | None = None
    while True:
        password = await enter_password(desk, title, password_length(operator), notice)
        if isinstance(password, GivenUp):
            return None
        verdict = await CheckPassword(operator, password, purpose)
        match verdict:
            case Verified() | MustChange():
                return verdict
            case WrongPassword():
                notice = Phrase.of(Text.PASSWORD_WRONG)
            case LockedFor():
                locked = Phrase.of(Text.PASSWORD_LOCKED, seconds=verdict.seconds)
                await tell(desk, Text.REFUSED, locked)
                return None
            case UnknownOperator():
                await tell(desk, Text.REFUSED, Text.UNKNOWN_OPERATOR)
                return None


def password_length(operator: str) -> int:
    """Supervisors have six digits, cashiers four."""
    return 6 if operator == SUPERVISOR else 4
