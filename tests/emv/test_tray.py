"""The kernel with every card of the tray, in process, and an issuer of its own by `pyemv`."""

from __future__ import annotations

from datetime import datetime

import pytest
from pyemv import ac, kd

from firmware.acquirer.accounts import Account
from firmware.emv.ca_keys import CaKeys
from firmware.emv.contact.applications import Applications
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    DeclinedOffline,
    DeclineReason,
    Ended,
    EndReason,
    Identified,
    OnlineAnswer,
    OnlineRequested,
)
from firmware.emv.terminal_data import EmvTransaction
from firmware.emv.tlv import parse
from firmware.lab.issuers import tray_accounts
from hw.sim.cards import TEST_CA_KEYS, Card
from hw.sim.cards.personalisation import TRAY, load_keys
from tests.emv.support import TERMINAL, ScriptedDialogue, run
from tests.payment import yuan

pytestmark = pytest.mark.filterwarnings(
    # pyemv takes 3DES from where cryptography is about to remove it
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)
KEYS = CaKeys.shipped(test_keys=True).merged(
    CaKeys.from_tsv(TEST_CA_KEYS.read_text("utf-8"), test_keys=True)
)
TEST_KEYS = load_keys()
SALE = EmvTransaction(yuan(12850), datetime(2026, 5, 1, 12, 30), 7)  # noqa: DTZ001 - as cards are
ACCOUNTS = {(one.aid, one.account.pan.reveal()): one.account for one in tray_accounts()}
PINS = {"visa-debit": "1234", "mastercard-cda": "1234", "store-card": "0000"}


def reader(card):
    """What a reader's driver does with T=0: fetches and resends."""

    def exchange(command: bytes) -> bytes:
        body, answer = b"", card.answer(command)
        if answer[-2] == 0x6C:
            answer = card.answer(command[:-1] + answer[-1:])
        while answer[-2] == 0x61:
            body += answer[:-2]
            answer = card.answer(bytes([0, 0xC0, 0, 0, answer[-1]]))
        return body + answer

    return exchange


def session_with(name: str, transaction: EmvTransaction = SALE) -> Session:
    card = Card.from_file(TRAY / f"{name}.toml", TEST_KEYS)
    card.power_on()
    pin = PINS.get(name, "123456")
    dialogue = ScriptedDialogue(pins=[pin] * 3, choices=[0], card=reader(card))
    return Session(dialogue, TERMINAL, Applications.shipped(), KEYS, transaction)


def answer_of_the_issuer(decision: OnlineRequested, account: Account) -> OnlineAnswer:
    """Check the ARQC and answer with an ARPC, by the method of the card's cryptogram version."""
    data = {one.tag: one.value for one in parse(decision.de55)}
    order = (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37, 0x82, 0x9F36)
    atc, iad, arqc = data[0x9F36], data[0x9F10], data[0x9F26]
    # option B for a PAN of more than 16 digits, Book 2, A1.4.2
    pan = account.pan.reveal()
    derive = kd.derive_icc_mk_a if len(pan) <= 16 else kd.derive_icc_mk_b
    master = derive(account.imk_ac.reveal(), pan, account.psn)
    sent = b"".join(data[tag] for tag in order)
    match account.cvn:
        case 0x0A:
            session, arpc_key = master, master
            tail, padding = iad[3:7], ac.PaddingType.VISA
        case 0x10:
            session = kd.derive_common_sk(master, atc + bytes(2) + data[0x9F37])
            arpc_key, tail, padding = master, iad[2:8], ac.PaddingType.EMV
        case _:
            session = arpc_key = kd.derive_common_sk(master, atc + bytes(6))
            tail, padding = iad, ac.PaddingType.EMV
    assert ac.generate_ac(session, sent + tail, padding) == arqc, "a genuine ARQC"
    if account.arpc_method == 2:
        status_update = bytes.fromhex("00820000")
        arpc = ac.generate_arpc_2(arpc_key, arqc, status_update) + status_update
    else:
        arpc = ac.generate_arpc_1(arpc_key, arqc, b"00") + b"00"
    return OnlineAnswer("00", arpc)


@pytest.mark.parametrize(
    ("name", "tvr", "cvm", "tsi_after"),
    [
        ("unionpay-debit", "0000048000", "420300", "f800"),
        ("unionpay-credit", "0000048000", "420300", "f800"),
        ("visa-credit", "0000008000", "5e0300", "f800"),
        ("visa-debit", "0000008000", "440302", "e800"),
        ("mastercard-cda", "0000000000", "440302", "e800"),
        ("amex", "0200008000", "5e0300", "f800"),
        ("jcb", "0000008000", "5e0300", "f800"),
        ("no-funds", "0000048000", "420300", "f800"),
        ("two-apps", "0000048000", "420300", "f800"),
        ("english", "0000008000", "5e0300", "f800"),
        ("t1", "0000008000", "5e0300", "f800"),
        ("expired", "0040048000", "420300", "f800"),
        ("store-card", "0000008000", "010302", "e800"),
    ],
)
def test_a_sale_is_approved_by_card_and_issuer(name: str, tvr: str, cvm: str, tsi_after: str):
    session = session_with(name)
    known = run(session.identify())
    assert isinstance(known, Identified)
    decision = run(session.decide())
    assert isinstance(decision, OnlineRequested)
    assert (decision.facts.tvr.hex(), decision.facts.cvm_results.hex()) == (tvr, cvm)
    assert decision.facts.tsi.hex() == "e800"
    account = ACCOUNTS[known.card.aid.hex().upper(), known.card.pan.reveal()]
    outcome = run(session.complete(answer_of_the_issuer(decision, account)))
    assert isinstance(outcome, Approved), outcome
    assert outcome.facts.ac_type == "TC"
    assert (outcome.facts.tvr.hex(), outcome.facts.tsi.hex()) == (tvr, tsi_after)


def test_the_english_card_prefers_english():
    known = run(session_with("english").identify())
    assert isinstance(known, Identified)
    assert known.card.languages == ("en",)


def test_offline_ok_approves_under_the_floor_limit_by_itself():
    session = session_with("offline-ok")
    assert isinstance(run(session.identify()), Identified)
    decision = run(session.decide())
    assert isinstance(decision, ApprovedOffline)
    assert (decision.facts.tvr.hex(), decision.facts.tsi.hex()) == ("0008000000", "e800")
    assert decision.facts.cvm.no_cvm  # the TVR says that the card was never online: 'new card'


@pytest.mark.parametrize(("name", "tvr"), [("cloned", "0800008000"), ("pin-blocked", "0000a08000")])
def test_a_bad_card_is_declined_offline_for_what_the_tvr_says(name: str, tvr: str):
    session = session_with(name)
    assert isinstance(run(session.identify()), Identified)
    decision = run(session.decide())
    assert isinstance(decision, DeclinedOffline)
    assert decision.reason is DeclineReason.TERMINAL
    assert decision.facts.tvr.hex() == tvr


def test_the_blocked_card_ends_at_selection():
    assert run(session_with("blocked").identify()) == Ended(EndReason.APPLICATION_BLOCKED)
