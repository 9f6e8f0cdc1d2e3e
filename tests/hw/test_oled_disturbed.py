"""A disturbed bus: transfers to the display that are not acknowledged, now and then."""

import pytest

from tests.hw.test_oled import DISPLAYS, cost, lit_display, noise, same


@pytest.fixture(params=DISPLAYS)
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
    """Wherever in a frame, and while the display is initialised anew for it; nothing is lost."""
    panel, oled = lit_display(chip)
    before = panel.transactions
    SHOWS[how](oled)
    for taken in range(panel.transactions - before):
        panel, oled = lit_display(chip, level=5)
        panel.refuse(refused, after_transfers=taken)
        SHOWS[how](oled)
        assert same(panel.image(), noise(2))
        assert (panel.contrast, panel.is_on) == (5, True)


def test_one_transfer_that_is_not_acknowledged_costs_no_new_initialisation(chip):
    panel, oled = lit_display(chip)
    oled.show(noise(1))
    usual = cost(panel, lambda: oled.show(noise(2)))
    panel.refuse()
    # before it is made again, two NOPs: address, control byte and both of them
    assert cost(panel, lambda: oled.show(noise(1))) == usual + 4
