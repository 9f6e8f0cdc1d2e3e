"""The candidate list against EMV 4.4 Book 1, 12.3."""

import pytest

from firmware.emv.contact.applications import Application, Applications
from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.contact.select import build_candidate_list
from firmware.emv.errors import SessionEnded
from firmware.emv.outcomes import EndReason
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
from tests.emv.support import FAILURES, ScriptedDialogue, run, state_of


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


@pytest.mark.parametrize(("failure", "reason"), FAILURES)
def test_a_card_that_fails_ends_the_session(failure: CardFailure, reason: EndReason):
    assert end_of([(PSE, failure)]) is reason
