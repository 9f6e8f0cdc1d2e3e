"""A whole session against a card that sends whatever it likes: it always ends as a value."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.emv.codes import Aip
from firmware.emv.contact.read_card import CardReport, read_card
from firmware.emv.contact.session import Session
from firmware.emv.contact.state import COMMANDS_MAX
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    Declined,
    DeclinedOffline,
    Ended,
    Identified,
    OnlineAnswer,
    OnlineRequested,
)
from tests.emv.card import FakeCard
from tests.emv.issuer import ca_keys
from tests.emv.support import APPLICATION, NOON, SALE_OF_100, TERMINAL, ScriptedDialogue, run


def play(card, scripts: bytes = b"") -> object:
    """Play all stages against a card; whatever happens must be one of the outcomes."""
    dialogue = ScriptedDialogue(pins=["1234"] * 40, choices=[0] * 40, card=card)
    session = Session(dialogue, TERMINAL, [APPLICATION], ca_keys(), SALE_OF_100)
    outcome: object = run(session.identify())
    if isinstance(outcome, Identified):
        outcome = run(session.decide())
        assert isinstance(outcome, OnlineRequested | ApprovedOffline | DeclinedOffline | Ended)
    if isinstance(outcome, OnlineRequested):
        outcome = run(session.complete(OnlineAnswer("00", bytes(10), scripts)))
        assert isinstance(outcome, Approved | Declined | Ended)
    assert session.commands_sent <= COMMANDS_MAX + 1
    list(session.trace.lines())
    return outcome


STATUS = st.sampled_from([b"\x90\x00"] * 6 + [b"\x62\x83", b"\x63\xc1", b"\x6a\x83", b"\x69\x85"])
TEMPLATES = "6F 70 77 80 A5 61 84 4F 88"
RECORDS = "5A 57 82 94 8C 8D 8E 9F38 5F24 90 92 9F46"
ANSWERED = "9F27 9F36 9F26 9F4B 9F17"
TAGS = st.sampled_from([int(tag, 16) for tag in f"{TEMPLATES} {RECORDS} {ANSWERED}".split()])


@st.composite
def tlv_like(draw: st.DrawFn, depth: int = 3) -> bytes:
    """Bytes that look like data objects, with lengths that may lie."""
    out = b""
    for _ in range(draw(st.integers(1, 3))):
        tag = draw(TAGS)
        nest = depth and draw(st.booleans())
        value = draw(tlv_like(depth - 1)) if nest else draw(st.binary(max_size=20))
        length = len(value) if draw(st.integers(0, 9)) else draw(st.integers(0, 255))
        out += tag.to_bytes((tag.bit_length() + 7) // 8, "big") + bytes([length & 0x7F]) + value
    return out


ANSWERS = st.one_of(
    st.tuples(tlv_like(), STATUS).map(b"".join), st.binary(max_size=64), st.just(b"\x90\x00")
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=30))
def test_nonsense_from_the_first_byte_on(answers: list[bytes]):
    sent = iter(range(10**6))
    play(lambda _command: answers[next(sent) % len(answers)])


AIPS = st.sampled_from(
    [
        Aip.TERMINAL_RISK_MANAGEMENT_REQUIRED | Aip.CARDHOLDER_VERIFICATION_SUPPORTED | more
        for more in (Aip(0), Aip.SDA_SUPPORTED, Aip.DDA_SUPPORTED, Aip.CDA_SUPPORTED)
    ]
)
CVM_LISTS = st.binary(max_size=12).map(lambda rules: "00" * 8 + rules.hex())


@settings(max_examples=150, deadline=None)
@given(
    aip=AIPS,
    cvm_list=CVM_LISTS,
    acs=st.lists(st.integers(0, 255), min_size=2, max_size=2),
    at=st.integers(0, 25),
    answer=ANSWERS,
    cdol1=st.binary(max_size=20),
    pdol=st.binary(max_size=10),
    scripts=st.binary(max_size=40),
)
def test_a_good_card_that_goes_bad(*, aip, cvm_list, acs, at, answer, cdol1, pdol, scripts):
    """So that each step meets its own nonsense: from one command on, or in one data object."""
    card = FakeCard(aip=aip, cvm_list=cvm_list, acs=acs, pdol=pdol.hex())
    card.records = {"cdol1": cdol1}
    card.override = lambda _command: answer if len(card.commands) == at else None
    play(card, scripts)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 25), st.integers(0, 250), st.integers(1, 255))
def test_one_flipped_byte_never_breaks_out(at: int, offset: int, flip: int):
    card = FakeCard(
        aip=Aip.CDA_SUPPORTED
        | Aip.CARDHOLDER_VERIFICATION_SUPPORTED
        | Aip.TERMINAL_RISK_MANAGEMENT_REQUIRED,
        cvm_list="00" * 8 + "44034103",
        pdol="9F37049F0206",
    )

    def flipped(command: bytes) -> bytes:
        answer = card(command)
        assert isinstance(answer, bytes)
        if len(card.commands) == at and offset < len(answer):
            spoiled = bytearray(answer)
            spoiled[offset] ^= flip
            return bytes(spoiled)
        return answer

    play(flipped)


@settings(max_examples=80, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=20))
def test_reading_a_hostile_card_ends_too(answers: list[bytes]):
    sent = iter(range(10**6))
    dialogue = ScriptedDialogue(card=lambda _command: answers[next(sent) % len(answers)])
    report = run(read_card(dialogue, [APPLICATION], NOON))
    assert isinstance(report, CardReport | Ended)
