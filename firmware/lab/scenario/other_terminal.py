"""Another terminal of the merchant, at the same acquirer: it has no display and no paper.

It holds on a card of the tray, and completes or voids what anybody of the merchant holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from firmware.core.config import Config
from firmware.core.kinds import Kind, OriginalRef
from firmware.core.money import Money
from firmware.core.payment import Payment
from firmware.iso8583.messages import Answered, CardPresented, FinancialRequest, HostAnswer
from firmware.lab.issuers import chip_data, tray_accounts

NUMBER = "10000077"
DEEDS = {"hold": Kind.PREAUTH, "complete": Kind.COMPLETION, "void": Kind.PREAUTH_VOID}
_FIRST_COUNTER = 0x8000  # of a card's transactions: those of the bench count from 1


class OtherTerminal:
    """Asks by `ask`, which gives the acquirer's answer; its clock is `clock_now`."""

    def __init__(
        self,
        ask: Callable[[FinancialRequest], HostAnswer | None],
        config: Config,
        clock_now: Callable[[], datetime],
    ) -> None:
        self._ask, self._config, self._now = ask, config, clock_now
        self._stan = 0

    def do(self, deed: str, card: str, minor: int, code: str = "") -> str:
        """Do one of DEEDS with a card of the tray, and of a hold with this authorisation code.

        Gives the authorisation code of the answer. Raises LookupError for a card without an
        account, ValueError where nothing is approved.
        """
        found = next((one for one in tray_accounts() if one.account.name == card), None)
        if found is None:
            raise LookupError(f"no account is behind {card}")
        self._stan += 1
        now, kind = self._now(), DEEDS[deed]
        held = OriginalRef(batch=0, stan=0, reference="", date="", authorisation_code=code)
        payment = Payment(
            kind=kind,
            terminal=NUMBER,
            merchant=self._config.merchant.number,
            batch=1,
            stan=self._stan,
            amount=Money(minor, self._config.currency),
            date=f"{now:%Y%m%d}",
            time=f"{now:%H%M%S}",
            original=None if kind is Kind.PREAUTH else held,
        )
        payer, atc = found.account, _FIRST_COUNTER + self._stan
        chip = chip_data(payer, found.issuer_data, payment.amount, atc)
        presented = CardPresented(
            payer.pan, payer.psn, payer.expiry, de55=chip if kind is Kind.PREAUTH else b""
        )
        answer = self._ask(FinancialRequest(payment, presented))
        if not isinstance(answer, Answered) or not answer.is_approval:
            raise ValueError(f"the acquirer says {answer.words if answer else 'nothing'}")
        return answer.authorisation_code
