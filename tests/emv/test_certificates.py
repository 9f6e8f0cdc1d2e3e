"""Certificates and signatures against EMV 4.4 Book 2, 5.3–5.4, 6.3–6.6 and 7.1."""

import operator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.emv import certificates
from firmware.emv.certificates import Certificate, CertificateError, DataMissing, PublicKey
from tests.emv.issuer import (
    CA,
    ICC,
    ISSUER,
    PAN,
    Certified,
    certify_icc,
    certify_issuer,
    key,
    sign_dynamic,
    sign_static,
)

TODAY = date(2026, 5, 1)


def parts(certified: Certified) -> Certificate:
    return Certificate(certified.certificate, certified.remainder, certified.exponent)


def issuer_from(certified: Certified, ca: PublicKey = CA.public) -> PublicKey:
    return certificates.issuer_key(ca, parts(certified), PAN, TODAY).key


@pytest.mark.parametrize(
    ("ca_bits", "issuer_bits", "exponent"),
    [
        (1408, 1152, 3),  # the issuer's key overflows the certificate: a remainder
        (1408, 1024, 3),  # it fits: padding with 'BB', no remainder
        (1984, 1984, 3),  # the largest the Books know
        (1984, 1408, 65537),
    ],
)
def test_5_3_an_issuer_key_is_recovered(ca_bits: int, issuer_bits: int, exponent: int):
    ca, issuer = key(ca_bits, which=1), key(issuer_bits, exponent, which=2)
    assert issuer_from(certify_issuer(ca, issuer), ca.public) == issuer.public


def test_5_3_a_remainder_of_no_bytes_is_like_none():
    certified = certify_issuer(CA, key(1024, which=2))
    for remainder in (None, b""):
        data = Certificate(certified.certificate, remainder, certified.exponent)
        assert certificates.issuer_key(CA.public, data, PAN, TODAY).key == key(1024, which=2).public


@pytest.mark.parametrize("identifier", ["476", "4761", "476173", "47617390"])
def test_5_3_step_8_the_identifier_begins_the_pan(identifier: str):
    assert issuer_from(certify_issuer(CA, ISSUER, identifier=identifier))


GOOD = certify_issuer(CA, ISSUER)


@pytest.mark.parametrize(
    ("certified", "why"),
    [
        (replace(GOOD, certificate=GOOD.certificate[:-1]), "signed by a key of 176"),  # step 1
        (replace(GOOD, certificate=bytes(176)), "trailer"),  # step 2
        (certify_issuer(CA, ISSUER, form=4), "format 04"),  # step 4
        (certify_issuer(CA, ISSUER, hash_algorithm=2), "hash algorithm 02"),  # step 6
        (replace(GOOD, remainder=bytes(len(GOOD.remainder))), "hash result"),  # step 7
        (certify_issuer(CA, ISSUER, identifier="4762"), "issuer identifier"),  # step 8
        (certify_issuer(CA, ISSUER, identifier="47"), "issuer identifier"),
        (certify_issuer(CA, ISSUER, expiry="0426"), "expired 04/26"),  # step 9
        (certify_issuer(CA, ISSUER, expiry="1299"), "expired 12/99"),  # the last century
        (certify_issuer(CA, ISSUER, expiry="1331"), "expiration date"),
        (certify_issuer(CA, ISSUER, expiry="FFFF"), "expiration date"),
        (certify_issuer(CA, ISSUER, key_algorithm=2), "public key algorithm 02"),  # step 11
        (replace(GOOD, remainder=GOOD.remainder[1:]), "remainder of 3 bytes"),  # step 12
        (replace(GOOD, exponent=b"\x01\x00\x01"), "exponent of 3 bytes"),
    ],
)
def test_5_3_each_step_refuses_what_it_checks(certified: Certified, why: str):
    with pytest.raises(CertificateError, match=why):
        issuer_from(certified)


def test_5_3_step_9_a_certificate_holds_to_the_last_day_of_its_month():
    assert issuer_from(certify_issuer(CA, ISSUER, expiry="0526"))


def test_3_7_2_a_missing_remainder_is_missing_data():
    for remainder in (b"", None):
        data = Certificate(GOOD.certificate, remainder, GOOD.exponent)
        with pytest.raises(DataMissing, match="remainder"):
            certificates.issuer_key(CA.public, data, PAN, TODAY)


@pytest.mark.parametrize(
    ("public", "why"),
    [
        (PublicKey(CA.modulus, 5), "neither 3 nor 65537"),
        (PublicKey(CA.modulus[:-1] + b"\x00", 3), "even modulus"),
        (PublicKey(b"\x01", 3), "signed by a key of 1"),
    ],
)
def test_a_key_of_another_kind_is_refused(public: PublicKey, why: str):
    with pytest.raises(CertificateError, match=why):
        issuer_from(GOOD, public)


def test_a_key_too_short_for_any_certificate_is_refused():
    tiny = PublicKey(b"\x0f", 3)
    data = Certificate(b"\x02", None, b"\x03")
    with pytest.raises(CertificateError, match="too short"):
        certificates.issuer_key(tiny, data, PAN, TODAY)


STATIC = bytes.fromhex("5A0847617390010100105F2403311231") + b"\x3c\x00"
GOOD_ICC = certify_icc(ISSUER, ICC, static=STATIC)


def icc_from(certified: Certified, static: bytes = STATIC) -> PublicKey:
    return certificates.icc_key(ISSUER.public, parts(certified), PAN, TODAY, static).key


def test_6_4_an_icc_key_is_recovered():
    assert icc_from(GOOD_ICC) == ICC.public


def test_7_1_a_pin_encipherment_key_is_certified_without_static_data():
    assert icc_from(certify_icc(ISSUER, ICC), b"") == ICC.public


@pytest.mark.parametrize(
    ("certified", "static", "why"),
    [
        (GOOD_ICC, STATIC[:-1], "hash result"),
        (certify_icc(ISSUER, ICC, static=STATIC, form=2), STATIC, "format 02"),
        (certify_icc(ISSUER, ICC, static=STATIC, pan=PAN[:-1] + "1"), STATIC, "application PAN"),
        (certify_icc(ISSUER, ICC, static=STATIC, expiry="1225"), STATIC, "expired"),
        (replace(GOOD_ICC, exponent=b"\x05"), STATIC, "hash result"),
        (certify_icc(ISSUER, ICC, static=STATIC, hash_algorithm=9), STATIC, "hash algorithm"),
    ],
)
def test_6_4_each_step_refuses_what_it_checks(certified: Certified, static: bytes, why: str):
    with pytest.raises(CertificateError, match=why):
        icc_from(certified, static)


def test_a_certified_key_longer_than_its_signers_is_refused():
    certified = certify_issuer(key(1024, which=5), key(1408, which=6))
    with pytest.raises(CertificateError, match="a key of 176 bytes"):
        issuer_from(certified, key(1024, which=5).public)


def test_5_4_static_data_gives_the_data_authentication_code():
    signed = sign_static(ISSUER, STATIC)
    assert certificates.static_data(ISSUER.public, signed, STATIC) == b"\xda\xc0"


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        (sign_static(ISSUER, STATIC + b"\x00"), "hash result"),
        (ISSUER.sign(b"\x03\x02\xda\xc0", STATIC), "hash algorithm 02"),
        (ISSUER.sign(b"\x05\x01\xda\xc0", STATIC), "format 05"),
        (sign_static(ICC, STATIC), "signed by a key of 144"),
        (bytes(144), "trailer"),
    ],
)
def test_5_4_each_step_refuses_what_it_checks(signed: bytes, why: str):
    with pytest.raises(CertificateError, match=why):
        certificates.static_data(ISSUER.public, signed, STATIC)


UN = bytes.fromhex("11223344")


def test_6_5_2_dynamic_data_gives_the_icc_dynamic_number():
    signed = sign_dynamic(ICC, b"\x03\xaa\xbb\xcc", UN)
    found = certificates.dynamic_data(ICC.public, signed, UN)
    assert (found.number, found.rest) == (b"\xaa\xbb\xcc", b"")


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        (sign_dynamic(ICC, b"\x03\xaa\xbb\xcc", b"\x00" * 4), "hash result"),
        (sign_dynamic(ICC, b"", UN), "ICC dynamic number"),
        (sign_dynamic(ICC, b"\x01\xaa", UN), "ICC dynamic number"),
        (sign_dynamic(ICC, b"\x09" + bytes(9), UN), "ICC dynamic number"),
        (sign_dynamic(ICC, b"\x08" + bytes(4), UN), "ICC dynamic number"),
        (ICC.sign(b"\x05\x01\xff" + bytes(20), UN), "255 bytes of ICC dynamic data"),
        (ICC.sign(b"\x05\x02\x00", UN), "hash algorithm"),
        (ICC.sign(b"\x03\x01\x00", UN), "format 03"),
    ],
)
def test_6_5_2_each_step_refuses_what_it_checks(signed: bytes, why: str):
    with pytest.raises(CertificateError, match=why):
        certificates.dynamic_data(ICC.public, signed, UN)


FORMATS = (b"", b"\x02", b"\x03", b"\x03\x01", b"\x04", b"\x05", b"\x05\x01\x04\x02")
HEADS = st.builds(operator.add, st.sampled_from(FORMATS), st.binary(max_size=116))


@settings(max_examples=100)
@given(HEADS, st.binary(max_size=40), st.binary(max_size=4))
def test_a_signers_nonsense_is_no_key_and_never_crashes(head: bytes, rest: bytes, end: bytes):
    """Signed by a real key, so that what is inside is looked at."""
    parts_of_none = Certificate(ISSUER.sign(head, rest + end), rest, end)
    with pytest.raises(CertificateError):
        certificates.issuer_key(ISSUER.public, parts_of_none, PAN, TODAY)
    with pytest.raises(CertificateError):
        certificates.icc_key(ISSUER.public, parts_of_none, PAN, TODAY, b"")


@settings(max_examples=100)
@given(HEADS, st.binary(max_size=40))
def test_a_signers_nonsense_is_data_only_in_its_format_and_with_its_hash(head: bytes, rest: bytes):
    signed, body = ISSUER.sign(head, rest), head.ljust(ISSUER.size - 22, b"\xbb")
    for verify, form in (
        (certificates.static_data, b"\x03\x01"),
        (certificates.dynamic_data, b"\x05\x01"),
    ):
        with pytest.raises(CertificateError):
            verify(ISSUER.public, signed, rest + b"x")
        try:
            found = verify(ISSUER.public, signed, rest)
        except CertificateError:
            assert form != b"\x03\x01" or body[:2] != form, "right static data are taken"
            continue
        assert body[:2] == form
        if isinstance(found, bytes):
            assert found == body[2:4]
        else:
            assert body[4 : 3 + body[2]] == found.number + found.rest
