"""Faults on demand, as the wire sees them."""

import pytest

from hw.ports import CardMute
from hw.sim.cards import CardPulled, CardSilent
from tests.hw.counterpart import BareTerminal


@pytest.fixture
def terminal(card_named):
    powered = BareTerminal(card_named("unionpay-debit"))
    powered.card.power_on()
    return powered


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_card_is_pulled_in_the_middle_of_the_nth_command(terminal, n):
    terminal.card.pull_at(n)
    for _ in range(n - 1):
        terminal.select()
    with pytest.raises(CardPulled):
        terminal.select()


def test_get_response_and_the_same_again_belong_to_their_command(terminal):
    terminal.card.pull_at(3)
    terminal.select()  # with GET RESPONSE
    assert terminal.send("80CA9F3600")[-2:] == b"\x90\x00"  # with 6Cxx and the same again
    with pytest.raises(CardPulled):
        terminal.send("80CA9F3600")


def test_a_pulled_card_works_when_it_is_put_back(terminal):
    terminal.card.pull_at(1)
    with pytest.raises(CardPulled):
        terminal.select()
    terminal.card.power_on()
    assert terminal.select()[-2:] == b"\x90\x00"


def test_a_mute_card_gives_no_answer_to_reset(terminal):
    terminal.card.faults.mute = True
    with pytest.raises(CardSilent):
        terminal.card.power_on()


def test_a_card_falls_silent_at_the_nth_command(terminal):
    terminal.card.faults.silent_at = 2
    terminal.select()
    with pytest.raises(CardSilent):
        terminal.select()


def test_endless_61xx_is_ended_by_the_layer_above(terminal):
    terminal.card.faults.endless_61xx = True
    with pytest.raises(CardMute):
        terminal.select()


def test_garbage_is_of_all_lengths(terminal):
    terminal.card.faults.garbage = True
    lengths = {len(terminal.card.answer(b"\0\xb2\1\x0c\0")) for _ in range(200)}
    assert lengths > {0, 1, 2, 32}
