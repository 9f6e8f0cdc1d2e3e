"""An installation below a temporary root: complete, repeatable, and taken away again."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware.core.config_file import load
from firmware.core.places import CONFIG, DATA
from firmware.ops.install.plan import (
    TRIAL_SERVICE,
    TRIAL_TIMER,
    UNIT,
    UNIT_PATH,
    install,
    steps,
    uninstall,
)
from firmware.ops.install.steps import File
from firmware.ops.install.system import InstallFault, System

COMMAND = "/opt/pos-terminal/bin/pos"
EXPOSURE_MOST = 2.0


class Accounts:
    """Shadow's commands as far as an installation uses them, on the files below a root."""

    def __init__(self, root):
        self._etc = root / "etc"
        self._etc.mkdir()
        (self._etc / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (self._etc / "group").write_text("root:x:0:\nlp:x:7:\ndialout:x:20:\n")
        self.commands = []

    def run(self, command):
        self.commands.append(" ".join(command))
        name = command[-1]
        match command[0]:
            case "groupadd":
                self._append("group", f"{name}:x:{os.getgid()}:")
            case "useradd":
                self._append("passwd", f"{name}:x:{os.getuid()}:{os.getgid()}::{DATA}:/nologin")
            case "usermod":
                joined = command[command.index("--groups") + 1].split(",")
                lines = (self._etc / "group").read_text().splitlines()
                (self._etc / "group").write_text(
                    "".join(
                        f"{line}{name if line.split(':')[0] in joined else ''}\n" for line in lines
                    )
                )

    def _append(self, database, line):
        with (self._etc / database).open("a") as file:
            file.write(f"{line}\n")


@pytest.fixture
def accounts(tmp_path):
    return Accounts(tmp_path)


@pytest.fixture
def system(tmp_path, accounts):
    return System(tmp_path, live=False, run=accounts.run)


@pytest.fixture
def told():
    return []


def files_below(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_it_says_each_change_and_makes_it(system, told, tmp_path):
    assert install(system, steps(COMMAND), told.append) == len(told)
    assert told[0] == "add group pos"
    assert f"write {UNIT_PATH}" in told
    assert "lp" not in [line.rpartition(" ")[2] for line in told]  # it was there
    unit = (tmp_path / UNIT_PATH[1:]).read_text()
    assert f"ExecStart={COMMAND} run --config {CONFIG}\n" in unit
    assert "@" not in re.sub("@(system-service|privileged|resources)", "", unit)
    enabled = tmp_path / "etc/systemd/system/multi-user.target.wants" / UNIT
    assert str(enabled.readlink()) == UNIT_PATH


def test_the_data_is_for_the_terminal_alone(system, told, tmp_path):
    install(system, steps(COMMAND), told.append)
    assert (tmp_path / DATA[1:]).stat().st_mode & 0o777 == 0o700


def test_the_second_time_nothing_changes(system, told, accounts):
    install(system, steps(COMMAND), told.append)
    count = len(accounts.commands)
    told.clear()
    assert install(system, steps(COMMAND), told.append) == 0
    assert told == []
    assert len(accounts.commands) == count


def test_a_dry_run_says_the_same_and_changes_nothing(system, told, tmp_path, accounts):
    before = files_below(tmp_path)
    install(system, steps(COMMAND), told.append, dry_run=True)
    assert files_below(tmp_path) == before
    assert accounts.commands == []
    said, told[:] = told[:], []
    install(system, steps(COMMAND), told.append)
    assert told == said


def test_what_somebody_changed_is_put_right_but_settings_stay(system, told, tmp_path):
    install(system, steps(COMMAND), told.append)
    settings = tmp_path / CONFIG[1:]
    settings.write_text("# mine\n")
    (tmp_path / UNIT_PATH[1:]).write_text("[Service]\n")
    (tmp_path / DATA[1:]).chmod(0o755)
    told.clear()
    install(system, steps(COMMAND), told.append)
    assert told == [f"give {DATA} to pos alone", f"write {UNIT_PATH} anew"]
    assert settings.read_text() == "# mine\n"


def test_uninstalling_leaves_money_settings_and_their_owner(system, told, tmp_path):
    install(system, steps(COMMAND), told.append)
    journal = tmp_path / DATA[1:] / "journal.db"
    journal.write_text("money")
    told.clear()
    uninstall(system, steps(COMMAND), told.append)
    left = set(files_below(tmp_path))
    assert left == {"etc/passwd", "etc/group", CONFIG[1:], f"{DATA[1:]}/journal.db"}
    assert told[0].endswith(f"multi-user.target.wants/{UNIT}")
    assert not (tmp_path / "etc/systemd/system/multi-user.target.wants" / UNIT).is_symlink()
    assert uninstall(system, steps(COMMAND), told.append) == 0


def test_a_running_system_hears_of_changes_and_only_then(tmp_path, accounts, told):
    system = System(tmp_path, live=True, run=accounts.run)
    install(system, steps(COMMAND), told.append)
    assert "systemctl daemon-reload" in accounts.commands
    assert "udevadm control --reload" in accounts.commands
    count = len(accounts.commands)
    install(system, steps(COMMAND), told.append)
    assert len(accounts.commands) == count
    uninstall(system, steps(COMMAND), told.append)
    assert accounts.commands[count] == f"systemctl stop {UNIT} {TRIAL_TIMER}"


def test_at_once_and_not_only_after_a_boot_its_devices_are_there(tmp_path, accounts, told):
    """Modules are loaded, then devices get their groups, then the terminal starts anew."""
    install(System(tmp_path, live=True, run=accounts.run), steps(COMMAND), told.append)
    told_to = [" ".join(each.split()[:2]) for each in accounts.commands]
    assert told_to[-6:] == [
        "systemctl daemon-reload",
        "systemctl restart",
        "udevadm control",
        "udevadm trigger",
        "udevadm settle",
        "systemctl try-restart",
    ]
    rules = (tmp_path / "etc/udev/rules.d/70-pos-terminal.rules").read_text()
    for subsystem in set(re.findall(r'^SUBSYSTEM[!=]="([^"]+)"', rules, re.MULTILINE)):
        assert f"--subsystem-match={subsystem} " in f"{accounts.commands[-3]} "


def test_rules_come_after_those_that_find_out_what_a_device_is():
    """In udev's order, by name: these set ID_BUS of a serial adapter, ID_INPUT_KEY of a keypad."""
    files = [step.path for step in steps(COMMAND) if isinstance(step, File)]
    (ours,) = [Path(path).name for path in files if "/udev/" in path]
    for theirs in ("60-serial.rules", "60-input-id.rules", "60-persistent-input.rules"):
        assert ours > theirs


def test_udev_understands_the_rules(system, tmp_path):
    install(system, steps(COMMAND), lambda _words: None)
    rules = tmp_path / "etc/udev/rules.d/70-pos-terminal.rules"
    command = ["udevadm", "verify", "--resolve-names=late", str(rules)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("apt install udev")
    if "Unknown command verb" in done.stderr:
        pytest.skip("udevadm verify came with systemd 254")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_command_that_fails_ends_it_with_its_words(tmp_path, accounts, told):
    def refuse(_command):
        raise InstallFault("groupadd: cannot lock /etc/group")

    with pytest.raises(InstallFault, match="cannot lock"):
        install(System(tmp_path, live=False, run=refuse), steps(COMMAND), told.append)
    assert install(System(tmp_path, live=False, run=accounts.run), steps(COMMAND), told.append)


def test_the_shipped_settings_are_settings(system, told, tmp_path):
    install(system, steps(COMMAND), told.append)
    config = load(tmp_path / CONFIG[1:])
    assert config.general.data_dir == DATA
    udev = (tmp_path / "etc/udev/rules.d/70-pos-terminal.rules").read_text()
    assert f'SYMLINK+="{Path(config.printer.device).name}"' in udev


def unit_settings(system, tmp_path):
    install(system, steps(COMMAND), lambda _words: None)
    lines = (tmp_path / UNIT_PATH[1:]).read_text().splitlines()
    return [line for line in lines if line and line[0] not in "#["]


def test_the_service_is_watched_and_comes_back_at_once(system, tmp_path):
    settings = unit_settings(system, tmp_path)
    wanted = {"Type=notify", "WatchdogSec=20", "Restart=always", "StartLimitIntervalSec=0"}
    assert wanted <= set(settings)


def test_polkit_can_tell_who_asks_for_the_card(system, tmp_path):
    settings = unit_settings(system, tmp_path)
    assert not [line for line in settings if line.startswith(("PrivateUsers", "DynamicUser"))]
    assert "User=pos" in settings
    rule = (tmp_path / "etc/polkit-1/rules.d/50-pos-terminal.rules").read_text()
    assert 'subject.user == "pos"' in rule


def test_the_service_reaches_its_devices(system, tmp_path):
    settings = unit_settings(system, tmp_path)
    allowed = {line.split("char-")[1] for line in settings if line.startswith("DeviceAllow")}
    assert {"gpiochip rw", "i2c rw", "spi rw", "usb rw", "usb_device rw"} <= allowed
    # the Pi's revision, by which gpiozero knows the header, is in /proc and /sys
    hidden = ("PrivateDevices=yes", "ProcSubset=pid", "InaccessiblePaths=/sys")
    assert not [line for line in settings if line.startswith(hidden)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("unit", [UNIT, TRIAL_SERVICE])
def test_the_services_are_exposed_to_little(system, tmp_path, unit):
    install(system, steps(COMMAND), lambda _words: None)
    done = subprocess.run(
        [
            *("systemd-analyze", "security", "--offline=true", "--no-pager"),
            *(f"--root={tmp_path}", unit),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSURE_MOST
    assert "Unknown" not in done.stderr
