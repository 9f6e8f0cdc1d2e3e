"""Modelled EMV cards, personalised from the files in `tray/`: one card model, two ways in.

`tray()` gives the cards, `TEST_CA_KEYS` is the file of CA public keys a terminal needs to
authenticate them offline.
"""

from hw.sim.cards.card import Card, tray
from hw.sim.cards.faults import CardPulled, CardSilent
from hw.sim.cards.personalisation import HERE, PersonalisationError

TEST_CA_KEYS = HERE / "test_ca_keys.tsv"

__all__ = [
    "TEST_CA_KEYS",
    "Card",
    "CardPulled",
    "CardSilent",
    "PersonalisationError",
    "tray",
]
