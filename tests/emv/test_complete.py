"""Online processing, scripts and completion against EMV 4.4 Book 3, 10.9–10.11."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.emv.codes import AcType, Aip, Tvr
from firmware.emv.contact.complete import complete_offline, complete_online
from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.contact.scripts import SCRIPT_BYTES_MAX, parse_scripts
from firmware.emv.contact.state import SessionState
from firmware.emv.errors import CardError, SessionEnded
from firmware.emv.outcomes import DeclineReason, EndReason, OnlineAnswer, UnableToGoOnline
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import TerminalData
from firmware.emv.tlv import TlvError, encode
from tests.emv.support import TERMINAL, ScriptedDialogue, run, state_of, tsi_hex, tvr_hex

ARPC = "AABBCCDDEEFF0011 3030"
TC, AAC = "800B 40 0007 AC01020304050607 9000", "800B 00 0007 AC01020304050607 9000"
EXTERNAL = f"00820000 0A {ARPC}"
Script = list[tuple[str, str | CardFailure]]
NO_AIP, NO_TVR, FLOOR = Aip(0), Tvr(0), Tvr.FLOOR_LIMIT_EXCEEDED
ONLINE_ONLY = replace(TERMINAL, terminal_type=0x21)
UNABLE, DECLINE = UnableToGoOnline(), UnableToGoOnline(decline=True)


NO_TVR_HEX = " 0000000000 "


def second(p1: str, code: str, tvr: str = "0000000000", issuer: str = "00" * 10) -> str:
    """The second GENERATE AC with CDOL2 8A 02 91 0A 95 05."""
    return f"80AE{p1}00 11 {code} {issuer} {tvr} 00"


def completed(
    answer: OnlineAnswer | UnableToGoOnline,
    exchanges: Script,
    *,
    aip: Aip = NO_AIP,
    tvr: Tvr = NO_TVR,
    terminal: TerminalData = TERMINAL,
    default: str = "0000000000",
) -> tuple[SessionState, DeclineReason | None]:
    dialogue = ScriptedDialogue(exchanges)
    card = {int(Tag.CDOL2): "8A02910A9505", int(Tag.ISSUER_ACTION_CODE_DEFAULT): default}
    state = state_of(dialogue, aip=aip, card=card, terminal=terminal)
    state.tvr = tvr
    if isinstance(answer, OnlineAnswer):
        reason = run(complete_online(state, answer))
    else:
        reason = run(complete_offline(state, answer))
    dialogue.done()
    return state, reason


@pytest.mark.parametrize(
    ("code", "p1", "response", "reason"),
    [
        ("00", "40", TC, None),
        ("10", "40", TC, None),
        ("11", "40", TC, None),
        ("00", "40", AAC, DeclineReason.CARD_AFTER_HOST),
        ("05", "00", AAC, DeclineReason.HOST),
        ("51", "00", AAC, DeclineReason.HOST),
        ("01", "00", AAC, DeclineReason.HOST),  # a referral is a decline
        ("02", "00", AAC, DeclineReason.HOST),
    ],
)
def test_10_11_the_hosts_word_and_the_cards(
    code: str, p1: str, response: str, reason: DeclineReason | None
):
    _, found = completed(OnlineAnswer(code), [(second(p1, code.encode().hex()), response)])
    assert found is reason


@pytest.mark.parametrize("cid", ["80", "C0"])  # ARQC, and a type nobody has defined
def test_9_3_any_other_second_cryptogram_counts_as_an_aac(cid: str):
    answered = f"800B {cid} 0007 AC01020304050607 9000"
    state, reason = completed(OnlineAnswer("00"), [(second("40", "3030"), answered)])
    assert (reason, state.ac_type) == (DeclineReason.CARD_AFTER_HOST, AcType.AAC)


@pytest.mark.parametrize("response", ["6985", "6F00 9000"])
def test_10_11_a_second_cryptogram_that_cannot_be_ends_the_session(response: str):
    with pytest.raises(CardError):
        completed(OnlineAnswer("00"), [(second("40", "3030"), response)])


def test_9_3_a_card_cannot_approve_what_was_to_be_declined():
    state, reason = completed(OnlineAnswer("05"), [(second("00", "3035"), TC)])
    assert (reason, state.ac_type) == (DeclineReason.HOST, AcType.AAC)


SUPPORTED = Aip.ISSUER_AUTHENTICATION_SUPPORTED
ANSWER = OnlineAnswer("00", bytes.fromhex(ARPC))


@pytest.mark.parametrize(
    ("sw", "tvr"), [("9000", "0000000000"), ("6300", "0000000040"), ("6A80", "0000000040")]
)
def test_10_9_external_authenticate_where_the_card_supports_it(sw: str, tvr: str):
    exchanges: Script = [(EXTERNAL, sw), (second("40", "3030", tvr, ARPC), TC)]
    state, reason = completed(ANSWER, exchanges, aip=SUPPORTED)
    assert (tvr_hex(state), tsi_hex(state), reason) == (tvr, "1000", None)


def test_10_9_else_the_data_goes_into_the_second_generate_ac():
    state, _ = completed(ANSWER, [(second("40", "3030", issuer=ARPC), TC)])
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000000", "0000")


@pytest.mark.parametrize(
    ("data", "tvr"),
    [
        (None, "0000000000"),
        (b"", "0000000000"),
        (b"7 bytes", "0000000040"),
        (bytes(17), "0000000040"),
    ],
)
def test_10_9_without_usable_data_nobody_is_authenticated(data: bytes | None, tvr: str):
    exchanges: Script = [(second("40", "3030", tvr), TC)]
    state, _ = completed(OnlineAnswer("00", data), exchanges, aip=SUPPORTED)
    assert (tvr_hex(state), tsi_hex(state)) == (tvr, "0000")


Y3, Z3 = second("40", "5933"), second("00", "5A33")
CANNOT = DeclineReason.UNABLE_TO_GO_ONLINE


@pytest.mark.parametrize(
    ("answer", "terminal", "default", "exchange", "reason"),
    [
        (UNABLE, TERMINAL, "0000000000", (Y3, TC), None),
        (UNABLE, TERMINAL, "0000000000", (Y3, AAC), DeclineReason.CARD),
        (UNABLE, TERMINAL, "0000008000", (Z3, AAC), CANNOT),
        (DECLINE, TERMINAL, "0000000000", (Z3, AAC), CANNOT),
        (UNABLE, ONLINE_ONLY, "0000000000", (Z3, AAC), CANNOT),
    ],
)
def test_10_7_unable_to_go_online(
    answer: UnableToGoOnline,
    terminal: TerminalData,
    default: str,
    exchange: tuple[str, str],
    reason: DeclineReason | None,
):
    command = exchange[0].replace(NO_TVR_HEX, "0000008000")
    exchanges: Script = [(command, exchange[1])]
    _, found = completed(answer, exchanges, tvr=FLOOR, default=default, terminal=terminal)
    assert found is reason


def script(tag: int, *commands: str, identifier: str = "11223344") -> bytes:
    inner = encode(0x9F18, bytes.fromhex(identifier)) if identifier else b""
    return encode(tag, inner + b"".join(encode(0x86, bytes.fromhex(c)) for c in commands))


BLOCK, UNBLOCK = "841E000004AABBCCDD", "8418000004AABBCCDD"
GENERATE = (second("40", "3030"), TC)


def with_scripts(scripts: bytes, exchanges: Script) -> SessionState:
    state, reason = completed(OnlineAnswer("00", scripts=scripts), exchanges)
    assert reason is None
    return state


def test_10_10_scripts_71_come_before_and_72_after_the_last_cryptogram():
    state = with_scripts(
        script(0x72, UNBLOCK, identifier="55667788") + script(0x71, BLOCK, UNBLOCK),
        [(BLOCK, "9000"), (UNBLOCK, "6200"), GENERATE, (UNBLOCK, "6300")],
    )
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000000", "0400")
    assert state.script_results.hex() == "2011223344" + "2055667788"
    assert state.value(Tag.ISSUER_SCRIPT_RESULTS) == state.script_results


@pytest.mark.parametrize(
    ("tag", "exchanges", "tvr", "results"),
    [
        (
            0x71,
            [(BLOCK, "9000"), (UNBLOCK, "6985"), (second("40", "3030", "0000000020"), TC)],
            "0000000020",
            "1211223344",
        ),
        (0x72, [GENERATE, (BLOCK, "6A80")], "0000000010", "1111223344"),
    ],
)
def test_10_10_a_script_stops_at_its_first_error(
    tag: int, exchanges: Script, tvr: str, results: str
):
    state = with_scripts(script(tag, BLOCK, UNBLOCK), exchanges)
    assert (tvr_hex(state), state.script_results.hex()) == (tvr, results)


def test_10_10_the_next_script_is_sent_all_the_same():
    state = with_scripts(
        script(0x72, BLOCK) + script(0x72, UNBLOCK, identifier=""),
        [GENERATE, (BLOCK, "6A80"), (UNBLOCK, "9000")],
    )
    assert state.script_results.hex() == "1111223344" + "2000000000"


def test_10_10_the_sixteenth_command_that_fails_is_called_f():
    exchanges: Script = [GENERATE, *[(BLOCK, "9000")] * 15, (BLOCK, "6A80")]
    state = with_scripts(script(0x72, *[BLOCK] * 20), exchanges)
    assert state.script_results.hex() == "1f11223344"


def test_10_10_a_card_gone_in_a_script_72_changes_no_decision():
    state = with_scripts(script(0x72, BLOCK), [GENERATE, (BLOCK, CardFailure.GONE)])
    assert (tvr_hex(state), state.script_results.hex()) == ("0000000010", "1f11223344")


def test_10_10_a_card_gone_in_a_script_71_ends_the_session():
    with pytest.raises(SessionEnded) as ended:
        with_scripts(script(0x71, BLOCK), [(BLOCK, CardFailure.GONE)])
    assert ended.value.reason is EndReason.CARD_GONE


def test_10_10_an_empty_script_is_a_script_done():
    state = with_scripts(script(0x71), [GENERATE])
    assert (tvr_hex(state), state.script_results.hex()) == ("0000000000", "2011223344")


@pytest.mark.parametrize(
    "scripts",
    [
        b"\x71",
        encode(0x70, b""),
        script(0x71, "8418"),  # too short for a command
        script(0x71, "8418000004AABB"),  # Lc lies
        script(0x71, "841800000000"),
        script(0x71, BLOCK, identifier="1122"),
        bytes(SCRIPT_BYTES_MAX + 1),
    ],
)
def test_10_10_scripts_that_cannot_be_read_are_refused_and_told(scripts: bytes):
    state = with_scripts(scripts, [(second("40", "3030", "0000000020"), TC)])
    assert (tvr_hex(state), tsi_hex(state)) == ("0000000020", "0400")
    assert state.script_results.hex() == "0000000000"


def test_a_script_command_may_have_any_case():
    found = parse_scripts(script(0x71, "00840000", "0084000008", BLOCK, BLOCK + "00"))
    assert [len(one) for one in found[0].commands] == [4, 5, 9, 10]


@given(st.binary(max_size=300))
def test_hostile_scripts_are_parsed_or_refused(data: bytes):
    try:
        found = parse_scripts(data)
    except TlvError:
        return
    assert all(one.tag in (0x71, 0x72) for one in found)


@pytest.mark.parametrize(
    ("broken", "tvr", "results"),
    [
        (b"\x71\x02\x86\x05", "0000000020", "00 00000000 20 55667788"),
        (b"\x72\x02\x86\x05", "0000000010", "20 55667788 00 00000000"),
    ],
)
def test_10_10_a_script_that_cannot_be_read_leaves_the_others_their_turn(
    broken: bytes, tvr: str, results: str
):
    tag = 0x72 if broken[0] == 0x71 else 0x71
    good = script(tag, UNBLOCK, identifier="55667788")
    sent = [(UNBLOCK, "9000")]
    second_ac = (second("40", "3030", "0000000020" if tag == 0x72 else "0000000000"), TC)
    exchanges: Script = [second_ac, *sent] if tag == 0x72 else [*sent, second_ac]
    state, reason = completed(OnlineAnswer("00", scripts=broken + good), exchanges)
    assert (reason, tvr_hex(state), tsi_hex(state)) == (None, tvr, "0400")
    assert state.script_results == bytes.fromhex(results)
    assert state.objects[Tag.ISSUER_SCRIPT_RESULTS] == state.script_results
