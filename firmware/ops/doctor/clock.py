"""Checks the wall clock: vouchers, windows of refunds and limits of a day go by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from firmware.ops.doctor.findings import Finding, bad, good, warning
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
