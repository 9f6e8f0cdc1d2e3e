"""What an installed terminal consists of, and the order in which it is put there and taken away."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from firmware.core.exits import FAILED, Refused
from firmware.core.places import CONFIG, DATA, USER
from firmware.ops.install.steps import Directory, File, Group, Link, Step, User
from firmware.ops.install.system import InstallFault, System

UNIT = "pos-terminal.service"
UNITS = "/etc/systemd/system"
UNIT_PATH = f"{UNITS}/{UNIT}"
BLUETOOTH = "pos-bluetooth-printer.service"
KIOSK = "pos-kiosk@.service"  # for shops with a touch screen: off until enabled
TRIAL_SERVICE, TRIAL_TIMER = "pos-terminal-trial.service", "pos-terminal-trial.timer"
DEVICE_GROUPS = ("gpio", "i2c", "spi", "lp", "dialout", "input")
SUBSYSTEMS = ("gpio", "i2c-dev", "spidev", "usb", "usbmisc", "tty", "input")  # of the udev rules

Say = Callable[[str], None]
Change = Callable[..., int]  # `install` or `uninstall`


def steps(command: str) -> Sequence[Step]:
    """The steps of an installation whose service runs `command`, the words before `run`."""
    words = {
        "COMMAND": command,
        "USER": USER,
        "DATA": DATA,
        "CONFIG": CONFIG,
        "GROUPS": " ".join(DEVICE_GROUPS),
        "UNIT": UNIT,
    }
    return (
        *(Group(name) for name in (USER, *DEVICE_GROUPS)),
        User(USER, DATA, DEVICE_GROUPS),
        Directory(DATA, USER),
        File(CONFIG, filled("terminal.toml", words), once=True),
        File("/etc/udev/rules.d/70-pos-terminal.rules", filled("udev.txt", words)),
        File("/etc/polkit-1/rules.d/50-pos-terminal.rules", filled("polkit.txt", words)),
        File("/etc/modules-load.d/pos-terminal.conf", filled("modules.txt", words)),
        File("/etc/systemd/system.conf.d/pos-terminal.conf", filled("watchdog.txt", words)),
        File(f"{UNITS}/{TRIAL_SERVICE}", filled("trial-service.txt", words)),
        File(f"{UNITS}/{TRIAL_TIMER}", filled("trial-timer.txt", words)),
        Link(f"{UNITS}/timers.target.wants/{TRIAL_TIMER}", f"{UNITS}/{TRIAL_TIMER}"),
        File(f"{UNITS}/{BLUETOOTH}", filled("bluetooth.txt", words)),
        Link(f"{UNITS}/multi-user.target.wants/{BLUETOOTH}", f"{UNITS}/{BLUETOOTH}"),
        File(f"{UNITS}/{KIOSK}", filled("kiosk.txt", words)),
        File(UNIT_PATH, filled("service.txt", words)),
        Link(f"{UNITS}/multi-user.target.wants/{UNIT}", UNIT_PATH),
    )


def filled(name: str, words: dict[str, str]) -> str:
    """A shipped template with its `@WORD@`s in place."""
    text = resources.files("firmware.ops.install").joinpath(name).read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def carried_out(change: Change, wanted: Sequence[Step], root: Path | None, *, dry_run: bool) -> int:
    """Install or uninstall below `root`, None for this system; gives the number of changes.

    Says what it does, or would do in a `dry_run`. Raises Refused.
    """
    if root is None and not dry_run and os.geteuid() != 0:
        raise Refused("root is needed: run it with sudo, or with --dry-run", code=FAILED)
    if root is not None and not root.is_dir():
        raise Refused(f"{root} is no directory")
    say: Say = (lambda words: print(f"would {words}")) if dry_run else print
    try:
        return change(System.at(root), wanted, say, dry_run=dry_run)
    except (InstallFault, OSError) as fault:
        raise Refused(str(fault), code=FAILED) from None


def install(system: System, wanted: Sequence[Step], say: Say, *, dry_run: bool = False) -> int:
    """Take every step that is not done; gives how many. Raises InstallFault or OSError."""
    changes = 0
    for step in wanted:
        change = step.pending(system)
        if change is None:
            continue
        say(change)
        changes += 1
        if not dry_run:
            step.do(system)
    if changes and system.live and not dry_run:
        say("tell systemd and udev")
        system.run(("systemctl", "daemon-reload"))
        # the unit lets in the classes of devices that the kernel knows when it starts
        system.run(("systemctl", "restart", "systemd-modules-load.service"))
        system.run(("udevadm", "control", "--reload"))
        matched = [f"--subsystem-match={name}" for name in SUBSYSTEMS]
        system.run(("udevadm", "trigger", "--action=change", *matched))
        system.run(("udevadm", "settle", "--timeout=30"))
        system.run(("systemctl", "try-restart", UNIT))
    return changes


def uninstall(system: System, wanted: Sequence[Step], say: Say, *, dry_run: bool = False) -> int:
    """Undo what may go, last first; gives how many steps. Raises InstallFault or OSError."""
    found = [(step, step.left(system)) for step in reversed(wanted)]
    going = [(step, change) for step, change in found if change is not None]
    if going and system.live:
        say(f"stop {UNIT}")
        if not dry_run:
            system.run(("systemctl", "stop", UNIT, TRIAL_TIMER))
    for step, change in going:
        say(change)
        if not dry_run:
            step.undo(system)
    if going and system.live and not dry_run:
        say("tell systemd and udev")
        system.run(("systemctl", "daemon-reload"))
        system.run(("udevadm", "control", "--reload"))
    return len(going)
