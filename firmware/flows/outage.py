"""Out of service: shows what is wrong until it is over; then trade goes on by itself.

What is owed is sent again meanwhile, as long as the journal can be written. A clock that
is far from what the journal saw may also be right: the supervisor looks at it and says so.
"""

from __future__ import annotations

import contextlib

from msgspec import Struct, field

from firmware.core.kinds import Copy, GuardKind
from firmware.flows.desk import Desk
from firmware.flows.effects import Beep, Fault, PowerOff, RetryFaults, UseUpCard, Wait
from firmware.flows.permissions import supervisor
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.lookups import Lookups
from firmware.journal.operators import SUPERVISOR
from firmware.journal.paper_records import PrintDropped, PrintQueued
from firmware.journal.records import DeviceFailed, DeviceRecovered, GuardOverridden
from firmware.journal.transactions import PaperStands
from firmware.payments.effects import Append, CheckClock, Look, ReadClock
from firmware.payments.owed import Retry
from firmware.payments.tills import orders_cut_short
from firmware.ui.screens import OutOfService, Phrase
from firmware.ui.texts import Text
from hw.events import Device, Key, KeyPressed

RETRY_MS = 2_000
CLOCK = "clock"  # its name among the devices that failed
_REASONS = {
    Device.DISPLAY: Text.DEVICE_DISPLAY,
    Device.KEYPAD: Text.DEVICE_KEYPAD,
    Device.READER: Text.DEVICE_READER,
    Device.PRINTER: Text.DEVICE_PRINTER,
}
_MAY_BE_RIGHT = (Trouble.CLOCK_BEHIND, Trouble.CLOCK_AHEAD)
_CLOCK = (Trouble.CLOCK_UNSET, *_MAY_BE_RIGHT)
_TROUBLES: dict[Trouble, tuple[Text, Text]] = {
    Trouble.FULL: (Text.DISK_FULL, Text.ADVICE_FREE_DISK),
    Trouble.IO: (Text.DISK_FAULT, Text.ADVICE_SERVICE),
    Trouble.FAILED: (Text.DISK_FAULT, Text.ADVICE_SERVICE),
    Trouble.READ_ONLY: (Text.DISK_READ_ONLY, Text.ADVICE_CHECK_DISK),
    Trouble.CORRUPT: (Text.JOURNAL_FAULT, Text.ADVICE_SERVICE),
    Trouble.RULE: (Text.JOURNAL_FAULT, Text.ADVICE_SERVICE),
    Trouble.LOST: (Text.JOURNAL_LOST, Text.ADVICE_RESTORE),
    Trouble.GONE: (Text.DATA_GONE, Text.ADVICE_DATA_BACK),
    Trouble.OTHERS: (Text.DATA_OTHERS, Text.ADVICE_OWN_DATA),
    Trouble.TRUNCATED: (Text.JOURNAL_TRUNCATED, Text.ADVICE_RESTORE),
    Trouble.BOOKS: (Text.BOOKS_FAULT, Text.ADVICE_RESTORE_BOOKS),
    Trouble.NEWER: (Text.JOURNAL_NEWER, Text.ADVICE_UPDATE),
    Trouble.BUSY: (Text.JOURNAL_IN_USE, Text.ADVICE_END_OTHERS),
    Trouble.KEYS: (Text.KEYS_FAULT, Text.ADVICE_RESTORE_KEYS),
    Trouble.ENGINE: (Text.DATABASE_FAULT, Text.ADVICE_UPDATE_SYSTEM),
    Trouble.CLOCK_UNSET: (Text.CLOCK_FAULT, Text.ADVICE_SET_CLOCK),
    Trouble.CLOCK_BEHIND: (Text.CLOCK_FAULT, Text.ADVICE_TRUST_CLOCK),
    Trouble.CLOCK_AHEAD: (Text.CLOCK_FAULT, Text.ADVICE_TRUST_CLOCK),
}


def words_of(trouble: Trouble) -> tuple[Text, Text]:
    """What is wrong with the journal, and what to do about it."""
    return _TROUBLES[trouble]


class _Failures(Struct):
    """The devices that failed in an outage, each with its detail, and which of them is recorded."""

    seen: dict[str, str] = field(default_factory=dict)
    journaled: set[str] = field(default_factory=set)

    async def journal(self) -> None:
        """Record each device that failed, once, as soon as the journal can be written.

        The fault of the display cannot be shown, so a fault slip is printed for it.
        """
        new = [name for name in self.seen if name not in self.journaled]
        if not new:
            return
        failed = [DeviceFailed(device=name, detail=self.seen[name]) for name in new]
        slips = []
        if Device.DISPLAY.value in new:
            job = await Look.of(Lookups.next_job)
            slips.append(PrintQueued(job=job, copy=Copy.DISPLAY, batch=0, stan=0))
        await Append.of(*failed, *slips)
        self.journaled.update(new)

    async def end(self) -> None:
        """Record that all of it is back."""
        await self.journal()
        if self.journaled:
            back = [DeviceRecovered(device=name) for name in sorted(self.journaled)]
            await Append.of(*back, *await _slips_out_of_date())


async def outage(desk: Desk) -> None:
    """Say what is wrong until nothing is; then journal it and end, and service begins anew."""
    await PowerOff()
    await UseUpCard()
    failures = _Failures()
    retry = await Retry.later(desk)
    over = False
    while not over:
        faults = await RetryFaults()
        with contextlib.suppress(JournalFault):  # RetryFaults gives it from now on
            over = await _go_on(desk, failures, retry, faults)


async def _go_on(desk: Desk, failures: _Failures, retry: Retry, faults: tuple[Fault, ...]) -> bool:
    """Show what is wrong for `RETRY_MS`; True when nothing is. Raises JournalFault."""
    if not faults:
        await failures.end()
        return True
    failures.seen.update((_name(fault), fault.detail) for fault in faults)
    if all(fault.device is not None for fault in faults):
        await failures.journal()
        # so that a till learns now that its order has ended, and not when the device is back
        ended = await orders_cut_short(power_lost=False)
        if ended:
            await Append.of(*ended)
    await desk.show(await _screen(desk, faults[0]))
    happening = await Wait(RETRY_MS)
    if isinstance(happening, KeyPressed):
        if faults[0].trouble in _MAY_BE_RIGHT and happening.key is Key.ENTER:
            await _trust_clock(desk, faults[0])
        else:
            await Beep()
    if all(fault.trouble in (None, Trouble.FULL) for fault in faults):  # a little may fit
        await retry.go_on(desk, await ReadClock())
    return False


async def _slips_out_of_date() -> list[PrintDropped]:
    """Fault slips of a lost display that were not printed before it came back."""
    return [
        PrintDropped(job=job.job, detail="the display is back")
        for job in await Look.of(Lookups.print_jobs)
        if job.copy is Copy.DISPLAY and job.state is PaperStands.QUEUED
    ]


async def _trust_clock(desk: Desk, fault: Fault) -> None:
    """Let the supervisor say that the clock is right, although the journal's records differ."""
    if await supervisor(desk, CLOCK):
        await CheckClock(trust=True)
        override = GuardOverridden(guard=GuardKind.CLOCK, shown=fault.detail, operator=SUPERVISOR)
        await Append.of(override)


def _name(fault: Fault) -> str:
    if fault.trouble in _CLOCK:
        return CLOCK
    return fault.device.value if fault.device else "journal"


async def _screen(desk: Desk, fault: Fault) -> OutOfService:
    if fault.device is None:
        assert fault.trouble is not None, "what is no device is the journal"
        reason, todo = words_of(fault.trouble)
        wall = (await ReadClock()).wall
        detail = wall.strftime("%Y-%m-%d %H:%M") if fault.trouble in _CLOCK else ""
        for_staff = not desk.customer or fault.trouble in _MAY_BE_RIGHT
        return OutOfService(
            desk.owner, Phrase.of(reason), Phrase.of(todo), detail, customer=not for_staff
        )
    if fault.stuck:
        advice = Phrase.of(Text.ADVICE_RELEASE_KEY, key=fault.stuck[-1].value)
    else:
        advice = Phrase.of(Text.ADVICE_RECONNECT)
    failed = Phrase.of(_REASONS[fault.device])
    return OutOfService(desk.owner, failed, advice, customer=desk.customer)
