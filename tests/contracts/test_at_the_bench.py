"""What a person must press or see: on models always; at a real terminal one part after another."""

import io

import pytest
from PIL import Image

from firmware.core.config_file import from_tables
from firmware.terminal.settings import Settings
from hw.events import Key, KeyPressed
from hw.ports import Cut, PrintResult, TextLine
from tests.contracts.at_the_bench import PART, Hands, Person, Terminal, keys_of


@pytest.fixture(params=["model", PART])
def somebody(request):
    if request.param == "part":
        yield request.getfixturevalue("person")
        return
    hands = Hands()
    yield hands
    hands.close()


def test_eyes_see_the_picture_that_was_sent(somebody):
    display = somebody.part("display")
    picture = Image.new("1", (128, 64))
    for x in range(0, 128, 8):
        for y in range(0, 64, 8):
            picture.paste((x + y) // 8 % 2, (x, y, x + 8, y + 8))
    display.show(picture)
    assert somebody.sees("Is there a chessboard of 16 by 8 squares, sharp up to every edge?")
    display.close()
    assert somebody.sees("Is the display dark now?")
    display.reopen()
    assert somebody.sees("Is the chessboard back?")


def test_each_key_is_the_one_that_was_asked_for(somebody):
    with keys_of(somebody.part("keypad"), somebody.clock) as next_event:
        for key in Key:
            somebody.please(f"press {key.value}")
            event = next_event()
            assert isinstance(event, KeyPressed)
            assert event.key is key


def test_eyes_can_read_the_paper(somebody):
    printer = somebody.part("printer")
    report = printer.print((TextLine("签购单 ￥128.50"), TextLine("POS SALES SLIP"), Cut()))
    assert report.result is PrintResult.SENT
    assert somebody.sees("Is there a Chinese line, 签购单 ￥128.50, and an English one below?")


def test_beep_and_lights_are_noticed(somebody):
    signals = somebody.part("signals")
    signals.trading(yes=True)
    signals.beep(400)
    assert somebody.sees("Did it beep, or flash red, and is green on?")


ABSENT = {
    "display": {"port": 19},
    "keypad": {"kind": "usb", "device": "/dev/no-such-keypad"},
    "reader": {"name": "no such reader"},
    "printer": {"kind": "file", "device": "/dev/no-such-printer"},
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A terminal that has none of its parts."""
    settings = Settings(from_tables(ABSENT, source="a test"), None)
    bare = Terminal(settings, tmp_path_factory.mktemp("bare"))
    yield bare
    bare.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("display", "no display: /dev/i2c-19 is not there; "),
        ("keypad", "no keypad: /dev/no-such-keypad: No such file or directory; "),
        ("reader", "no reader: .+; "),
        ("printer", "no printer: offline; "),
        ("signals", "no signals: none is configured"),
    ],
)
def test_a_part_that_is_not_there_is_skipped_in_the_doctors_words(bare, name, why):
    with pytest.raises(pytest.skip.Exception, match=why):
        bare.part(name)


def test_where_nobody_is_to_be_asked_that_is_said(bare, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(pytest.skip.Exception, match=r"nobody .+: press ENTER"):
        Person(bare).please("press ENTER")
