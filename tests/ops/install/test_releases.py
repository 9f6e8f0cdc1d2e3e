"""Releases below a modelled root, under a modelled systemd: switched, tried, kept or not."""

import sqlite3
import tarfile

import pytest

from firmware.core.places import CONFIG, DATA
from firmware.journal.schema import SCHEMA
from firmware.ops.install.plan import TRIAL_TIMER, UNIT
from firmware.ops.install.releases import BACKUPS, BACKUPS_KEPT, HOME, Releases
from firmware.ops.install.system import InstallFault, System

WELL = ("active", 0, "in service")


class Systemd:
    """Starts what `current` points to; each release comes up as a test says, or well."""

    def __init__(self, root):
        self._current = root / HOME[1:] / "current"
        self.comes_up = {}
        self.runs = ""
        self.commands = []

    def run(self, command):
        self.commands.append(command)
        match command:
            case ("systemctl", "restart", unit) if unit == UNIT:
                self.start()
            case ("systemctl", "show", *_):
                state, restarts, status = ("inactive", 0, "")
                if self.runs:
                    state, restarts, status = self.comes_up.get(self.runs, WELL)
                return f"NRestarts={restarts}\nActiveState={state}\nStatusText={status}\n"
        return ""

    def start(self):
        """As at boot."""
        self.runs = self._current.readlink().name


@pytest.fixture
def systemd(tmp_path):
    return Systemd(tmp_path)


@pytest.fixture
def releases(tmp_path, systemd):
    settings = tmp_path / CONFIG[1:]
    settings.parent.mkdir(parents=True)
    settings.write_text("# of 1.0\n")
    (tmp_path / HOME[1:]).mkdir(parents=True)
    return Releases(System(tmp_path, live=True, run=systemd.run), lambda _words: None)


@pytest.fixture
def unpack(tmp_path, releases):
    """Puts a package in place as dpkg does, whole files renamed over old ones; takes it."""

    def arrive(version):
        folder = tmp_path / HOME[1:] / "package" / "lib" / "firmware"
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / "__init__.py.dpkg-new"
        new.write_text(f'"""What it does."""\n\n__version__ = "{version}"\n')
        new.replace(folder / "__init__.py")
        return releases.take()

    return arrive


@pytest.fixture
def upgraded(releases, unpack, systemd):
    """1.0 runs and 1.1 has just come."""
    releases.switch(unpack("1.0"), "1")
    systemd.start()
    unpack("1.1")
    return releases


def running(tmp_path):
    text = (tmp_path / HOME[1:] / "current" / "lib" / "firmware" / "__init__.py").read_text()
    return text.split('"')[-2]


def test_the_first_release_is_current_at_once(releases, unpack, tmp_path):
    releases.switch(unpack("1.0"), "1")
    assert (releases.current, releases.previous, releases.trial) == ("1.0", "", None)
    assert running(tmp_path) == "1.0"


def test_a_new_package_leaves_the_old_release_as_it_was(upgraded, tmp_path):
    assert upgraded.all == ["1.0", "1.1"]
    assert running(tmp_path) == "1.0"


def test_the_same_package_is_taken_once_and_another_of_its_version_apart(releases, unpack):
    assert unpack("1.0") == "1.0"
    assert releases.take() == "1.0"
    assert unpack("1.0") == "1.0-2"
    assert releases.all == ["1.0", "1.0-2"]


def test_a_release_that_is_well_stays_and_older_ones_go(upgraded, systemd, unpack):
    upgraded.switch("1.1", "2")
    assert systemd.runs == "1.1"
    assert systemd.commands[-2:] == [
        ("systemctl", "restart", TRIAL_TIMER),
        ("systemctl", "restart", UNIT),
    ]
    assert upgraded.judge()
    assert (upgraded.current, upgraded.previous, upgraded.trial) == ("1.1", "1.0", None)
    upgraded.switch(unpack("1.2"), "3")
    assert upgraded.judge()
    assert upgraded.all == ["1.1", "1.2"]


@pytest.mark.parametrize(
    "comes_up",
    [
        ("failed", 0, ""),
        ("activating", 3, ""),
        ("active", 1, "in service"),
        ("active", 0, "out of service"),
        ("active", 0, ""),
    ],
    ids=["ended", "never ready", "watchdog bit", "never in service", "never idle"],
)
def test_one_that_is_not_well_is_gone_back_from_by_itself(upgraded, systemd, tmp_path, comes_up):
    systemd.comes_up["1.1"] = comes_up
    upgraded.switch("1.1", "2")
    assert not upgraded.judge()
    assert (upgraded.current, upgraded.trial) == ("1.0", None)
    assert systemd.runs == running(tmp_path) == "1.0"
    assert upgraded.judge()


def test_a_reader_unplugged_after_it_came_into_service_is_not_its_fault(upgraded, systemd):
    systemd.comes_up["1.1"] = ("active", 0, "in service before, out of service now")
    upgraded.switch("1.1", "2")
    assert upgraded.judge()


def test_going_back_brings_the_settings_of_before(upgraded, systemd, tmp_path):
    settings = tmp_path / CONFIG[1:]
    systemd.comes_up["1.1"] = ("failed", 0, "")
    upgraded.switch("1.1", "2")
    settings.write_text("# of 1.1, with a setting that 1.0 does not know\n")
    upgraded.judge()
    assert settings.read_text() == "# of 1.0\n"


def test_what_was_changed_during_the_trial_is_kept_aside(upgraded, systemd, tmp_path):
    systemd.comes_up["1.1"] = ("failed", 0, "")
    upgraded.switch("1.1", "2")
    (tmp_path / CONFIG[1:]).write_text("# a better name for the shop\n")
    upgraded.judge()
    with tarfile.open(tmp_path / BACKUPS[1:] / "2-1.0-tried.tar") as saved:
        assert saved.extractfile("./terminal.toml").read() == b"# a better name for the shop\n"


def test_a_terminal_that_somebody_stopped_is_not_judged_and_not_started(upgraded, systemd):
    upgraded.switch("1.1", "2")
    systemd.comes_up["1.1"] = ("inactive", 0, "")
    count = len(systemd.commands)
    assert upgraded.judge()
    assert (upgraded.current, upgraded.trial.new) == ("1.1", "1.1")
    assert [command[1] for command in systemd.commands[count:]] == ["show"]


def test_a_release_that_follows_one_which_cannot_start_is_on_trial_too(upgraded, systemd, unpack):
    systemd.comes_up["1.1"] = ("activating", 4, "")
    upgraded.switch("1.1", "2")
    upgraded.switch(unpack("1.2"), "3")
    assert (upgraded.trial.new, upgraded.trial.old, systemd.runs) == ("1.2", "1.0", "1.2")


def test_a_journal_that_the_old_release_cannot_read_keeps_the_new_one(upgraded, systemd, tmp_path):
    data = tmp_path / DATA[1:]
    data.mkdir(parents=True)
    database = sqlite3.connect(data / "journal.db")
    database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    database.close()
    systemd.comes_up["1.1"] = ("active", 2, "in service")
    upgraded.switch("1.1", "2")
    assert upgraded.judge()
    assert (upgraded.current, upgraded.trial) == ("1.1", None)


def test_two_switches_in_a_row_still_lead_back_to_what_has_proven_itself(upgraded, systemd, unpack):
    upgraded.switch("1.1", "2")
    systemd.comes_up["1.2"] = ("failed", 0, "")
    upgraded.switch(unpack("1.2"), "3")
    assert not upgraded.judge()
    assert upgraded.current == "1.0"


def test_somebody_who_goes_back_ends_the_trial(upgraded, systemd):
    upgraded.switch("1.1", "2")
    upgraded.back("3")
    assert (upgraded.current, upgraded.trial, systemd.runs) == ("1.0", None, "1.0")


def test_power_lost_at_any_step_of_a_switch_leaves_a_release_and_a_way_back(
    upgraded, systemd, tmp_path
):
    """The last thing that reached the disk is one of the renames; the next boot goes on from it."""
    home = tmp_path / HOME[1:]
    upgraded.switch("1.1", "2")
    systemd.comes_up["1.1"] = ("failed", 0, "")
    # before the link was exchanged: the trial is known, the old release runs
    (home / "current").unlink()
    (home / "current").symlink_to("releases/1.0")
    systemd.start()
    assert upgraded.judge()
    assert (upgraded.current, upgraded.trial) == ("1.0", None)
    # after it, and before anything was restarted: the boot starts the new one, the timer judges
    upgraded.switch("1.1", "3")
    systemd.start()
    assert not upgraded.judge()
    assert systemd.runs == "1.0"


def test_a_terminal_that_is_not_running_is_not_tried(releases, unpack, systemd):
    releases.switch(unpack("1.0"), "1")
    releases.switch(unpack("1.1"), "2")
    assert (releases.current, releases.previous, releases.trial) == ("1.1", "1.0", None)
    assert ("systemctl", "restart", UNIT) not in systemd.commands


def test_only_the_last_backups_of_the_settings_are_kept_for_root_alone(upgraded, tmp_path):
    for number in range(BACKUPS_KEPT + 3):
        upgraded.switch(upgraded.previous or "1.1", f"{number:02}")
        upgraded.judge()
    kept = sorted((tmp_path / BACKUPS[1:]).iterdir())
    assert len(kept) == BACKUPS_KEPT
    assert kept[-1].name.startswith(f"{BACKUPS_KEPT + 2}-")
    assert kept[-1].stat().st_mode & 0o777 == 0o600


def test_a_release_that_is_not_there_is_refused(upgraded):
    with pytest.raises(InstallFault, match=r"no release 9\.9: 1\.0 1\.1"):
        upgraded.switch("9.9", "2")
    with pytest.raises(InstallFault, match="no previous"):
        upgraded.back("2")
