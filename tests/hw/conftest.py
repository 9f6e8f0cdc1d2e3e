"""Cards for the tests of the modelled hardware: fresh ones, for they count and remember."""

import pytest

from hw.sim.cards import Card
from hw.sim.cards.personalisation import TRAY, load_keys
from tests.hw.counterpart import BareTerminal

KEYS = load_keys()


@pytest.fixture
def card_named():
    """Gives a fresh card by the name of its file."""
    return lambda name: Card.from_file(TRAY / f"{name}.toml", KEYS)


@pytest.fixture
def started(card_named):
    """Gives a terminal that has selected, initiated and read the card of that name."""
    return lambda name: BareTerminal(card_named(name)).start()
