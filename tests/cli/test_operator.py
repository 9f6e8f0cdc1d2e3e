"""`pos operator`: who may sign on, while the terminal is off; never behind a running one's back."""

import pytest

from firmware.core.masked import Password
from firmware.journal.operators import CASHIER_DEFAULT, MustChange, Operators, Verified
from firmware.journal.records import OperatorAdded, OperatorRemoved, OperatorSignedOn


@pytest.fixture
def off(shop):
    """The data directory of a terminal that is off, with its first operators."""
    Operators(shop.journal).set_password("01", Password("1357"), by="01")
    shop.journal.append(OperatorSignedOn(operator="01"))
    shop.journal.close()
    return shop.directory


def verdict(shop, number, digits):
    shop.reopen()
    return Operators(shop.journal).verify(number, Password(digits), shop.clock())


def test_everybody_is_listed_and_how_they_stand(pos, off):
    ended = pos("operator", "list", "--data", off)
    assert (ended.code, ended.out.splitlines()) == (
        0,
        ["00  supervisor, must change the password", "01  cashier, signed on"],
    )


def test_the_list_can_be_read_while_the_terminal_runs(pos, shop):
    Operators(shop.journal)
    assert pos("operator", "list", "--data", shop.directory).code == 0


def test_wrong_passwords_and_locks_are_listed(pos, shop):
    operators = Operators(shop.journal)
    shop.clock.advance(days=40_000)  # the lock is of the shop's clock, and holds by any
    for _ in range(3):
        operators.verify("01", Password("9999"), shop.clock())
    out = pos("operator", "list", "--data", shop.directory).out
    assert "01  cashier, must change the password, wrong passwords: 3, locked" in out


def test_a_cashier_is_added_with_the_factory_password(pos, shop, off):
    said = pos("operator", "add", "07", "--data", off).done()
    assert said.startswith("operator 07 added")
    assert verdict(shop, "07", CASHIER_DEFAULT.reveal()) == MustChange()
    added = [e.record for e in shop.journal.records() if isinstance(e.record, OperatorAdded)]
    assert (added[-1].operator, added[-1].by) == ("07", "cli")


def test_a_reset_gives_the_factory_password_back(pos, shop, off):
    assert verdict(shop, "01", "1357") == Verified()
    shop.journal.close()
    assert pos("operator", "reset", "01", "--data", off).code == 0
    assert verdict(shop, "01", CASHIER_DEFAULT.reveal()) == MustChange()


def test_a_deleted_cashier_is_gone_and_the_journal_tells(pos, shop, off):
    assert pos("operator", "delete", "01", "--data", off).code == 0
    assert "01" not in pos("operator", "list", "--data", off).out
    shop.reopen()
    assert any(isinstance(entry.record, OperatorRemoved) for entry in shop.journal.records())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("add", "01"), "pos: operator 01 exists already"),
        (("add", "00"), "pos: operator 00 is the supervisor: neither added nor deleted"),
        (("delete", "00"), "pos: operator 00 is the supervisor: neither added nor deleted"),
        (("delete", "42"), "pos: there is no operator 42"),
        (("reset", "42"), "pos: there is no operator 42"),
    ],
)
def test_what_cannot_be_is_refused(pos, off, words, expected):
    assert pos("operator", *words, "--data", off).refusal(1) == expected


@pytest.mark.parametrize("action", ["add", "reset", "delete"])
def test_nothing_is_changed_while_the_terminal_runs(pos, shop, action):
    before = shop.journal.head()
    refusal = pos("operator", action, "05", "--data", shop.directory).refusal(1)
    why = "the terminal runs on this data: stop it first, or use its menu 7"
    assert refusal == f"pos: {shop.directory}: {why}"
    assert shop.journal.head() == before


@pytest.mark.parametrize("action", ["list", "add", "reset", "delete"])
def test_a_place_without_a_journal_is_named_and_none_is_begun(pos, tmp_path, action):
    number = () if action == "list" else ("05",)
    refusal = pos("operator", action, *number, "--data", tmp_path).refusal(2)
    assert refusal == f"pos: {tmp_path}: there is no journal here"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [(), ("hire", "05"), ("add",), ("add", "5"), ("add", "1000")])
def test_bad_arguments_are_refused_in_one_line(pos, words):
    assert pos("operator", *words).refusal(2)
