"""Who may do what: one table, read by people and asked by every flow before it begins.

The supervisor, operator 00, looks after the terminal and takes money back, but sells nothing; a
cashier, 01 to 99, needs the supervisor's password for whatever gives money away or changes who
may trade; a customer alone before a kiosk buys what the price list offers, and may undo it.
"""

from __future__ import annotations

import enum

from firmware.effects import CheckPassword
from firmware.flows.desk import Desk
from firmware.flows.parts import GivenUp, enter_password, tell
from firmware.journal.operators import (
    SUPERVISOR,
    LockedFor,
    MustChange,
    UnknownOperator,
    Verified,
    WrongPassword,
)
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text


class Role(enum.Enum):
    """Who stands before the terminal."""

    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    CUSTOMER = "customer"  # alone before a kiosk


class Act(enum.Enum):
    """What can be done; the value is the purpose that a wrong password is journaled with."""

    SALE = "sale"  # of an amount that is keyed
    ITEM = "item"  # a sale of an item of the price list
    UNDO = "undo"
    MENU = "menu"
    VOID = "void"
    REFUND = "refund"
    QUERY = "query"
    REPRINT = "reprint"
    SETTLE = "settle"
    SIGN_OFF = "sign off"
    OWN_PASSWORD = "own password"  # noqa: S105 - a name, no secret
    OPERATORS = "operators"  # add, delete, reset
    TRAINING = "training"
    OTHER = "other"  # language, what is pending, version


class May(enum.Enum):
    """Whether somebody may do something."""

    YES = "yes"
    ASK = "with the supervisor's password"
    NO = "no"


TABLE: dict[Act, tuple[May, May, May]] = {
    # a cashier, the supervisor, a customer at a kiosk
    Act.SALE: (May.YES, May.NO, May.NO),
    Act.ITEM: (May.NO, May.NO, May.YES),
    Act.UNDO: (May.YES, May.NO, May.YES),
    Act.MENU: (May.YES, May.YES, May.ASK),  # what a customer's row allows below, it allows here
    Act.VOID: (May.ASK, May.ASK, May.NO),
    Act.REFUND: (May.ASK, May.ASK, May.NO),
    Act.QUERY: (May.YES, May.YES, May.YES),
    Act.REPRINT: (May.YES, May.YES, May.YES),
    Act.SETTLE: (May.YES, May.YES, May.YES),
    Act.SIGN_OFF: (May.YES, May.YES, May.YES),
    Act.OWN_PASSWORD: (May.YES, May.YES, May.NO),
    Act.OPERATORS: (May.ASK, May.ASK, May.NO),
    Act.TRAINING: (May.ASK, May.ASK, May.NO),
    Act.OTHER: (May.YES, May.YES, May.YES),
}
_COLUMNS = (Role.CASHIER, Role.SUPERVISOR, Role.CUSTOMER)


def role_of(desk: Desk) -> Role:
    """Who stands before this terminal: its operator, or at a kiosk a customer.

    A supervisor who signs on at a kiosk is there to look after it.
    """
    if desk.operator == SUPERVISOR:
        return Role.SUPERVISOR
    return Role.CUSTOMER if desk.config.general.profile == "kiosk" else Role.CASHIER


def may(desk: Desk, act: Act) -> May:
    """What the table says."""
    return TABLE[act][_COLUMNS.index(role_of(desk))]


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
    title = Phrase.of(Text.SUPERVISOR_PASSWORD)
    verdict = await ask_password(desk, SUPERVISOR, title, purpose)
    if isinstance(verdict, MustChange):
        await tell(desk, Text.REFUSED, Text.CHANGE_DEFAULT)
    return isinstance(verdict, Verified)


async def ask_password(
    desk: Desk, operator: str, title: Phrase, purpose: str
) -> Verified | MustChange | None:
    """Ask for an operator's password until it is right; None when it is not to be had, and why."""
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
