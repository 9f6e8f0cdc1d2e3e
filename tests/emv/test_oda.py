"""Offline data authentication against EMV 4.4 Book 3, 10.3 and Book 2, 5–6."""

import pytest
from msgspec.structs import replace

from firmware.emv.ca_keys import CaKeys, Revocation
from firmware.emv.codes import Aip, TerminalCapabilities
from firmware.emv.contact.applications import Application
from firmware.emv.contact.oda import authenticate
from firmware.emv.contact.state import OdaMethod, SessionState
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.tlv import encode
from tests.emv.issuer import CA as CA_KEY
from tests.emv.issuer import (
    CA_INDEX,
    ICC,
    ISSUER,
    RID,
    ca_keys,
    certify_icc,
    certify_issuer,
    key,
    sign_dynamic,
    sign_static,
)
from tests.emv.support import (
    APPLICATION,
    TERMINAL,
    ScriptedDialogue,
    run,
    state_of,
    terminal_without,
    tsi_hex,
    tvr_hex,
)

STATIC = bytes.fromhex("5A084761739001010010")
UN = bytes.fromhex("11223344")  # the state's unpredictable number
SDA, DDA, CDA = Aip.SDA_SUPPORTED, Aip.DDA_SUPPORTED, Aip.CDA_SUPPORTED


def key_objects(static: bytes = STATIC) -> dict[int, str]:
    """What a card must have for SDA, DDA and CDA."""
    issuer = certify_issuer(CA_KEY, ISSUER)
    icc = certify_icc(ISSUER, ICC, static=static)
    return {
        Tag.CA_PUBLIC_KEY_INDEX: f"{CA_INDEX:02X}",
        Tag.ISSUER_PUBLIC_KEY_CERTIFICATE: issuer.certificate.hex(),
        Tag.ISSUER_PUBLIC_KEY_REMAINDER: issuer.remainder.hex(),
        Tag.ISSUER_PUBLIC_KEY_EXPONENT: issuer.exponent.hex(),
        Tag.SIGNED_STATIC_APPLICATION_DATA: sign_static(ISSUER, static).hex(),
        Tag.ICC_PUBLIC_KEY_CERTIFICATE: icc.certificate.hex(),
        Tag.ICC_PUBLIC_KEY_REMAINDER: icc.remainder.hex(),
        Tag.ICC_PUBLIC_KEY_EXPONENT: icc.exponent.hex(),
    }


GOOD = key_objects()
UNKNOWN_CA = {**GOOD, Tag.CA_PUBLIC_KEY_INDEX: "01"}


def without(tag: Tag) -> dict[int, str]:
    return {key: value for key, value in GOOD.items() if key != tag}


def authenticated(
    aip: Aip,
    card: dict[int, str] = GOOD,
    exchanges: list[tuple[str, str]] | None = None,
    *,
    keys: CaKeys | None = None,
    static: bytes = STATIC,
    broken: bool = False,
    application: Application = APPLICATION,
) -> SessionState:
    dialogue = ScriptedDialogue(exchanges or [])
    state = state_of(
        dialogue,
        aip=aip,
        card=card,
        ca_keys=ca_keys() if keys is None else keys,
        application=application,
    )
    state.static_data, state.static_data_broken = static, broken
    run(authenticate(state))
    dialogue.done()
    return state


def internal_authenticate(data: str = "11223344") -> str:
    return f"00880000{len(data) // 2:02X}{data}00"


def signed(icc_data: str = "0401020304", over: bytes = UN) -> bytes:
    return sign_dynamic(ICC, bytes.fromhex(icc_data), over)


def format_1(signature: bytes) -> str:
    return encode(0x80, signature).hex() + "9000"


def format_2(signature: bytes) -> str:
    return encode(0x77, encode(0x9F4B, signature)).hex() + "9000"


@pytest.mark.parametrize(
    ("aip", "terminal_lacks", "method"),
    [
        (Aip(0), TerminalCapabilities(0), OdaMethod.NONE),
        (SDA, TerminalCapabilities(0), OdaMethod.SDA),
        (SDA | DDA, TerminalCapabilities(0), OdaMethod.DDA),
        (SDA | DDA | CDA, TerminalCapabilities(0), OdaMethod.CDA),
        (SDA | DDA | CDA, TerminalCapabilities.CDA, OdaMethod.DDA),
        (SDA | DDA | CDA, TerminalCapabilities.CDA | TerminalCapabilities.DDA, OdaMethod.SDA),
        (CDA, TerminalCapabilities.CDA, OdaMethod.NONE),
    ],
)
def test_10_3_the_highest_method_both_know_is_chosen(
    aip: Aip, terminal_lacks: TerminalCapabilities, method: OdaMethod
):
    state = state_of(
        ScriptedDialogue([(internal_authenticate(), format_1(signed()))]),
        aip=aip,
        card=GOOD,
        ca_keys=ca_keys(),
        terminal=terminal_without(terminal_lacks),
    )
    state.static_data = STATIC
    run(authenticate(state))
    assert state.oda_method is method


def test_10_3_none_in_common_is_not_performed():
    state = authenticated(Aip(0))
    assert (tvr_hex(state), tsi_hex(state)) == ("8000000000", "0000")


def test_book_2_5_sda():
    state = authenticated(SDA)
    assert (tvr_hex(state), tsi_hex(state)) == ("0200000000", "8000")
    assert state.card[Tag.DATA_AUTHENTICATION_CODE].hex() == "dac0"
    assert state.value(Tag.CA_PUBLIC_KEY_INDEX_TERMINAL) == bytes([CA_INDEX])


def test_10_3_the_tag_list_adds_the_aip():
    static = STATIC + SDA.to_bytes(2, "big")
    card = {**key_objects(static), Tag.SDA_TAG_LIST: "82"}
    assert tvr_hex(authenticated(SDA, card)) == "0200000000"
    assert tvr_hex(authenticated(SDA, {**GOOD, Tag.SDA_TAG_LIST: "82"})) == "4200000000"


@pytest.mark.parametrize("tags", ["8284", "84", ""])
def test_10_3_a_tag_list_with_more_than_the_aip_fails(tags: str):
    assert tvr_hex(authenticated(SDA, {**GOOD, Tag.SDA_TAG_LIST: tags})) == "4200000000"


@pytest.mark.parametrize(
    ("aip", "failed", "missing"),
    [
        (SDA, "62", Tag.SIGNED_STATIC_APPLICATION_DATA),
        (SDA, "62", Tag.ISSUER_PUBLIC_KEY_CERTIFICATE),
        (SDA, "62", Tag.CA_PUBLIC_KEY_INDEX),
        (SDA, "62", Tag.ISSUER_PUBLIC_KEY_REMAINDER),  # needed: the key overflows
        (DDA, "28", Tag.ICC_PUBLIC_KEY_CERTIFICATE),
        (DDA, "28", Tag.ICC_PUBLIC_KEY_EXPONENT),
        (DDA, "28", Tag.ICC_PUBLIC_KEY_REMAINDER),
        (CDA, "24", Tag.ISSUER_PUBLIC_KEY_EXPONENT),
        (CDA, "24", Tag.ICC_PUBLIC_KEY_CERTIFICATE),
    ],
)
def test_7_2_missing_data_is_marked_and_fails_the_method(aip: Aip, failed: str, missing: Tag):
    state = authenticated(aip, without(missing))
    assert (tvr_hex(state), tsi_hex(state)) == (failed + "00000000", "8000")


@pytest.mark.parametrize(("aip", "failed"), [(SDA, "42"), (DDA, "08"), (CDA, "04")])
@pytest.mark.parametrize(
    "spoiled",
    [
        {"keys": CaKeys()},  # no CA key
        {"card": UNKNOWN_CA},
        {"static": STATIC + b"!"},  # data changed since it was signed
        {"broken": True},  # a signed record that is not of template 70
        {"keys": ca_keys().with_revoked([Revocation(RID, CA_INDEX, b"\x00\x00\x01")])},
        {"keys": ca_keys(key(1408, which=9))},  # another CA's key
        {"card": {**GOOD, Tag.CA_PUBLIC_KEY_INDEX: "F7F7"}},
        {"card": {**GOOD, Tag.ISSUER_PUBLIC_KEY_CERTIFICATE: ""}},
    ],
    ids=["no CA key", "unknown CA", "data", "record", "revoked", "other CA", "index", "empty"],
)
def test_10_3_whatever_does_not_verify_fails_the_method(aip: Aip, failed: str, spoiled):
    state = authenticated(aip, **spoiled)
    assert (tvr_hex(state), tsi_hex(state)) == (failed + "00000000", "8000")


@pytest.mark.parametrize("response", [format_1, format_2])
def test_book_2_6_5_dda_in_both_response_formats(response):
    state = authenticated(DDA, exchanges=[(internal_authenticate(), response(signed()))])
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000000", "8000")
    assert state.card[Tag.ICC_DYNAMIC_NUMBER].hex() == "01020304"


def test_book_2_6_5_1_the_cards_ddol_goes_before_the_default():
    card = {**GOOD, Tag.DDOL: "9F37049A03"}
    data = "11223344260501"
    answer = format_1(signed(over=bytes.fromhex(data)))
    state = authenticated(DDA, card, [(internal_authenticate(data), answer)])
    assert tvr_hex(state) == "0000000000"


@pytest.mark.parametrize("ddol", ["9A03", "", "9F37"])
def test_book_2_6_5_1_a_ddol_without_unpredictable_number_fails_unasked(ddol: str):
    assert tvr_hex(authenticated(DDA, {**GOOD, Tag.DDOL: ddol})) == "0800000000"


def test_book_2_6_5_1_without_any_ddol_dda_fails():
    state = authenticated(DDA, application=replace(APPLICATION, ddol=b""))
    assert tvr_hex(state) == "0800000000"


@pytest.mark.parametrize(
    "signature",
    [
        signed(over=b"\x00\x00\x00\x00"),  # an old one, replayed
        signed()[:-1],
        signed()[:-1] + bytes([signed()[-1] ^ 1]),
        b"\x01",
    ],
)
def test_book_2_6_5_2_a_wrong_signature_fails_dda(signature: bytes):
    state = authenticated(DDA, exchanges=[(internal_authenticate(), format_1(signature))])
    assert (tvr_hex(state), tsi_hex(state)) == ("0800000000", "8000")


@pytest.mark.parametrize("response", ["6985", "9000", "7700 9000", "6F00 9000", "FFFF 9000"])
def test_6_5_9_4_a_refused_or_malformed_internal_authenticate_ends_the_session(response: str):
    with pytest.raises(CardError):
        authenticated(DDA, exchanges=[(internal_authenticate(), response)])


def test_book_2_6_6_cda_recovers_its_keys_and_waits_for_the_cryptogram():
    state = authenticated(CDA)
    assert state.icc_key == ICC.public
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000000", "0000")


def test_the_terminals_capabilities_are_what_the_tests_think():
    wanted = TerminalCapabilities.SDA | TerminalCapabilities.DDA | TerminalCapabilities.CDA
    assert wanted in TERMINAL.capabilities
