"""The serial port of a printer: alone on it, or with a console and a login for company."""

import pytest

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.printer import SerialPortCheck
from tests.ops.doctor.machine import ModelMachine, verdicts, worst

COMMAND_LINE = b"console=tty1 root=PARTUUID=0-02 rootfstype=ext4 rootwait\n"
WANTS = "/etc/systemd/system/getty.target.wants"


def pi(port="/dev/ttyAMA0", cmdline=COMMAND_LINE, *others):
    files = {port: b"", "/proc/cmdline": cmdline, **dict.fromkeys(others, b"")}
    return ModelMachine(files, links={"/dev/serial0": port})


def check(machine, path="/dev/serial0"):
    return SerialPortCheck(machine, path)


def test_a_port_without_company_is_good():
    login = f"{WANTS}/serial-getty@ttyUSB0.service"
    assert verdicts(check(pi("/dev/ttyAMA0", COMMAND_LINE, login))) == [Verdict.GOOD]


@pytest.mark.parametrize("port", ["/dev/ttyAMA0", "/dev/ttyS0"])
@pytest.mark.parametrize("alias", [True, False], ids=["serial0", "as the kernel has it"])
def test_a_console_on_the_port_is_bad_by_whatever_name(port, alias):
    name = "serial0" if alias else port.rpartition("/")[2]
    machine = pi(port, b"console=%s,115200 %s" % (name.encode(), COMMAND_LINE))
    [(detail, advice)] = worst(check(machine))
    assert f"`console={name},115200`" in detail
    assert advice.startswith("`sudo raspi-config nonint do_serial_cons 1`")
    assert advice.endswith("reboot")


def test_a_console_on_another_port_is_none_of_the_printers():
    machine = pi("/dev/ttyAMA0", b"console=ttyAMA1,115200 " + COMMAND_LINE)
    assert verdicts(check(machine)) == [Verdict.GOOD]


def test_a_login_that_was_enabled_by_hand_is_bad_with_how_to_disable_it():
    machine = pi("/dev/ttyAMA0", COMMAND_LINE, f"{WANTS}/serial-getty@ttyAMA0.service")
    [(_, advice)] = worst(check(machine))
    assert advice == "sudo systemctl disable --now serial-getty@ttyAMA0.service"


def test_the_first_serial_port_of_a_pi_5_is_not_on_the_header():
    machine = pi("/dev/ttyAMA10", b"console=ttyAMA10,115200 " + COMMAND_LINE)
    [(detail, advice)] = worst(check(machine))
    assert "debug connector" in detail
    assert "dtparam=uart0=on" in advice
    assert [each for each, _ in worst(check(machine, "/dev/ttyAMA10"))] == [
        "the kernel's messages and a login go to /dev/ttyAMA10, by `console=ttyAMA10,115200`"
    ]


def test_a_port_that_is_not_there_is_left_to_the_permissions():
    assert verdicts(check(ModelMachine({"/proc/cmdline": b"console=serial0,115200"}))) == []
