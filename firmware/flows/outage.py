"""Out of service: trade has stopped safely; the device is named, and trade goes on by itself."""

from __future__ import annotations

from firmware.effects import Fault, Faults, PowerOff, Record, UseUpCard, Wait
from firmware.flows.desk import Desk
from firmware.flows.parts import show
from firmware.journal.records import DeviceFailed, DeviceRecovered
from firmware.ui.screens import OutOfService, Phrase
from firmware.ui.texts import Text
from hw.events import Device

RETRY_MS = 2_000
_REASONS = {
    Device.DISPLAY: Text.DEVICE_DISPLAY,
    Device.KEYPAD: Text.DEVICE_KEYPAD,
    Device.READER: Text.DEVICE_READER,
    Device.PRINTER: Text.DEVICE_PRINTER,
    None: Text.DISK_FAULT,
}


async def outage(desk: Desk) -> None:
    """Say what is wrong until nothing is; then journal it and end, and service begins anew."""
    await PowerOff()
    await UseUpCard()
    seen: dict[str, str] = {}
    journaled: set[str] = set()
    while faults := await Faults():
        for fault in faults:
            seen[_name(fault)] = fault.detail
        if all(fault.device is not None for fault in faults):
            await _journal(seen, journaled)
        await show(desk, _screen(desk, faults[0]))
        await Wait(RETRY_MS)
    await _journal(seen, journaled)
    if journaled:
        await Record(tuple(DeviceRecovered(device=name) for name in sorted(journaled)))


async def _journal(seen: dict[str, str], journaled: set[str]) -> None:
    """Record each device that failed, once, as soon as the journal can be written."""
    new = [name for name in seen if name not in journaled]
    if new:
        await Record(tuple(DeviceFailed(device=name, detail=seen[name]) for name in new))
        journaled.update(new)


def _name(fault: Fault) -> str:
    return fault.device.value if fault.device else "journal"


def _screen(desk: Desk, fault: Fault) -> OutOfService:
    if fault.device is None:
        advice = Phrase.of(Text.ADVICE_SERVICE)
    elif fault.device is Device.KEYPAD and fault.detail.endswith("stuck"):
        advice = Phrase.of(Text.ADVICE_RELEASE_KEY, key=fault.detail.split()[-2])
    else:
        advice = Phrase.of(Text.ADVICE_RECONNECT)
    return OutOfService(desk.owner, Phrase.of(_REASONS[fault.device]), advice)
