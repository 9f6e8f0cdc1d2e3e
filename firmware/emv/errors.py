"""How a step says that the card session cannot go on.

Both exceptions stay inside `firmware.emv`: the public methods of `Session` turn them into values.
"""

from __future__ import annotations

from firmware.emv.outcomes import EndReason


class CardError(Exception):
    """The card sent what the Books do not allow; `detail` says what, and holds no card data."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class SessionEnded(Exception):  # noqa: N818 - it is an end, not always an error
    """The card session is over, for `reason`."""

    def __init__(self, reason: EndReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
