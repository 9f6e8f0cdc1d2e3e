"""What is keyed in a masked entry stands in no recording, and the recording plays again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware.core.masked import Password
from firmware.flows.effects import MaskedEntry
from firmware.journal.operators import is_weak
from firmware.lab.page import commands
from firmware.lab.page.masked_entries import MaskedEntries, Pressed
from firmware.lab.page.recorder import Recorder
from firmware.lab.scenario import masked_keys
from firmware.lab.scenario.language import KEY_NAMES, keys_of, read
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.playing import play
from firmware.lab.scenario.stage import Stage
from hw.events import Key, KeyPressed
from hw.sim.cards.card import tray
from tests.lab.page.conftest import said, wait_for
from tests.lab.page.test_session import press, recording

PIN = "123456"
KEY_LINE = re.compile(r"^(?:at \d+ms )?(press|down|up) (.*)$")


def see(session, text: str) -> None:
    wait_for(session.hub, lambda: text in said(session.hub))


def lines_of(session) -> list[str]:
    return recording(session).splitlines()[:-1]  # the last one tells the totals


@contextmanager
def masked(session) -> Iterator[list[str]]:
    """What is recorded meanwhile, in which no key stands that adds a digit."""
    before, added = lines_of(session), []
    yield added
    after = lines_of(session)
    assert after[: len(before)] == before
    added += after[len(before) :]
    keys = [found[2] for line in added if (found := KEY_LINE.match(line))]
    assert keys
    for words in keys:
        assert not any(word[0] in "0123456789*U" for word in words.split()), words


def ask_for_card(session, minor: str) -> None:
    """Key an amount and agree to it once it may be agreed to."""
    press(session, *minor, "ENTER")
    see(session, "Amount correct?")
    agree(session, "Insert card")


def agree(session, then: str) -> None:
    """ENTER, which counts once a question has been on the display for a moment."""
    while then not in said(session.hub):
        session.submit(commands.Down("ENTER"))
        session.submit(commands.Up("ENTER"))
        let_pass(session, 100)


def ask_for_pin(session, amount: str, card: str) -> None:
    ask_for_card(session, amount)
    session.submit(commands.Act(f"insert {card}"))
    see(session, "PIN")


def finish(session) -> None:
    """The cardholder's copy, and the card out."""
    see(session, "cardholder copy")
    press(session, "ENTER")
    see(session, "Remove card")
    session.submit(commands.Act("remove"))
    see(session, "ENTER: done")
    press(session, "ENTER")
    see(session, "Enter amount")


def replays(session, tmp_path, *totals: str) -> str:
    """The recording, which holds these totals and plays again."""
    told = recording(session)
    for each in totals:
        assert each in told.splitlines()[-1]
    file = tmp_path / "bench.pos"
    file.write_text(told)
    play(file)
    return told


def now_ms(session) -> int:
    """The time on the bench, which the last line of a recording names."""
    return int(recording(session).splitlines()[-1].split()[1].removesuffix("ms"))


def let_pass(session, ms: int) -> None:
    end_ms = now_ms(session) + ms
    while now_ms(session) < end_ms:
        pass


def hold(session, key: str) -> None:
    """A key that is down for long."""
    before = said(session.hub)
    session.submit(commands.Down(key))
    wait_for(session.hub, lambda: said(session.hub) != before)
    let_pass(session, 700)
    session.submit(commands.Up(key))
    wait_for(session.hub, lambda: session.hub.state("keys") == [])


def test_the_pin_of_the_card_stands_as_words(bench, tmp_path):
    session, _ = bench
    ask_for_pin(session, "12850", "unionpay-debit")
    with masked(session) as added:
        press(session, *PIN, "ENTER")
    assert [line.split()[-1] for line in added] == [*(f"PIN.{n}" for n in range(1, 7)), "ENTER"]
    finish(session)
    replays(session, tmp_path, "sales=1/12850")


def test_a_wrong_pin_stands_as_no_digit_and_is_wrong_again(bench, tmp_path):
    session, _ = bench
    ask_for_pin(session, "3000", "visa-debit")
    with masked(session) as added:
        press(session, *"1299", "ENTER")  # two of its digits are right
        see(session, "Wrong PIN")
        press(session, *"1234", "ENTER")
    words = [line.split()[-1] for line in added]
    assert words[:5] == ["OTHER.1", "OTHER.2", "OTHER.3", "OTHER.4", "ENTER"]
    assert words[5:9] == ["PIN.1", "PIN.2", "PIN.3", "PIN.4"]
    finish(session)
    told = replays(session, tmp_path, "sales=1/3000")
    looked = re.sub(r"(at \d+ms )press PIN\.1\n", r'\1expect screen "Wrong PIN"\n\g<0>', told)
    assert looked != told
    _holds(tmp_path, looked)


def test_a_wrong_pin_that_is_not_mended_sells_nothing(bench, tmp_path):
    session, _ = bench
    ask_for_pin(session, "12850", "unionpay-debit")
    with masked(session):
        press(session, *"12346", "ENTER")
    see(session, "Wrong PIN")
    replays(session, tmp_path, "sales=0/0")


def test_digits_that_were_taken_back_or_held_stand_as_words(bench, tmp_path):
    session, _ = bench
    ask_for_pin(session, "12850", "unionpay-debit")
    with masked(session) as added:
        press(session, *"1223", "BACK", "BACK")
        hold(session, "3")
        press(session, *"456", "ENTER")
    words = [tuple(line.split()[2:]) for line in added]
    assert words[:6] == [("press", "PIN.1"), ("press", "PIN.2"), ("press", "OTHER.3"),
                         ("press", "OTHER.4"), ("press", "BACK"), ("press", "BACK")]  # fmt: skip
    assert words[6:8] == [("down", "PIN.3"), ("up", "PIN.3")]
    finish(session)
    replays(session, tmp_path, "sales=1/12850")


def test_a_pin_that_is_typed_ahead_stands_as_words(bench, tmp_path):
    session, _ = bench
    ask_for_card(session, "12850")
    with masked(session) as added:
        session.submit(commands.Act("insert unionpay-debit"))
        for key in (*PIN, "ENTER"):
            session.submit(commands.Down(key))
            session.submit(commands.Up(key))
        see(session, "cardholder copy")
    assert "PIN.6" in added[-2]
    finish(session)
    replays(session, tmp_path, "sales=1/12850")


def test_an_operators_sign_on_stands_as_words(bench, tmp_path):
    session, _ = bench
    press(session, "MENU", "7", "1")
    agree(session, "Signed off")
    press(session, "ENTER")
    see(session, "Operator number")
    press(session, *"01", "ENTER")
    see(session, "password")
    with masked(session) as added:
        press(session, *"1358", "ENTER")
        see(session, "Wrong password")
        press(session, *"1357", "ENTER")
    assert "CASHIER.4" in added[-2]
    see(session, "signed on")
    press(session, "ENTER")
    see(session, "Enter amount")
    told = replays(session, tmp_path, "sales=0/0")
    _holds(tmp_path, told + 'expect screen "Enter amount"\n')


def _holds(tmp_path, text: str) -> None:
    file = tmp_path / "looked.pos"
    file.write_text(text)
    play(file)


def test_a_scenario_that_was_played_is_written_down_without_its_pin(bench, tmp_path):
    session, _ = bench
    story = (
        "set general.language en\npress 12850 ENTER\npress ENTER\ninsert unionpay-debit\n"
        'press 12 3456 ENTER\nexpect screen "cardholder copy"\npress ENTER\nremove\npress ENTER\n'
        "press MENU 7 1\npress ENTER\npress ENTER\npress 01 ENTER 1357 ENTER\n"
        'press ENTER\nexpect screen "Enter amount"\n'
    )
    session.submit(commands.Play("x.pos", story))
    session.submit(commands.Speed(60))
    wait_for(session.hub, lambda: (session.hub.state("play") or {}).get("end") == "held")
    told = replays(session, tmp_path, "sales=1/12850")
    assert "press 12850 ENTER\n" in told
    assert "press PIN.1 PIN.2 PIN.3 PIN.4 PIN.5 PIN.6 ENTER\n" in told
    assert "press 01 ENTER CASHIER.1 CASHIER.2 CASHIER.3 CASHIER.4 ENTER\n" in told


def test_other_digits_are_none_that_the_stage_knows():
    secrets = [*masked_keys.PASSWORDS.values()]
    accounts = [one.own.account for card in tray().values() for one in card.applications]
    secrets += [account.pin for account in accounts if account.pin]
    other = masked_keys.OTHER_DIGITS
    for secret in secrets:
        assert all(mine != known for mine, known in zip(other, secret, strict=False))
    assert not is_weak("00", Password(other[:6]))
    assert not is_weak("01", Password(other[:4]))


SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize(
    "name",
    [
        "card-with-an-offline-pin-counts-its-tries",
        "people-a-cashier-forgot-the-password-and-the-supervisor-resets-it",
        "people-first-sign-on-makes-everybody-choose-a-password",
        "people-wrong-passwords-lock-longer-and-longer",
        "pin-digits-are-shown-nowhere-around-the-guard",
        "password-digits-are-shown-nowhere-when-the-entry-ends",
    ],
)
def test_a_scenario_holds_again_without_its_secrets(name, tmp_path):
    """Each of its expectations, too; as many digits are told as were keyed in no masked entry."""
    keyed: list[Key] = []

    def make_stage(config):
        return Stage(tmp_path / "data", config, fresh=player.is_fresh, on_key=note)

    def note(pressed, entry):
        keyed.extend([pressed.key] if entry is None else [])
        recorder.taken(pressed, entry)

    player = Player(tmp_path / "data", tmp_path, make_stage=make_stage)
    recorder = Recorder([], lambda: player.stage.bench.slot.card)
    for step in read(SCENARIOS / f"{name}.pos"):
        if step.verb in ("press", "down"):
            recorder.played(step, [player.keys(word, step) for word in step.words])
        player.play(step)
        if step.verb not in ("press", "down"):
            recorder.played(step)
    told = recorder.text(None, 0)
    player.close()
    words = [word for line in told.splitlines() if line[:6] in ("press ", "down ")
             for word in line.split()[1:]]  # fmt: skip
    digits = [key for word in words if word.isdecimal() for key in keys_of(word)]
    stars = "00" in words  # else `*` is an arrow
    assert digits == [key for key in keyed if key.digit or (stars and key is Key.STAR)]
    assert any("." in word for word in words)
    _holds(tmp_path, told)


def taken(entries: MaskedEntries, entry: MaskedEntry | None, *keys: str, card=None) -> list[str]:
    """How each key is told once all were taken."""
    pressed = [Pressed(KEY_NAMES[key]) for key in keys]
    for one in pressed:
        entries.taken(one, entry, card)
    return ["-" if one.masked is None else one.masked for one in pressed]


def others(*places: int) -> list[str]:
    return [f"OTHER.{place}" for place in places]


def test_nothing_is_told_of_a_password_that_begins_as_a_known_one():
    told = taken(MaskedEntries(), MaskedEntry.PASSWORD, *"135790", "ENTER")
    assert told[:6] == others(1, 2, 3, 4, 5, 6)


def test_nothing_is_told_of_a_pin_that_is_one_digit_longer():
    told = taken(MaskedEntries(), MaskedEntry.PIN, *"12345", "ENTER", card=tray()["visa-debit"])
    assert told[:5] == others(1, 2, 3, 4, 5)


def test_the_double_zero_adds_two_digits_to_a_password_and_none_to_a_pin():
    entries = MaskedEntries()
    told = taken(entries, MaskedEntry.PASSWORD, "00", "00", "ENTER")
    assert told[0].split() == ["FACTORY-CASHIER.1", "FACTORY-CASHIER.2"]
    told = taken(entries, MaskedEntry.PIN, "1", "00", *"234", "ENTER", card=tray()["visa-debit"])
    assert told[:5] == ["PIN.1", "", "PIN.2", "PIN.3", "PIN.4"]


def test_what_was_keyed_before_cancel_is_of_no_entry():
    entries = MaskedEntries()
    told = taken(entries, MaskedEntry.PASSWORD, *"13", "CANCEL", *"1357", "ENTER")
    assert told[:2] == others(1, 2)
    assert told[3:7] == [f"CASHIER.{place}" for place in (1, 2, 3, 4)]


def test_enter_too_early_ends_no_entry():
    card = tray()["visa-debit"]
    told = taken(MaskedEntries(), MaskedEntry.PIN, *"12", "ENTER", *"34", "ENTER", card=card)
    assert [told[at] for at in (0, 1, 3, 4)] == ["PIN.1", "PIN.2", "PIN.3", "PIN.4"]


def test_a_key_that_is_left_to_a_masked_entry_is_of_it():
    """A digit ends a notice and is the first of the password that is asked for then."""
    recorder = Recorder([])
    recorder.down(5, "1")
    pressed = KeyPressed(Key.D1, 6)
    recorder.taken(pressed, None)
    assert "press 1" in recorder.text(None, 9)
    recorder.taken(pressed, MaskedEntry.PASSWORD)
    assert "press OTHER.1" in recorder.text(None, 9)


def test_a_digit_that_the_terminal_has_not_taken_yet_is_not_told():
    recorder = Recorder([])
    recorder.down(5, "1")
    recorder.up(900, "1")
    assert recorder.text(None, 1000).count("\n") == 1
    recorder.taken(KeyPressed(Key.D1, 1001), None)
    assert recorder.text(None, 1002).splitlines()[1:] == ["at 5ms down 1", "at 900ms up 1"]


def test_a_double_zero_that_is_held_in_a_password_is_told_as_two_digits():
    recorder = Recorder([])
    recorder.down(5, "*")
    recorder.up(900, "*")
    recorder.taken(KeyPressed(Key.STAR, 6), MaskedEntry.PASSWORD)
    assert recorder.text(None, 1000).splitlines()[1:] == ["at 5ms press OTHER.1 OTHER.2"]
