"""Releases side by side: a link says which is current, and a new one has to prove itself first.

    /opt/pos-terminal/package            what the Debian package holds; dpkg replaces it
    /opt/pos-terminal/releases/VERSION   each release taken from there, by hard links
    /opt/pos-terminal/current, previous  links: the release that runs, and the one before it
    /opt/pos-terminal/trial.json         there is a trial

A trial is judged by the previous release, which is known to work: a new one may not even start.
A link is exchanged whole, and the trial is on disk before, so a power cut leaves one or the other
release.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from pathlib import Path

import msgspec
from msgspec import Struct

from firmware.core.durable import sync_directory, write_whole
from firmware.core.places import CONFIG, DATA
from firmware.journal import schema
from firmware.journal.connection import DATABASE, connect_read_only
from firmware.ops.install.plan import TRIAL_TIMER, UNIT, Say
from firmware.ops.install.system import InstallFault, System
from firmware.terminal.service_manager import IN_SERVICE

HOME = "/opt/pos-terminal"
BACKUPS = "/var/backups/pos-terminal"
BACKUPS_KEPT = 10
RUNNING = ("active", "activating")  # or trying to, again and again


class Trial(msgspec.Struct, frozen=True):
    """A release that has yet to prove itself, what it replaced, and the settings of before."""

    new: str
    old: str
    settings: str  # a file of BACKUPS


class Releases(Struct, frozen=True):
    """The releases of a system. All methods raise InstallFault or OSError."""

    system: System
    say: Say

    @property
    def all(self) -> list[str]:
        """Their names, oldest first."""
        folder = self._path("releases")
        found = [path for path in folder.glob("*") if not path.name.startswith(".")]
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_ctime_ns)]

    @property
    def current(self) -> str:
        """The release that runs; "" before the first one."""
        return self._linked("current")

    @property
    def previous(self) -> str:
        """The release that `back` makes current; "" for none."""
        return self._linked("previous")

    @property
    def trial(self) -> Trial | None:
        """The trial that is under way."""
        try:
            return msgspec.json.decode(self._path("trial.json").read_bytes(), type=Trial)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise InstallFault(f"{HOME}/trial.json: {error}") from None

    def take(self) -> str:
        """Take the package's files as a release of their own, once; gives the release's name."""
        package = self._path("package")
        version = _version_of(package)
        names = [version, *(f"{version}-{number}" for number in range(2, 100))]
        for name in names:
            there = self._path(f"releases/{name}")
            if not there.exists():
                break
            if _inodes(package) == _inodes(there):
                return name
        fresh = there.with_name(f".{name}")
        shutil.rmtree(fresh, ignore_errors=True)
        # dpkg renames new files into place, so what is linked here stays as it is
        shutil.copytree(package, fresh, symlinks=True, copy_function=os.link)
        fresh.rename(there)
        sync_directory(there.parent)
        self.say(f"release {name} is in {HOME}/releases")
        return name

    def switch(self, name: str, stamp: str) -> None:
        """Make a release current. On a running terminal it is on trial.

        `stamp` tells the backup of the settings from others, and sorts after those before.
        """
        if name not in self.all:
            raise InstallFault(f"there is no release {name}: {' '.join(self.all) or 'none at all'}")
        if name == self.current:
            self.say(f"{name} is current already")
            return
        trial = self.trial
        if trial and name == trial.old:
            self._go_back(trial)
            return
        # a release that has yet to prove itself is nothing to go back to
        old = trial.old if trial else self.current
        running = self._service()["ActiveState"] in RUNNING
        if old:
            saved = self._save_settings(f"{stamp}-{old}.tar")
            self._link("previous", old)
            if running:
                trial = Trial(name, old, saved)
                write_whole(self._path("trial.json"), msgspec.json.encode(trial))
        self._link("current", name)
        self.say(f"{name} is current")
        if running:
            self.system.run(("systemctl", "restart", TRIAL_TIMER))
            self.system.run(("systemctl", "restart", UNIT))

    def judge(self) -> bool:
        """End the trial: the new release stays if it is well, else the old one is back.

        Well means: it told systemd that it is ready, was alive all the time (no restart), and has
        come into service since. Gives whether there is nothing to worry about.
        """
        trial = self.trial
        if trial is None:
            return True
        if self.current != trial.new:
            self.say("somebody switched meanwhile: the trial is over")
        elif self._service()["ActiveState"] == "inactive":
            self.say(f"{trial.new} was stopped by somebody: it is judged after the next boot")
            return True
        elif not (faults := self._faults()):
            self.say(f"{trial.new} has proven itself")
            self._prune()
        elif self._outgrown():
            self.say(f"{trial.new}: {faults}; it stays: {trial.old} cannot read its journal")
        else:
            self.say(f"{trial.new}: {faults}; going back to {trial.old}")
            self._go_back(trial)
            return False
        self._path("trial.json").unlink()
        return True

    def back(self, stamp: str) -> None:
        """Make the previous release current; a trial ends with it."""
        if not self.previous:
            raise InstallFault("there is no previous release")
        self.switch(self.previous, stamp)

    def _go_back(self, trial: Trial) -> None:
        self._save_settings(f"{trial.settings.removesuffix('.tar')}-tried.tar")
        self._restore_settings(trial.settings)
        self._link("current", trial.old)
        self._path("trial.json").unlink()
        self.system.run(("systemctl", "restart", UNIT))
        self.say(f"{trial.old} is current")

    # --- health ---

    def _faults(self) -> str:
        """Why the release that runs is not well; "" where it is."""
        service = self._service()
        if service["ActiveState"] != "active":
            return f"the service is {service['ActiveState'] or 'gone'}"
        if service["NRestarts"] != "0":
            return f"it was started again {service['NRestarts']} times"
        if not service["StatusText"].startswith(IN_SERVICE):
            return "it has not come into service"
        return ""

    def _service(self) -> dict[str, str]:
        """What systemd knows of the terminal."""
        wanted = ("ActiveState", "NRestarts", "StatusText")
        answer = ""
        if self.system.live:
            answer = self.system.run(("systemctl", "show", UNIT, f"--property={','.join(wanted)}"))
        pairs = dict(line.partition("=")[::2] for line in answer.splitlines())
        return {name: pairs.get(name, "") for name in wanted}

    def _outgrown(self) -> bool:
        """Whether the journal is of a later schema than this release, the old one, can read."""
        path = self.system.path(f"{DATA}/{DATABASE}")
        if not path.is_file():
            return False
        connection = connect_read_only(path)
        try:
            return schema.version(connection) > schema.SCHEMA
        finally:
            connection.close()

    # --- files ---

    def _path(self, name: str) -> Path:
        return self.system.path(f"{HOME}/{name}")

    def _linked(self, link: str) -> str:
        path = self._path(link)
        return path.readlink().name if path.is_symlink() else ""

    def _link(self, link: str, name: str) -> None:
        new = self._path(f".{link}")
        new.unlink(missing_ok=True)
        new.symlink_to(f"releases/{name}")
        new.replace(self._path(link))
        sync_directory(self._path(""))

    def _prune(self) -> None:
        """Remove all releases but what runs and what came before it."""
        for name in self.all:
            if name not in (self.current, self.previous):
                shutil.rmtree(self._path(f"releases/{name}"))
                self.say(f"release {name} is removed")

    def _save_settings(self, name: str) -> str:
        """Back up the settings' folder, with its owners; keeps the last few. Gives the name."""
        folder = self.system.path(BACKUPS)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        with path.open("wb") as file:
            path.chmod(0o600)  # accounts' keys may lie beside the settings
            with tarfile.open(fileobj=file, mode="w") as tar:
                tar.add(self.system.path(CONFIG).parent, arcname=".")
            file.flush()
            os.fsync(file.fileno())
        self.say(f"settings are saved in {BACKUPS}/{name}")
        for old in sorted(folder.glob("*.tar"))[:-BACKUPS_KEPT]:
            old.unlink()
        return name

    def _restore_settings(self, name: str) -> None:
        """Put the settings back as they were: an older release may not know newer ones."""
        with tarfile.open(self.system.path(f"{BACKUPS}/{name}")) as tar:
            tar.extraction_filter = _as_saved
            tar.extractall(self.system.path(CONFIG).parent)  # noqa: S202 - our own backup


def _as_saved(member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo:
    """Owners and modes as they were; an argument of extractall only from Python 3.11.4 on."""
    return member


def _version_of(package: Path) -> str:
    """What the package's program calls itself. Raises InstallFault, OSError."""
    text = (package / "lib" / "firmware" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([\w.+~-]+)"$', text, re.MULTILINE)
    if found is None:
        raise InstallFault(f"{package} does not say its version")
    return found[1]


def _inodes(folder: Path) -> dict[str, int]:
    """The inode of each file by its name: the same where a folder is hard links to another's."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_ino
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
