"""Application selection against EMV 4.4 Book 1, 12."""

from dataclasses import replace

import pytest

from firmware.emv.applications import Application, Applications
from firmware.emv.ca_keys import CaKeys
from firmware.emv.dialogue import CardFailure
from firmware.emv.errors import SessionEnded
from firmware.emv.outcomes import Ended, EndReason
from firmware.emv.select import build_candidate_list, choose, select
from firmware.emv.session import Session
from firmware.emv.tags import Tag
from firmware.emv.tlv import encode
from tests.emv.support import (
    APPLICATION,
    SALE_OF_100,
    TERMINAL,
    ScriptedDialogue,
    run,
    state_of,
    terminal_without,
)

PSE = "00A404000E315041592E5359532E444446303100"
VISA, MASTERCARD = "A0000000031010", "A0000000041010"
TABLE = [
    replace(APPLICATION, aid=bytes.fromhex(VISA)),
    replace(APPLICATION, aid=bytes.fromhex(MASTERCARD), partial=False),
]
NOT_FOUND = "6A82"


def select_command(aid: str, p2: str = "00") -> str:
    return f"00A404{p2}{len(aid) // 2:02X}{aid}00"


def fci(aid: str, sw: str = "9000", **fields: str) -> str:
    """An FCI with a label, and what else is given by tag name."""
    named = {"application_label": b"TEST".hex(), **fields}
    inner = b"".join(encode(Tag[k.upper()], bytes.fromhex(v)) for k, v in named.items())
    body = encode(0x84, bytes.fromhex(aid)) + encode(0xA5, inner)
    return encode(0x6F, body).hex() + sw


PSE_FCI = fci(b"1PAY.SYS.DDF01".hex(), short_file_identifier="01", language_preference="7A68")


def entry(aid: str, label: str = "TEST", priority: str = "") -> bytes:
    inner = encode(0x4F, bytes.fromhex(aid)) + encode(0x50, label.encode())
    if priority:
        inner += encode(0x87, bytes.fromhex(priority))
    return encode(0x61, inner)


def record(*entries: bytes) -> str:
    return encode(0x70, b"".join(entries)).hex() + "9000"


def read(number: int) -> str:
    return f"00B2{number:02X}0C00"


def candidates(
    exchanges: list[tuple[str, str | CardFailure]], table: list[Application] = TABLE
) -> list[str]:
    dialogue = ScriptedDialogue(exchanges)
    selection = run(build_candidate_list(state_of(dialogue), Applications(table)))
    dialogue.done()
    return [one.candidate.aid.hex().upper() for one in selection.found]


def end_of(exchanges: list[tuple[str, str | CardFailure]]) -> EndReason:
    with pytest.raises(SessionEnded) as ended:
        candidates(exchanges)
    return ended.value.reason


LIST_FINDS_VISA: list[tuple[str, str | CardFailure]] = [
    (select_command(VISA), fci(VISA)),
    (select_command(MASTERCARD), NOT_FOUND),
]


def test_12_3_2_the_directory_is_read_until_6a83_and_sorted_by_priority():
    found = candidates(
        [
            (PSE, PSE_FCI),
            (read(1), record(entry(MASTERCARD, priority="02"), entry("A0000009990001"))),
            (read(2), record(entry(VISA + "01", priority="01"))),
            (read(3), "6A83"),
        ]
    )
    assert found == [VISA + "01", MASTERCARD]


def test_12_4_candidates_without_priority_come_last_in_the_order_met():
    found = candidates(
        [
            (PSE, PSE_FCI),
            (
                read(1),
                record(entry(VISA + "01"), entry(VISA + "02"), entry(VISA + "03", "C", "0F")),
            ),
            (read(2), "6A83"),
        ]
    )
    assert found == [VISA + "03", VISA + "01", VISA + "02"]


def test_12_3_1_an_exact_aid_does_not_take_a_longer_name():
    found = candidates(
        [
            (PSE, PSE_FCI),
            (read(1), record(entry(MASTERCARD + "01"), entry(VISA))),
            (read(2), "6A83"),
        ]
    )
    assert found == [VISA]


def test_12_3_2_an_application_listed_twice_is_one_candidate():
    found = candidates(
        [(PSE, PSE_FCI), (read(1), record(entry(VISA), entry(VISA))), (read(2), "6A83")]
    )
    assert found == [VISA]


@pytest.mark.parametrize(
    "directory",
    [
        [(PSE, NOT_FOUND)],
        [(PSE, "6D00")],
        [(PSE, "6283")],  # PSE blocked
        [(PSE, "9000")],  # no FCI
        [(PSE, fci(b"1PAY.SYS.DDF01".hex()))],  # no SFI
        [(PSE, fci(b"1PAY.SYS.DDF01".hex(), short_file_identifier="0B"))],
        [(PSE, PSE_FCI), (read(1), "6A83")],  # an empty directory
        [(PSE, PSE_FCI), (read(1), record(entry("A0000009990001"))), (read(2), "6A83")],
        [(PSE, PSE_FCI), (read(1), record(entry(VISA))), (read(2), "6985")],
        [(PSE, PSE_FCI), (read(1), "77009000")],
        [(PSE, PSE_FCI), (read(1), record(entry("A0")))],  # a malformed entry
    ],
)
def test_12_3_2_without_a_usable_directory_the_list_of_aids_is_tried(
    directory: list[tuple[str, str | CardFailure]],
):
    assert candidates([*directory, *LIST_FINDS_VISA]) == [VISA]


def test_12_3_2_a_directory_without_end_is_given_up():
    endless: list[tuple[str, str | CardFailure]] = [
        (read(number), record(entry(VISA))) for number in range(1, 33)
    ]
    assert candidates([(PSE, PSE_FCI), *endless, *LIST_FINDS_VISA]) == [VISA]


def test_12_3_2_step_1_6a81_on_the_pse_is_a_blocked_card():
    assert end_of([(PSE, "6A81")]) is EndReason.CARD_BLOCKED


def test_12_3_3_step_2_6a81_on_an_aid_is_a_blocked_card():
    assert end_of([(PSE, NOT_FOUND), (select_command(VISA), "6A81")]) is EndReason.CARD_BLOCKED


def test_12_3_3_step_7_partial_matches_are_followed_by_the_next_occurrence():
    found = candidates(
        [
            (PSE, NOT_FOUND),
            (select_command(VISA), fci(VISA + "01", application_priority_indicator="02")),
            (select_command(VISA, "02"), fci(VISA + "02", application_priority_indicator="01")),
            (select_command(VISA, "02"), "6A82"),
            (select_command(MASTERCARD), NOT_FOUND),
        ]
    )
    assert found == [VISA + "02", VISA + "01"]


def test_12_3_3_step_6_where_an_exact_name_is_asked_a_longer_one_leads_to_the_next_aid():
    found = candidates(
        [
            (PSE, NOT_FOUND),
            (select_command(MASTERCARD), fci(MASTERCARD + "01")),
            (select_command(VISA), fci(VISA)),
        ],
        TABLE[::-1],
    )
    assert found == [VISA]


def test_12_3_3_a_card_that_answers_next_with_the_same_for_ever_is_left():
    found = candidates(
        [
            (PSE, NOT_FOUND),
            (select_command(VISA), fci(VISA + "01")),
            (select_command(VISA, "02"), fci(VISA + "01")),
            (select_command(MASTERCARD), NOT_FOUND),
        ]
    )
    assert found == [VISA + "01"]


def test_12_3_3_step_3_another_applications_answer_does_not_count():
    """Some cards answer an unknown AID with the application that is open."""
    found = candidates(
        [
            (PSE, NOT_FOUND),
            (select_command(VISA), fci(VISA)),
            (select_command(MASTERCARD), fci(VISA)),
        ]
    )
    assert found == [VISA]


@pytest.mark.parametrize("answer", [fci(VISA, "6283"), "6283"])
def test_12_3_3_step_4_when_all_are_blocked_the_application_is_blocked(answer: str):
    script = [
        (PSE, NOT_FOUND),
        (select_command(VISA), answer),
        (select_command(MASTERCARD), NOT_FOUND),
    ]
    assert end_of(list(script)) is EndReason.APPLICATION_BLOCKED


def test_nothing_in_common():
    script = [(PSE, NOT_FOUND), (select_command(VISA), NOT_FOUND)]
    assert end_of([*script, (select_command(MASTERCARD), "6999")]) is EndReason.NO_APPLICATION


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (CardFailure.GONE, EndReason.CARD_GONE),
        (CardFailure.MUTE, EndReason.CARD_MUTE),
        (CardFailure.READER_LOST, EndReason.READER_LOST),
    ],
)
def test_a_card_that_fails_ends_the_session(failure: CardFailure, reason: EndReason):
    assert end_of([(PSE, failure)]) is reason


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
