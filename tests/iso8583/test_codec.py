"""The codec of a profile: what is packed is read again, whatever fields, lengths and fillers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.iso8583.codec import DecodeError, Fields, FieldShape, WireError
from firmware.iso8583.profile import Profile, ProfileError

PROFILE = Profile.shipped("unionpay")
CODEC = PROFILE.codec()
_LETTERS = {
    "n": "0123456789",
    "z": "0123456789D",
    "an": "AZaz09 ",
    "ans": "AZaz09 -./:",
}


def values(shape: FieldShape) -> st.SearchStrategy[str]:
    """Any value of a field, of odd and even length, up to its most."""
    least = 1 if shape.length_bytes else shape.most
    if shape.kind == "b":
        return st.binary(min_size=least, max_size=shape.most).map(lambda b: b.hex().upper())
    return st.text(_LETTERS[shape.kind], min_size=least, max_size=shape.most)


def messages() -> st.SearchStrategy[Fields]:
    """Any message of the profile."""
    optional = {str(number): values(shape) for number, shape in PROFILE.shapes.items()}
    always = {"t": st.just("0200"), "11": optional.pop("11")}
    drawn = st.fixed_dictionaries(always, optional=optional)
    return drawn.map(Fields)


@given(messages())
def test_what_is_packed_is_read_again(fields: Fields) -> None:
    message = CODEC.pack(fields)
    assert CODEC.unpack(message) == fields
    assert CODEC.pack(CODEC.unpack(message)) == message


@pytest.mark.parametrize(
    ("number", "value", "packed"),
    [
        ("2", "62242424290", "1162242424290" + "0"),
        ("22", "071", "0710"),
        ("23", "000", "0000"),
        ("23", "001", "0001"),
        ("35", "6224242D2806201", "15" + "6224242D2806201" + "0"),
        ("48", "0", "0001" + "00"),
        ("60", "22000024000", "0011" + "22000024000" + "0"),
    ],
)
def test_an_odd_number_of_digits_has_its_filler_where_the_field_says(
    number: str, value: str, packed: str
) -> None:
    message = CODEC.pack(Fields({"t": "0200", number: value}))
    assert message[10:].hex().upper() == packed
    assert CODEC.unpack(message)[number] == value


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_stop_it(message: bytes) -> None:
    try:
        fields = CODEC.unpack(message)
    except DecodeError as stopped:
        place = stopped.at
    else:
        place = len(CODEC.pack(fields))
    assert 0 <= place <= len(message)


@given(messages(), st.data())
def test_a_message_that_is_cut_is_never_read_as_whole(fields: Fields, data: st.DataObject) -> None:
    message = CODEC.pack(fields)
    cut = data.draw(st.integers(0, len(message) - 1))
    with pytest.raises(DecodeError):
        CODEC.unpack(message[:cut])


@pytest.mark.parametrize(
    ("bits", "number", "at"), [((1,), 1, 2), ((40, 7, 3), 7, 2), ((56, 2), 56, 8)]
)
def test_the_first_field_that_is_unknown_is_named_with_its_byte(
    bits: tuple[int, ...], number: int, at: int
) -> None:
    bitmap = sum(1 << (64 - bit) for bit in bits).to_bytes(8, "big")
    with pytest.raises(DecodeError, match=f"field {number} is not") as stopped:
        CODEC.unpack(b"\x02\x00" + bitmap + bytes(20))
    assert stopped.value.at == at


@pytest.mark.parametrize(
    ("number", "value"), [("2", "62x"), ("4", "1"), ("39", "0\n"), ("52", "0g"), ("7", "1")]
)
def test_a_value_that_does_not_fit_names_its_field(number: str, value: str) -> None:
    with pytest.raises(WireError, match=f"field {number}"):
        CODEC.pack(Fields({"t": "0200", number: value}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "unionpay.toml: "),
        ('name = "x"\n[fields]\n11 = "n6"', "64 is missing"),
        ('name = "x"\n[fields]\n11 = "q6"\n64 = "b8"', "fields.11: expected n6"),
        ('name = "x"\n[fields]\n65 = "n6"', "from 2 to 64, not 65"),
        ('name = "x"\n[mac]\nscheme = "rot13"', "mac.scheme"),
        ('name = "x"\n[frame]\ntpdu = "60"', "frame.tpdu"),
        ('name = "x"\nnames = 1', "names"),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        Profile.from_toml(text, "unionpay.toml")
