"""签到, 签退 and operators, effect by effect: who may trade, and by which password."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Kind
from firmware.core.masked import Password
from firmware.flows.effects import ChangeOperator, CheckPassword, MaskedEntry, OperatorChange
from firmware.flows.operators import manage
from firmware.flows.sign_on import try_sign_on
from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from firmware.journal.lookups import Lookups
from firmware.journal.operators import (
    LockedFor,
    MustChange,
    OperatorRefused,
    PasswordVerdict,
    UnknownOperator,
    Verified,
    WrongPassword,
)
from firmware.journal.records import OperatorSignedOff, OperatorSignedOn, TrainingSwitched
from firmware.journal.transactions import State
from firmware.payments.effects import Append, Look
from firmware.ui.screens import Menu, Notice, Phrase, TextEntry
from firmware.ui.texts import Text
from hw.events import Key
from tests.flows.records import (
    intent_of,
    owed_reversal_is_sent,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import Pair, desk, follow
from tests.flows.words import (
    NOTICE_MS,
    facts_of,
    keys_digits,
    nobody_comes,
    presses,
    say,
    shows,
    supervisor_gives_password,
    tells,
)

NUMBER, SIGN_ON = say(Text.OPERATOR_NUMBER), say(Text.SIGN_ON)
PASSWORD = say(Text.OPERATOR_PASSWORD)
ITEMS = (
    Text.SIGN_OFF,
    Text.OPERATOR_CHANGE,
    Text.OPERATOR_ADD,
    Text.OPERATOR_DELETE,
    Text.OPERATOR_RESET,
    Text.TRAINING_MODE,
)


def operator_comes(number: str, digits: str, verdict: PasswordVerdict) -> list[Pair]:
    """Number and password, each with ENTER."""
    return [
        *keys_digits(NUMBER, number, hint=SIGN_ON),
        *password_is_keyed(number, digits, verdict, "sign on"),
    ]


def password_is_keyed(
    number: str, digits: str, verdict: PasswordVerdict, purpose: str
) -> list[Pair]:
    return [
        *keys_digits(PASSWORD, digits, masked=True),
        (CheckPassword(number, Password(digits), purpose), verdict),
    ]


def password_is_chosen(
    number: str,
    digits: str,
    again: str,
    refusal: OperatorRefused | None = None,
    *,
    asked: bool = True,
) -> list[Pair]:
    """A new password, twice; where they differ nobody is `asked` for it."""
    row = keys_digits(say(Text.NEW_PASSWORD), digits, masked=True)
    row += keys_digits(say(Text.NEW_PASSWORD_AGAIN), again, masked=True)
    if asked:
        change = ChangeOperator(OperatorChange.CHANGE, number, number, Password(digits))
        row.append((change, refusal))
    return row


def is_signed_on(number: str) -> list[Pair]:
    return [
        (Append.of(OperatorSignedOn(operator=number)), None),
        *tells(Text.SIGN_ON, say(Text.WELCOME, operator=number), warning=False),
    ]


def test_operator_signs_on():
    nobody = desk("")
    assert follow(try_sign_on(nobody), operator_comes("01", "1357", Verified()), is_signed_on("01"))
    assert nobody.operator == "01"


def test_factory_password_lets_nobody_trade_before_another_is_chosen():
    nobody = desk("")
    assert follow(
        try_sign_on(nobody),
        operator_comes("01", "0000", MustChange()),
        tells(Text.SIGN_ON, Text.CHANGE_DEFAULT, warning=False),
        password_is_chosen("01", "2580", "2580"),
        tells(Text.OPERATOR_CHANGE, Text.PASSWORD_CHANGED, warning=False),
        is_signed_on("01"),
    )


@pytest.mark.parametrize(
    ("again", "refusal", "notice"),
    [
        ("2580", OperatorRefused.WEAK, Text.PASSWORD_WEAK),
        ("2581", None, Text.PASSWORDS_DIFFER),
    ],
)
def test_password_that_is_weak_or_keyed_otherwise_is_asked_for_again(
    again: str, refusal: OperatorRefused | None, notice: Text
):
    nobody = desk("")
    follow(
        try_sign_on(nobody),
        operator_comes("01", "0000", MustChange()),
        tells(Text.SIGN_ON, Text.CHANGE_DEFAULT, warning=False),
        password_is_chosen("01", "2580", again, refusal, asked=refusal is not None),
        shows(TextEntry(say(Text.NEW_PASSWORD), "", 4, notice=say(notice))),
        presses(Key.CANCEL, masked=MaskedEntry.PASSWORD),
    )
    assert nobody.operator == ""


def test_wrong_password_is_said_and_asked_for_again():
    follow(
        try_sign_on(desk("")),
        operator_comes("01", "9999", WrongPassword(1)),
        shows(TextEntry(PASSWORD, "", 4, notice=say(Text.PASSWORD_WRONG))),
        nobody_comes(masked=MaskedEntry.PASSWORD),
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (LockedFor(60), say(Text.PASSWORD_LOCKED, seconds=60)),
        (UnknownOperator(), say(Text.UNKNOWN_OPERATOR)),
    ],
    ids=["locked", "unknown"],
)
def test_locked_or_unknown_operator_is_refused_with_the_reason(verdict, words):
    nobody = desk("")
    done = follow(
        try_sign_on(nobody), operator_comes("07", "1357", verdict), tells(Text.REFUSED, words)
    )
    assert (done, nobody.operator) == (False, "")


@pytest.mark.parametrize("ending", [presses(Key.CANCEL), nobody_comes()])
def test_sign_on_that_is_given_up_signs_nobody_on(ending: Pair):
    empty = shows(TextEntry(NUMBER, "", 2, SIGN_ON))
    assert follow(try_sign_on(desk("")), empty, ending) is False


def is_chosen(item: Text) -> list[Pair]:
    menu = Menu(say(Text.MENU_MANAGE), tuple(map(say, ITEMS)))
    return [shows(menu), presses(Key[f"D{ITEMS.index(item) + 1}"])]


SIGN_OFF = Notice(say(Text.SIGN_OFF_ASK, operator="01"), (), say(Text.PRESS_ENTER_TO_GO_ON))


def test_operator_signs_off():
    here = desk()
    nothing = [(Look.of(Lookups.reversals), []), (Look.of(Lookups.advices), [])]
    none = [(Look.of(Lookups.reversals_count), 0), (Look.of(Lookups.advice_counts), {})]
    follow(
        manage(here),
        is_chosen(Text.SIGN_OFF),
        shows(SIGN_OFF),
        presses(Key.ENTER),
        nothing,
        (Append.of(OperatorSignedOff(operator="01")), None),
        none,
        tells(Text.SIGN_OFF, Text.SIGNED_OFF, warning=False),
    )
    assert here.operator == ""


def test_who_signs_off_is_told_what_the_host_is_owed_still_after_one_more_try():
    here = desk()
    owed = transaction_of(
        intent_of(Kind.SALE, 800, facts_of("visa-credit")), State.REVERSING, reference=""
    )
    follow(
        manage(here),
        is_chosen(Text.SIGN_OFF),
        shows(SIGN_OFF),
        presses(Key.ENTER),
        owed_reversal_is_sent(owed, NoAnswer(NoAnswerReason.NO_LINE)),
        reversal_stays_owed(owed, 1, "no line"),
        (Append.of(OperatorSignedOff(operator="01")), None),
        (Look.of(Lookups.reversals_count), 1),
        tells(Text.SIGN_OFF, Text.SIGNED_OFF, Phrase.of(Text.REVERSALS_PENDING, count=1)),
    )
    assert here.operator == ""


def test_sign_off_that_is_cancelled_signs_nobody_off():
    here = desk()
    follow(manage(here), is_chosen(Text.SIGN_OFF), shows(SIGN_OFF), presses(Key.CANCEL))
    assert here.operator == "01"


def test_cashier_changes_the_own_password_who_knows_the_old_one():
    follow(
        manage(desk()),
        is_chosen(Text.OPERATOR_CHANGE),
        password_is_keyed("01", "1357", Verified(), "own password"),
        password_is_chosen("01", "2580", "2580"),
        tells(Text.OPERATOR_CHANGE, Text.PASSWORD_CHANGED, warning=False),
    )


@pytest.mark.parametrize(
    ("item", "change"),
    [
        (Text.OPERATOR_ADD, OperatorChange.ADD),
        (Text.OPERATOR_DELETE, OperatorChange.DELETE),
        (Text.OPERATOR_RESET, OperatorChange.RESET),
    ],
)
@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (None, None),
        (OperatorRefused.UNKNOWN, Text.UNKNOWN_OPERATOR),
        (OperatorRefused.EXISTS, Text.OPERATOR_EXISTS),
        (OperatorRefused.NUMBER, Text.NOT_PERMITTED),
    ],
)
def test_supervisor_alone_changes_operators(item, change, refusal, words):
    said = tells(Text.REFUSED, words) if words else tells(item, Text.OPERATOR_DONE, warning=False)
    follow(
        manage(desk()),
        is_chosen(item),
        supervisor_gives_password("operators"),
        keys_digits(NUMBER, "02"),
        (ChangeOperator(change, "02", "00"), refusal),
        said,
    )


def test_supervisor_switches_training():
    here = desk()
    said = Notice(say(Text.TRAINING_MODE), (say(Text.TRAINING_ON),), training=True)
    follow(
        manage(here),
        is_chosen(Text.TRAINING_MODE),
        supervisor_gives_password("training"),
        (Append.of(TrainingSwitched(on=True, by="00")), None),
        shows(said),
        presses(Key.ENTER, timeout_ms=NOTICE_MS),
    )
    assert here.training
