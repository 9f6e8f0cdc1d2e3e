"""What takes eyes and fingers: on models always; on a wired Pi one part at a time, by asking.

`pytest tests/contracts -m hardware` on a Pi, at a terminal of it or over ssh, with the service
stopped. Parts are those of /etc/pos-terminal/terminal.toml, or of the file POS_CONFIG names.
"""

import pytest
from PIL import Image

from hw.events import CardInserted, CardRemoved, DeviceLost, Key, KeyPressed
from hw.ports import Cut, DeviceFault, Line, PrintResult
from tests.contracts.at_the_bench import Hands, Person, keys_of, lost_in
from tests.contracts.conftest import ON_MODEL_AND_PART

POLL_MS, POLLS = 1_000, 30


@pytest.fixture(params=ON_MODEL_AND_PART)
def somebody(request, real_part, tmp_path):
    made = Hands() if request.param == "model" else real_part(lambda: Person(tmp_path))
    yield made
    made.close()


@pytest.fixture
def display(somebody):
    display = somebody.parts.display
    try:
        display.reopen()
    except DeviceFault as fault:
        pytest.skip(f"no {fault}")
    yield display
    display.close()


@pytest.fixture
def reader(somebody):
    reader = somebody.parts.reader
    if why := lost_in(reader.poll(POLL_MS)):
        pytest.skip(f"no reader: {why}")
    yield reader
    reader.close()


@pytest.fixture
def printer(somebody):
    printer = somebody.parts.printer
    if not printer.status().can_print:
        pytest.skip(f"no printer: {printer.status().value}")
    yield printer
    printer.close()


def test_eyes_see_the_picture_that_was_sent(somebody, display):
    picture = Image.new("1", (128, 64))
    for x in range(0, 128, 8):
        for y in range(0, 64, 8):
            picture.paste((x + y) // 8 % 2, (x, y, x + 8, y + 8))
    display.show(picture)
    assert somebody.sees("Is there a chessboard of 16 by 8 squares, sharp up to every edge?")
    display.sleep(asleep=True)
    assert somebody.sees("Is the glass dark now?")
    display.sleep(asleep=False)
    assert somebody.sees("Is the chessboard back?")


def test_each_key_is_the_one_that_was_asked_for(somebody):
    with keys_of(somebody.parts.keypad, somebody.clock) as next_event:
        for key in Key:
            somebody.please(f"press {key.value}")
            event = next_event()
            if isinstance(event, DeviceLost):
                pytest.skip(f"no keypad: {event.detail}")
            assert isinstance(event, KeyPressed)
            assert event.key is key


def test_a_card_is_met_answers_and_is_missed(somebody, reader):
    def until(kind):
        events = (event for _ in range(POLLS) for event in reader.poll(POLL_MS))
        return next((event for event in events if isinstance(event, kind)), None)

    somebody.please("put a chip card in, and leave it in")
    assert until(CardInserted), "no card was seen"
    assert reader.power_on()[0] in (0x3B, 0x3F)  # TS. See ISO/IEC 7816-3, 8.1
    answer = reader.transmit(bytes.fromhex("00A404000E315041592E5359532E444446303100"))
    assert len(answer) >= 2
    reader.power_off()
    somebody.please("take the card out")
    assert until(CardRemoved), "the card was not missed"


def test_eyes_can_read_the_paper(somebody, printer):
    report = printer.print((Line("签购单 ￥128.50"), Line("POS SALES SLIP"), Cut()))
    assert report.result is PrintResult.SENT
    assert somebody.sees("Is there a Chinese line, 签购单 ￥128.50, and an English one below?")


def test_ears_and_eyes_notice_the_extras(somebody):
    signals = somebody.parts.signals
    if signals is None:
        pytest.skip("no extras: [signals] has neither buzzer nor lights")
    signals.trading(yes=True)
    signals.beep(400)
    assert somebody.sees("Did it beep, or flash red, and is green on?")
    signals.close()
