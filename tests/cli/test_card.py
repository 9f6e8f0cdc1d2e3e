"""`pos card`: what a payments engineer wants on the bench, and never a charge or a secret."""

import json
import re
import socket
import threading

import pytest

from firmware.core.clock import SystemClock
from firmware.core.exits import Refused
from firmware.core.masked import Pin
from firmware.emv.contact.dialogue import CardFailure, PinBypassed, PinKind, PinPrompt
from firmware.lab.cards.report import protocols
from firmware.lab.cards.serve import serve
from firmware.lab.cards.slot import MODELLED, CardAtHand, card_in_reader
from firmware.lab.cards.transaction import ONLINE_ONLY, BenchDialogue, driven
from hw.sim.cards import tray
from hw.sim.reader.pcsc import PcscModel
from hw.sim.reader.pcscd_slot import PcscdSlot

SELECT_PSE = bytes.fromhex("00A404000E315041592E5359532E4444463031")


def traced(pos, *words):
    """The JSON of a trace that was carried out to the card's decision."""
    ended = pos("card", "trace", "--json", *words)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def commands(trace, name):
    return [step for step in trace["steps"] if step["kind"] == "apdu" and step["name"] == name]


@pytest.fixture
def slot(pcscd):
    from smartcard import scard  # noqa: PLC0415 - only where there is a daemon

    slot = PcscdSlot(pcscd, scard, SystemClock())
    yield slot
    slot.close()


# --- list and read ------------------------------------------------------------------------------


def test_the_list_has_every_card_of_the_tray_with_scheme_and_pin(pos):
    lines = pos("card", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == list(tray())
    (store_card,) = [line for line in lines if line.startswith("store-card ")]
    assert re.match(r"store-card +Store Card +PIN 0000 +The shop's own card", store_card)


def test_a_card_that_is_read_is_masked(pos):
    out = pos("card", "read", "--card", "visa-debit").out
    assert "ATR 3B600000 (T=0)" in out
    assert "A0000000031010  VISA DEBIT" in out
    assert "4761 73** **** 0119, sequence 01" in out
    assert "2049-12-31" in out
    assert "4761739001010119" not in out


def test_a_test_card_that_is_read_shows_its_number(pos):
    out = pos("card", "read", "--card", "visa-debit", "--test-card").out
    assert "4761739001010119" in out


def test_every_application_of_a_card_is_read(pos):
    out = pos("card", "read", "--card", "two-apps").out
    assert out.index("UNIONPAY DEBIT") < out.index("UNIONPAY CREDIT")


def test_a_blocked_application_is_identified_as_such(pos):
    said = pos("card", "read", "--card", "blocked").done()
    assert re.search(r"State +blocked", said)


@pytest.mark.parametrize(
    ("atr", "offered"),
    [
        ("3B600000", ("T=0",)),  # no interface byte says otherwise
        ("3BE000008131FE45EB", ("T=1",)),
        ("3B80800101", ("T=0", "T=1")),  # TD1 names T=0, TD2 T=1
        ("3B8080", ("T=0",)),  # cut short
        ("3B801F", ("T=0",)),  # T=15 is no protocol
        ("3B", ("T=0",)),
    ],
)
def test_an_answer_to_reset_names_its_protocols(atr, offered):
    assert protocols(bytes.fromhex(atr)) == offered


# --- trace --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "outcome"),
    [
        ("amex", "Approved by host and card"),
        ("cloned", "Declined: declined by the terminal's action analysis"),
        ("english", "Approved by host and card"),
        ("expired", "Declined: declined by the host"),
        ("jcb", "Approved by host and card"),
        ("mastercard-cda", "Approved by host and card"),
        ("no-funds", "Declined: declined by the host"),
        ("offline-ok", "Approved offline by the card"),
        ("pin-blocked", "Declined: declined by the terminal's action analysis"),
        ("store-card", "Approved by host and card"),
        ("t1", "Approved by host and card"),
        ("two-apps", "Approved by host and card"),
        ("unionpay-credit", "Approved by host and card"),
        ("unionpay-debit", "Approved by host and card"),
        ("visa-credit", "Approved by host and card"),
        ("visa-debit", "Approved by host and card"),
    ],
)
def test_a_card_of_the_tray_is_traced_to_its_decision_without_a_secret(pos, card, outcome):
    text = pos("card", "trace", "--card", card).out
    assert outcome in text
    for application in tray()[card].personalisation.application:
        assert application.account.pan not in text
    for step in json.loads(pos("card", "trace", "--card", card, "--json").out)["steps"]:
        if step["kind"] == "apdu" and step["name"] == "VERIFY":
            assert set(step["command"][10:]) == {"*"}


def test_a_trace_tells_each_step_with_its_source(pos):
    text = pos("card", "trace", "--card", "mastercard-cda").out
    told = [
        "the modelled slot: ATR 3B600000 (T=0)",
        "Sale of RMB 128.50",
        "== Application selection",
        "READ RECORD  SFI 1, record 1",
        "  * Candidates: A0000000041010  [EMV 4.4 Book 1, 12.3]",
        "== Offline data authentication",
        "VERIFY  enciphered PIN",
        "  * PIN verified by the card  [EMV 4.4 Book 3, 10.5.1]",
        "GENERATE AC  TC, with CDA",
        "    9F02 Amount, Authorised (Numeric): 000000012850",
        "  * Asked for TC, answered ARQC  [EMV 4.4 Book 3, 10.8]",
        "== Host",
        "  < 00 Approved",
        "    91 Issuer Authentication Data: ",
        "== Completion",
        "== Outcome",
        "  CVM 440302  (ENCIPHERED_PIN TERMINAL_SUPPORTS: successful)",
    ]
    places = [text.find(line) for line in told]
    assert -1 not in places
    assert places == sorted(places)


def test_the_amount_and_the_application_can_be_chosen(pos):
    trace = traced(pos, "--card", "two-apps", "--amount", "99", "--choose", "2")
    assert trace["outcome"]["aid"] == "A000000333010102"
    sent = {one["tag"]: one["value"] for one in commands(trace, "GENERATE AC")[0]["sent"]}
    assert sent["9F02"] == "000000000099"


def test_an_application_that_the_card_does_not_have_is_refused(pos):
    ended = pos("card", "trace", "--card", "two-apps", "--choose", "3")
    assert ended.code == 2
    assert ended.err == "pos: no application 3; the card has 1 UNIONPAY DEBIT, 2 UNIONPAY CREDIT\n"


def test_the_json_has_field_55_the_answer_and_the_counts(pos):
    trace = traced(pos, "--card", "unionpay-debit")
    kinds = [step["kind"] for step in trace["steps"]]
    assert kinds.count("host") == 1
    host = trace["steps"][kinds.index("host")]
    assert host["answer"]["code"] == "00"
    assert {one["tag"]: one["value"] for one in host["objects"]}["9F27"] == "80"
    assert kinds.count("apdu") == trace["commands"]
    assert trace["outcome"]["tvr"]["value"] == "0000048000"
    first, second = commands(trace, "GENERATE AC")
    assert trace["steps"].index(first) < kinds.index("host") < trace["steps"].index(second)


def test_a_wrong_pin_is_given_once(pos):
    trace = traced(pos, "--card", "visa-debit", "--pin", "9999")
    assert len(commands(trace, "VERIFY")) == 1
    assert "PIN_NOT_ENTERED" in trace["outcome"]["tvr"]["meaning"]


def test_a_session_that_comes_to_no_decision_is_shown_and_fails(pos):
    ended = pos("card", "trace", "--card", "blocked")
    assert (ended.code, ended.err) == (1, "pos: application blocked\n")
    assert "Ended: application blocked" in ended.out


def test_a_trace_goes_to_a_file(pos, tmp_path):
    target = tmp_path / "trace.json"
    ended = pos("card", "trace", "--card", "amex", "--json", "-o", target)
    assert (ended.code, ended.out) == (0, "")
    assert json.loads(target.read_text())["outcome"]["kind"] == "Approved"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trace", "--card", "nope"), "no card 'nope'; the tray has amex, blocked"),
        (("trace", "--card", "amex", "--amount", "12.50"), "minor units"),
        (("trace", "--card", "amex", "--amount", "-1"), "--amount"),
        (("trace", "--card", "amex", "--pin", "123"), "4 to 12 digits"),
        (("trace", "--card", "amex", "--choose", "0"), "a number from 1"),
        (("trace", "--card", "amex", "-o", "/none/at/all"), "/none/at/all: No such file"),
        (("read", "--card", "amex", "--reader", "x"), "not allowed with"),
        (("serve", "nope"), "no card 'nope'"),
        (("serve", "amex", "--port", "0"), "a number from 1 to 65535"),
        (("knead",), "invalid choice: 'knead'"),
        ((), "ACTION"),
    ],
)
def test_bad_input_is_refused_in_one_line(pos, words, said):
    assert said in pos("card", *words).refusal(2)


def test_a_wrong_pin_on_the_command_line_is_not_repeated(pos):
    assert "98x65" not in pos("card", "trace", "--card", "amex", "--pin", "98x65").refusal(2)


# --- a real reader ------------------------------------------------------------------------------


def test_a_card_in_a_reader_is_identified(pos, slot):
    slot.insert(tray()["t1"])
    out = pos("card", "read").out
    assert out.startswith("Virtual PCD 00 00: ATR 3BE000008131FE45EB (T=1)\n")
    assert "6212 26** **** ***3 451" in out


def test_a_card_in_a_reader_is_asked_for_an_aac_and_nobody_is_charged(pos, slot):
    # it would approve offline, were it asked to
    slot.insert(tray()["offline-ok"])
    trace = traced(pos, "--test-card")
    first, second = commands(trace, "GENERATE AC")
    assert (first["command"][4:6], second["command"][4:6]) == ("80", "00")  # ARQC, AAC
    assert {one["tag"]: one["value"] for one in first["sent"]}["9F35"] == f"{ONLINE_ONLY:X}"
    assert [step["answer"] for step in trace["steps"] if step["kind"] == "host"] == [None]
    assert trace["outcome"]["ac_type"] == "AAC"
    assert all(step["duration_us"] > 0 for step in trace["steps"] if step["kind"] == "apdu")


def test_the_trace_of_a_card_in_a_reader_says_so(pos, slot):
    slot.insert(tray()["offline-ok"])
    out = pos("card", "trace").out
    assert "The host of a real card is not asked" in out
    assert "nobody was charged" in out
    assert re.search(r"< .* 9000   \d+\.\d ms", out)


def test_a_reader_without_a_card_is_one_line(pos, slot):
    refusal = pos("card", "read").refusal(1)
    assert refusal == "pos: no card in Virtual PCD 00 00 or Virtual PCD 00 01"


def test_a_reader_that_is_not_there_is_one_line_that_names_the_others(pos, slot):
    refusal = pos("card", "trace", "--reader", "ACME").refusal(1)
    assert refusal == (
        "pos: no reader is named 'ACME'; there is Virtual PCD 00 00, Virtual PCD 00 01"
    )


def test_the_reader_is_taken_that_has_a_card():
    model = PcscModel(("ACME 00 00", "ACME 00 01"))
    model.insert(tray()["amex"], slot=1)
    with card_in_reader(model, "ACME") as card:
        assert card.where == "ACME 00 01"


def mute(model, card):
    card.faults.mute = True
    model.insert(card)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda model, _card: model.kill_daemon(), "no PC/SC service"),
        (lambda model, _card: model.unplug(), "no card reader is connected"),
        (lambda model, _card: model.remove(), "no card in ACME"),
        (lambda model, _card: setattr(model, "held_by_other", True), "cannot be reached"),
        (mute, "does not answer to reset"),
    ],
)
def test_what_stands_in_the_way_is_named(spoil, said):
    card = tray()["amex"]
    model = PcscModel(("ACME",))
    model.insert(card)
    spoil(model, card)
    with pytest.raises(Refused, match=said) as refused, card_in_reader(model, ""):
        pass
    assert refused.value.code == 1


class Hanging(PcscModel):
    """PC/SC whose card takes a command and never answers."""

    released = threading.Event()

    def SCardTransmit(self, _card, _protocol, _command):  # noqa: N802
        self.released.wait()
        return 0, [0x90, 0x00]


def test_a_card_that_never_answers_is_given_up_and_not_asked_again():
    model = Hanging(("ACME",))
    model.insert(tray()["amex"])
    with card_in_reader(model, "", answer_s=0.05) as card:
        assert card.exchange(SELECT_PSE) is CardFailure.MUTE
        model.released.set()
        assert card.exchange(SELECT_PSE) is CardFailure.MUTE
    assert card.bytes_received == 0


@pytest.mark.parametrize(("real", "given"), [(True, False), (False, True)])
def test_a_real_cards_last_try_is_never_used(real, given):
    card = CardAtHand(MODELLED, b"", bytes, real=real)
    prompt = PinPrompt(PinKind.OFFLINE, 1, last_try=True, retry=False)
    answer = driven(BenchDialogue(card, Pin("1234")).ask_pin(prompt))
    assert (not isinstance(answer, PinBypassed)) is given


# --- serve --------------------------------------------------------------------------------------


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(2, "big") + payload


def test_a_served_card_answers_vpcd_comes_back_after_it_and_leaves_with_ctrl_c():
    said = []

    def say(line: str) -> None:
        said.append(line)
        if "again" in line:
            raise KeyboardInterrupt

    with socket.create_server(("127.0.0.1", 0)) as vpcd:
        port = vpcd.getsockname()[1]
        serving = threading.Thread(
            target=serve,
            args=(tray()["amex"], "127.0.0.1", port, say),
            kwargs={"verbose": True},
            daemon=True,
        )
        serving.start()
        connection, _ = vpcd.accept()
        with connection, connection.makefile("rb") as answers:
            connection.sendall(frame(b"\x01") + frame(b"\x04"))
            assert answers.read(6) == frame(bytes.fromhex("3B600000"))
            connection.sendall(frame(SELECT_PSE))
            assert answers.read(3)[2] == 0x61
        connection, _ = vpcd.accept()
        with connection:
            serving.join(timeout=10)
    assert not serving.is_alive()
    assert said[0] == f"amex is in the slot of vpcd at 127.0.0.1:{port}; Ctrl-C takes it out"
    assert said[1].startswith(f"> {SELECT_PSE.hex().upper()}\n< 61")
    assert said[-1] == "amex is out"


def test_a_vpcd_that_is_not_there_is_one_line(pos):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refusal = pos("card", "serve", "amex", "--port", port).refusal(1)
    assert f"no vpcd listens at 127.0.0.1:{port}" in refusal


def test_a_vpcd_at_what_can_be_no_name_is_one_line(pos):
    refusal = pos("card", "serve", "amex", "--host", "pc..example").refusal(2)
    assert "'pc..example' is no name of a host" in refusal
