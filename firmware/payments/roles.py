"""Who may do what: one table, easy to read, that is asked before anything begins.

The supervisor, operator 00, looks after the terminal and takes money back, but sells nothing; a
cashier, 01 to 99, needs the supervisor's password for whatever gives money away or changes who
may trade; a customer alone before a kiosk buys what the price list offers, and may undo it.
"""

from __future__ import annotations

import enum

from firmware.journal.operators import SUPERVISOR
from firmware.payments.context import Context


class Role(enum.Enum):
    """Who uses the terminal."""

    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    CUSTOMER = "customer"  # alone before a kiosk


class Act(enum.Enum):
    """What can be done; the value is the purpose that a wrong password is journaled with."""

    SALE = "sale"  # of an amount that is keyed
    ITEM = "item"  # a sale of an item of the price list
    ORDER = "order"  # a sale that a till asks for
    UNDO = "undo"
    MENU = "menu"
    VOID = "void"
    REFUND = "refund"
    PREAUTH = "preauth"
    PREAUTH_VOID = "preauth void"
    COMPLETION = "completion"
    COMPLETION_VOID = "completion void"
    BALANCE = "balance"
    QUERY = "query"
    REPRINT = "reprint"
    SETTLE = "settle"
    SIGN_OFF = "sign off"
    OWN_PASSWORD = "own password"  # noqa: S105 - a name, no secret
    OPERATORS = "operators"  # add, delete, reset
    TRAINING = "training"
    KEYS = "keys"  # of the acquirer's line, and what is said about it
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
    Act.ORDER: (May.YES, May.NO, May.YES),
    Act.UNDO: (May.YES, May.NO, May.YES),
    Act.MENU: (May.YES, May.YES, May.ASK),  # what a customer's row allows below, it allows here
    Act.VOID: (May.ASK, May.ASK, May.NO),
    Act.REFUND: (May.ASK, May.ASK, May.NO),
    Act.PREAUTH: (May.YES, May.NO, May.NO),
    Act.PREAUTH_VOID: (May.ASK, May.ASK, May.NO),
    Act.COMPLETION: (May.YES, May.NO, May.NO),
    Act.COMPLETION_VOID: (May.ASK, May.ASK, May.NO),
    Act.BALANCE: (May.YES, May.YES, May.YES),
    Act.QUERY: (May.YES, May.YES, May.YES),
    Act.REPRINT: (May.YES, May.YES, May.YES),
    Act.SETTLE: (May.YES, May.YES, May.YES),
    Act.SIGN_OFF: (May.YES, May.YES, May.YES),
    Act.OWN_PASSWORD: (May.YES, May.YES, May.NO),
    Act.OPERATORS: (May.ASK, May.ASK, May.NO),
    Act.TRAINING: (May.ASK, May.ASK, May.NO),
    Act.KEYS: (May.ASK, May.ASK, May.NO),
    Act.OTHER: (May.YES, May.YES, May.YES),
}
_COLUMNS = (Role.CASHIER, Role.SUPERVISOR, Role.CUSTOMER)


def role_of(context: Context) -> Role:
    """Who uses this terminal: its operator, or at a kiosk a customer.

    A supervisor who signs on at a kiosk is there to look after it.
    """
    if context.operator == SUPERVISOR:
        return Role.SUPERVISOR
    return Role.CUSTOMER if context.config.general.profile == "kiosk" else Role.CASHIER


def may(context: Context, act: Act) -> May:
    """What the table says."""
    return TABLE[act][_COLUMNS.index(role_of(context))]
