"""Choice and final selection against EMV 4.4 Book 1, 12.4."""

import pytest
from msgspec.structs import replace

from firmware.emv.ca_keys import CaKeys
from firmware.emv.contact.applications import Applications
from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.contact.select import build_candidate_list, choose, select
from firmware.emv.contact.session import Session
from firmware.emv.errors import SessionEnded
from firmware.emv.outcomes import Ended, EndReason
from firmware.emv.tags import Tag
from firmware.emv.tlv import encode
from tests.emv.directories import (
    MASTERCARD,
    NOT_FOUND,
    PSE,
    PSE_FCI,
    TABLE,
    VISA,
    entry,
    fci,
    read,
    record,
    select_command,
)
from tests.emv.support import (
    SALE_OF_100,
    TERMINAL,
    ScriptedDialogue,
    run,
    state_of,
    terminal_without,
)


def selected(
    exchanges: list[tuple[str, str | CardFailure]],
    choices: list[int | None],
    terminal=TERMINAL,
):
    """Build the list from a directory of the first exchanges, then choose and select once."""
    dialogue = ScriptedDialogue(exchanges, choices=choices)
    state = state_of(dialogue, terminal=terminal)
    selection = run(build_candidate_list(state, Applications(TABLE)))
    found = run(choose(state, selection))
    ok = run(select(state, selection, found))
    dialogue.done()
    return state, selection, dialogue, ok


def directory(*entries: bytes) -> list[tuple[str, str | CardFailure]]:
    return [(PSE, PSE_FCI), (read(1), record(*entries)), (read(2), "6A83")]


def test_12_4_one_application_is_selected_unasked():
    state, _, dialogue, ok = selected(
        [
            *directory(entry(VISA)),
            (select_command(VISA), fci(VISA, language_preference="656E5A48")),
        ],
        [],
    )
    assert ok
    assert dialogue.offered == []
    assert state.candidate is not None
    assert state.candidate.languages == ("en", "zh")  # the card's order, whatever its case
    assert state.value(Tag.AID_TERMINAL) == bytes.fromhex(VISA)
    assert state.value(Tag.APPLICATION_VERSION_NUMBER_TERMINAL) == bytes.fromhex("0096")


def test_12_3_2_the_directory_says_which_code_table_its_preferred_names_are_in():
    pse = fci(b"1PAY.SYS.DDF01".hex(), short_file_identifier="01", issuer_code_table_index="01")
    named = encode(0x4F, bytes.fromhex(VISA)) + encode(0x9F12, b"Caf\xe9")
    script = [(PSE, pse), (read(1), record(encode(0x61, named))), (read(2), "6A83")]
    state = state_of(ScriptedDialogue(script))
    selection = run(build_candidate_list(state, Applications(TABLE)))
    assert selection.found[0].candidate.name == "Café"


def test_book_3_7_5_an_fci_has_no_say_in_the_terminals_own_data():
    state, _, _, _ = selected(
        [
            *directory(entry(VISA)),
            (select_command(VISA), fci(VISA, amount_reference_currency="00000001", pdol="")),
        ],
        [],
    )
    assert state.value(Tag.AMOUNT_REFERENCE_CURRENCY) is None
    assert state.value(Tag.PDOL) is None  # of length 0: not there


def test_12_4_step_2_one_that_wants_confirmation_is_confirmed():
    _, _, dialogue, ok = selected(
        [*directory(entry(VISA, "Visa", "81")), (select_command(VISA), fci(VISA))], [0]
    )
    assert ok
    assert dialogue.offered == [["Visa"]]


def test_12_4_step_4_the_cardholder_chooses_from_the_list_by_priority():
    state, _, dialogue, _ = selected(
        [
            *directory(entry(MASTERCARD, "B", "02"), entry(VISA, "A", "01")),
            (select_command(MASTERCARD), fci(MASTERCARD)),
        ],
        [1],
    )
    assert dialogue.offered == [["A", "B"]]
    assert state.candidate is not None
    assert state.candidate.aid.hex().upper() == MASTERCARD


def test_a_cancelled_choice_ends_the_session():
    with pytest.raises(SessionEnded) as ended:
        selected([*directory(entry(MASTERCARD), entry(VISA))], [None])
    assert ended.value.reason is EndReason.CANCELLED


def test_12_4_a_terminal_that_cannot_ask_takes_the_first_that_needs_no_confirmation():
    terminal = replace(TERMINAL, application_choice=False)
    state, _, _, _ = selected(
        [
            *directory(entry(MASTERCARD, "B", "02"), entry(VISA, "A", "81")),
            (select_command(MASTERCARD), fci(MASTERCARD)),
        ],
        [],
        terminal,
    )
    assert state.candidate is not None
    assert state.candidate.aid.hex().upper() == MASTERCARD
    with pytest.raises(SessionEnded) as ended:
        selected([*directory(entry(VISA, "A", "81"))], [], terminal)
    assert ended.value.reason is EndReason.NOT_ACCEPTED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("6283", EndReason.APPLICATION_BLOCKED),
        ("6A82", EndReason.NOT_ACCEPTED),
        ("6F009000", EndReason.NOT_ACCEPTED),  # no DF name
        (fci(MASTERCARD), EndReason.NOT_ACCEPTED),  # another's
    ],
)
def test_12_4_an_application_that_cannot_be_selected_drops_out(answer: str, reason: EndReason):
    state, selection, _, ok = selected(
        [*directory(entry(VISA)), (select_command(VISA), answer)], []
    )
    assert not ok
    assert selection.found == []
    with pytest.raises(SessionEnded) as ended:
        run(choose(state, selection))
    assert ended.value.reason is reason


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"application_preferred_name": b"Caf\xe9".hex(), "issuer_code_table_index": "01"}, "Café"),
        # no index, an index the terminal has no table for, one that does not exist
        ({"application_preferred_name": b"Caf\xe9".hex()}, "TEST"),
        ({"application_preferred_name": b"X".hex(), "issuer_code_table_index": "05"}, "TEST"),
        ({"application_preferred_name": b"X".hex(), "issuer_code_table_index": "11"}, "TEST"),
        (
            {"application_preferred_name": b"\x07\x1b".hex(), "issuer_code_table_index": "01"},
            "TEST",
        ),
        ({"application_label": b"BAD\x1b[2J".hex()}, "BAD[2J"),  # no control characters
        ({"application_label": ""}, VISA),
    ],
)
def test_12_4_the_name_shown(fields: dict[str, str], name: str):
    dialogue = ScriptedDialogue(
        [
            (PSE, NOT_FOUND),
            (select_command(VISA), fci(VISA, **fields)),
            (select_command(MASTERCARD), NOT_FOUND),
        ]
    )
    state = state_of(dialogue, terminal=terminal_without(TERMINAL.capabilities & 0))
    selection = run(build_candidate_list(state, Applications(TABLE)))
    assert selection.found[0].candidate.name == name


@pytest.mark.parametrize("value", ["7A6", "7A6831", "3132", ""])
def test_12_2_4_a_malformed_language_preference_is_none(value: str):
    value = value + "0" * (len(value) % 2)
    state, _, _, _ = selected(
        [
            *directory(entry(VISA)),
            (select_command(VISA), fci(VISA, language_preference=value)),
        ],
        [],
    )
    assert state.candidate is not None
    assert state.candidate.languages == ("zh",)  # the directory's


def test_10_1_an_application_that_refuses_to_begin_leaves_the_choice_to_the_others():
    """'6985' on GET PROCESSING OPTIONS, Book 3, 10.1."""
    dialogue = ScriptedDialogue(
        [
            *directory(entry(VISA, "A", "01"), entry(MASTERCARD, "B", "02")),
            (select_command(VISA), fci(VISA)),
            ("80A8000002830000", "6985"),
            (select_command(MASTERCARD), fci(MASTERCARD)),
            ("80A8000002830000", "6A80"),
        ],
        choices=[0, 0],
    )
    session = Session(dialogue, TERMINAL, TABLE, CaKeys(), SALE_OF_100)
    ended = run(session.identify())
    assert ended == Ended(EndReason.CARD_ERROR, "GET PROCESSING OPTIONS answered 6A80")
    # who has chosen one is asked again before another is taken, Book 1, 12.4
    assert dialogue.offered == [["A", "B"], ["B"]]
    dialogue.done()
