"""What a flow may ask of the world: each effect is a frozen struct, and awaitable.

A flow is an ``async def`` that awaits effects and never touches a device, a clock, a file or a
socket. Awaiting an effect yields the effect itself to what drives the flow (the runner, or a
script in a test) and gives back the answer, which mypy types. Answers that are outcomes (a card
that was pulled, an acquirer that does not answer) are values, never exceptions.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.core.masked import Password, SecretKey
from firmware.emv.contact.dialogue import CardFailure
from firmware.journal.faults import Trouble
from firmware.journal.operators import OperatorRefused, PasswordVerdict
from firmware.journal.transactions import PrintJob
from firmware.payments.effects import Effect
from firmware.payments.tills import TillAsked
from firmware.ui.screens import Screen
from firmware.ui.texts import Language
from hw.events import CardInserted, CardRemoved, Device, Key, KeyPressed
from hw.ports import PaperState


class MaskedEntry(enum.Enum):
    """What is keyed without being shown."""

    PIN = "pin"
    PASSWORD = "password"  # noqa: S105 - a name, no secret


class Shown(Struct, frozen=True):
    """A frame is on the display since `at_ms` (monotonic); `packed` are its 1,024 bytes."""

    at_ms: int
    sha256: str
    packed: bytes

    def __repr__(self) -> str:
        return f"Shown(at_ms={self.at_ms}, sha256={self.sha256!r})"


class Show(Effect[Shown], frozen=True):
    """Put a screen on the display. A screen that is there already is not sent again."""

    screen: Screen
    language: Language


class TimedOut(Struct, frozen=True):
    """Nothing that was waited for happened in time."""

    at_ms: int


Happening = KeyPressed | CardInserted | CardRemoved | TimedOut | TillAsked


class Wait(Effect[Happening], frozen=True):
    """Wait for a key, at most `timeout_ms`; with `card` also for a card put in or taken out.

    With `orders` a request of a till ends the wait, too: nobody is being served then. With
    `entry_open` it is TimedOut as soon as the masked entry that was interrupted has ended.
    """

    timeout_ms: int
    card: bool = False
    orders: bool = False
    entry_open: bool = False
    masked: MaskedEntry | None = None  # see firmware.terminal.entry_guard


class AskEntryOpen(Effect[bool], frozen=True):
    """Tell whether a masked entry was interrupted: digits are then ignored. See EntryGuard."""


class PutBack(Effect[None], frozen=True):
    """Leave a key for the next `Wait`, which finds it first."""

    pressed: KeyPressed


class AskCardPresent(Effect[bool], frozen=True):
    """Tell whether the slot has a card that was put in after the last `UseUpCard`.

    A card that was in it when the terminal or the reader started does not count: it is unknown
    which payment it was used for. With `used` any card counts.
    """

    used: bool = False


class UseUpCard(Effect[None], frozen=True):
    """Mark the card in the slot as used: the next transaction needs it inserted again."""


class PowerOn(Effect[bytes | CardFailure], frozen=True):
    """Power the card up; its ATR, or why not."""


class Exchange(Effect[bytes | CardFailure], frozen=True):
    """Send one command APDU; the whole response APDU, or why there is none."""

    command: bytes

    def __repr__(self) -> str:
        return "Exchange()"  # a VERIFY carries a PIN


class PowerOff(Effect[None], frozen=True):
    """Power the card down."""


class CheckPassword(Effect[PasswordVerdict], frozen=True):
    """Check an operator's password; failures are counted and journaled before the answer."""

    operator: str
    password: Password
    purpose: str


class LoadMasterKey(Effect[bool], frozen=True):
    """Keep another master key of the acquirer's line; False when the disk refuses."""

    master: SecretKey


class OperatorChange(enum.Enum):
    """What may be done to an operator."""

    CHANGE = "change"  # a new password for oneself
    ADD = "add"
    DELETE = "delete"
    RESET = "reset"


class ChangeOperator(Effect[OperatorRefused | None], frozen=True):
    """Change an operator; None when done, else why it is refused."""

    change: OperatorChange
    operator: str
    by: str
    password: Password | None = None


class ReleasePaper(Effect[None], frozen=True):
    """Print job `job`, which waited for a key; None: all jobs that wait for one."""

    job: int | None


class AskFingerprint(Effect[str], frozen=True):
    """SHA-256 of the certificate of the tills' API, as AB:CD:…; "" where it has none."""


class CountStuckPapers(Effect[int], frozen=True):
    """How many papers wait because the printer cannot print."""


class ListDoubtfulPapers(Effect[list[PrintJob]], frozen=True):
    """Papers that began to print and whose result will stay unknown."""


class AskPrinterState(Effect[PaperState], frozen=True):
    """The printer's last known state; nothing is sent."""


class AskPaperStuck(Effect[bool], frozen=True):
    """Tell whether print job `job` is owed and the printer cannot print now."""

    job: int


class Fault(Struct, frozen=True):
    """Something that stops trade: a device, or the journal (`device` None)."""

    device: Device | None
    detail: str
    trouble: Trouble | None = None
    stuck: tuple[Key, ...] = ()  # keys that stay down


class Beep(Effect[None], frozen=True):
    """A short sound: a refused key, or with `long` an attention."""

    long: bool = False


class RetryFaults(Effect[tuple[Fault, ...]], frozen=True):
    """Try to bring back what has failed; gives what still fails."""


class NoteClockMove(Effect[int], frozen=True):
    """Journal that the clock was moved since this was last asked; gives by how many seconds."""
