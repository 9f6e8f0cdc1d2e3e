"""Terminal and card action analysis against EMV 4.4 Book 3, 10.7–10.8 and 6.5.5."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.emv.codes import AcType, Aip, Tvr
from firmware.emv.contact.action import analyse, first_generate_ac, risk_data
from firmware.emv.contact.cryptogram import Cryptogram, parse_cryptogram
from firmware.emv.contact.state import OdaMethod, SessionState
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import REFUND, EmvTransaction, TerminalData
from firmware.emv.tlv import encode
from tests.emv.issuer import ICC, sign_dynamic
from tests.emv.support import (
    APPLICATION,
    SALE_OF_100,
    TERMINAL,
    ScriptedDialogue,
    run,
    state_of,
    tsi_hex,
    tvr_hex,
)
from tests.payment import yuan

NONE, FLOOR, SDA_FAILED = Tvr(0), Tvr.FLOOR_LIMIT_EXCEEDED, Tvr.SDA_FAILED
IAC = {
    "denial": Tag.ISSUER_ACTION_CODE_DENIAL,
    "online": Tag.ISSUER_ACTION_CODE_ONLINE,
    "default": Tag.ISSUER_ACTION_CODE_DEFAULT,
}
ONLINE_ONLY = replace(TERMINAL, terminal_type=0x21)
OFFLINE_ONLY = replace(TERMINAL, terminal_type=0x23)


def wanted(
    tvr: Tvr,
    terminal: TerminalData = TERMINAL,
    transaction: EmvTransaction = SALE_OF_100,
    tac: dict[str, Tvr] | None = None,
    **iac: Tvr,
) -> AcType:
    """What the terminal asks for; IACs not given are zero."""
    card = {int(tag): iac.get(name, NONE).to_bytes(5, "big").hex() for name, tag in IAC.items()}
    tacs = {f"tac_{name}": code for name, code in (tac or {}).items()}
    state = state_of(
        card=card,
        terminal=terminal,
        transaction=transaction,
        application=replace(APPLICATION, **tacs),
    )
    state.tvr = tvr
    return analyse(state)


@pytest.mark.parametrize(
    ("tvr", "iac", "tac", "asked"),
    [
        (NONE, {}, {}, AcType.TC),
        (FLOOR, {}, {}, AcType.TC),
        (FLOOR, {"online": FLOOR}, {}, AcType.ARQC),
        (FLOOR, {}, {"online": FLOOR}, AcType.ARQC),
        (FLOOR, {"denial": FLOOR}, {}, AcType.AAC),
        (FLOOR, {}, {"denial": FLOOR}, AcType.AAC),
        (FLOOR, {"denial": FLOOR, "online": FLOOR}, {}, AcType.AAC),  # denial goes first
        (FLOOR | SDA_FAILED, {"denial": SDA_FAILED, "online": FLOOR}, {}, AcType.AAC),
        (SDA_FAILED, {"online": FLOOR, "default": SDA_FAILED}, {}, AcType.TC),
    ],
)
def test_10_7_online_capable(tvr: Tvr, iac: dict[str, Tvr], tac: dict[str, Tvr], asked: AcType):
    assert wanted(tvr, tac=tac, **iac) is asked


@pytest.mark.parametrize(
    ("tvr", "iac", "asked"),
    [
        (NONE, {}, AcType.TC),
        (FLOOR, {"online": FLOOR}, AcType.TC),  # online codes mean nothing here
        (FLOOR, {"default": FLOOR}, AcType.AAC),
        (FLOOR, {"denial": FLOOR}, AcType.AAC),
    ],
)
def test_10_7_offline_only(tvr: Tvr, iac: dict[str, Tvr], asked: AcType):
    assert wanted(tvr, OFFLINE_ONLY, **iac) is asked


@pytest.mark.parametrize(
    ("tvr", "iac", "asked"), [(NONE, {}, AcType.ARQC), (FLOOR, {"denial": FLOOR}, AcType.AAC)]
)
def test_10_7_online_only(tvr: Tvr, iac: dict[str, Tvr], asked: AcType):
    assert wanted(tvr, ONLINE_ONLY, **iac) is asked


@pytest.mark.parametrize(
    ("terminal", "tvr", "asked"),
    [
        (TERMINAL, NONE, AcType.TC),
        (TERMINAL, FLOOR, AcType.ARQC),  # online defaults to all ones
        (OFFLINE_ONLY, FLOOR, AcType.AAC),  # default too; denial to all zeros
    ],
)
def test_10_7_absent_action_codes_have_defaults(terminal: TerminalData, tvr: Tvr, asked: AcType):
    state = state_of(terminal=terminal)
    state.tvr = tvr
    assert analyse(state) is asked


@pytest.mark.parametrize("changed", [{"type": REFUND}, {"amount": yuan(0)}])
def test_a_refund_and_a_zero_amount_ask_for_an_aac(changed):
    assert wanted(NONE, transaction=replace(SALE_OF_100, **changed)) is AcType.AAC


AC, IAD = "AC01020304050607", "06010A03A00000"


FORMAT_1 = encode(0x80, bytes.fromhex(f"80 0007 {AC} {IAD}"))
FORMAT_2 = encode(0x77, bytes.fromhex(f"9F270180 9F36020007 9F2608{AC} 9F1007{IAD} DF010100"))


@pytest.mark.parametrize("data", [FORMAT_1, FORMAT_2])
def test_6_5_5_4_both_formats(data: bytes):
    found = parse_cryptogram(data, signature_asked=False)
    assert (found.cid, found.atc.hex(), found.ac.hex().upper()) == (0x80, "0007", AC)
    assert found.iad is not None
    assert (found.iad.hex().upper(), found.type) == (IAD, AcType.ARQC)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ("", "neither"),
        ("6F00", "neither"),
        (f"800A 80 0007 {AC[:-2]}", "10 bytes of format 1"),
        (f"802C 80 0007 {AC}" + "00" * 33, "44 bytes of format 1"),
        (f"7711 9F36020007 9F2608{AC} 00", "CID"),
        (f"7715 9F27028000 9F36020007 9F2608{AC}", "CID"),
        (f"770F 9F270180 9F2608{AC}", "ATC"),
        ("7709 9F270180 9F36020007", "no cryptogram"),
        ("770D 9F270180 9F36020007 9F4B0101", "no cryptogram"),  # a signature nobody asked for
        ("770D 9F270180 9F36020007 9F260101", "cryptogram"),
        (f"7718 9F270180 9F270180 9F36020007 9F2608{AC}", "redundant"),
        (f"7738 9F270180 9F36020007 9F2608{AC} 9F1021" + "00" * 33, "issuer application data"),
        ("77FF", "runs past|length"),
    ],
)
def test_6_5_5_4_a_malformed_response_ends_the_session(response: str, why: str):
    with pytest.raises(CardError, match=why):
        parse_cryptogram(bytes.fromhex(response), signature_asked=False)


@given(st.binary(max_size=256), st.booleans())
def test_hostile_cryptograms_are_parsed_or_refused(data: bytes, asked: bool):
    try:
        found = parse_cryptogram(data, signature_asked=asked)
    except CardError:
        return
    assert isinstance(found, Cryptogram)
    assert len(found.atc) == 2


def generated(
    asked: AcType, command: str, response: str, *, method: OdaMethod = OdaMethod.NONE
) -> SessionState:
    dialogue = ScriptedDialogue([(command, response)])
    state = state_of(dialogue, aip=Aip(0), card={int(Tag.CDOL1): "9F02069F37048A02"})
    state.oda_method, state.icc_key, state.tvr = method, ICC.public, NONE
    state.pdol_data = b"pdol"
    run(first_generate_ac(state, asked))
    dialogue.done()
    return state


def answer(cid: str) -> str:
    return f"8012 {cid} 0007 {AC} {IAD} 9000"


DATA = "000000010000 11223344"


@pytest.mark.parametrize(
    ("asked", "p1", "code", "cid"),
    [
        (AcType.TC, "40", "5931", "40"),  # Y1
        (AcType.TC, "40", "5931", "80"),
        (AcType.TC, "40", "5931", "00"),
        (AcType.ARQC, "80", "0000", "80"),
        (AcType.ARQC, "80", "0000", "00"),
        (AcType.AAC, "00", "5A31", "00"),  # Z1
        (AcType.TC, "40", "5931", "C0"),  # a referral is no approval
    ],
)
def test_10_8_the_card_may_answer_what_was_asked_or_lower(
    asked: AcType, p1: str, code: str, cid: str
):
    state = generated(asked, f"80AE{p1}00 0C {DATA} {code} 00", answer(cid))
    assert state.card[Tag.APPLICATION_CRYPTOGRAM].hex().upper() == AC
    assert state.card[Tag.ISSUER_APPLICATION_DATA].hex().upper() == IAD
    assert tsi_hex(state) == "2000"


@pytest.mark.parametrize(
    ("asked", "p1", "code", "cid"),
    [
        (AcType.ARQC, "80", "0000", "40"),
        (AcType.AAC, "00", "5A31", "40"),
        (AcType.AAC, "00", "5A31", "80"),
    ],
)
def test_10_8_a_card_that_answers_higher_ends_the_session(
    asked: AcType, p1: str, code: str, cid: str
):
    with pytest.raises(CardError, match="asked for"):
        generated(asked, f"80AE{p1}00 0C {DATA} {code} 00", answer(cid))


@pytest.mark.parametrize("response", ["6985", "6A80", "9000"])
def test_6_5_5_5_a_refused_generate_ac_ends_the_session(response: str):
    with pytest.raises(CardError):
        generated(AcType.TC, f"80AE4000 0C {DATA} 5931 00", response)


HEAD = "9F2701809F36020007"  # what comes back besides the signature


def cda_answer(*, cid: str = "80", un: str = "11223344", hashed: bytes | None = None) -> str:
    """An ARQC under a signature, with one thing wrong as the test wants it."""
    over = b"pdol" + bytes.fromhex(f"{DATA}0000") + bytes.fromhex(HEAD)
    digest = hashlib.sha1(over if hashed is None else hashed).digest()
    data = b"\x02\xaa\xbb" + bytes.fromhex(cid + AC) + digest
    signature = sign_dynamic(ICC, data, bytes.fromhex(un))
    return encode(0x77, bytes.fromhex(HEAD) + encode(0x9F4B, signature)).hex() + "9000"


CDA_COMMAND = f"80AE9000 0C {DATA} 0000 00"


def test_book_2_6_6_a_cryptogram_under_a_signature():
    state = generated(AcType.ARQC, CDA_COMMAND, cda_answer(), method=OdaMethod.CDA)
    assert not state.signature_wrong
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000000", "A000")
    assert state.card[Tag.APPLICATION_CRYPTOGRAM].hex().upper() == AC
    assert state.card[Tag.ICC_DYNAMIC_NUMBER].hex() == "aabb"


@pytest.mark.parametrize(
    "response",
    [
        cda_answer(un="00000000"),
        cda_answer(cid="40"),  # a TC inside an ARQC
        cda_answer(hashed=b"another transaction"),
        encode(0x77, bytes.fromhex(HEAD) + encode(0x9F4B, bytes(128))).hex() + "9000",
        f"7714{HEAD}9F2608{AC}9000",  # no signature at all
        answer("80"),  # format 1 has no room for one
    ],
    ids=["number", "CID", "hash", "signature", "none", "format 1"],
)
def test_book_2_6_6_2_a_wrong_signature_fails_cda(response: str):
    state = generated(AcType.ARQC, CDA_COMMAND, response, method=OdaMethod.CDA)
    assert state.signature_wrong
    assert (tvr_hex(state), tsi_hex(state)) == ("0400000000", "A000")


def test_book_2_6_6_an_aac_needs_no_signature():
    state = generated(AcType.ARQC, CDA_COMMAND, answer("00"), method=OdaMethod.CDA)
    assert not state.signature_wrong
    assert tvr_hex(state) == "0000000000"


@pytest.mark.parametrize(
    ("method", "asked", "before", "after"),
    [
        # an AAC is asked for without a signature, so CDA is not performed: figure 3
        (OdaMethod.CDA, AcType.AAC, "0000000000", "8000000000"),
        (OdaMethod.CDA, AcType.AAC, "0400000000", "0400000000"),  # it had failed, which is enough
        (OdaMethod.CDA, AcType.ARQC, "0400000000", "0400000000"),
        (OdaMethod.DDA, AcType.AAC, "0000000000", "0000000000"),
    ],
)
def test_book_2_6_6_when_no_signature_is_asked_for(
    method: OdaMethod, asked: AcType, before: str, after: str
):
    code = {AcType.AAC: "5A31", AcType.ARQC: "0000"}[asked]
    command = f"80AE{asked:02X}00 07 {after} {code} 00"
    dialogue = ScriptedDialogue([(command, answer("00"))])
    state = state_of(dialogue, card={int(Tag.CDOL1): "95058A02"})
    state.oda_method, state.icc_key = method, ICC.public
    state.tvr = Tvr(int(before, 16))
    run(first_generate_ac(state, asked))
    assert not state.signature_wrong
    assert tvr_hex(state) == after
    assert tsi_hex(state) == "2000"  # the TSI does not say that it was performed


def test_9_2_2_the_tc_hash_is_over_the_cards_tdol():
    state = state_of(card={int(Tag.TDOL): "9F0206"})
    digest = hashlib.sha1(bytes.fromhex("000000010000")).digest()
    assert risk_data(state, bytes.fromhex("98149A03")) == digest + bytes.fromhex("260501")
    assert tvr_hex(state) == "0000000000"


@pytest.mark.parametrize(
    ("tdol", "hashed", "tvr"),
    [
        ("9F1A02", "0156", "0000000080"),  # the TVR says so already
        ("", "", "0000000000"),  # none to be used: a list of nothing, and no mark
    ],
)
def test_9_2_2_without_one_the_default_tdol_is_used_and_marked(tdol: str, hashed: str, tvr: str):
    state = state_of(application=replace(APPLICATION, tdol=bytes.fromhex(tdol)))
    built = risk_data(state, bytes.fromhex("98149505"))
    digest = hashlib.sha1(bytes.fromhex(hashed)).digest()
    assert built == digest + bytes.fromhex(tvr)
