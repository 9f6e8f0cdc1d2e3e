"""Terminal risk management against EMV 4.4 Book 3, 10.6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.masked import Pan
from firmware.emv.codes import Aip
from firmware.emv.contact.risk import manage_risk, target_percent
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import EmvTransaction, ExceptionFile
from tests.emv.support import (
    APPLICATION,
    PAN,
    SALE_OF_100,
    ScriptedDialogue,
    run,
    state_of,
    tsi_hex,
    tvr_hex,
)
from tests.payment import yuan


def managed(
    transaction: EmvTransaction = SALE_OF_100,
    exchanges: list[tuple[str, str]] | None = None,
    card: dict[int, str] | None = None,
    drawn: str = "",
    aip: Aip = Aip(0),  # noqa: B008 - flags are immutable
    *,
    before: int = 0,
    **application: int,
):
    dialogue = ScriptedDialogue(exchanges or [], drawn=bytes.fromhex(drawn))
    state = state_of(
        dialogue,
        aip=aip,
        card=card,
        transaction=transaction,
        application=replace(APPLICATION, **application),
    )
    state.approved_before_minor = before
    run(manage_risk(state))
    dialogue.done()
    return state


@pytest.mark.parametrize(
    ("amount", "before", "tvr"),
    [
        (19999, 0, "0000000000"),
        (20000, 0, "0000008000"),  # the floor limit itself exceeds it
        (10000, 9999, "0000000000"),
        (10000, 10000, "0000008000"),  # a split sale
    ],
)
def test_10_6_1_floor_limit(amount: int, before: int, tvr: str):
    state = managed(replace(SALE_OF_100, amount=yuan(amount)), before=before)
    assert (tvr_hex(state), tsi_hex(state)) == (tvr, "0800")


def test_10_6_1_the_files_are_asked_with_pan_and_sequence_number():
    asked = []

    def listed(pan: Pan, psn: str) -> bool:
        asked.append((pan.reveal(), psn))
        return True

    assert tvr_hex(managed(replace(SALE_OF_100, on_exception_file=listed))) == "1000000000"
    assert asked == [(PAN, "01")]


def test_the_merchant_forces_online():
    state = managed(replace(SALE_OF_100, merchant_forced_online=True))
    assert tvr_hex(state) == "0000000800"


@pytest.mark.parametrize("aip", [Aip(0), Aip.TERMINAL_RISK_MANAGEMENT_REQUIRED])
def test_10_6_it_is_performed_whatever_the_card_asks_for(aip: Aip):
    state = managed(
        replace(SALE_OF_100, amount=yuan(99999)), counters("000A", "0005"), LIMITS, aip=aip
    )
    assert (tvr_hex(state), tsi_hex(state)) == ("000000E000", "0800")


@pytest.mark.parametrize(
    ("drawn", "selected"),
    [
        ("00", True),  # 1
        ("13", True),  # 20
        ("14", False),  # 21
        ("62", False),  # 99
        ("63", True),  # 1 again
        ("FF14", False),  # 198 and above are drawn again: they would favour small numbers
        ("C600", True),
    ],
)
def test_10_6_2_random_selection_below_the_threshold(drawn: str, selected: bool):
    state = managed(
        drawn=drawn,
        random_target_percent=20,
        random_target_max_percent=50,
        random_threshold_minor=15000,
    )
    assert tvr_hex(state) == ("0000001000" if selected else "0000000000")


def test_10_6_2_a_stuck_source_of_chance_goes_online():
    assert tvr_hex(managed(drawn="FF" * 64, random_target_percent=1)) == "0000001000"


@pytest.mark.parametrize(
    ("amount", "percent"),
    [(0, 20), (4999, 20), (5000, 20), (12500, 35), (19999, 49)],
)
def test_10_6_2_the_chance_grows_in_a_straight_line(amount: int, percent: int):
    assert (
        target_percent(
            amount,
            threshold_minor=5000,
            floor_limit_minor=20000,
            target_percent=20,
            target_max_percent=50,
        )
        == percent
    )


@given(*(st.integers(0, 10**6) for _ in range(3)), st.integers(0, 99), st.integers(0, 99))
def test_the_chance_stays_between_target_and_maximum(
    amount: int, threshold: int, floor: int, target: int, highest: int
):
    percent = target_percent(
        min(amount, floor),
        threshold_minor=threshold,
        floor_limit_minor=floor,
        target_percent=target,
        target_max_percent=highest,
    )
    assert target <= percent <= max(target, highest)


LIMITS = {
    int(Tag.LOWER_CONSECUTIVE_OFFLINE_LIMIT): "02",
    int(Tag.UPPER_CONSECUTIVE_OFFLINE_LIMIT): "04",
}
ATC, LAST_ONLINE = "80CA9F3600", "80CA9F1300"


def counters(atc: str, last_online: str) -> list[tuple[str, str]]:
    return [
        (ATC, f"9F3602{atc}9000" if len(atc) == 4 else atc[1:]),
        (LAST_ONLINE, f"9F1302{last_online}9000" if len(last_online) == 4 else last_online[1:]),
    ]


@pytest.mark.parametrize(
    ("atc", "last_online", "tvr"),
    [
        ("0007", "0005", "0000000000"),  # two offline: the lower limit is kept
        ("0008", "0005", "0000004000"),
        ("0009", "0005", "0000004000"),  # four: the upper limit is kept
        ("000A", "0005", "0000006000"),
        ("0005", "0005", "0000006000"),  # not above the last online one: both
        ("0004", "0005", "0000006000"),
        ("0001", "0000", "0008000000"),  # a new card
        ("0009", "0000", "0008006000"),
        ("-6A88", "0005", "2000006000"),  # not given: both, and data missing
        ("0007", "-6A88", "2000006000"),
        ("-9F3601079000", "0005", "2000006000"),  # one byte
        ("-9F13020007 9000", "0005", "2000006000"),  # another object
        ("-FF9000", "0005", "2000006000"),
    ],
)
def test_10_6_3_velocity(atc: str, last_online: str, tvr: str):
    assert tvr_hex(managed(exchanges=counters(atc, last_online), card=LIMITS)) == tvr


@pytest.mark.parametrize("lacking", list(LIMITS))
def test_10_6_3_without_both_limits_there_is_no_velocity(lacking: int):
    card = {tag: value for tag, value in LIMITS.items() if tag != lacking}
    assert tvr_hex(managed(card=card)) == "0000000000"


def test_book_4_6_3_5_a_card_is_in_the_exception_file_by_number_and_maybe_sequence_number():
    listed = ExceptionFile.of([PAN, "5413330089020029 02"])
    assert listed.lists(Pan(PAN), "01")
    assert listed.lists(Pan("5413330089020029"), "02")
    assert not listed.lists(Pan("5413330089020029"), "01")
    assert not ExceptionFile().lists(Pan(PAN), "01")
