"""Working keys under a master key: all of them right, or none is taken."""

from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from firmware.core.masked import SecretKey
from firmware.iso8583.working_keys import (
    DeliveredKeys,
    WorkingKeysError,
    check_value,
    master_of,
    pack_keys,
    unpack_keys,
)

TMK = SecretKey(bytes.fromhex("70F2A84CCBC2AE8625CBB0F2C22AB923"))
PIK16, MAK16, TDK16 = (SecretKey(bytes(range(n, n + 16))) for n in (1, 40, 90))
PIK8, MAK8 = SecretKey(bytes(range(1, 9))), SecretKey(bytes.fromhex("C24A8FB57AA20123"))


def single(key: bytes, block: bytes) -> bytes:
    """DES by the library alone: what the profile's own code is judged by."""
    return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)


class TestWorkingKeys:
    @pytest.mark.parametrize(
        ("keys", "size"),
        [
            (DeliveredKeys(PIK8, MAK8), 24),
            (DeliveredKeys(PIK16, MAK16), 40),
            (DeliveredKeys(PIK16, MAK8), 40),
            (DeliveredKeys(PIK16, MAK16, TDK16), 60),
        ],
        ids=["single", "double", "a single MAK in its place of 16", "with a track key"],
    )
    def test_what_is_packed_is_unpacked(self, keys: DeliveredKeys, size: int) -> None:
        packed = pack_keys(keys, TMK)
        assert len(packed) == size
        assert unpack_keys(packed, TMK) == keys

    def test_the_vector_of_the_field(self) -> None:
        mak = bytes.fromhex("96D605EA176B7E9E")
        check = single(MAK8.reveal(), bytes(8))[:4]
        pik = pack_keys(DeliveredKeys(PIK8, PIK8), TMK)[:12]
        assert unpack_keys(pik + mak + check, TMK).mac == MAK8

    @pytest.mark.parametrize(("at", "name"), [(0, "PIN key"), (20, "MAC key"), (40, "track key")])
    @pytest.mark.parametrize("place", [0, 15, 16, 19])
    def test_one_wrong_byte_refuses_all_and_names_the_key(
        self, at: int, name: str, place: int
    ) -> None:
        packed = bytearray(pack_keys(DeliveredKeys(PIK16, MAK16, TDK16), TMK))
        packed[at + place] ^= 0x10
        with pytest.raises(WorkingKeysError, match=f"check value of the {name} differs"):
            unpack_keys(bytes(packed), TMK)

    @pytest.mark.parametrize("size", [0, 23, 25, 39, 59, 61])
    def test_another_length_is_refused(self, size: int) -> None:
        with pytest.raises(WorkingKeysError, match="24, 40 or 60"):
            unpack_keys(bytes(size), TMK)

    def test_a_master_key_is_made_of_two_components(self) -> None:
        first, second = bytes(range(16)), bytes(range(40, 72, 2))
        master = master_of(first, second)
        assert master.reveal() == bytes(a ^ b for a, b in zip(first, second, strict=True))
        assert len(check_value(master)) == 4
        with pytest.raises(WorkingKeysError, match="component 2"):
            master_of(first, second[1:])
        with pytest.raises(WorkingKeysError, match="single-length"):
            master_of(bytes(16), bytes(8) * 2)
