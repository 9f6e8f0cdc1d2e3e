"""Words for the digits of a masked entry that hold no digit of it.

`PIN.3` is the third digit of the PIN of the card in the reader. `SUPERVISOR.3` and `CASHIER.3` are
the third digits of the stage's passwords, with `FACTORY-` before them of those that the supervisor
and a new cashier have to change. `OTHER.3` is the third digit of any other entry: a digit that none
of these has in third place.
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware.journal.operators import CASHIER_DEFAULT, SUPERVISOR_DEFAULT
from firmware.lab.scenario.language import MASKED_KEY
from firmware.lab.scenario.stage import CASHIER_PASSWORD, SUPERVISOR_PASSWORD
from hw.sim.cards.card import Card

PIN, OTHER = "PIN", "OTHER"
PASSWORDS = {
    "SUPERVISOR": SUPERVISOR_PASSWORD,
    "CASHIER": CASHIER_PASSWORD,
    "FACTORY-SUPERVISOR": SUPERVISOR_DEFAULT.reveal(),
    "FACTORY-CASHIER": CASHIER_DEFAULT.reveal(),
}
# at each place no PIN of the tray and no password has this digit; as a new password it is accepted
OTHER_DIGITS = "859273614985"


def pin_of(card: Card | None) -> str:
    """The digits of a card's PIN; "" if it has none."""
    accounts = [application.own.account for application in card.applications] if card else []
    return next((account.pin for account in accounts if account.pin), "")


def plain(word: str, card: Card | None) -> str:
    """The digit for which `word` stands while `card` is in the reader; any other word as it is.

    Raises LookupError.
    """
    match = MASKED_KEY.match(word)
    if match is None:
        return word
    name, place = match[1], int(match[2]) - 1
    if name == OTHER:
        return OTHER_DIGITS[place % len(OTHER_DIGITS)]
    digits: Mapping[str, str] = {PIN: pin_of(card), **PASSWORDS}
    if place >= len(digits[name]):
        raise LookupError(f"{word}: {'the card in the reader' if name == PIN else name} has none")
    return digits[name][place]
