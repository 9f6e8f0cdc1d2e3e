"""BER-TLV against EMV 4.4 Book 3, Annex B, and against hostile bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.emv.tlv import DEPTH_MAX, TlvError, encode, parse, parse_one, primitives


@pytest.mark.parametrize(
    ("data", "tags"),
    [
        ("", []),
        ("5A0212345F3401019F02060000000001009F8104021122", [0x5A, 0x5F34, 0x9F02, 0x9F8104]),
        ("0000 8A023030 00 9C0100 0000", [0x8A, 0x9C]),  # '00' before, between, after
        ("90 8180" + "AA" * 128, [0x90]),
        ("90 820080" + "AA" * 128, [0x90]),  # longer than need be, yet BER
        ("6F00", [0x6F]),
    ],
)
def test_annex_b_objects_are_parsed_in_their_order(data: str, tags: list[int]):
    assert [one.tag for one in parse(bytes.fromhex(data))] == tags


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("5A", "length should begin"),
        ("9F", "ends within a tag"),
        ("9F80", "ends within a tag"),
        ("9F80808001 00", "more than 3 bytes"),
        ("5A0312 34", "runs past"),
        ("5A80 1234 0000", "length byte 80"),
        ("5A81", "within a length"),
        ("5A83000001FF", "length byte 83"),
        ("5A84FFFFFFFF", "length byte 84"),
        ("5AFF", "length byte FF"),
        ("70035A0512", "runs past"),  # inside a template
    ],
)
def test_annex_b_refuses_what_is_not_tlv(data: str, why: str):
    with pytest.raises(TlvError, match=why):
        parse(bytes.fromhex(data))


def test_nesting_is_capped():
    data = b""
    for _ in range(DEPTH_MAX + 2):
        data = encode(0x70, data)
    with pytest.raises(TlvError, match="nested"):
        parse(data)


def test_the_number_of_objects_is_capped():
    with pytest.raises(TlvError, match="more than 256"):
        parse(bytes.fromhex("9C00") * 257)


def test_a_template_gives_its_children_and_raw_coding():
    (template,) = parse(bytes.fromhex("7708820239009402AABB"))
    assert template.value_of(0x82) == bytes.fromhex("3900")
    assert template.value_of(0x5A) is None
    assert [one.raw.hex() for one in template.children] == ["82023900", "9402aabb"]
    assert [one.tag for one in primitives((template,))] == [0x82, 0x94]


def test_one_object_means_one_object():
    with pytest.raises(TlvError, match="expected one object 70"):
        parse_one(bytes.fromhex("70009C0100"), 0x70)
    with pytest.raises(TlvError, match="expected one object 70"):
        parse_one(bytes.fromhex("7700"), 0x70)


def test_no_repr_shows_a_value():
    assert "4761" not in repr(parse(bytes.fromhex("5A084761739001010010")))


TAGS = st.sampled_from([0x5A, 0x9C, 0x5F34, 0x9F02, 0x9F8104])


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=8))
def test_what_is_encoded_is_parsed_back(objects: list[tuple[int, bytes]]):
    data = b"".join(encode(tag, value) for tag, value in objects)
    assert [(one.tag, one.value) for one in parse(data)] == objects


@given(st.binary(max_size=600))
def test_hostile_bytes_are_parsed_or_refused(data: bytes):
    try:
        objects = parse(data)
    except TlvError:
        return
    assert sum(len(one.raw) for one in objects) <= len(data)


def test_encoding_refuses_what_no_length_field_holds():
    with pytest.raises(ValueError, match="65536"):
        encode(0x5A, bytes(65536))
