"""The run on real parts, with as many of them as there can be without a header.

A card server with a modelled card, a modelled printer behind a terminal device, and somebody at
another one who does what is asked. There is no display and no keypad.
"""

import contextlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hw.sim.cards import tray
from hw.sim.printer.escpos import PrinterModel
from tests.hw.serial_line import on_terminal
from tests.machine import pseudo_terminal

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "pytest", "-v", "-s", "-m", "hardware", "tests/contracts")
SETTINGS = """
[display]
port = 19
[keypad]
kind = "usb"
device = "/dev/no-such-keypad"
[printer]
kind = "file"
device = "{}"
"""
PUT_IN, TAKE_OUT, PULL = "put a chip card in", "take the card out", "pull the card out"
SEEN = "[y/n]"
ASKED = re.compile("|".join(map(re.escape, (PUT_IN, TAKE_OUT, PULL, SEEN))))


def attended(command, environment, deeds):
    """Run a command at a terminal of its own, doing there what it asks; gives what it asked."""
    person, terminal = pseudo_terminal()
    ends = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, **ends) as process:
        os.close(terminal)
        said, asked = "", []
        with contextlib.suppress(OSError):  # the other end is closed
            while came := os.read(person, 4096):
                said += came.decode(errors="replace")
                while ask := ASKED.search(said):
                    said = said[ask.end() :]
                    asked.append(ask[0])
                    deeds.get(ask[0], lambda: os.write(person, b"y\n"))()
    os.close(person)
    return asked, process.returncode


@pytest.fixture(scope="module")
def model():
    return PrinterModel()


@pytest.fixture(scope="module")
def run(tmp_path_factory, model, pcscd):
    """What was asked for, and each test of the run with why it was skipped, or with nothing."""
    folder = tmp_path_factory.mktemp("run")
    deeds = {
        PUT_IN: lambda: pcscd.insert(tray()["visa-credit"]),
        TAKE_OUT: pcscd.remove,
        PULL: pcscd.remove,
    }
    with on_terminal(model) as device:
        (folder / "terminal.toml").write_text(SETTINGS.format(device))
        asked, code = attended(
            (*COMMAND, "--junitxml", folder / "results.xml"),
            {
                "POS_CONFIG": str(folder / "terminal.toml"),
                "PCSCLITE_CSOCK_NAME": str(pcscd.socket),
            },
            deeds,
        )
    assert code == 0
    results = {}
    for case in ET.parse(folder / "results.xml").iter("testcase"):
        module = case.get("classname").split(".")[2]
        reason = case.find("skipped")
        results[module, case.get("name")] = None if reason is None else reason.get("message")
    return asked, results


def skipped(run, module):
    """Why tests of a module were skipped; None for one that was not."""
    _, results = run
    found = {why for (of, _), why in results.items() if of == module}
    assert found
    return found


def test_the_reader_is_the_one_of_this_machine(run):
    assert skipped(run, "test_card_reader_contract") == {None}


def test_the_printer_is_the_configured_one(run, model):
    assert skipped(run, "test_printer_contract") == {None}
    assert "￥128.50" in model.paper.text


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("test_display", "no display: /dev/i2c-19 is not there"),
        ("test_keypad", "no keypad: /dev/no-such-keypad: No such file or directory"),
    ],
)
def test_what_is_not_there_is_skipped_and_says_why(run, module, why):
    assert all(said.startswith(why) for said in skipped(run, module))


def test_a_person_moves_a_card_four_times_and_reads_one_paper(run):
    asked, results = run
    assert asked == [SEEN, PUT_IN, TAKE_OUT, PUT_IN, PULL]
    assert results["test_at_the_bench", "test_eyes_can_read_the_paper[part]"] is None
