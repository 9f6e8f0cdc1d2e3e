"""Initiation and reading against EMV 4.4 Book 3, 10.1 and 10.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.emv.contact.gpo import initiate
from firmware.emv.contact.read import AflEntry, parse_afl, read_application_data, track2_of
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from tests.emv.support import PAN, ScriptedDialogue, run, state_of

GPO = "80A8000002830000"


def initiated(response: str, pdol: str = "", command: str = GPO):
    dialogue = ScriptedDialogue([(command, response)], drawn=bytes.fromhex("A1B2C3D4"))
    state = state_of(dialogue)
    state.card = {}
    if pdol:
        state.selected[Tag.PDOL] = bytes.fromhex(pdol)
    return state, run(initiate(state))


@pytest.mark.parametrize(
    "response",
    [
        "800A 3900 08010101 10010300 9000",
        "770E 82023900 94080801010110010300 9000",
    ],
)
def test_6_5_8_4_both_formats_give_aip_and_afl(response: str):
    state, ok = initiated(response)
    assert ok
    assert state.card[Tag.APPLICATION_INTERCHANGE_PROFILE].hex() == "3900"
    assert state.card[Tag.APPLICATION_FILE_LOCATOR].hex() == "0801010110010300"


def test_10_1_the_pdol_is_answered_in_a_command_template():
    command = "80A80000 0E 830C 000000010000 0156 A1B2C3D4 00"
    state, ok = initiated("8006 0000 08010100 9000", "9F0206 9F1A02 9F3704", command)
    assert ok
    assert state.pdol_data.hex() == "0000000100000156a1b2c3d4"


def test_10_1_6985_sends_back_to_selection():
    _, ok = initiated("6985")
    assert not ok


@pytest.mark.parametrize(
    "response",
    [
        "6A81",
        "6983",
        "9000",  # nothing
        "70069000",
        "800139 9000",  # too short for an AIP
        "7706 9404 08010100 9000",  # no AIP
        "7705 8203390000 9000",  # an AIP of three bytes
        "770C 82023900 82023900 9402 0801 9000",  # the AIP twice
        "6F00 9000",
        "8006 3900 08010100 7700 9000",  # two objects
    ],
)
def test_6_5_8_4_a_malformed_answer_ends_the_session(response: str):
    with pytest.raises(CardError):
        initiated(response)


@pytest.mark.parametrize("response", ["8002 3900 9000", "7704 82023900 9000"])
def test_an_absent_afl_names_no_records(response: str):
    state, ok = initiated(response)
    assert ok
    with pytest.raises(CardError, match="mandatory data missing"):
        run(read_application_data(state))


@pytest.mark.parametrize(
    ("afl", "entries"),
    [
        ("", ()),
        ("08010101", (AflEntry(1, 1, 1, 1),)),
        ("50010300", (AflEntry(10, 1, 3, 0),)),
        ("09010101", (AflEntry(1, 1, 1, 1),)),  # the low bits are reserved: nobody looks at them
        ("08010302 F0020200", (AflEntry(1, 1, 3, 2), AflEntry(30, 2, 2, 0))),
    ],
)
def test_10_2_the_afl(afl: str, entries: tuple[AflEntry, ...]):
    assert parse_afl(bytes.fromhex(afl)) == entries


@pytest.mark.parametrize(
    ("afl", "why"),
    [
        ("080101", "four-byte"),
        ("00010100", "SFI"),
        ("F8010100", "SFI"),  # 31
        ("08000100", "record numbers"),
        ("08020100", "record numbers"),
        ("08010103", "authenticated"),
        ("0801FF00", "more than 128"),
    ],
)
def test_10_2_an_afl_out_of_range_ends_the_session(afl: str, why: str):
    with pytest.raises(CardError, match=why):
        parse_afl(bytes.fromhex(afl))


@given(st.binary(max_size=64))
def test_hostile_afls_are_parsed_or_refused(afl: bytes):
    try:
        entries = parse_afl(afl)
    except CardError:
        return
    assert sum(entry.last - entry.first + 1 for entry in entries) <= 128


RECORD = f"5A08{PAN} 5F2403311231 8C039F0206 8D028A02".replace(" ", "")


def reading(afl: str, *records: tuple[str, str]):
    """Read records given as (command, response without SW)."""
    dialogue = ScriptedDialogue(
        [
            (command, f"{response}{'' if len(response) == 4 else '9000'}")
            for command, response in records
        ]
    )
    state = state_of(dialogue)
    state.card[Tag.APPLICATION_FILE_LOCATOR] = bytes.fromhex(afl)
    run(read_application_data(state))
    dialogue.done()
    return state


def template(content: str) -> str:
    return f"70{len(content) // 2:02X}{content}"


def test_10_2_records_make_the_card_known():
    more = "5F340101 5F2503240101 57134761739001010010D31122011143804400000F 5F28020156 9F42020840"
    state = reading(
        "08010200",
        ("00B2010C00", template(RECORD)),
        ("00B2020C00", template(more.replace(" ", ""))),
    )
    card = state.identity
    assert card.pan.reveal() == PAN
    assert (card.psn, card.expiry, card.effective) == ("01", "311231", "240101")
    assert card.track2 is not None
    assert card.track2.reveal() == "4761739001010010=31122011143804400000"
    assert (card.service_code, card.country, card.currency) == ("201", "156", "840")


@pytest.mark.parametrize(
    "track2",
    [
        "57134761739001010119D31122011143804400000F",
        "571247617390010100D31122011143804400000F",  # the same digits, and fewer of them
    ],
)
def test_a_card_of_two_accounts_is_a_card_error(track2: str):
    with pytest.raises(CardError, match="two accounts") as caught:
        reading("08010100", ("00B2010C00", template(RECORD + track2)))
    assert PAN not in str(caught.value)


def test_a_number_of_odd_length_is_compared_without_its_padding():
    odd = RECORD.replace("5A084761739001010010", "5A08476173900101001F")
    assert odd != RECORD
    state = reading("08010100", ("00B2010C00", template(odd + "570A476173900101001D3112")))
    assert state.identity.track2 is not None
    assert state.identity.track2.reveal() == "476173900101001=3112"


def test_an_account_in_track_2_alone_is_no_account():
    """5A is mandatory, 57 is not: the terminal makes up neither from the other."""
    without = RECORD.replace("5A084761739001010010", "")
    with pytest.raises(CardError, match="mandatory data missing"):
        reading("08010100", ("00B2010C00", template(without + "570B4761739001010010D3112F")))


def test_10_3_signed_records_lend_their_template_or_themselves():
    """Files 1 to 10 without tag and length, 11 to 30 with them."""
    state = reading(
        "0801010158010201",
        ("00B2010C00", template(RECORD)),
        ("00B2015C00", template("9F7C01AA")),
        ("00B2025C00", "C0FFEE"),  # not signed, no template: nobody's business
    )
    assert state.static_data.hex().upper() == RECORD + template("9F7C01AA")
    assert not state.static_data_broken


def test_10_3_a_signed_proprietary_record_without_template_breaks_authentication():
    state = reading(
        "0801010058010101",
        ("00B2010C00", template(RECORD)),
        ("00B2015C00", "C0FFEE"),
    )
    assert state.static_data_broken


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("6985", "6985"),
        ("6A83", "6A83"),
        ("C0FFEE", "length byte FF"),
        (template(RECORD) + template(RECORD), "expected one object 70"),
        (template(RECORD + "5F280201565F28020156"), "redundant data: Issuer Country Code"),
        (template(RECORD + "A50A" + f"5A08{PAN}"), "redundant data"),  # inside a template too
        (template(RECORD.replace("5A08", "DF0108")), "missing: .*PAN"),
        (template(RECORD.replace("5F2403311231", "")), "missing: Application Expiration"),
        (template(RECORD.replace("5F2403311231", "5F2400")), "missing: Application Expiration"),
        (template(RECORD.replace("8C039F0206", "")), "missing: .*CDOL1"),
        (template(RECORD.replace("8D028A02", "")), "missing: .*CDOL2"),
        (template(RECORD.replace("5F2403311231", "5F2403311331")), "not a date"),
        (template(RECORD.replace("5F2403311231", "5F24033112AA")), "not decimal"),
        (template(RECORD.replace("5F2403311231", "5F24023112")), "Expiration Date of 2 bytes"),
        (template(RECORD.replace(PAN, "47A1739001010010")), "application PAN"),
        (template(RECORD + "5F280156"), "Issuer Country Code of 1 bytes"),
        (template(RECORD + "9F0701FF"), "Usage Control .* of 1 bytes"),
        (template(RECORD + "8E0400000000"), "CVM.* of 4 bytes"),
    ],
)
def test_10_2_and_7_5_bad_records_end_the_session(record: str, why: str):
    with pytest.raises(CardError, match=why):
        reading("08010100", ("00B2010C00", record))


def test_a_card_has_no_say_in_the_terminals_own_data():
    state = reading("08010100", ("00B2010C00", template(RECORD + "9F02060000000000019F1A020840")))
    assert state.value(Tag.AMOUNT_AUTHORISED_NUMERIC) == bytes.fromhex("000000010000")
    assert state.value(Tag.TERMINAL_COUNTRY_CODE) == bytes.fromhex("0156")
    assert Tag.AMOUNT_AUTHORISED_NUMERIC not in state.card


def test_5_2_a_data_object_of_length_0_is_not_there():
    state = reading("08010100", ("00B2010C00", template(RECORD + "9F0F005F3400970057009F4A00")))
    for tag in (Tag.ISSUER_ACTION_CODE_ONLINE, Tag.TDOL, Tag.SDA_TAG_LIST):
        assert tag not in state.card
    assert (state.identity.psn, state.identity.track2) == ("", None)
    assert state.static_data == b""


def test_5_2_nor_is_one_in_the_processing_options():
    with pytest.raises(CardError, match="AIP"):
        initiated("7708 8200 9404 08010100 9000")


def test_7_5_an_object_outside_its_templates_is_unknown():
    """A record does not change what GET PROCESSING OPTIONS said, nor invents a cryptogram."""
    strays = "82025C00 940408010500 9F36020001 9F2608AAAAAAAAAAAAAAAA 82025C00".replace(" ", "")
    state = reading("08010100", ("00B2010C00", template(RECORD + strays)))
    assert state.card[Tag.APPLICATION_INTERCHANGE_PROFILE] == bytes(2)
    assert state.card[Tag.APPLICATION_FILE_LOCATOR].hex() == "08010100"
    assert Tag.APPLICATION_TRANSACTION_COUNTER not in state.card
    assert Tag.APPLICATION_CRYPTOGRAM not in state.card


@pytest.mark.parametrize(
    ("value", "track2"),
    [
        ("4761739001010010D3112201FF", "4761739001010010=3112201"),
        ("4761739001010010", None),
        ("47617390D1010D10", None),
        ("47A1D1010F", None),
    ],
)
def test_track_2_equivalent_data(value: str, track2: str | None):
    found = track2_of(bytes.fromhex(value))
    assert (found.reveal() if found else None) == track2
