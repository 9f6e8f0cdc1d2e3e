"""The T=0 layer: exchanges of EMV 4.4 Book 1, annex A, and cards that talk nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.ports import CardMute
from hw.t0 import MAX_GATHERED_BYTES, MAX_ROUNDS, exchange


class Script:
    """A card that follows a script of (command, response) and nothing else."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = [(bytes.fromhex(one), bytes.fromhex(other)) for one, other in pairs]

    def __call__(self, command: bytes) -> bytes:
        wanted, response = self.pairs.pop(0)
        assert command == wanted, f"{command.hex()} instead of {wanted.hex()}"
        return response


def play(command: str, *pairs: tuple[str, str], t0: bool = True) -> str:
    script = Script(*pairs)
    response = exchange(script, bytes.fromhex(command), t0=t0)
    assert not script.pairs, "the card was asked too little"
    return response.hex().upper()


def test_case_1_gets_a_third_parameter():
    assert play("00200080", ("0020008000", "63C3")) == "63C3"


def test_case_2_resends_with_the_length_the_card_names():
    pairs = ("00B2010C00", "6C04"), ("00B2010C04", "700200009000")
    assert play("00B2010C00", *pairs) == "700200009000"


def test_case_2_takes_what_comes_after_61xx():
    pairs = ("80CA9F3600", "6105"), ("00C0000005", "9F360200019000")
    assert play("80CA9F3600", *pairs) == "9F360200019000"


def test_case_3_is_sent_as_it_is():
    command = "002000800824 1234FFFFFFFFFF".replace(" ", "")
    assert play(command, (command, "9000")) == "9000"


def test_case_4_leaves_without_le_and_fetches_its_answer():
    pairs = ("00A4040002A000", "6103"), ("00C0000003", "0102039000")
    assert play("00A4040002A00000", *pairs) == "0102039000"


def test_chained_61xx_is_put_together_in_order():
    pairs = (
        ("00A4040002A000", "6102"),
        ("00C0000002", "01026102"),
        ("00C0000002", "03046101"),
        ("00C0000001", "059000"),
    )
    assert play("00A4040002A00000", *pairs) == "01020304059000"


def test_get_response_may_be_corrected_by_6cxx():
    pairs = ("00A4040002A000", "6100"), ("00C0000000", "6C02"), ("00C0000002", "01029000")
    assert play("00A4040002A00000", *pairs) == "01029000"


def test_a_warning_in_case_4_keeps_its_word_and_gives_its_data():
    pairs = ("00A4040002A000", "6283"), ("00C0000000", "6C02"), ("00C0000002", "01029000")
    assert play("00A4040002A00000", *pairs) == "01026283"


def test_a_warning_without_data_stays_a_warning():
    pairs = ("00A4040002A000", "6283"), ("00C0000000", "6985")
    assert play("00A4040002A00000", *pairs) == "6283"


def test_a_warning_in_case_3_asks_for_nothing():
    command = "0020008002AAAA"
    assert play(command, (command, "63C2")) == "63C2"


def test_a_warning_at_the_end_of_the_data_is_passed_on():
    pairs = ("00A4040002A000", "6102"), ("00C0000002", "01026283")
    assert play("00A4040002A00000", *pairs) == "01026283"


def test_get_response_keeps_to_the_logical_channel():
    pairs = ("01A4040002A000", "6101"), ("01C0000001", "019000")
    assert play("01A4040002A00000", *pairs) == "019000"
    pairs = ("84A4040002A000", "6101"), ("00C0000001", "019000")
    assert play("84A4040002A00000", *pairs) == "019000"


def test_t1_sends_whole_commands():
    assert play("00A4040002A00000", ("00A4040002A00000", "019000"), t0=False) == "019000"
    assert play("00200080", ("00200080", "63C3"), t0=False) == "63C3"


def test_t1_corrects_le_in_place():
    pairs = ("00A4040002A00000", "6C01"), ("00A4040002A00001", "019000")
    assert play("00A4040002A00000", *pairs, t0=False) == "019000"


@pytest.mark.parametrize(
    "command", ["", "00", "00A404", "00A4040000AA", "00A4040003AAAA", "00A4040001AA0000"]
)
def test_what_is_no_short_apdu_never_leaves(command):
    with pytest.raises(ValueError, match="no short command APDU"):
        exchange(Script(), bytes.fromhex(command), t0=True)


@pytest.mark.parametrize("answer", ["", "90"])
def test_an_answer_without_a_status_word_is_a_mute_card(answer):
    with pytest.raises(CardMute):
        exchange(lambda _: bytes.fromhex(answer), bytes.fromhex("00B2010C00"), t0=True)


@pytest.mark.parametrize("answer", ["6100", "6C00", "0102036110"])
def test_a_card_that_never_ends_is_ended(answer):
    sent = []

    def card(command: bytes) -> bytes:
        sent.append(command)
        return bytes.fromhex(answer)

    with pytest.raises(CardMute):
        exchange(card, bytes.fromhex("00B2010C00"), t0=True)
    assert len(sent) <= MAX_ROUNDS


@given(answers=st.lists(st.binary(max_size=258), min_size=1), t0=st.booleans(), data=st.data())
def test_no_card_brings_it_out_of_its_bounds(answers, t0, data):
    command = data.draw(
        st.one_of(
            st.binary(min_size=4, max_size=5),
            st.builds(
                lambda head, body, le: head + bytes([len(body)]) + body + le,
                st.binary(min_size=4, max_size=4),
                st.binary(min_size=1, max_size=255),
                st.binary(max_size=1),
            ),
        )
    )
    turns = 0

    def card(sent: bytes) -> bytes:
        nonlocal turns
        turns += 1
        assert len(sent) <= 261
        return answers[turns % len(answers)]

    try:
        response = exchange(card, command, t0=t0)
    except CardMute:
        pass
    else:
        assert 2 <= len(response) <= MAX_GATHERED_BYTES + 2
    assert turns <= MAX_ROUNDS
