"""Exchanges that others recorded of test cards, under the payment systems' own keys.

A file in `recorded` holds commands (`>`) and responses (`<`) in hex, and says where they are from.
"""

from datetime import date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.core.money import Currency, Money
from firmware.emv.ca_keys import CaKeys
from firmware.emv.certificates import Certificate, issuer_key
from firmware.emv.codes import AdditionalCapabilities, Aip, TerminalCapabilities, Tvr
from firmware.emv.contact import oda
from firmware.emv.contact.applications import Applications
from firmware.emv.contact.cryptogram import parse_cryptogram
from firmware.emv.contact.read import read_application_data
from firmware.emv.contact.session import Session
from firmware.emv.contact.state import SessionState
from firmware.emv.outcomes import (
    Approved,
    Declined,
    DeclineReason,
    Identified,
    OnlineAnswer,
    OnlineRequested,
)
from firmware.emv.tags import Tag
from firmware.emv.tlv import parse_one
from tests.emv.support import (
    APPLICATION,
    CANDIDATE,
    SALE_OF_100,
    TERMINAL,
    ScriptedDialogue,
    run,
    state_of,
    tsi_hex,
    tvr_hex,
)

VISA, MASTERCARD = bytes.fromhex("A0000000031010"), bytes.fromhex("A0000000041010")
SIGNATURE_ONLY = replace(
    TERMINAL,
    country="036",
    capabilities=TerminalCapabilities.IC_WITH_CONTACTS | TerminalCapabilities.SIGNATURE,
)
MARCH_2012 = datetime(2012, 3, 16)  # noqa: DTZ001 - a card knows no zone
AUSTRALIAN = Currency("AUD", "036", 2, "AUD")
SALE_OF_10 = replace(SALE_OF_100, amount=Money(1000, AUSTRALIAN), at=MARCH_2012)
ANSWER = OnlineAnswer("00", bytes.fromhex("1122334455667788"))


def recorded(name: str) -> list[tuple[str, str]]:
    """The exchanges of a file: commands and responses in hex."""
    lines = (Path(__file__).parent / "recorded" / f"{name}.txt").read_text().splitlines()
    told = [line[2:] for line in lines if not line.startswith("#")]
    return list(zip(told[::2], told[1::2], strict=True))


def replayed(
    name: str, aid: bytes, version: str, unpredictable: str
) -> tuple[OnlineRequested, Approved | Declined]:
    """Play a recorded session to its end: every command must be the recorded one."""
    dialogue = ScriptedDialogue(recorded(name), drawn=bytes.fromhex(unpredictable))
    application = replace(
        APPLICATION,
        aid=aid,
        versions=(bytes.fromhex(version),),
        floor_limit_minor=0,
        tac_online=Tvr.FLOOR_LIMIT_EXCEEDED,
    )
    session = Session(
        dialogue, SIGNATURE_ONLY, [application], CaKeys.shipped(test_keys=True), SALE_OF_10
    )
    assert isinstance(run(session.identify()), Identified)
    decided = run(session.decide())
    assert isinstance(decided, OnlineRequested)
    ended = run(session.complete(ANSWER))
    assert isinstance(ended, Approved | Declined)
    dialogue.done()
    return decided, ended


def test_a_visa_card_that_refuses_the_issuers_word_and_approves_all_the_same():
    """GPO in format 1, no offline authentication, EXTERNAL AUTHENTICATE answered '6700'."""
    decided, ended = replayed("visa", VISA, "008C", "D3173A1F")
    assert isinstance(ended, Approved)
    assert (decided.facts.ac.hex(), ended.facts.ac.hex()) == (
        "7cb3ba090724c524",
        "bb31d191bced0cf2",
    )
    assert ended.facts.cvm_results.hex() == "1e0300"
    assert (ended.facts.tvr.hex(), ended.facts.tsi.hex()) == ("8000008040", "7800")


def test_a_mastercard_that_declines_after_the_host():
    """GPO in format 2, the issuer's word in the second GENERATE AC, filled up with '00'."""
    _, ended = replayed("mastercard", MASTERCARD, "0002", "8221F601")
    assert isinstance(ended, Declined)
    assert ended.reason is DeclineReason.CARD_AFTER_HOST
    assert (ended.facts.cvm_results.hex(), ended.facts.tsi.hex()) == ("5e0300", "6800")


def mastercard(lacking: TerminalCapabilities) -> SessionState:
    """The state after reading and offline authentication of the recorded Mastercard."""
    session = recorded("mastercard")
    options = parse_one(bytes.fromhex(session[3][1])[:-2], Tag.RESPONSE_TEMPLATE_2)
    afl = options.value_of(Tag.APPLICATION_FILE_LOCATOR)
    assert afl is not None
    state = state_of(
        ScriptedDialogue([one for one in session if one[0].startswith("00B2")]),
        aip=Aip(0x5900),
        card={Tag.APPLICATION_FILE_LOCATOR: afl.hex()},
        ca_keys=CaKeys.shipped(test_keys=True),
        transaction=SALE_OF_10,
        terminal=replace(TERMINAL, capabilities=TERMINAL.capabilities & ~lacking),
    )
    state.candidate = replace(CANDIDATE, aid=MASTERCARD)
    run(read_application_data(state))
    run(oda.authenticate(state))
    return state


def test_book_2_5_its_static_data_are_the_issuers():
    state = mastercard(lacking=TerminalCapabilities.CDA)
    assert (tvr_hex(state), tsi_hex(state)) == ("0200000000", "8000")  # SDA selected, not failed


def signed_tc_verifies(state: SessionState, *, changed: int | None = None) -> bool:
    """Whether the recorded TC does, with one byte of what the terminal had sent changed."""
    ((command, response),) = recorded("mastercard-cda")
    sent = bytearray.fromhex(command)[5:-1]
    if changed is not None:
        sent[changed] ^= 1
    state.objects[Tag.UNPREDICTABLE_NUMBER] = bytes.fromhex("0000AFDC")
    answer = parse_cryptogram(bytes.fromhex(response)[:-2], signature_asked=True)
    return oda.verify_cda(state, answer, bytes(sent))


def test_book_2_6_6_its_signature_over_a_tc_verifies():
    state = mastercard(lacking=TerminalCapabilities(0))
    assert state.icc_key is not None
    assert len(state.icc_key.modulus) == 144
    assert signed_tc_verifies(state)
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000000", "8000")
    assert state.card[Tag.APPLICATION_CRYPTOGRAM].hex() == "302ba00af80ed0f4"


@pytest.mark.parametrize("changed", [0, 5, 20, 42])
def test_book_2_6_6_its_signature_covers_all_that_was_sent(changed: int):
    state = mastercard(lacking=TerminalCapabilities(0))
    assert not signed_tc_verifies(state, changed=changed)
    assert tvr_hex(state) == "0400000000"


def test_book_2_5_3_a_certificate_under_visas_key_of_1984_bits():
    ((_, record),) = recorded("visa-issuer")
    template = parse_one(bytes.fromhex(record)[:-2], Tag.READ_RECORD_TEMPLATE)
    certificate = template.value_of(Tag.ISSUER_PUBLIC_KEY_CERTIFICATE)
    ca_key = CaKeys.shipped(test_keys=True).find(VISA[:5], 0x94)
    assert certificate is not None
    assert ca_key is not None
    parts = Certificate(certificate, None, b"\x03")
    issuer = issuer_key(ca_key, parts, "4761739001010119", date(2031, 12, 31))
    assert (len(issuer.key.modulus), issuer.serial.hex()) == (176, "03da0a")


def test_a_mastercard_is_known_by_its_directory_and_asks_for_the_terminals_capabilities():
    """Preferred name in code table 1, languages in the PSE and the FCI, a PDOL, one data file."""
    capabilities = AdditionalCapabilities(0xF0_00_F0_A0_01)
    dialogue = ScriptedDialogue(recorded("mastercard-pse"))
    session = Session(
        dialogue,
        replace(TERMINAL, additional_capabilities=capabilities),
        Applications.shipped(),
        CaKeys.shipped(test_keys=True),
        replace(SALE_OF_10, at=datetime(2017, 8, 30)),  # noqa: DTZ001 - a card knows no zone
    )
    known = run(session.identify())
    dialogue.done()
    assert isinstance(known, Identified)
    card = known.card
    assert (card.label, card.preferred_name, card.languages) == (
        "MasterCard",
        "Mastercard",
        ("de", "en"),
    )
    assert (card.country, card.currency, card.service_code) == ("280", "978", "201")
    assert (card.psn, card.effective, card.expiry) == ("00", "150801", "180831")
