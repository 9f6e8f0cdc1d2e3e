"""A batch upload on an acquirer's line: its chip data through bytes and back, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.masked import Pan
from firmware.core.money import CURRENCIES, Currency
from firmware.iso8583.chip_data import kept_of
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import Answered, CardPresented, ChipUploadRequest, NoAnswer
from firmware.iso8583.profile import Profile, ProfileError, UploadShape
from firmware.iso8583.request_parts import UnknownCurrencyError
from firmware.iso8583.unionpay import Unacceptable, UnionPay
from firmware.iso8583.unionpay_requests import request_of
from tests.iso8583.ends import AAC, KEYS, PLACE, PROFILE, REQUESTS, TC, TODAY, UNIONPAY, Ends

CHIP = REQUESTS["upload_chip"]
OTHER_CODES = Ends(
    UnionPay(
        replace(PROFILE, upload=UploadShape(chip=("205", "206"), chip_balanced=("203", "204")))
    )
)


@given(
    stan=st.integers(1, 999_999),
    batch=st.integers(1, 999_999),
    minor=st.integers(0, 10**12 - 1),
    pan=st.text("0123456789", min_size=13, max_size=19),
    psn=st.sampled_from(["", "00", "01"]),
    more=st.binary(max_size=200),
    currency=st.sampled_from(list(CURRENCIES.values())),
    told=st.fixed_dictionaries(
        {"failed": st.booleans(), "balanced": st.booleans(), "with_pin": st.booleans()}
    ),
    last=st.sampled_from([TC, AAC]),
)
def test_any_chip_data_arrive(  # noqa: PLR0917 - one a field
    stan: int,
    batch: int,
    minor: int,
    pan: str,
    psn: str,
    more: bytes,
    currency: Currency,
    told: dict[str, bool],
    last: bytes,
) -> None:
    de55 = last + b"\xdf\x31\x81" + bytes([len(more)]) + more
    request = ChipUploadRequest(
        **PLACE | {"stan": stan, "batch": batch},
        card=CardPresented(Pan(pan), psn, "", de55=de55),
        amount_minor=minor,
        currency=currency,
        **told,
    )
    frame = OTHER_CODES.asks(request)
    got = OTHER_CODES.heard(frame)
    assert got.request == request
    code = {(False, False): "205", (True, False): "206", (False, True): "203", (True, True): "204"}
    assert UNIONPAY.parts(frame)["60"] == f"00{batch:06d}{code[told['failed'], told['balanced']]}50"


@pytest.mark.parametrize(
    ("failed", "de55", "private"),
    [
        (False, TC, "610000000000012850156"),
        (True, TC, "71000500000001285015622"),
        (True, AAC, "71001100000001285015610"),
    ],
)
def test_field_62_says_what_became_of_it(failed: bool, de55: bytes, private: str) -> None:
    request = replace(CHIP, failed=failed, card=replace(CHIP.card, de55=de55))  # type: ignore[union-attr]
    assert bytes.fromhex(UNIONPAY.fields(request)["62"]).decode() == private
    text = replace(PROFILE, fields=PROFILE.fields | {"62": "ans...512"})
    assert Ends(UnionPay(text)).fields(request)["62"] == private


@pytest.mark.parametrize(
    ("de55", "words"),
    [
        (b"", "no cryptogram"),
        (TC[11:], "no cryptogram"),
        (TC + b"\x95\x05", "length 5 runs past the end"),
        (TC + TC, "an object twice"),
        (bytes.fromhex("9F260755667788990011"), "no cryptogram"),
        (bytes.fromhex("9F26085566778899AABBCC9F27024000"), "9F27 of 2 bytes"),
        (TC + bytes.fromhex("9F02848000000000"), "length byte 84"),
    ],
)
def test_chip_data_that_are_none_are_refused(de55: bytes, words: str) -> None:
    fields = UNIONPAY.fields(CHIP) | {"55": de55.hex().upper()}
    if not de55:
        del fields["55"]
    with pytest.raises(WireError, match=words):
        request_of(Fields(fields), KEYS, TODAY, PROFILE)


@pytest.mark.parametrize("told", [{"49": "999"}, {"62": "610000000000012850999"}])
def test_chip_data_in_a_currency_that_is_not_known_are_refused(told: dict[str, str]) -> None:
    text = replace(PROFILE, fields=PROFILE.fields | {"62": "ans...512"})
    fields = UNIONPAY.fields(CHIP)
    for none in ("6100", "610000000000012850   ", "610000000000012850000"):
        asked_for = request_of(Fields(fields | {"62": none}), KEYS, TODAY, text)
        assert isinstance(asked_for, ChipUploadRequest)
        assert asked_for.currency is None
    with pytest.raises(UnknownCurrencyError, match=f"field {next(iter(told))}: no currency"):
        request_of(Fields(fields | told), KEYS, TODAY, text)


@given(st.binary(max_size=255))
def test_no_field_55_does_harm(de55: bytes) -> None:
    fields = Fields(UNIONPAY.fields(CHIP) | {"55": de55.hex().upper()})
    try:
        asked_for = request_of(fields, KEYS, TODAY, PROFILE)
    except WireError:
        return
    assert isinstance(asked_for, ChipUploadRequest)
    assert kept_of(de55)


@pytest.mark.parametrize("code", ["205", "206", "203", "204"])
def test_the_codes_that_terminals_use_are_understood(code: str) -> None:
    fields = UNIONPAY.fields(CHIP)
    fields["60"] = f"00000024{code}"
    asked_for = request_of(fields, KEYS, TODAY, PROFILE)
    assert isinstance(asked_for, ChipUploadRequest)
    assert asked_for.failed is (code in ("204", "206"))


def test_details_under_the_code_of_a_release_before_are_details() -> None:
    fields = UNIONPAY.fields(REQUESTS["upload"]) | {"60": "00000024203"}
    assert request_of(Fields(fields), KEYS, TODAY, PROFILE) == REQUESTS["upload"]


@pytest.mark.parametrize("name", ["upload", "upload_chip", "upload_end"])
def test_an_upload_goes_without_a_mac_where_the_profile_has_none(name: str) -> None:
    plain = tuple(number for number in PROFILE.requests[name] if number != 64)
    own = Ends(UnionPay(replace(PROFILE, requests=PROFILE.requests | {name: plain})))
    frame = own.asks(REQUESTS[name])
    assert "64" not in UNIONPAY.parts(frame)
    got = own.heard(frame)
    assert got.request == REQUESTS[name]
    answer = own.answers(REQUESTS[name], Answered("00"))
    assert "64" not in UNIONPAY.parts(answer)
    assert isinstance(own.reads(answer, REQUESTS[name]).answer, Answered)
    # neither end of a line that has one takes a message without it
    refused = UNIONPAY.heard(frame)
    assert isinstance(refused.request, Unacceptable)
    assert refused.request.code == "A0"
    assert isinstance(UNIONPAY.reads(answer, REQUESTS[name]).answer, NoAnswer)
    # and a wrong one is wrong on both
    sealed = bytearray(UNIONPAY.asks(REQUESTS[name]))
    sealed[-1] ^= 1
    got = own.heard(bytes(sealed))
    assert isinstance(got.request, Unacceptable)


def test_no_profile_leaves_the_mac_of_a_payment_out() -> None:
    requests = PROFILE.requests | {"sale": (4, 11, 41, 42, 60)}
    assert "64" in Ends(UnionPay(replace(PROFILE, requests=requests))).fields(REQUESTS["sale"])


def test_a_profile_without_chip_data_has_the_usual_fields() -> None:
    own = {name: each for name, each in PROFILE.requests.items() if name != "upload_chip"}
    fields = Ends(UnionPay(replace(PROFILE, requests=own))).fields(CHIP)
    assert fields.keys() == UNIONPAY.fields(CHIP).keys()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('chip = ["203", "203"]', "upload.chip: expected two codes, not 203 twice"),
        ('chip = ["201", "204"]', "upload.chip: 201 is another message of the upload"),
        ('chip_balanced = ["203", "207"]', "upload.chip_balanced: 207 is another message"),
        ('chip = ["204", "206"]', "one code for approved and for failed"),
        ('chip = ["20", "204"]', "upload.chip"),
    ],
)
def test_a_mistake_in_a_profiles_upload_is_named(text: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        Profile.from_toml(
            f'name = "x"\n[upload]\n{text}\n[fields]\n11 = "n6"\n64 = "b8"', "own.toml"
        )
