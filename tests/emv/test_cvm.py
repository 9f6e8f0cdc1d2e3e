"""Cardholder verification against EMV 4.4 Book 3, 10.5 and Book 4, 6.3.4."""

import pytest
from msgspec.structs import replace

from firmware.core.masked import Pin
from firmware.emv.codes import Aip, TerminalCapabilities
from firmware.emv.contact.cvm import CvmList, CvmRule, verify_cardholder
from firmware.emv.contact.dialogue import PinAnswer, PinKind, PinPadFailed, PinPrompt
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import CvmResult, EndReason
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import CASH, CASHBACK, EmvTransaction, TerminalData
from tests.emv.issuer import ca_keys
from tests.emv.support import (
    BYPASS,
    CANCEL,
    CARD_DATA,
    SALE_OF_100,
    TERMINAL,
    ScriptedDialogue,
    run,
    state_of,
    terminal_without,
    tsi_hex,
    tvr_hex,
)
from tests.payment import yuan

SUPPORTED = Aip.CARDHOLDER_VERIFICATION_SUPPORTED
AMOUNTS = "00002000 00004000"  # X 81.92, Y 163.84
TRIES = "80CA9F1700"
THREE_LEFT = (TRIES, "9F1701039000")
PLAIN_1234 = "0020008008241234FFFFFFFFFF"
PLAIN_9999 = "0020008008249999FFFFFFFFFF"


def verified(
    rules: str,
    exchanges: list[tuple[str, str]] | None = None,
    pins: list[str | PinAnswer] | None = None,
    *,
    terminal: TerminalData = TERMINAL,
    transaction: EmvTransaction = SALE_OF_100,
    currency: str | None = "156",
) -> tuple[SessionState, ScriptedDialogue]:
    dialogue = ScriptedDialogue(exchanges or [], pins or [])
    state = state_of(
        dialogue,
        aip=SUPPORTED,
        card={Tag.CVM_LIST: AMOUNTS + rules},
        terminal=terminal,
        transaction=transaction,
        identity=replace(CARD_DATA, currency=currency),
        ca_keys=ca_keys(),
    )
    run(verify_cardholder(state))
    dialogue.done()
    return state, dialogue


def marks(state: SessionState) -> tuple[str, str, str]:
    """CVM results, TVR byte 3, and TSI."""
    return state.cvm_results.hex().upper(), tvr_hex(state)[4:6], tsi_hex(state)


@pytest.mark.parametrize(
    ("aip", "cvm_list", "tvr"),
    [
        (Aip(0), AMOUNTS + "1F00", "0000000000"),  # the card does not support it
        (SUPPORTED, None, "2000000000"),  # no list: data missing, Book 3, 7.2
        (SUPPORTED, AMOUNTS, "2000000000"),  # a list without rules is the same, figure 8
    ],
)
def test_10_5_nothing_is_performed(aip: Aip, cvm_list: str | None, tvr: str):
    state = state_of(aip=aip, card={} if cvm_list is None else {int(Tag.CVM_LIST): cvm_list})
    run(verify_cardholder(state))
    assert (state.cvm_results.hex().upper(), tvr_hex(state)) == ("3F0000", tvr)
    assert tsi_hex(state) == "0000"
    assert state.cvm == CvmResult()


@pytest.mark.parametrize("value", ["", "00" * 7, "00" * 9])
def test_10_5_a_list_of_another_length_ends_the_session(value: str):
    with pytest.raises(CardError, match="CVM list"):
        CvmList.parse(bytes.fromhex(value))


@pytest.mark.parametrize(
    ("rules", "results", "tvr3"),
    [
        ("1E00", "1E0000", "00"),  # signature: unknown
        ("5E03", "5E0300", "00"),
        ("1F00", "1F0002", "00"),  # no CVM: successful
        ("0000", "000001", "80"),  # fail
        ("4000 1F00", "400001", "80"),  # fail ends it, whatever its bit 7 says
        ("0700", "3F0001", "C0"),  # unrecognised, and no further
        ("4700 1F00", "1F0002", "40"),  # unrecognised, then the next
        ("4700", "3F0001", "C0"),
        ("8100", "3F0001", "C0"),  # bit 8 is reserved
        ("2000 1F00", "3F0001", "C0"),
        ("1F0A", "3F0001", "80"),  # a condition nobody knows is passed over
        ("1F80 1E00", "1E0000", "00"),
        ("4703 1F00", "1F0002", "00"),  # unrecognised, if supported: passed over
        ("1F01", "3F0001", "80"),  # no condition holds
    ],
)
def test_10_5_rules_without_pin(rules: str, results: str, tvr3: str):
    state, _ = verified(rules)
    assert marks(state) == (results, tvr3, "4000")


UNATTENDED = replace(TERMINAL, terminal_type=0x25)


@pytest.mark.parametrize(
    ("condition", "kind", "terminal", "holds"),
    [
        ("00", 0x00, TERMINAL, True),
        ("01", CASH, UNATTENDED, True),
        ("01", CASH, TERMINAL, False),
        ("01", 0x00, UNATTENDED, False),
        ("02", 0x00, TERMINAL, True),
        ("02", CASH, TERMINAL, False),
        ("02", CASH, UNATTENDED, False),
        ("02", CASHBACK, TERMINAL, False),
        ("03", 0x00, TERMINAL, True),
        ("03", 0x00, terminal_without(TerminalCapabilities.SIGNATURE), False),
        ("04", CASH, TERMINAL, True),
        ("04", CASH, UNATTENDED, False),
        ("05", CASHBACK, TERMINAL, True),
        ("05", 0x00, TERMINAL, False),
    ],
)
def test_annex_c3_conditions_of_kind_and_place(
    condition: str, kind: int, terminal: TerminalData, holds: bool
):
    state, _ = verified(
        f"1E{condition}", terminal=terminal, transaction=replace(SALE_OF_100, type=kind)
    )
    assert state.cvm_results.hex().upper() == (f"1E{condition}00" if holds else "3F0001")


X, Y = 0x2000, 0x4000


@pytest.mark.parametrize(
    ("condition", "amount", "currency", "holds"),
    [
        ("06", X - 1, "156", True),
        ("06", X, "156", False),
        ("07", X, "156", False),  # exactly X is neither under nor over
        ("07", X + 1, "156", True),
        ("08", Y - 1, "156", True),
        ("08", Y, "156", False),
        ("09", Y, "156", False),
        ("09", Y + 1, "156", True),
        ("06", 1, "840", False),  # another currency than the application's
        ("07", Y, "840", False),
        ("06", 1, None, False),  # the application has none
    ],
)
def test_annex_c3_amounts_x_and_y(condition: str, amount: int, currency: str | None, holds: bool):
    state, _ = verified(
        f"1E{condition}",
        transaction=replace(SALE_OF_100, amount=yuan(amount)),
        currency=currency,
    )
    assert state.cvm_results.hex().upper() == (f"1E{condition}00" if holds else "3F0001")


OFFLINE_PIN = TerminalCapabilities.PLAINTEXT_PIN | TerminalCapabilities.ENCIPHERED_PIN


def test_10_5_2_online_pin_is_asked_and_handed_on():
    state, dialogue = verified("0200", pins=["123456"])
    assert marks(state) == ("020000", "04", "4000")
    assert state.online_pin == Pin("123456")
    assert state.cvm == CvmResult(online_pin=True)
    assert dialogue.prompts == [PinPrompt(PinKind.ONLINE, None, last_try=False, retry=False)]


@pytest.mark.parametrize(
    ("rules", "lacks", "results", "tvr3"),
    [
        ("0200", TerminalCapabilities.ONLINE_PIN, "3F0001", "90"),
        ("4200 1E00", TerminalCapabilities.ONLINE_PIN, "1E0000", "10"),
        ("4203 1E00", TerminalCapabilities.ONLINE_PIN, "1E0000", "00"),  # if supported
        # one form of offline PIN is missing, but there is a PIN pad: 10.5, step 1
        ("4100 1E00", TerminalCapabilities.PLAINTEXT_PIN, "1E0000", "00"),
        ("4400 1E00", TerminalCapabilities.ENCIPHERED_PIN, "1E0000", "00"),
        ("4100 1E00", OFFLINE_PIN, "1E0000", "10"),
        ("4400 1E00", OFFLINE_PIN, "1E0000", "10"),
        ("4500 1F00", OFFLINE_PIN, "1F0002", "10"),
        ("4300 1F00", TerminalCapabilities.SIGNATURE, "1F0002", "00"),  # the PIN is not at fault
        ("1E00", TerminalCapabilities.SIGNATURE, "3F0001", "80"),
        ("1F00", TerminalCapabilities.NO_CVM, "3F0001", "80"),
    ],
)
def test_book_4_6_3_4_methods_the_terminal_lacks(
    rules: str, lacks: TerminalCapabilities, results: str, tvr3: str
):
    state, _ = verified(rules, terminal=terminal_without(lacks))
    assert marks(state) == (results, tvr3, "4000")


def test_10_5_1_plaintext_pin():
    state, dialogue = verified("0100", [THREE_LEFT, (PLAIN_1234, "9000")], ["1234"])
    assert marks(state) == ("010002", "00", "4000")
    assert state.cvm == CvmResult(pin_verified=True)
    assert dialogue.prompts == [PinPrompt(PinKind.OFFLINE, 3, last_try=False, retry=False)]


@pytest.mark.parametrize("counter", ["6A88", "9F17020003 9000", "FF9000"])
def test_10_5_1_a_card_without_try_counter_is_asked_all_the_same(counter: str):
    state, dialogue = verified("0100", [(TRIES, counter), (PLAIN_1234, "9000")], ["1234"])
    assert marks(state) == ("010002", "00", "4000")
    assert dialogue.prompts[0].tries_left is None


def test_10_5_1_a_wrong_pin_is_asked_again_and_the_last_try_is_said():
    state, dialogue = verified(
        "0100",
        [THREE_LEFT, (PLAIN_9999, "63C2"), (PLAIN_9999, "63C1"), (PLAIN_1234, "9000")],
        ["9999", "9999", "1234"],
    )
    assert marks(state) == ("010002", "00", "4000")
    assert [(p.tries_left, p.last_try, p.retry) for p in dialogue.prompts] == [
        (3, False, False),
        (2, False, True),
        (1, True, True),
    ]


@pytest.mark.parametrize(
    ("exchanges", "pins", "tvr3"),
    [
        ([(TRIES, "9F1701009000")], [], "A0"),  # none left: nobody is asked
        ([(TRIES, "9F1701019000"), (PLAIN_9999, "63C0")], ["9999"], "A0"),
        ([THREE_LEFT, (PLAIN_9999, "6983")], ["9999"], "A0"),
        ([THREE_LEFT, (PLAIN_9999, "6984")], ["9999"], "A0"),
        ([THREE_LEFT], [PinPadFailed()], "90"),
        ([THREE_LEFT], [BYPASS], "88"),
    ],
)
def test_10_5_1_a_pin_that_fails(
    exchanges: list[tuple[str, str]], pins: list[str | PinAnswer], tvr3: str
):
    transaction = replace(SALE_OF_100, pin_bypass_allowed=True)
    state, _ = verified("0100", exchanges, pins, transaction=transaction)
    assert marks(state) == ("010001", tvr3, "4000")
    assert state.cvm == CvmResult()


@pytest.mark.parametrize("sw", ["6A80", "6985", "6300", "6700"])
def test_10_5_figure_11_verify_answering_anything_else_ends_the_session(sw: str):
    with pytest.raises(CardError, match="VERIFY answered"):
        verified("4100 1F00", [THREE_LEFT, (PLAIN_9999, sw)], ["9999"])


def test_10_5_1_a_card_that_always_has_tries_left_is_given_up():
    wrong = [(PLAIN_9999, "63C5")] * 15
    state, _ = verified("0100", [THREE_LEFT, *wrong], ["9999"] * 15)
    assert marks(state) == ("010001", "80", "4000")


def test_10_5_failed_pin_with_apply_succeeding_goes_to_the_next_rule():
    state, _ = verified("4100 5E00", [(TRIES, "9F1701019000"), (PLAIN_9999, "63C0")], ["9999"])
    assert marks(state) == ("5E0000", "20", "4000")
    assert state.cvm == CvmResult(signature_required=True)


def test_10_5_when_the_rest_is_passed_over_the_last_performed_method_is_the_result():
    state, _ = verified("4100 1F01", [(TRIES, "9F1701019000"), (PLAIN_9999, "63C0")], ["9999"])
    assert marks(state) == ("410001", "A0", "4000")


def test_book_4_6_3_4_3_a_bypass_holds_for_every_pin():
    transaction = replace(SALE_OF_100, pin_bypass_allowed=True)
    state, dialogue = verified("4100 4200 5E00", [THREE_LEFT], [BYPASS], transaction=transaction)
    assert len(dialogue.prompts) == 1
    assert marks(state) == ("5E0000", "08", "4000")


def test_a_bypass_that_is_not_allowed_cancels():
    with pytest.raises(SessionEnded) as ended:
        verified("0100", [THREE_LEFT], [BYPASS])
    assert ended.value.reason is EndReason.CANCELLED


@pytest.mark.parametrize(("rules", "exchanges"), [("0100", [THREE_LEFT]), ("0200", [])])
def test_a_cancelled_pin_ends_the_session(rules: str, exchanges: list[tuple[str, str]]):
    with pytest.raises(SessionEnded) as ended:
        verified(rules, exchanges, [CANCEL])
    assert ended.value.reason is EndReason.CANCELLED


def test_book_4_6_3_4_5_pin_and_signature_together_are_unknown():
    state, _ = verified("0300", [THREE_LEFT, (PLAIN_1234, "9000")], ["1234"])
    assert marks(state) == ("030000", "00", "4000")
    assert state.cvm == CvmResult(signature_required=True, pin_verified=True)


def test_book_4_6_3_4_5_of_pin_and_signature_a_wrong_pin_fails_both():
    state, _ = verified("0300", [(TRIES, "9F1701019000"), (PLAIN_9999, "63C0")], ["9999"])
    assert marks(state) == ("030001", "A0", "4000")


def test_rules_say_their_code_and_whether_the_next_applies():
    rule = CvmRule(0x5E, 0x03)
    assert rule.apply_succeeding
    assert rule.code is not None
    assert not CvmRule(0x1E, 0x03).apply_succeeding
