"""Identifying any card: directories, applications, whose card it is."""

from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.contact.read_card import PPSE, CardReport, read_card
from firmware.emv.contact.select import PSE
from firmware.emv.outcomes import Ended, EndReason
from firmware.emv.tlv import encode
from tests.emv.card import AID, OK, FakeCard
from tests.emv.issuer import PAN
from tests.emv.support import APPLICATION, NOON, ScriptedDialogue, run


def report_of(card) -> CardReport | Ended:
    return run(read_card(ScriptedDialogue(card=card), [APPLICATION], NOON))


def test_a_card_without_directories_is_found_by_the_list_of_aids():
    report = report_of(FakeCard())
    assert isinstance(report, CardReport)
    assert report.directories == ()
    (one,) = report.applications
    assert (one.aid, one.name, one.scheme, one.blocked) == (AID, "TEST", "Test", False)
    assert one.card is not None
    assert one.card.pan.reveal() == PAN


def directory_answer(command: bytes) -> bytes | None:
    """A PSE with its file, a PPSE with its list inside the FCI, and an application of both."""
    other = bytes.fromhex("A0000009990001")
    entry = encode(0x61, encode(0x4F, other))
    if command[1] == 0xA4 and command[5:-1] == PSE:
        body = encode(0x84, PSE) + encode(0xA5, encode(0x88, b"\x01"))
        return encode(0x6F, body) + OK
    if command[1] == 0xA4 and command[5:-1] == PPSE:
        body = encode(0x84, PPSE) + encode(0xA5, encode(0xBF0C, entry))
        return encode(0x6F, body) + OK
    if command[1] == 0xB2 and command[3] == 0x0C and command[2] == 1 and not directory_answer.read:
        directory_answer.read = True
        return encode(0x70, entry) + OK
    if command[1] == 0xB2 and command[2] == 2 and command[3] == 0x0C:
        return b"\x6a\x83"
    if command[1] == 0xA4 and command[5:-1] == other:
        return encode(0x6F, encode(0x84, other) + encode(0xA5, b"")) + b"\x62\x83"
    return None


directory_answer.read = False


def test_directories_are_read_and_an_unknown_blocked_application_is_named():
    report = report_of(FakeCard(override=directory_answer))
    assert isinstance(report, CardReport)
    assert report.directories == ("PSE", "PPSE")
    first, second = report.applications
    assert (first.aid.hex(), first.scheme, first.blocked) == ("a0000009990001", "", True)
    assert first.detail == "blocked"
    assert second.card is not None


def test_an_application_that_refuses_to_begin_is_still_named():
    report = report_of(FakeCard(override=lambda c: b"\x69\x85" if c[1] == 0xA8 else None))
    assert isinstance(report, CardReport)
    assert (report.applications[0].card, report.applications[0].detail) == (
        None,
        "refuses to begin",
    )


def test_a_card_with_bad_records_is_still_named():
    report = report_of(FakeCard(absent=["application_pan"]))
    assert isinstance(report, CardReport)
    assert report.applications[0].card is None
    assert "mandatory data missing" in report.applications[0].detail


def test_a_blocked_or_absent_card_ends_it():
    assert report_of(lambda _command: b"\x6a\x81") == Ended(EndReason.CARD_BLOCKED)
    ended = report_of(lambda _command: CardFailure.GONE)
    assert isinstance(ended, Ended)
    assert ended.reason is EndReason.CARD_GONE
