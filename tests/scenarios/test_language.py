"""What can be written in a scenario, and what is said of what cannot: place, then what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.lab.scenario.language import ScenarioError
from firmware.lab.scenario.player import ScenarioFailed
from firmware.lab.scenario.playing import play

WELL = {
    "spaces and tabs": '\tpress   12850\tENTER  \n\n   expect screen   "核对"\n',
    "a file from Windows": '\ufeff# text\r\npress 12850 ENTER\r\nexpect screen "核对"\r\n',
    "comments behind": 'press 1 #an amount\nwait 2s  # and a while\nexpect screen "0.01" # now\n',
    "the key #": 'press #\nexpect screen "HAPPY STORE"\n',
    "the keys # and digits": 'press # 1 2\nexpect screen "0.12"\n',
    "names of keys": 'press MENU DOWN UP # *\npress CANCEL 5 00\nexpect screen "5.00"\n',
    "a folded text": 'press 100 ENTER\nexpect screen "RMB   1.00" "1.00"\nexpect no screen "2"\n',
    "a setting in quotes": 'set merchant.name "大 富 贵"\nexpect screen "大 富 贵"\n',
    "a setting with spaces": "set merchant.name_en BIG SHOP\nset general.language en\n"
    'expect screen "BIG SHOP"\n',
    "an amount in major units": "set sale.max_amount 1.00\npress 101 ENTER\n"
    'expect screen "1.00"\nexpect no screen "核对"\n',
    "every time": "wait 1ms\nwait 1s\nwait 1m\nwait 1h\nwait 0s\n",
    "every clock": "fault clock jump +1d\nfault clock jump -2h\nfault clock jump 5m\nclear clock\n",
    "no power": "power cut\npower cut\npress 1\ninsert jcb\nremove\nwait 1m\npower on\n"
    'expect screen "请输入金额"\n',
    "nothing printed": 'tear\nexpect no paper "凭证号"\nexpect totals refunds=0/0 sales=0/0\n',
    "a file in quotes": 'save screen "a glass.png"\n',
}
FAULTY = {
    "press enter\n": "1: no key is called enter",
    "press\n": "1: expected: press KEY…",
    "press $x\n": "1: nothing is remembered as x",
    "\nexpect screen 核对\n": '2: expected: expect screen "TEXT"',
    'expect screen ""\n': '1: expected: expect screen "TEXT"',
    'expect screen "核对\n': '1: a text in "…" is not closed',
    'EXPECT screen "x"\n': '1: unknown line “EXPECT screen "x"”; known are acquirer, ',
    "expect totals sale=1/1\n": "1: expected: expect totals sales=",
    "wait 30\n": "1: expected: wait 30s (ms, s, m, h or d)",
    "wait 4000d\n": "1: expected: a wait of 3650d at most",
    "insert gold-card\n": "1: no card gold-card; the tray has amex, ",
    "set refund.window_days x\n": "1: refund.window_days: Expected `int`, got `str`",
    "set no.such 1\n": "1: no.such: no such setting",
    "set stage.fresh maybe\n": "1: expected: set stage.fresh true, or false",
    "press 1\nset void.pin false\n": "2: set stands only before the first action",
    "include no.pos\n": "1: no.pos: No such file or directory",
    "include story.pos\n": "1: story.pos: includes itself, or includes go too deep",
    "remember x card\n": "1: expected: remember NAME voucher|authorisation",
    "fault toaster burnt\n": "1: no device toaster; there are printer, reader, ",
    "fault host down now\n": "1: expected: fault host with one of silent, down, garbage",
    "fault card pull-at 0\n": "1: pull-at takes a number from 1, not 0",
    "fault clock jump soon\n": "1: jump takes a time such as +1d or -2h, not soon",
    "fault key stuck F1\n": "1: no key is called F1",
    "clear\n": "1: expected: clear with one of printer, ",
    "power on\n": "1: the power is on",
    "power cut\nexpect books balanced\n": "2: the power is off",
    "save screen /proc/none/a.png\n": "1: /proc/none/a.png: is not below ",
    "save screen ../a.png\n": "1: ../a.png: is not below ",
    "save paper .\n": "1: .: is not below ",
    "set host.accounts /etc/passwd\n": "1: host.accounts names a file: no scenario may",
    "set data_dir /tmp/mine\n": "1: general.data_dir names a file: no scenario may",
    "set keys.card /tmp/mine\n": "1: keys.card names a file: no scenario may",
    "set kiosk.pictures /etc\n": "1: kiosk.pictures names a file: no scenario may",
    "set acquirer.profile /tmp/mine.toml\n": "1: acquirer.profile names a file: no scenario may",
    "include ../other.pos\n": "1: ../other.pos: is not below ",
    "include /etc/shadow\n": "1: /etc/shadow: is not below ",
    "include /dev/zero\n": "1: /dev/zero: is not below ",
    "include pipe\n": "1: pipe: is not a regular file",
    "include folder\n": "1: folder: is not a regular file",
    "include way-out\n": "1: way-out: is not below ",
    "include huge.pos\n": "1: huge.pos: is larger than 1 MiB",
    "include binary.pos\n": "1: binary.pos: is not UTF-8 text",
    "include twice-1.pos\n": "twice-",
    "elsewhere hold jcb 100\n": "1: expected: elsewhere hold CARD 100000 NAME, or complete|void",
    "elsewhere hold jcb 100 $x\n": "1: expected: elsewhere hold CARD 100000 NAME",
    "elsewhere void jcb 100 x\n": "1: expected: elsewhere hold CARD 100000 NAME",
    "elsewhere hold jcb 0 x\n": "1: expected: elsewhere hold CARD 100000 NAME",
    "elsewhere complete jcb 100 $x\n": "1: nothing is remembered as x",
    "elsewhere hold gold-card 100 x\n": "1: no account is behind gold-card",
    "press PIN.0\n": "1: no key is called PIN.0",
    "down PIN\n": "1: expected: down KEY",
    "press PIN.1\n": "1: PIN.1: the card in the reader has none",
    "insert visa-debit\npress PIN.5\n": "2: PIN.5: the card in the reader has none",
    "press CASHIER.5\n": "1: CASHIER.5: CASHIER has none",
    "at soon press 1\n": "1: expected: at 12500ms VERB…",
}


@pytest.mark.parametrize("text", WELL.values(), ids=WELL)
def test_what_can_be_written(text: str, tmp_path: Path) -> None:
    play(_story(tmp_path, text))


@pytest.mark.parametrize(("text", "words"), FAULTY.items(), ids=map(repr, FAULTY))
def test_a_mistake_is_told_once_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    _traps(tmp_path)
    path = _story(tmp_path, text)
    with pytest.raises(ScenarioError) as error:
        play(path)
    said = str(error.value).replace(f"{tmp_path}/", "")
    assert said.removeprefix("story.pos:").startswith(words)
    assert said.count("\n") == 0


def test_a_voucher_cannot_be_remembered_before_one_is_printed(tmp_path: Path) -> None:
    with pytest.raises(ScenarioFailed, match=r":1: expected a number was printed: voucher"):
        play(_story(tmp_path, "remember sale voucher\n"))


def test_pictures_go_below_the_output_folder_alone(tmp_path: Path) -> None:
    output, outside = tmp_path / "out", tmp_path / "outside"
    outside.mkdir()
    output.mkdir()
    (output / "link").symlink_to(outside)
    (output / "link.png").symlink_to(outside / "b.png")
    (output / "notes.txt").write_text("mine")
    story = _story(tmp_path, "press 1\nsave screen sub/a.png\nsave screen sub/a.png\n")
    play(story, output=output)
    assert (output / "sub" / "a.png").read_bytes().startswith(b"\x89PNG")
    for name in ("link/b.png", "link.png", "sub/../../b.png"):
        with pytest.raises(ScenarioError, match="is not below"):
            play(_story(tmp_path, f"save screen {name}\n"), output=output)
    with pytest.raises(ScenarioError, match=r"notes.txt: is there already"):
        play(_story(tmp_path, "save screen notes.txt\n"), output=output)
    assert (output / "notes.txt").read_text() == "mine"
    assert list(outside.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "outside", "story.pos"]


def _traps(folder: Path) -> None:
    """What a scenario may want to include."""
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "way-out").symlink_to("/etc/hostname")
    (folder / "huge.pos").write_bytes(b"#" * (1024 * 1024 + 1))
    (folder / "binary.pos").write_bytes(b"\xff\xfe\x00")
    for depth in range(1, 12):  # two thousand times the last one
        line = f"include twice-{depth + 1}.pos\n" if depth < 11 else "press 1\n"
        (folder / f"twice-{depth}.pos").write_text(line * 2)


def _story(folder: Path, text: str) -> Path:
    path = folder / "story.pos"
    path.write_text(text, encoding="utf-8", newline="")
    return path
