"""The issuer's side of cryptograms against published vectors, pyemv and the modelled cards."""

from __future__ import annotations

import pytest
from pyemv import ac, cvn, kd

from firmware.acquirer import cryptogram
from firmware.acquirer.cryptogram import IssuerKey
from firmware.core.masked import Pan, SecretKey
from firmware.iso8583.des import pad_80, retail_mac

pytestmark = pytest.mark.filterwarnings(
    # the oracle reaches for a place that cryptography is about to remove
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)
IMK = SecretKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
DATA = {
    "9F02": bytes.fromhex("000000012850"),
    "9F03": bytes(6),
    "9F1A": bytes.fromhex("0156"),
    "95": bytes.fromhex("8000048000"),
    "5F2A": bytes.fromhex("0156"),
    "9A": bytes.fromhex("260314"),
    "9C": b"\x00",
    "9F37": bytes.fromhex("52BF4585"),
    "82": bytes.fromhex("1800"),
    "9F36": bytes.fromhex("001C"),
}
VISA_10, VISA_18 = bytes.fromhex("06010A03A0B800"), bytes.fromhex("06011203A0B800")
CHIP_16 = bytes.fromhex("0110A00003220000000000000000000000FF")
CHIP_20 = bytes.fromhex("0114A00003220000000000000000000000FF")


def issuer(number: int, *, method: int = 1) -> IssuerKey:
    return IssuerKey(IMK, Pan("4761739001010119"), "45", number, method)


def test_the_known_vector_of_the_reference_comes_out() -> None:
    master = cryptogram.icc_master_key(IMK, Pan("9901234567890123"), "45")
    session = cryptogram.session_key(master, bytes.fromhex("1234567890123456"))
    data = bytes.fromhex("0123456789ABCDEF0123456789ABCDEF")
    arqc = retail_mac(session.reveal(), pad_80(data))
    assert arqc.hex().upper() == "4B46013359B7A58B"
    arpc = cryptogram.arpc_method_1(master, arqc, bytes(2))  # its ARPC is of the master key
    assert arpc.hex().upper() == "F8C9CECAABD55AD1"


@pytest.mark.parametrize("pan", ["99012345678901", "9901234567890123", "6217000012345678901"])
@pytest.mark.parametrize("psn", ["00", "45"])
def test_master_keys_are_those_of_the_oracle(pan: str, psn: str) -> None:
    expected = kd.derive_icc_mk_b(IMK.reveal(), pan, psn)  # A up to 16 digits by itself
    assert cryptogram.icc_master_key(IMK, Pan(pan), psn).reveal() == expected


@pytest.mark.parametrize(
    ("number", "iad", "oracle"),
    [
        (0x0A, VISA_10, lambda o: o(cvn.VisaCVN10, cvr=VISA_10[3:7])),
        (0x10, CHIP_16, lambda o: o(cvn.MasterCardCVN16, cvr=CHIP_16[2:8])),
        (0x12, VISA_18, lambda o: o(cvn.VisaCVN18, tag_9f10=VISA_18)),
        (0x14, CHIP_20, lambda o: o(cvn.MasterCardCVN20, cvr=CHIP_20[2:8])),
    ],
)
def test_a_cryptogram_of_each_version_is_that_of_the_oracle(
    number: int, iad: bytes, oracle: object
) -> None:
    def of(version: type, **tail: bytes) -> bytes:
        made = version(*[IMK.reveal()] * 3, "4761739001010119", "45")
        tags = {f"tag_{tag.lower()}": value for tag, value in DATA.items()}
        return made.generate_ac(**tags, **tail)

    expected = oracle(of)  # type: ignore[operator]
    data = DATA | {"9F10": iad, "9F26": expected}
    assert cryptogram.application_cryptogram(issuer(number), data) == expected
    assert cryptogram.is_genuine(issuer(number), data)


@pytest.mark.parametrize(
    ("number", "iad", "arguments"),
    [
        (0x0A, VISA_10, {}),
        (0x10, CHIP_16, {}),
        (0x14, CHIP_20, {"tag_9f36": DATA["9F36"]}),
    ],
)
def test_an_answer_by_method_1_is_that_of_the_oracle(
    number: int, iad: bytes, arguments: dict[str, bytes]
) -> None:
    versions = {0x0A: cvn.VisaCVN10, 0x10: cvn.MasterCardCVN16, 0x14: cvn.MasterCardCVN20}
    made = versions[number](*[IMK.reveal()] * 3, "4761739001010119", "45")
    arqc = bytes.fromhex("0102030405060708")
    data = DATA | {"9F10": iad, "9F26": arqc}
    expected = made.generate_arpc(arqc, arpc_rc=b"51", **arguments)
    answered = cryptogram.issuer_authentication_data(issuer(number), data, "51")
    assert answered == expected + b"51"


def test_an_answer_by_method_2_is_that_of_the_oracle_and_tells_the_decision() -> None:
    arqc = bytes.fromhex("0102030405060708")
    data = DATA | {"9F10": VISA_18, "9F26": arqc}
    key = issuer(0x12).of_cryptogram(data).reveal()
    for code, update in (("00", "00800000"), ("51", "00000000")):
        csu = bytes.fromhex(update)
        answered = cryptogram.issuer_authentication_data(issuer(0x12, method=2), data, code)
        assert answered == ac.generate_arpc_2(key, arqc, csu) + csu


def test_a_cryptogram_covers_every_one_of_its_data() -> None:
    data = DATA | {"9F10": VISA_18}
    arqc = cryptogram.application_cryptogram(issuer(0x12), data)
    assert arqc is not None
    whole = data | {"9F26": arqc}
    for tag, value in data.items():
        changed = whole | {tag: value[:-1] + bytes([value[-1] ^ 1])}
        assert not cryptogram.is_genuine(issuer(0x12), changed), tag
        assert not cryptogram.is_genuine(issuer(0x12), whole | {tag: value[:-1]}), tag


def test_the_version_in_the_card_data_must_be_that_of_the_account() -> None:
    data = DATA | {"9F10": VISA_18}
    arqc = cryptogram.application_cryptogram(issuer(0x12), data)
    assert arqc is not None
    assert not cryptogram.is_genuine(issuer(0x14), data | {"9F26": arqc})


def test_hostile_issuer_application_data_names_no_version() -> None:
    for iad in (b"", b"\x06", bytes(7), bytes(64), b"\x06" + bytes(40)):
        assert cryptogram.version_in(iad) in (None, 0)
