"""The codec and the MACs against frames and values from the field: see each vector's source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from psec.mac import generate_retail_mac

from firmware.core.masked import SecretKey
from firmware.iso8583 import des
from firmware.iso8583.codec import DecodeError
from firmware.iso8583.frame import FrameError, answer_to, pack_frame, unpack_frame
from firmware.iso8583.mac import mac_of
from firmware.iso8583.profile import FrameShape, Profile, Scheme

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
UNIONPAY = Profile.shipped("unionpay")
CODEC = UNIONPAY.codec()


@pytest.mark.parametrize("vector", VECTORS["ecb_mac"], ids=lambda one: one["name"])
def test_ecb_mac_with_every_value_on_the_way(vector: dict[str, str]) -> None:
    made = mac_of(bytes.fromhex(vector["mab"]), SecretKey(bytes.fromhex(vector["mak"])), "ecb")
    assert {step.name: step.value for step in made.steps} == {
        "X": vector["x"],
        "E1": vector["e1"],
        "E2": vector["e2"],
    }
    assert made.field == vector["field_64"].encode()


def test_working_key_is_deciphered_under_the_master_key() -> None:
    vector = VECTORS["ecb_mac"][1]
    clear = des.decrypt(bytes.fromhex(vector["tmk"]), bytes.fromhex(vector["mak_enciphered"]))
    assert clear == bytes.fromhex(vector["mak"])


def test_retail_mac() -> None:
    (vector,) = VECTORS["retail_mac"]
    key = SecretKey(bytes.fromhex(vector["key"]))
    made = mac_of(bytes.fromhex(vector["data"]), key, "x9.19", "80")
    assert made.field.hex().upper() == vector["mac_padding_2"]


def test_sm4_block_and_mac() -> None:
    block, mac = VECTORS["sm4"]
    key = bytes.fromhex(block["key"])
    cipher = Cipher(SM4(key), modes.ECB()).encryptor().update(bytes.fromhex(block["plain"]))
    assert cipher == bytes.fromhex(block["cipher"])
    made = mac_of(bytes.fromhex(mac["mab"]), SecretKey(bytes.fromhex(mac["key"])), "sm4")
    values = {step.name: step.value for step in made.steps}
    assert (values["X"], values["E2"]) == (mac["x"], mac["e2"])
    assert made.field == b"D0656CDC"


@pytest.mark.parametrize("extra", [b"", bytes(8)])
def test_a_block_of_zeros_more_changes_a_chained_mac_and_no_folded_one(extra: bytes) -> None:
    data, key = bytes(range(16)), SecretKey(bytes(range(1, 17)))
    assert (mac_of(data + extra, key, "ecb") == mac_of(data, key, "ecb")) is True
    assert (mac_of(data + extra, key, "x9.19") == mac_of(data, key, "x9.19")) is not bool(extra)


@pytest.mark.parametrize(("scheme", "seen"), [("ecb", False), ("x9.19", True)])
def test_only_a_chained_mac_sees_that_two_blocks_are_changed_alike(
    scheme: Scheme, seen: bool
) -> None:
    data, key = bytearray(range(40)), SecretKey(bytes(range(16)))
    before = mac_of(bytes(data), key, scheme)
    data[3] ^= 0x10
    data[19] ^= 0x10
    assert (mac_of(bytes(data), key, scheme) != before) is seen


@pytest.mark.parametrize(("scheme", "size"), [("ecb", 24), ("x9.9", 16), ("x9.19", 8), ("sm4", 8)])
def test_a_key_of_another_length_is_refused(scheme: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"{scheme}: expected a key"):
        mac_of(b"", SecretKey(bytes(size)), scheme)  # type: ignore[arg-type]


def test_a_genuine_sale_decodes_field_by_field_and_packs_to_the_same_bytes() -> None:
    (vector,) = VECTORS["frames"]
    frame = bytes.fromhex(vector["frame"])
    parts = unpack_frame(frame, UNIONPAY.frame)
    assert parts.header.hex() == "603100311003"
    fields = CODEC.unpack(parts.message)
    told = {
        key: bytes.fromhex(fields[key]).decode() if key == "64" else fields[key] for key in fields
    }
    assert {key: told[key] for key in vector["fields"]} == vector["fields"]
    assert (len(fields["55"]) // 2, len(fields["59"]) // 2) == (139, 153)
    assert CODEC.pack(fields) == parts.message
    shape = FrameShape(parts.tpdu.hex(), parts.header.hex())
    assert pack_frame(parts.message, shape) == frame


def test_a_qr_sale_of_the_field_decodes_and_its_mac_is_right() -> None:
    vector = VECTORS["ecb_mac"][0]
    parts = unpack_frame(bytes.fromhex(vector["frame"]), UNIONPAY.frame)
    fields = CODEC.unpack(parts.message)
    assert CODEC.pack(fields) == parts.message
    made = mac_of(parts.message[:-8], SecretKey(bytes.fromhex(vector["mak"])), "ecb")
    assert bytes.fromhex(fields["64"]) == made.field


@pytest.mark.parametrize("cut", [1, 30, 100, 300])
def test_a_cut_message_says_at_which_byte_it_stops(cut: int) -> None:
    (vector,) = VECTORS["frames"]
    message = unpack_frame(bytes.fromhex(vector["frame"]), UNIONPAY.frame).message
    with pytest.raises(DecodeError) as stopped:
        CODEC.unpack(message[:cut])
    assert 0 <= stopped.value.at <= cut


@pytest.mark.parametrize(
    ("frame", "at"), [(b"", 0), (b"\x00", 0), (b"\x00\x05\x60", 0), (b"\x00\x03abc", 5)]
)
def test_bytes_that_are_no_frame_say_where_reading_stopped(frame: bytes, at: int) -> None:
    with pytest.raises(FrameError) as stopped:
        unpack_frame(frame, UNIONPAY.frame)
    assert stopped.value.at == at


def test_an_answer_exchanges_destination_and_origin() -> None:
    assert answer_to(bytes.fromhex("6001230456")) == bytes.fromhex("6004560123")


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 300])
def test_the_retail_mac_is_that_of_the_oracle(size: int) -> None:
    key, data = bytes(range(16)), bytes(range(256)) * 2
    expected = generate_retail_mac(key[:8], key[8:], data[:size], 2)
    assert mac_of(data[:size], SecretKey(key), "x9.19", "80").field == expected
