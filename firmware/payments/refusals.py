"""Why a payment is refused: codes, each with the value that its text needs.

`firmware.flows.words` says them on the display, an API as JSON. The journal keeps a code's value.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.core.money import Money


@enum.unique
class Code(enum.Enum):
    """Why a payment is refused. The journal keeps the value, so it never changes."""

    # an original
    NO_SUCH_VOUCHER = "no_such_voucher"
    OTHER_TERMINAL = "other_terminal"  # terminal, store
    OTHER_MERCHANT = "other_merchant"  # merchant
    OTHER_CURRENCY = "other_currency"  # currency
    NOT_A_SALE = "not_a_sale"
    ORIGINAL_DECLINED = "original_declined"
    ORIGINAL_REVERSED = "original_reversed"
    ORIGINAL_IN_DOUBT = "original_in_doubt"
    ALREADY_VOIDED = "already_voided"
    BATCH_SETTLED = "batch_settled"
    ALREADY_REFUNDED = "already_refunded"
    FULLY_REFUNDED = "fully_refunded"
    OUT_OF_WINDOW = "out_of_window"  # days
    NO_SUCH_HOLD = "no_such_hold"
    NOT_A_COMPLETION = "not_a_completion"
    ALREADY_COMPLETED = "already_completed"
    HOLD_IS_OLD = "hold_is_old"  # days
    # an amount
    AMOUNT_OVER_LIMIT = "amount_over_limit"  # limit
    SALE_DAY_LIMIT = "sale_day_limit"  # limit
    CARD_DAY_LIMIT = "card_day_limit"  # limit
    AMOUNT_OVER_HOLD = "amount_over_hold"  # limit: what may be completed of it
    AMOUNT_OVER_LEFT = "amount_over_left"  # limit: what is left
    REFUND_LIMIT = "refund_limit"  # limit
    REFUND_DAY_LIMIT = "refund_day_limit"  # limit
    # the terminal
    BATCH_FULL = "batch_full"
    REVERSAL_FIRST = "reversal_first"  # owed
    ADVICE_FIRST = "upload_first"  # owed
    REFUND_FIRST = "refund_first"  # owed


class OwedVoucher(Struct, frozen=True):
    """The payment whose reversal or advice has to be sent first."""

    stan: int  # voucher number
    amount: Money


class Refusal(Struct, frozen=True):
    """A code, and the value that it is about."""

    code: Code
    limit: Money | None = None
    terminal: str = ""
    store: str = ""
    merchant: str = ""
    currency: str = ""
    days: int = 0
    owed: OwedVoucher | None = None
