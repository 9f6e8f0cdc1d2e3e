"""Whole sessions from selection to completion against EMV 4.4 Book 3, 8."""

import dataclasses

import pytest
from msgspec.structs import replace

from firmware.core.masked import Pin
from firmware.emv.codes import Aip, Tvr
from firmware.emv.contact.dialogue import CardFailure, PinAnswer
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    Declined,
    DeclinedOffline,
    DeclineReason,
    Ended,
    EndReason,
    Identified,
    OnlineAnswer,
    OnlineRequested,
    UnableToGoOnline,
)
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import REFUND, EmvTransaction, TerminalData
from firmware.emv.tlv import encode, parse
from tests.emv.card import AC, FakeCard
from tests.emv.issuer import PAN, ca_keys
from tests.emv.support import (
    APPLICATION,
    CANCEL,
    FAILURES,
    SALE_OF_100,
    TERMINAL,
    ScriptedDialogue,
    run,
)

RISK = Aip.TERMINAL_RISK_MANAGEMENT_REQUIRED
FLOOR = replace(APPLICATION, tac_online=Tvr.FLOOR_LIMIT_EXCEEDED, floor_limit_minor=5000)
NONE_HIT = "0000000000"
ALL_CLEAR: dict[str, str | bytes] = {
    "issuer_action_code_denial": NONE_HIT,
    "issuer_action_code_online": NONE_HIT,
    "issuer_action_code_default": NONE_HIT,
}


def session_with(
    card: FakeCard,
    pins: list[str | PinAnswer] | None = None,
    *,
    transaction: EmvTransaction = SALE_OF_100,
    terminal: TerminalData = TERMINAL,
    application=FLOOR,
) -> Session:
    dialogue = ScriptedDialogue(pins=pins or [], card=card)
    return Session(dialogue, terminal, [application], ca_keys(), transaction)


def identified(session: Session) -> Session:
    assert isinstance(run(session.identify()), Identified)
    return session


def test_a_sale_online_from_selection_to_completion():
    card = FakeCard(aip=RISK | Aip.CARDHOLDER_VERIFICATION_SUPPORTED, cvm_list="00" * 8 + "0200")
    session = session_with(card, ["123456"])
    known = run(session.identify())
    assert isinstance(known, Identified)
    assert known.card.pan.reveal() == PAN
    assert known.card.languages == ("zh", "en")
    decision = run(session.decide())
    assert isinstance(decision, OnlineRequested)
    assert decision.online_pin == Pin("123456")
    assert decision.facts.cvm.online_pin
    facts = decision.facts
    assert (facts.ac, facts.ac_type, facts.atc, facts.cid) == (AC, "ARQC", 7, 0x80)
    assert facts.tvr.hex() == "8000048000"
    assert facts.tsi.hex() == "6800"
    outcome = run(session.complete(OnlineAnswer("00", bytes(10))))
    assert isinstance(outcome, Approved)
    assert not outcome.offline
    assert outcome.facts.ac_type == "TC"
    assert card.sent_ins()[-2:] == [0xAE, 0xAE]


def test_field_55_holds_what_the_host_asks_for():
    session = identified(session_with(FakeCard()))
    decision = run(session.decide())
    assert isinstance(decision, OnlineRequested)
    found = {one.tag: one.value.hex().upper() for one in parse(decision.de55)}
    assert found == {
        0x9F26: AC.hex().upper(),
        0x9F27: "80",
        0x9F10: "06010A03A00000",
        0x9F37: "55555555",
        0x9F36: "0007",
        0x95: "8000008000",
        0x9A: "260501",
        0x9C: "00",
        0x9F02: "000000010000",
        0x5F2A: "0156",
        0x82: "0800",
        0x9F1A: "0156",
        0x9F03: "000000000000",
        0x9F33: "20F8C8",
        0x9F34: "3F0000",
        0x9F35: "22",
        0x9F1E: b"POS00001".hex().upper(),
        0x84: "A0000000031010",
        0x9F09: "0096",
        0x9F41: "00000007",
        0x5F34: "01",
    }


def offline_ready(**changes: object) -> FakeCard:
    """A card that asks for nothing that speaks against an offline approval."""
    made = FakeCard(acs=(0x40,), records=dict(ALL_CLEAR))
    return dataclasses.replace(made, **changes)


SMALL = replace(APPLICATION, floor_limit_minor=20000)


def test_an_offline_approval():
    session = identified(session_with(offline_ready(), application=SMALL))
    decision = run(session.decide())
    assert isinstance(decision, ApprovedOffline)
    assert decision.facts.ac_type == "TC"
    assert any(one.tag == 0x9F26 for one in parse(decision.de55))


@pytest.mark.parametrize(
    ("card", "transaction", "application", "reason"),
    [
        (offline_ready(acs=(0x00,)), SALE_OF_100, SMALL, DeclineReason.CARD),
        (offline_ready(acs=(0x01,)), SALE_OF_100, SMALL, DeclineReason.SERVICE_NOT_ALLOWED),
        (offline_ready(acs=(0xC0,)), SALE_OF_100, SMALL, DeclineReason.CARD),  # a referral
        (
            offline_ready(acs=(0x00,)),
            SALE_OF_100,
            replace(SMALL, tac_denial=Tvr.OFFLINE_DATA_AUTHENTICATION_NOT_PERFORMED),
            DeclineReason.TERMINAL,
        ),
        (
            offline_ready(acs=(0x00,)),
            replace(SALE_OF_100, type=REFUND),
            SMALL,
            DeclineReason.NO_CRYPTOGRAM_WANTED,
        ),
    ],
)
def test_an_offline_decline_says_why(card, transaction, application, reason):
    session = identified(session_with(card, transaction=transaction, application=application))
    decision = run(session.decide())
    assert isinstance(decision, DeclinedOffline)
    assert decision.reason is reason
    assert decision.facts.ac_type in ("AAC", "RFU")


def test_the_host_declines():
    session = identified(session_with(FakeCard(acs=(0x80, 0x00))))
    run(session.decide())
    outcome = run(session.complete(OnlineAnswer("51")))
    assert isinstance(outcome, Declined)
    assert outcome.reason is DeclineReason.HOST


def test_a_card_that_refuses_after_the_hosts_approval_needs_a_reversal():
    session = identified(session_with(FakeCard(acs=(0x80, 0x00))))
    run(session.decide())
    outcome = run(session.complete(OnlineAnswer("00")))
    assert isinstance(outcome, Declined)
    assert outcome.reason is DeclineReason.CARD_AFTER_HOST


def test_unable_to_go_online_and_approved_by_the_card():
    card = offline_ready(acs=(0x80, 0x40))
    session = identified(session_with(card, application=SMALL))
    run(session.decide())
    outcome = run(session.complete(UnableToGoOnline()))
    assert isinstance(outcome, Approved)
    assert outcome.offline


def test_an_offline_only_terminal_answers_an_arqc_by_itself():
    card = offline_ready(acs=(0x80, 0x40))
    terminal = replace(TERMINAL, terminal_type=0x23)
    session = identified(session_with(card, application=SMALL, terminal=terminal))
    assert isinstance(run(session.decide()), ApprovedOffline)
    card = offline_ready(acs=(0x80, 0x00))
    session = identified(session_with(card, application=SMALL, terminal=terminal))
    decision = run(session.decide())
    assert isinstance(decision, DeclinedOffline)
    assert decision.reason is DeclineReason.CARD


METHODS = [
    (Aip.SDA_SUPPORTED, "0200000000"),
    (Aip.DDA_SUPPORTED, "0000000000"),
    (Aip.CDA_SUPPORTED, "0000000000"),
]


@pytest.mark.parametrize("format_1", [False, True])
@pytest.mark.parametrize(("method", "tvr"), METHODS)
def test_book_2_authentication_over_the_whole_session(method: Aip, tvr: str, format_1: bool):
    card = offline_ready(aip=RISK | method, acs=(0x40,), format_1=format_1, pdol="9F37049F0206")
    session = identified(session_with(card, application=SMALL))
    decision = run(session.decide())
    assert isinstance(decision, ApprovedOffline)
    assert decision.facts.tvr.hex() == tvr
    assert decision.facts.tsi.hex() == "a800"
    assert decision.facts.ac == AC


def test_book_2_6_6_cda_on_both_cryptograms():
    card = FakeCard(aip=RISK | Aip.CDA_SUPPORTED, acs=(0x80, 0x40), pdol="9F3704")
    session = identified(session_with(card))
    assert isinstance(run(session.decide()), OnlineRequested)
    outcome = run(session.complete(OnlineAnswer("00", bytes(10))))
    assert isinstance(outcome, Approved)
    assert [command[2] for command in card.commands if command[1] == 0xAE] == [0x90, 0x50]


def test_book_2_6_6_2_an_arqc_with_a_wrong_signature_is_declined_at_once():
    card = FakeCard(aip=RISK | Aip.CDA_SUPPORTED, acs=(0x80, 0x00), spoil_signature=True)
    session = identified(session_with(card))
    decision = run(session.decide())
    assert isinstance(decision, DeclinedOffline)
    assert decision.reason is DeclineReason.CDA_FAILED
    assert decision.facts.tvr.hex() == "0400008000"
    assert [command[2] for command in card.commands if command[1] == 0xAE] == [0x90, 0x00]


def test_book_2_6_6_2_a_tc_with_a_wrong_signature_is_no_approval():
    card = offline_ready(aip=RISK | Aip.CDA_SUPPORTED, spoil_signature=True)
    session = identified(session_with(card, application=SMALL))
    decision = run(session.decide())
    assert isinstance(decision, DeclinedOffline)
    assert decision.reason is DeclineReason.CDA_FAILED
    assert card.decisions == 1


def test_book_2_6_6_2_a_wrong_signature_on_the_second_cryptogram_needs_a_reversal():
    card = FakeCard(aip=RISK | Aip.CDA_SUPPORTED, acs=(0x80, 0x40))
    session = identified(session_with(card))
    run(session.decide())
    card.spoil_signature = True
    outcome = run(session.complete(OnlineAnswer("00")))
    assert isinstance(outcome, Declined)
    assert outcome.reason is DeclineReason.CDA_FAILED


def test_book_2_6_6_when_keys_fail_beforehand_the_sale_goes_on_without_signatures():
    card = FakeCard(
        aip=RISK | Aip.CDA_SUPPORTED,
        acs=(0x80, 0x40),
        absent=["icc_public_key_certificate"],
    )
    session = identified(session_with(card))
    decision = run(session.decide())
    assert isinstance(decision, OnlineRequested)
    assert decision.facts.tvr.hex() == "2400008000"
    assert isinstance(run(session.complete(OnlineAnswer("00"))), Approved)
    assert [command[2] for command in card.commands if command[1] == 0xAE] == [0x80, 0x40]


def test_10_1_when_an_application_refuses_the_only_one_left_is_not_accepted():
    card = FakeCard(override=lambda c: b"\x69\x85" if c[1] == 0xA8 else None)
    outcome = run(session_with(card).identify())
    assert outcome == Ended(EndReason.NOT_ACCEPTED, "the card refuses its applications")


@pytest.mark.parametrize(("failure", "reason"), FAILURES)
def test_a_card_that_fails_at_any_command_ends_the_session_and_says_when(
    failure: CardFailure, reason: EndReason
):
    """The sweep: the card goes at command n; after the first cryptogram it says so."""
    for n in range(100):
        card = FakeCard(aip=RISK | Aip.DDA_SUPPORTED | Aip.ISSUER_AUTHENTICATION_SUPPORTED)
        card.override = lambda _c, card=card, n=n: failure if len(card.commands) > n else None
        session = session_with(card)
        known = run(session.identify())
        decision = run(session.decide()) if isinstance(known, Identified) else known
        outcome = decision
        if isinstance(decision, OnlineRequested):
            outcome = run(session.complete(OnlineAnswer("00", bytes(10))))
        if isinstance(outcome, Approved):
            assert n == len(card.commands)
            break
        assert isinstance(outcome, Ended)
        assert outcome.reason is reason
    else:
        raise AssertionError("the session never came to its end")


def test_a_cancelled_pin_ends_the_session_before_any_cryptogram():
    card = FakeCard(aip=RISK | Aip.CARDHOLDER_VERIFICATION_SUPPORTED, cvm_list="00" * 8 + "0200")
    session = identified(session_with(card, [CANCEL]))
    assert run(session.decide()) == Ended(EndReason.CANCELLED, "PIN entry")
    assert 0xAE not in card.sent_ins()


def test_the_commands_of_a_session_are_capped():
    """A card on which no end comes of blocked applications."""
    counter = iter(range(10**6))

    def endless(command: bytes) -> bytes:
        df_name = command[5:-1] + next(counter).to_bytes(3, "big")
        return encode(0x6F, encode(0x84, df_name) + encode(0xA5, b"")) + b"\x62\x83"

    table = [replace(APPLICATION, aid=bytes([0xA0, 0, 0, 0, i])) for i in range(40)]
    dialogue = ScriptedDialogue(card=endless)
    session = Session(dialogue, TERMINAL, table, ca_keys(), SALE_OF_100)
    outcome = run(session.identify())
    assert outcome == Ended(EndReason.CARD_ERROR, "more than 300 commands in a session")
    assert next(counter) == 300


def test_script_results_come_with_the_facts():
    session = identified(session_with(FakeCard()))
    run(session.decide())
    script = bytes.fromhex("720F 9F180411223344 8606 00820000 0100".replace(" ", ""))
    outcome = run(session.complete(OnlineAnswer("00", scripts=script)))
    assert isinstance(outcome, Approved)
    assert outcome.facts.script_results.hex() == "2011223344"
    assert outcome.facts.tvr.hex() == "8000008000"
    assert any(one.tag == Tag.ISSUER_SCRIPT_RESULTS for one in parse(outcome.de55))
