"""The account of a session: complete, and without a secret."""

import json

import pytest

from firmware.emv.codes import Aip
from firmware.emv.contact.session import Session
from firmware.emv.meanings import meaning, status_meaning
from firmware.emv.trace import ApduStep, DecisionStep, Trace
from tests.emv.card import FakeCard
from tests.emv.issuer import CA_INDEX, ICC, ISSUER, PAN, ca_keys, certify_icc
from tests.emv.support import APPLICATION, SALE_OF_100, TERMINAL, ScriptedDialogue, run

PIN = "735198"
TRACK2 = f"{PAN}D31122011143804400000F"


def traced(*, clear: bool = False, pdol: str | None = None) -> Trace:
    card = FakeCard(
        aip=Aip.DDA_SUPPORTED
        | Aip.CARDHOLDER_VERIFICATION_SUPPORTED
        | Aip.TERMINAL_RISK_MANAGEMENT_REQUIRED,
        cvm_list="00" * 8 + "0100",
        pin=PIN,
        pdol=pdol,
        records={
            "track_2_equivalent_data": TRACK2,
            "cardholder_name": b"CANARY/CARD",
            "cdol1": "9F02065A0A57139F3704",  # a card that wants its own number back
        },
    )
    dialogue = ScriptedDialogue(pins=[PIN], card=card)
    session = Session(dialogue, TERMINAL, [APPLICATION], ca_keys(), SALE_OF_100, trace_clear=clear)
    run(session.identify())
    run(session.decide())
    return session.trace


def everything(trace: Trace) -> str:
    return "\n".join(trace.lines()) + json.dumps(trace.to_json()) + repr(trace) + str(trace.steps)


def test_no_account_data_and_no_pin_is_in_a_trace():
    text = everything(traced())
    for canary in (PAN, TRACK2[:-1], b"CANARY".hex().upper(), PIN, f"26{PIN}FF"):
        assert canary not in text
    icc = certify_icc(ISSUER, ICC, static=b"").certificate.hex().upper()
    assert icc not in text


def test_the_icc_certificate_is_masked_since_the_card_number_can_be_recovered_from_it():
    shown = [o for s in traced().steps if isinstance(s, ApduStep) for o in s.objects]
    (certificate,) = [one for one in shown if one.tag == "9F46"]
    assert set(certificate.value) == {"*"}


def test_a_test_cards_trace_may_show_its_data_but_never_the_pin():
    text = everything(traced(clear=True))
    assert PAN in text
    assert PIN not in text
    assert f"26{PIN}FF" not in text


def test_each_command_is_there_with_its_decoded_answer():
    trace = traced()
    steps = [step for step in trace.steps if isinstance(step, ApduStep)]
    assert [step.name for step in steps][:4] == ["SELECT"] * 3 + ["GET PROCESSING OPTIONS"]
    assert steps[0].response == "6A82"
    gpo = steps[3]
    assert (gpo.step, gpo.command) == ("Initiate application processing", "80A8000002830000")
    assert [(one.tag, one.name, one.depth) for one in gpo.objects] == [
        ("77", "Response Message Template Format 2", 0),
        ("82", "Application Interchange Profile", 1),
        ("94", "Application File Locator (AFL)", 1),
    ]


def test_decisions_name_their_place_in_the_books():
    decisions = [step for step in traced().steps if isinstance(step, DecisionStep)]
    assert ("DDA selected", "Book 3, 10.3") in [(one.text, one.source) for one in decisions]
    assert all(one.source.startswith("Book ") for one in decisions)


def test_a_trace_is_plain_json():
    steps = json.loads(json.dumps(traced().to_json()))
    assert {step["kind"] for step in steps} == {"apdu", "decision"}


def test_a_trace_reads_as_lines():
    lines = list(traced().lines())
    assert lines[0] == "== Application selection"
    assert "  > 80A8000002830000" in lines
    assert any("[EMV 4.4 Book 3, 10.7]" in line for line in lines)


def test_what_a_data_object_list_asked_for_is_shown_object_by_object():
    steps = [step for step in traced(pdol="9F02069F1A02").steps if isinstance(step, ApduStep)]
    (gpo,) = [step for step in steps if step.name == "GET PROCESSING OPTIONS"]
    assert [(one.tag, one.value) for one in gpo.sent] == [
        ("9F02", "000000010000"),
        ("9F1A", "0156"),
    ]
    (generate,) = [step for step in steps if step.name == "GENERATE AC"]
    shown = {one.tag: one.value for one in generate.sent}
    assert set(shown["5A"]) == {"*"}  # a card that asks for its own number
    assert set(shown["57"]) == {"*"}


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        (0x82, "3C00", "DDA_SUPPORTED, CARDHOLDER_VERIFICATION_SUPPORTED, "),
        (0x95, "0000008000", "FLOOR_LIMIT_EXCEEDED"),
        (0x95, "0000000000", "no bit set"),
        (0x94, "0801020110010300", "SFI 1 records 1–2, 1 signed; SFI 2 records 1–3, 0 signed"),
        (0x9F27, "80", "ARQC"),
        (0x9F27, "01", "AAC, SERVICE_NOT_ALLOWED"),
        (0x9F27, "07", "AAC, reason 7"),
        (0x8E, "0000000000001000 42031E00 0780", "X 0, Y 4096: ONLINE_PIN TERMINAL_SUPPORTS"),
        (0x8E, "00", "X 0, Y 0: "),
        (0x9F34, "420300", "ONLINE_PIN TERMINAL_SUPPORTS: unknown"),
        (0x9F34, "3F0001", "NOT PERFORMED ALWAYS: failed"),
        (0x9F34, "3F00", ""),
        (0x8C, "9F0206DF0103", "Amount, Authorised (Numeric) (6), DF01 (3)"),
        (0x8C, "9F02", ""),
        (0x9F4A, "82", "Application Interchange Profile"),
        (0x50, b"VISA".hex(), "VISA"),
        (0x50, "1B5B", ""),
        (0x9F7C, "00", ""),
    ],
)
def test_values_are_put_into_words(tag: int, value: str, words: str):
    found = meaning(tag, bytes.fromhex(value))
    assert found.startswith(words)
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("sw", "words"),
    [
        (0x9000, ""),
        (0x6A83, "record not found"),
        (0x6283, "selected file invalidated"),
        (0x63C2, "2 tries left"),
        (0x6F42, ""),  # a word of the card's own
    ],
)
def test_6_3_5_status_words_are_told_in_words(sw: int, words: str):
    assert status_meaning(sw) == words


def test_a_trace_names_the_keys_and_what_was_compared():
    """What an engineer looks for first when authentication fails, or a limit decides."""
    told = "\n".join(traced().lines())
    for line in (
        f"CA key A000000003 {CA_INDEX:02X}: 1408 bits, exponent 3  [EMV 4.4 Book 2, 5.2]",
        "Issuer key: 1152 bits, exponent 3, certificate 000001 until the end of 12/31",
        "ICC key: 1024 bits, exponent 3, certificate 000001 until the end of 12/31",
        "DDA succeeded: ICC dynamic number 01020304  [EMV 4.4 Book 2, 6.5.2]",
        "Version: the card does not say, the terminal has 0096  [EMV 4.4 Book 3, 10.4.1]",
        "Valid from its issue to 311231, today is 260501  [EMV 4.4 Book 3, 10.4.3]",
        "10000 + 0 approved before, floor limit 20000  [EMV 4.4 Book 3, 10.6.1]",
        "< 6A82  (file not found)",
    ):
        assert line in told
