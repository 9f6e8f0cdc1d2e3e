"""The cards' manners on the wire. EMV 4.4 Book 1, 9.3 and annex A; ISO/IEC 7816-3, 12."""

import pytest

SELECT = "00A4040007 A0000000031010"


@pytest.fixture
def t0(card_named):
    """Sends raw TPDUs to a T=0 card."""
    return answering(card_named("visa-credit"))


@pytest.fixture
def t1(card_named):
    """Sends raw APDUs to a T=1 card."""
    return answering(card_named("t1"))


def answering(card):
    card.power_on()
    return lambda command: card.answer(bytes.fromhex(command)).hex()


def test_t0_case_4_waits_for_get_response(t0):
    assert t0(SELECT) == "6125"
    assert t0("00C0000025").endswith("9000")


def test_t0_drops_a_le_that_a_reader_left_behind(t0):
    assert t0(SELECT + "00") == "6125"


def test_t0_get_response_corrects_a_le_too_long_and_keeps_the_data(t0):
    t0(SELECT)
    assert t0("00C0000000") == "6c25"
    assert t0("00C0000025").endswith("9000")


def test_t0_get_response_gives_a_part_and_says_what_is_left(t0):
    t0(SELECT)
    first = t0("00C0000010")
    assert first.endswith("6115")
    assert len(bytes.fromhex(first)) == 18
    assert t0("00C0000015").endswith("9000")


def test_t0_get_response_without_anything_waiting_is_out_of_order(t0):
    assert t0("00C0000000") == "6985"
    t0(SELECT)
    t0("80CA9F3600")  # another command: what waited is gone
    assert t0("00C0000025") == "6985"


def test_t0_case_2_corrects_a_wrong_le(t0):
    t0(SELECT)
    assert t0("80CA9F3600") == "6c05"
    assert t0("80CA9F3604") == "6c05"
    assert t0("80CA9F3605") == "9f360200009000"


def test_t0_a_warning_comes_at_once_and_its_data_by_get_response(card_named):
    card = card_named("blocked")
    card.power_on()
    assert card.answer(bytes.fromhex(SELECT)) == bytes.fromhex("6283")
    assert card.answer(bytes.fromhex("00C0000000"))[0] == 0x6C


@pytest.mark.parametrize("command", ["", "00", "00A404", "00A4040007 A00000", "80CA9F360500"])
def test_t0_pieces_of_commands_have_a_wrong_length(t0, command):
    assert t0(command) == "6700"


def test_t1_answers_case_4_in_one(t1):
    assert t1("00A4040005 A000000333 00").startswith("6f")


def test_t1_without_le_gives_no_data(t1):
    assert t1("00A4040005 A000000333") == "6700"


def test_t1_corrects_a_le_too_short(t1):
    t1("00A4040005 A000000333 00")
    assert t1("80CA9F3602") == "6c05"
    assert t1("80CA9F3605") == t1("80CA9F3600") == "9f360200009000"


def test_t1_knows_no_get_response(t1):
    assert t1("00C0000000") == "6d00"


@pytest.mark.parametrize(
    "command", ["00A404", "00A4040005 A0000003", "00A4040001 A0 00 00", "80CA9F3601 00 00"]
)
def test_t1_lengths_have_to_agree(t1, command):
    assert t1(command) == "6700"
