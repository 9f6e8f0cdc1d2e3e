"""Sends reversals and advices until all are answered, whenever the terminal waits."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import Kind
from firmware.iso8583.messages import HostAnswer
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Advice, Reversal, ScriptResult
from firmware.payments.advice import send_advice
from firmware.payments.context import Context, is_on_a_line
from firmware.payments.delivery import deliver
from firmware.payments.effects import Look, Moment, ReadClock
from firmware.payments.reverse import send_reversal
from firmware.payments.scripts import send_scripts

RETRY_MAX_MS = 3_600_000


async def send_owed(context: Context) -> bool:
    """Send reversals and advices; True when nothing is owed any more."""

    async def send(each: Reversal | Advice) -> HostAnswer | None:
        if isinstance(each, Reversal):
            return await send_reversal(context, each)
        return await send_advice(context, each)

    owed: list[Reversal | Advice] = [
        *await Look.of(Lookups.reversals),
        *await Look.of(Lookups.advices),
    ]
    sent = await deliver(owed, send)
    return await send_scripts(context) and sent


class Owed(Struct, frozen=True):
    """How many reversals are owed; where there are none, the advices of how many payments."""

    reversals: int
    sales: int = 0  # that a card approved by itself
    refunds: int = 0  # that were not answered


async def what_is_owed() -> Owed:
    """What has still to be sent to the acquirer."""
    reversals = await Look.of(Lookups.reversals_count)
    if reversals:
        return Owed(reversals)
    advice = await Look.of(Lookups.advice_counts)
    return Owed(0, advice.get(Kind.SALE, 0), advice.get(Kind.REFUND, 0))


async def _scripts(context: Context) -> list[ScriptResult]:
    return await Look.of(Lookups.scripts) if is_on_a_line(context) else []


class Retry(Struct):
    """Sends what is owed while the terminal is idle or out of service, with ever longer pauses."""

    tried_ms: int
    pause_ms: int

    @classmethod
    async def later(cls, context: Context) -> Retry:
        """The first try comes after the pause of the settings. Does not read the journal."""
        pause_ms = context.config.host.reversal_retry_s * 1000
        return cls((await ReadClock()).monotonic_ms, pause_ms)

    @classmethod
    async def begin(cls, context: Context) -> Retry:
        """As `later`, but at once if a script's result was never sent. Raises JournalFault."""
        retry = await cls.later(context)
        if any(not each.attempts for each in await _scripts(context)):
            retry.tried_ms -= retry.pause_ms
        return retry

    async def go_on(self, context: Context, moment: Moment) -> int | None:
        """Send if it is time; how long to wait at most before the next call, None for any time."""
        if await what_is_owed() == Owed(0) and not await _scripts(context):
            return None
        if moment.monotonic_ms - self.tried_ms >= self.pause_ms:
            self.tried_ms = moment.monotonic_ms
            self.pause_ms = min(self.pause_ms * 2, RETRY_MAX_MS)
            await send_owed(context)
        return self.pause_ms
