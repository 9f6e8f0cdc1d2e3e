"""A disturbed bus: transfers to the glass that are not acknowledged, now and then."""

import pytest

from tests.hw.test_oled import GLASSES, cost, lit_glass, noise, same


@pytest.fixture(params=GLASSES)
def chip(request):
    return request.param


SHOWS = {
    "shown": lambda oled: oled.show(noise(2)),
    "shown after healing": lambda oled: (oled.reopen(), oled.show(noise(2))),
}


@pytest.mark.parametrize(
    ("how", "refused"), [("shown", 1), ("shown", 2), ("shown after healing", 1)]
)
def test_transfers_that_are_not_acknowledged_are_made_again(chip, how, refused):
    """Wherever in a frame, and while the glass is initialised anew for it; nothing is lost."""
    glass, oled = lit_glass(chip)
    before = glass.transactions
    SHOWS[how](oled)
    for taken in range(glass.transactions - before):
        glass, oled = lit_glass(chip)
        oled.brightness(5)
        glass.refuse(refused, after_transfers=taken)
        SHOWS[how](oled)
        assert same(glass.image(), noise(2))
        assert (glass.contrast, glass.is_on) == (5, True)


def test_one_transfer_that_is_not_acknowledged_costs_no_new_initialisation(chip):
    glass, oled = lit_glass(chip)
    oled.show(noise(1))
    usual = cost(glass, lambda: oled.show(noise(2)))
    glass.refuse()
    # before it is made again, two NOPs: address, control byte and both of them
    assert cost(glass, lambda: oled.show(noise(1))) == usual + 4
