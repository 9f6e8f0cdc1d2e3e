"""Data object lists against EMV 4.4 Book 3, 5.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.emv.dol import DATA_MAX, DolEntry, DolError, build, fit, parse
from firmware.emv.tags import Tag

VALUES = {
    int(Tag.AMOUNT_AUTHORISED_NUMERIC): bytes.fromhex("000000012850"),
    int(Tag.APPLICATION_PAN): bytes.fromhex("4761739001010010"),
    int(Tag.MERCHANT_IDENTIFIER): b"123456789012345",
    int(Tag.TERMINAL_COUNTRY_CODE): bytes.fromhex("0156"),
    int(Tag.FCI_TEMPLATE): b"\x84\x00",
}


@pytest.mark.parametrize(
    ("dol", "built"),
    [
        ("9F0206", "000000012850"),
        ("9F0204", "00012850"),  # numeric: cut on the left
        ("9F0208", "0000000000012850"),  # numeric: zeros on the left
        ("9F1A01", "56"),
        ("5A0A", "4761739001010010FFFF"),  # compressed numeric: 'FF' at the right
        ("5A04", "47617390"),  # compressed numeric: cut at the right
        ("9F1603", "313233"),  # others: cut at the right
        ("9F1610", "31323334353637383930313233343500"),  # others: zeros at the right
        ("9F1A00", ""),
        ("DF8101 03", "000000"),  # unknown: zeros
        ("9F7C 02", "0000"),  # known, absent: zeros
        ("6F 02", "0000"),  # constructed: zeros
        ("9F1A02 9F1A02", "01560156"),  # a tag may come twice
        ("", ""),
    ],
)
def test_5_4_values_are_fitted_to_the_length_asked(dol: str, built: str):
    assert build(bytes.fromhex(dol), VALUES.get).hex().upper() == built


@pytest.mark.parametrize("dol", ["9F", "9F02", "9F0206 5A", "9F80808004"])
def test_a_list_that_is_cut_off_is_refused(dol: str):
    with pytest.raises(DolError):
        parse(bytes.fromhex(dol))


def test_a_list_asking_for_more_than_a_command_holds_is_refused():
    assert parse(bytes.fromhex("9F02FF")) == (DolEntry(0x9F02, 255),)
    with pytest.raises(DolError, match="more than 255"):
        parse(bytes.fromhex("9F02FF9C01"))


@given(st.binary(max_size=252))
def test_hostile_lists_build_or_are_refused(dol: bytes):
    try:
        entries = parse(dol)
    except DolError:
        return
    built = build(dol, VALUES.get)
    assert len(built) == sum(entry.length for entry in entries) <= DATA_MAX


@given(st.sampled_from(list(Tag)), st.binary(max_size=40), st.integers(0, 60))
def test_a_fitted_value_has_the_length_asked(tag: Tag, value: bytes, length: int):
    assert len(fit(tag, value, length)) == length
