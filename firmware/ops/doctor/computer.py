"""The computer itself: its clock, power supply and heat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from firmware.ops.doctor.findings import Finding, bad, good, skipped, warning
from firmware.ops.doctor.machine import Machine
from hw.ports import Clock

PART = "clock"
_NTP = "sudo timedatectl set-ntp true, and let the network pass UDP 123; without one, an RTC on I²C"


class ClockCheck(Struct, frozen=True):
    """The clock, and whether the system sets it. No time before `released` is the true one."""

    machine: Machine
    clock: Clock
    released: datetime

    def look(self) -> Iterator[Finding]:
        """The time, and timedatectl's word for it."""
        now = self.clock.now()
        told = now.strftime("%Y-%m-%d %H:%M %z")
        if now < self.released:
            yield bad(PART, f"{told} is before this release", _NTP)
            return
        answer = self.machine.ran("timedatectl", "show", "-p", "NTPSynchronized", "--value")
        match (answer or "").strip():
            case "yes":
                yield good(PART, f"{told}, synchronised")
            case "no":
                yield warning(PART, f"{told}, not synchronised", _NTP)
            case _:
                yield warning(PART, f"{told}; whether it is set is not known", _NTP)


POWER = "power"
TEMPERATURE = "/sys/class/thermal/thermal_zone0/temp"
HOT_MILLIDEGREES = 75_000
UNDER_VOLTAGE, CAPPED, THROTTLED, SOFT_LIMIT = 0x1, 0x2, 0x4, 0x8
SINCE_BOOT = 16  # the same bits, higher up, say that it has happened

_SUPPLY = (
    "use a supply that holds 5 V (2.5 A Zero 2 W, 3 A Pi 4, 5 A Pi 5); the printer has its own"
)
_COOLING = "give it air or a heat sink; a closed case in the sun is too warm"


class PowerCheck(Struct, frozen=True):
    """Under-voltage and throttling, now and since boot; temperature."""

    machine: Machine

    def look(self) -> Iterator[Finding]:
        """Ask the firmware and the kernel."""
        flags = _flags(self.machine.ran("vcgencmd", "get_throttled"))
        if flags is None:
            yield skipped(POWER, "vcgencmd tells nothing: not a Pi, or not in group video")
        else:
            yield from _judged(flags)
        text = self.machine.read(TEMPERATURE)
        if text is None or not text.strip().isdigit():
            return
        millidegrees = int(text)
        told = f"{millidegrees // 1000} °C"
        hot = millidegrees >= HOT_MILLIDEGREES
        yield warning(POWER, told, _COOLING) if hot else good(POWER, told)


def _flags(answer: str | None) -> int | None:
    """The number in `throttled=0x50000`."""
    name, _, number = (answer or "").strip().partition("=")
    try:
        return int(number, 16) if name == "throttled" else None
    except ValueError:
        return None


def _judged(flags: int) -> Iterator[Finding]:
    if not flags:
        yield good(POWER, "no under-voltage and no throttling since boot")
    heat = CAPPED | THROTTLED | SOFT_LIMIT
    if flags & UNDER_VOLTAGE:
        yield bad(POWER, "under-voltage now", _SUPPLY)
    elif flags >> SINCE_BOOT & UNDER_VOLTAGE:
        yield warning(POWER, "there was under-voltage since boot", _SUPPLY)
    if flags & heat:
        yield warning(POWER, "throttled now", _COOLING)
    elif flags >> SINCE_BOOT & heat:
        yield warning(POWER, "it was throttled since boot", _COOLING)
