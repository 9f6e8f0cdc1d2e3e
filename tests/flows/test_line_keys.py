"""密钥与线路: the master key by keypad, sign-on and echo."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from firmware.core.masked import SecretKey
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.working_keys import check_value
from firmware.journal.records import MasterKeyLoaded
from firmware.lab.scenario.player import Player
from firmware.payments.tills import AskLine, Done, TillAnswer, TillAsked
from firmware.terminal.till_inbox import AcquirerLine
from tests.acquirer.line_acquirer import TMK
from tests.flows.at_a_line import Counter
from tests.flows.test_other_terminal import SALE
from tests.playing import play

FIRST = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
SECOND = bytes(a ^ b for a, b in zip(FIRST, TMK, strict=True))
MENU = ("press", "MENU", "7", "7", "246810", "ENTER")


def keys_of(component: bytes) -> tuple[str, ...]:
    """What is pressed for a component: A-F are `*` and 1-6."""
    digits = component.hex().upper()
    return tuple(
        key
        for digit in digits
        for key in ((digit,) if digit < "A" else ("*", str(ord(digit) - 64)))
    )


def told(key: bytes) -> str:
    return check_value(SecretKey(key)).hex().upper()


def master(counter: Counter) -> bytes:
    storage = counter.terminal.data.keys.card
    found = KeyStore(counter.directory / ACQUIRER_KEYS, storage).master
    assert found is not None
    return found.reveal()


def other_master(counter: Counter) -> None:
    """The terminal has a key that the acquirer does not know."""
    counter.play(("expect screen", "请输入金额"))
    storage = counter.terminal.data.keys.card
    KeyStore(counter.directory / ACQUIRER_KEYS, storage).load_master(SecretKey(FIRST))
    counter.play(("power cut",), ("power on",))


def test_two_components_make_the_key_and_the_terminal_signs_on_under_it(counter: Counter) -> None:
    other_master(counter)
    counter.play(MENU, ("press", "1", *keys_of(FIRST), "ENTER"))
    counter.play(("expect screen", told(FIRST)), ("press", "ENTER"))
    counter.play(("press", *keys_of(SECOND), "ENTER"))
    counter.play(("expect screen", told(SECOND)), ("press", "ENTER"))
    counter.play(("expect screen", "主密钥", told(TMK)), ("press", "ENTER"))
    counter.play(("expect screen", "主密钥已装入"), ("press", "ENTER"))
    counter.play(("expect screen", "线路签到成功"), ("press", "ENTER"))
    assert master(counter) == TMK
    records = [entry.record for entry in counter.terminal.data.journal.records()]
    assert MasterKeyLoaded(check=told(TMK), by="00") in records
    counter.play(*SALE)
    assert counter.acquirer.types() == ["0800", "0200"]


@pytest.mark.parametrize("step", ["component", "check", "last check"])
def test_cancelled_anywhere_nothing_is_changed(counter: Counter, step: str) -> None:
    other_master(counter)
    counter.play(MENU, ("press", "1", *keys_of(FIRST)[:-1]))
    if step != "component":
        counter.play(("press", *keys_of(FIRST)[-1:], "ENTER"))
    if step == "last check":
        counter.play(("press", "ENTER"), ("press", *keys_of(SECOND), "ENTER"), ("press", "ENTER"))
        counter.play(("expect screen", told(TMK)))
    counter.play(("press", "CANCEL"), ("expect screen", "请输入金额"))
    assert master(counter) == FIRST
    assert counter.acquirer.seen == []


def test_in_training_mode_its_screens_say_so(counter: Counter) -> None:
    counter.play((*MENU[:3], "6", *MENU[4:]), ("expect screen", "培训模式"), ("press", "ENTER"))
    counter.play(MENU, ("press", "1"), ("expect screen", "培训", "第1/8组"))
    counter.play(("press", *keys_of(FIRST), "ENTER"), ("expect screen", "培训", told(FIRST)))


def test_a_digit_is_taken_back_and_no_digit_is_ever_shown(counter: Counter) -> None:
    counter.play(MENU, ("press", "1", "1", "2", "*", "BACK", "BACK"))
    counter.play(("expect screen", "分量1 第1/8组"), ("expect no screen", "12"))
    counter.play(("press", "*", "6", "7", "8", "9"), ("expect screen", "第2/8组"))
    counter.play(("press", "*"), ("expect screen", "按1-6为A-F"), ("press", "7", "1", "CANCEL"))


def test_equal_components_are_no_key(counter: Counter) -> None:
    counter.play(MENU, ("press", "1"))
    for _ in range(2):
        counter.play(("press", *keys_of(FIRST), "ENTER"), ("press", "ENTER"))
    counter.play(("expect screen", "密钥无效"))
    assert master(counter) == TMK


def test_digits_of_a_component_that_is_broken_off_do_not_begin_a_sale(counter: Counter) -> None:
    counter.play(MENU, ("press", "1", *keys_of(FIRST)[:9]), ("wait", "2m"))
    counter.play(("press", "4", "5", "6"), ("expect no screen", "4.56"))


def test_only_the_supervisor_may(counter: Counter) -> None:
    counter.play(("press", "MENU", "7", "7", "111111", "ENTER"), ("expect screen", "密码错误"))


def test_an_echo_is_answered_and_silence_names_line_tpdu_and_header(counter: Counter) -> None:
    counter.play(MENU, ("press", "3"), ("expect screen", "主机应答正常"), ("press", "ENTER"))
    counter.acquirer.lose = lambda _kind, _fields: True
    counter.play(MENU, ("press", "3"))
    counter.play(("expect screen", "请查线路", "6000030000", "603100311003"), ("press", "ENTER"))
    counter.acquirer.undelivered = True
    counter.play(MENU, ("press", "3"), ("expect screen", "线路不通", "端口"), ("press", "ENTER"))
    assert counter.acquirer.types() == ["0820"] * 3


@pytest.mark.parametrize("answers", [True, False])
def test_a_till_has_the_line_tried_and_is_told_how_it_is(counter: Counter, answers: bool) -> None:
    counter.acquirer.lose = lambda _kind, _fields: not answers
    asked: Future[TillAnswer] = Future()
    counter.terminal.runner.step(TillAsked(AskLine(), asked))
    counter.play(("wait", "2m"))
    assert asked.result(0) is Done.RECORDED
    assert counter.acquirer.types() == ["0820"]
    assert counter.terminal.board.standing.line is AcquirerLine[("DOWN", "UP")[answers]]


def test_a_sign_on_that_is_refused_or_has_wrong_keys_says_so(counter: Counter) -> None:
    counter.acquirer.codes["0800"] = ["97"]
    counter.play(MENU, ("press", "2"), ("expect screen", "终端未登记", "97"), ("press", "ENTER"))
    counter.acquirer.check_flip = 1
    counter.play(MENU, ("press", "2"), ("expect screen", "校验值不符"), ("press", "ENTER"))
    counter.acquirer.check_flip = 0
    counter.play(MENU, ("press", "2"), ("expect screen", "线路签到成功"))


def test_without_a_line_there_is_no_such_menu(player: Player) -> None:
    play(player, "press MENU 7 7", 'expect no screen "主密钥"', 'expect screen "管理"')
