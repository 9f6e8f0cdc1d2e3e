"""The log: a line an event, and no card number in any of them."""

import io
import logging
import sys
from contextlib import contextmanager

import pytest

from firmware.core import log
from firmware.core.masked import Pan, Pin, SecretKey, Track2

PANS = ("6228480402564890018", "4761739001010119", "378282246310005", "4222222222222")


def line_of(message, *args, journald=False, exc_info=None, **values):
    """What one event looks like."""
    record = logging.LogRecord("firmware.x", logging.INFO, "x.py", 1, message, args, exc_info)
    record.__dict__.update(log.fields(**values))
    return log.LineFormatter(journald=journald).format(record)


@contextmanager
def logged(level):
    """What is logged at a level within."""
    stream = io.StringIO()
    handler = log.set_up(level, stream)
    try:
        yield stream
    finally:
        logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("pan", PANS)
@pytest.mark.parametrize(
    "text", ["card {}", "{}", "5A08{}", "57{}D30122010000", "16{}19", "<{}F>", "2026{}7"]
)
def test_no_card_number_gets_through_wherever_it_stands(pan, text):
    assert pan not in log.masked(text.format(pan))


@pytest.mark.parametrize("pan", PANS)
@pytest.mark.parametrize("gap", [" ", "-"])
def test_a_number_in_groups_is_hidden_in_its_groups(pan, gap):
    grouped = gap.join(pan[at : at + 4] for at in range(0, len(pan), 4))
    assert (
        log.masked(f"card {grouped}.")
        == f"card {'*' * 4}"
        + gap.join(["", *("*" * len(pan[at : at + 4]) for at in range(4, len(pan), 4))])
        + "."
    )


@pytest.mark.parametrize(
    "text",
    [
        "4761739001010110",  # no check digit fits, wherever one begins to count
        "voucher 000123 batch 000001",
        "2026-11-22T09:00:00.123+08:00",
        "amount 12850",
        "0000000000000000",
    ],
)
def test_other_numbers_stay(text):
    assert log.masked(text) == text


def test_an_event_is_one_line_of_names_and_values():
    line = line_of("device %s", "lost", device="reader", detail='no "reader"\nhere', count=3)
    assert line.split(" ", 1)[1] == (
        'level=info logger=firmware.x event="device lost" device=reader'
        r' detail="no \"reader\"\nhere" count=3'
    )


def test_the_time_has_milliseconds_and_its_offset():
    assert line_of("x")[:3] == "at="
    assert len(line_of("x").split()[0]) == len("at=2026-11-22T09:00:00.123+08:00")


def test_under_journald_the_level_is_its_own_and_the_time_is_left_to_it():
    assert line_of("up", journald=True) == "<6>logger=firmware.x event=up"


def test_masked_types_show_nothing():
    line = line_of(
        "%s", Pan(PANS[0]), pin=Pin("1357"), key=SecretKey(b"k" * 16), track=Track2("4761")
    )
    assert "1357" not in line
    assert "4761" not in line
    assert "kkk" not in line
    assert PANS[0] not in line


def test_a_traceback_shows_where_and_no_secret():
    def flow(pan, pin):
        raise ValueError(f"bad card {pan.reveal()} {pin!r}")

    digits = "975310"
    try:
        flow(Pan(PANS[0]), Pin(digits))
    except ValueError:
        line = line_of("bug", exc_info=sys.exc_info())
    assert "in flow" in line
    assert "bad card ******" in line
    assert digits not in line


def test_of_libraries_only_warnings_are_let_through():
    with logged(1) as stream:
        logging.getLogger("escpos").info("chatter")
        logging.getLogger("escpos").warning("smoke")
        logging.getLogger("firmware.flows").debug("own")
    assert [line.split("event=")[1] for line in stream.getvalue().splitlines()] == ["smoke", "own"]


def test_debugging_is_asked_for():
    with logged(0) as stream:
        logging.getLogger("firmware.flows").debug("detail")
        logging.getLogger("firmware.flows").info("event")
    assert "detail" not in stream.getvalue()
    assert "event=event" in stream.getvalue()


def test_a_line_that_cannot_be_written_is_lost_without_a_word(capsys):
    """Python's own words about it have the event's traceback as it is, with the card's number."""
    with logged(0) as stream:
        stream.close()
        try:
            int(PANS[0] + "x")
        except ValueError:
            logging.getLogger("firmware").exception("a bug")
    assert capsys.readouterr().err == ""
