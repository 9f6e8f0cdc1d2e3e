"""What the host is owed: sent, and again and again wherever the terminal waits."""

from __future__ import annotations

from msgspec import Struct

from firmware.flows.delivery import deliver
from firmware.flows.desk import Desk
from firmware.flows.reverse import send_reversal
from firmware.flows.uploads import send_upload
from firmware.iso8583.messages import HostAnswer
from firmware.journal.queries import Reversals, Uploads
from firmware.journal.transactions import Reversal, Upload
from firmware.payments.effects import Look, Moment, Now
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

RETRY_MAX_MS = 3_600_000


async def send_owed(desk: Desk) -> bool:
    """Send reversals and notices of offline sales; True when nothing is owed any more."""

    async def send(each: Reversal | Upload) -> HostAnswer | None:
        if isinstance(each, Reversal):
            return await send_reversal(desk, each)
        return await send_upload(desk, each)

    owed: list[Reversal | Upload] = [*await Look(Reversals()), *await Look(Uploads())]
    return await deliver(owed, send)


async def what_is_owed() -> Phrase | None:
    """How many of what the host has still to hear of, in words; None when it knows all."""
    reversals = await Look(Reversals())
    if reversals:
        return Phrase.of(Text.REVERSALS_PENDING, count=len(reversals))
    uploads = await Look(Uploads())
    return Phrase.of(Text.UPLOADS_PENDING, count=len(uploads)) if uploads else None


class Retry(Struct):
    """Tries while the terminal waits for people or for a part, after ever longer pauses."""

    tried_ms: int
    pause_ms: int

    @classmethod
    async def begin(cls, desk: Desk) -> Retry:
        """From now on, with the pause of the settings."""
        return cls((await Now()).monotonic_ms, desk.config.host.reversal_retry_s * 1000)

    async def go_on(self, desk: Desk, moment: Moment) -> int | None:
        """Try if it is time; how long to wait before asking again at most, None if for ever."""
        if await what_is_owed() is None:
            return None
        if moment.monotonic_ms - self.tried_ms >= self.pause_ms:
            self.tried_ms = moment.monotonic_ms
            self.pause_ms = min(self.pause_ms * 2, RETRY_MAX_MS)
            await send_owed(desk)
        return self.pause_ms
