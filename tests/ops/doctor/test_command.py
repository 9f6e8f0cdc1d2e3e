"""`pos doctor` on a machine that is no Pi: it names what is missing, and fails."""

import argparse
import json
from pathlib import Path

import pytest

from firmware.cli import doctor
from firmware.core.config import Config, PrinterSettings
from firmware.core.config_file import from_tables
from firmware.core.exits import DONE, FAILED
from firmware.core.places import CONFIG
from firmware.ops.doctor import examination
from firmware.ops.doctor.display import SignalsCheck
from firmware.ops.doctor.findings import (
    as_json,
    as_line,
    bad,
    examined,
    fit,
    good,
    skipped,
    warning,
)
from firmware.ops.doctor.permissions import PermissionsCheck
from firmware.ops.doctor.printer import PrinterCheck, SerialPortCheck
from firmware.ops.doctor.storage import StorageCheck
from firmware.terminal.settings import Settings, usb_printer
from tests.ops.doctor.machine import ALICE, POS, ModelMachine


class Told:
    """A check that found something already."""

    def __init__(self, *findings):
        self._findings = findings

    def look(self):
        return iter(self._findings)


FINE = Told(good("reader", "here"), warning("clock", "slow", "set it"), skipped("keypad", "no"))
BROKEN = Told(bad("printer", "offline", "switch it on"))


def test_only_what_is_bad_makes_a_terminal_unfit():
    assert fit(examined([FINE], lambda _finding: None))
    assert not fit(examined([FINE, BROKEN], lambda _finding: None))


def test_each_finding_is_told_as_it_comes_with_its_advice_in_the_same_line():
    lines = []
    examined([FINE, BROKEN], lambda finding: lines.append(as_line(finding)))
    assert lines[0].split() == ["ok", "reader", "here"]
    assert lines[-1].split() == ["BAD", "printer", "offline", "→", "switch", "it", "on"]


def test_json_has_every_finding_and_the_verdict():
    told = json.loads(as_json(examined([BROKEN], lambda _finding: None)))
    assert told == {
        "fit": False,
        "findings": [
            {
                "part": "printer",
                "verdict": "bad",
                "detail": "offline",
                "advice": "switch it on",
            }
        ],
    }


@pytest.fixture
def options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no configuration of the person who runs the tests

    def parsed(*words):
        parser = argparse.ArgumentParser()
        doctor.add_arguments(parser)
        return parser.parse_args(words)

    return parsed


def test_the_whole_command_looks_at_every_part_and_leaves_nothing_behind(options, capsys, tmp_path):
    code = doctor.run(options("--json"))
    told = json.loads(capsys.readouterr().out)
    parts = {finding["part"] for finding in told["findings"]}
    assert parts >= {"power", "clock", "storage", "permissions", "display", "keypad", "reader"}
    assert "printer" in parts
    assert code == (DONE if told["fit"] else FAILED)
    assert list(tmp_path.iterdir()) == []


EPSON = {
    f"/sys/bus/usb/devices/{port}/{name}": word + b"\n"
    for port, words in {
        "usb1": (b"1d6b", b"0002", b"1", b"1"),
        "1-1.2": (b"04b8", b"0202", b"1", b"12"),
    }.items()
    for name, word in zip(("idVendor", "idProduct", "busnum", "devnum"), words, strict=True)
}


@pytest.mark.parametrize(
    ("tables", "nodes"),
    [
        ({}, ["/dev/gpiochip*", "/dev/i2c-1", usb_printer()]),
        ({"display": {"bus": "spi"}}, ["/dev/gpiochip*", "/dev/spidev0.0", usb_printer()]),
        (
            {"printer": {"device": "04B8:0202"}},
            ["/dev/gpiochip*", "/dev/i2c-1", "/dev/bus/usb/001/012"],
        ),
        ({"printer": {"device": "0416:5011"}}, ["/dev/gpiochip*", "/dev/i2c-1"]),
        ({"printer": {"kind": "serial"}}, ["/dev/gpiochip*", "/dev/i2c-1", "/dev/serial0"]),
        (
            {"printer": {"kind": "file", "device": "/dev/pos-printer"}},
            ["/dev/gpiochip*", "/dev/i2c-1", "/dev/pos-printer"],
        ),
        ({"printer": {"kind": "none"}}, ["/dev/gpiochip*", "/dev/i2c-1"]),
        (
            {"printer": {"kind": "none"}, "keypad": {"kind": "usb"}},
            ["/dev/i2c-1", "/dev/pos-keypad"],
        ),
    ],
    ids=[
        "defaults",
        "SPI",
        "USB printer",
        "unplugged printer",
        "serial printer",
        "printer by its node",
        "no printer",
        "USB keypad",
    ],
)
def test_only_the_devices_of_configured_parts_are_needed(tables, nodes):
    config = from_tables(tables, source="test") if tables else Config()
    assert [each.path for each in examination.needed(config, ModelMachine(EPSON))] == nodes


def test_for_people_there_is_a_line_a_finding_and_how_many_are_to_mend(options, capsys):
    code = doctor.run(options("--no-keys"))
    by, *lines = capsys.readouterr().out.splitlines()
    assert by.startswith("by ")  # which settings it went by
    to_mend = sum(line.startswith("BAD") for line in lines)
    assert code == (FAILED if to_mend else DONE)
    if to_mend:
        assert lines.pop() == f"{to_mend} to mend"
    assert {line.split()[0] for line in lines} <= {"ok", "warn", "BAD", "-"}


def test_extras_are_looked_at_only_where_they_are_configured(tmp_path):
    for fitted in (True, False):
        config = from_tables({"signals": {"buzzer": fitted}}, source="test")
        checks = examination.checks(Settings(config, None), tmp_path, ModelMachine(), None)
        assert any(isinstance(each, SignalsCheck) for each in checks) == fitted


def test_slips_are_printed_in_every_way_and_only_when_asked_for(tmp_path):
    for slips, ways in ((True, {"native", "mixed", "raster"}), (False, set())):
        settings = Settings(Config(), None)
        checks = examination.checks(settings, tmp_path, ModelMachine(), None, slips=slips)
        [printer] = [each for each in checks if isinstance(each, PrinterCheck)]
        assert set(printer.slips) == ways


@pytest.mark.parametrize(
    ("printer", "ports"),
    [
        ({"kind": "serial"}, ["/dev/serial0"]),
        ({"kind": "serial", "device": "/dev/pos-printer-serial"}, ["/dev/pos-printer-serial"]),
        ({"kind": "none"}, []),
    ],
    ids=["header", "adapter", "no printer"],
)
def test_a_serial_printers_port_is_looked_at_and_no_other(printer, ports, tmp_path):
    settings = Settings(from_tables({"printer": printer}, source="test"), None)
    checks = examination.checks(settings, tmp_path, ModelMachine(), None)
    assert [each.path for each in checks if isinstance(each, SerialPortCheck)] == ports


@pytest.mark.parametrize(
    ("users", "settings_file", "user", "owner"),
    [
        ((POS,), CONFIG, POS, POS),
        ((POS,), "pos.toml", POS, ALICE),
        ((), "pos.toml", None, ALICE),
    ],
    ids=["installed", "a checkout beside it", "a bench"],
)
def test_the_terminals_user_counts_and_at_a_bench_who_looks(
    users, settings_file, user, owner, tmp_path
):
    settings = Settings(Config(), Path(settings_file))
    checks = list(examination.checks(settings, tmp_path, ModelMachine(users=users), None))
    assert [each.user for each in checks if isinstance(each, PermissionsCheck)] == [user]
    assert [each.user for each in checks if isinstance(each, StorageCheck)] == [owner]


def test_a_bluetooth_printer_that_is_not_bound_says_how_to_bind_it(tmp_path):
    printer = PrinterSettings(kind="serial", device="/dev/rfcomm0")
    [port] = [
        each
        for each in examination.needed(Config(printer=printer), ModelMachine())
        if each.path == "/dev/rfcomm0"
    ]
    assert port.group == "dialout"
    assert "/etc/pos-terminal/bluetooth" in port.missing
