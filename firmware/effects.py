"""What a flow may ask of the world: one frozen struct an effect, each awaitable.

A flow is an ``async def`` that awaits effects and never touches a device, a clock, a file or a
socket. Awaiting an effect yields the effect itself to whoever drives the flow (the runner, or a
script in a test) and gives back the answer, which mypy types. Answers that are outcomes (a card
that was pulled, a host that is silent) are values, never exceptions.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import Struct, field

from firmware.emv.dialogue import CardFailure
from firmware.entry_guard import MaskedEntry
from firmware.host.messages import CardPresented, HostAnswer, HostRequest
from firmware.journal.faults import Trouble
from firmware.journal.operators import PasswordVerdict
from firmware.journal.records import Record as JournalRecord
from firmware.journal.transactions import PrintJob
from firmware.masked import Password
from firmware.ui.screens import Screen
from firmware.ui.texts import Language
from hw.events import CardInserted, CardRemoved, Device, KeyPressed
from hw.ports import PaperState

if TYPE_CHECKING:
    from firmware.journal.store import Journal

A_co = TypeVar("A_co", covariant=True)


class Effect(Struct, Generic[A_co], frozen=True):
    """A request to the world; awaiting it gives the world's answer."""

    def __await__(self) -> Generator[Effect[Any], Any, A_co]:
        answer: A_co = yield self
        return answer


class Shown(Struct, frozen=True):
    """A frame is on the glass since `at_ms` (monotonic); `packed` are its 1,024 bytes."""

    at_ms: int
    sha256: str
    packed: bytes

    def __repr__(self) -> str:
        return f"Shown(at_ms={self.at_ms}, sha256={self.sha256!r})"


class Show(Effect[Shown], frozen=True):
    """Put a screen on the glass. A screen that is there already is not sent again."""

    screen: Screen
    language: Language


class TimedOut(Struct, frozen=True):
    """Nothing that was waited for happened in time."""

    at_ms: int


Happening = KeyPressed | CardInserted | CardRemoved | TimedOut


class Wait(Effect[Happening], frozen=True):
    """Wait for a key, and if asked for a card's coming or going, at most `timeout_ms`."""

    timeout_ms: int
    card: bool = False
    masked: MaskedEntry | None = None  # what its keys are part of: see firmware.entry_guard


class EntryLeftOpen(Effect[bool], frozen=True):
    """Tell whether a masked entry was broken off, so that digits are swallowed."""


class PutBack(Effect[None], frozen=True):
    """Leave a key for the next `Wait`, which finds it first."""

    pressed: KeyPressed


class CardPresent(Effect[bool], frozen=True):
    """Tell whether a card is in the slot that was put in since the last `UseUpCard`.

    One that was there when the terminal or the reader came up does not count either: whom it has
    served is not known. With `used` any card counts.
    """

    used: bool = False


class UseUpCard(Effect[None], frozen=True):
    """The card in the slot belongs to what ends here: whatever comes next wants it put in again."""


class PowerOn(Effect[bytes | CardFailure], frozen=True):
    """Power the card up; its ATR, or why not."""


class Exchange(Effect[bytes | CardFailure], frozen=True):
    """Send one command APDU; the whole response APDU, or why there is none."""

    command: bytes

    def __repr__(self) -> str:
        return "Exchange()"  # a VERIFY carries a PIN


class PowerOff(Effect[None], frozen=True):
    """Power the card down."""


class Record(Effect[None], frozen=True):
    """Append records to the journal in one commit, durable when answered."""

    records: tuple[JournalRecord, ...]
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    card: CardPresented | None = None

    def __repr__(self) -> str:
        return f"Record(records={self.records!r})"  # a card is in clear

    @classmethod
    def of(
        cls,
        *records: JournalRecord,
        blobs: Mapping[str, bytes] | None = None,
        card: CardPresented | None = None,
    ) -> Record:
        """The effect for `records`, with frames by their hash in `blobs`.

        `card` is sealed in the same commit, for the notice that an UploadQueued among them owes.
        """
        return cls(records, blobs or {}, card)


class Unseal(Effect[CardPresented], frozen=True):
    """The card of an offline approval that the host has not heard of."""

    batch: int
    stan: int


class Query(Protocol[A_co]):
    """A question that only reads the journal."""

    def read(self, journal: Journal) -> A_co: ...


class Look(Effect[A_co], frozen=True):
    """Read the journal."""

    query: Query[A_co]


class Authorise(Effect[HostAnswer], frozen=True):
    """Send a request to the host and wait for its answer, at most the host's time-out."""

    request: HostRequest


class CheckPassword(Effect[PasswordVerdict], frozen=True):
    """Check an operator's password; failures are counted and journaled before the answer."""

    operator: str
    password: Password
    purpose: str


class OperatorChange(enum.Enum):
    """What may be done to an operator."""

    CHANGE = "change"  # a new password for oneself
    ADD = "add"
    DELETE = "delete"
    RESET = "reset"


class ChangeOperator(Effect[str], frozen=True):
    """Change an operator; "" when done, else a word for the refusal: weak, exists, unknown."""

    change: OperatorChange
    operator: str
    by: str
    password: Password | None = None


class PaperOutlook(enum.Enum):
    """How a print job stands."""

    DONE = "done"
    PENDING = "pending"  # queued or under way, the printer is well
    STUCK = "stuck"  # the printer cannot print now; it will go on by itself


class ReleasePaper(Effect[None], frozen=True):
    """Let print job `job` go out that was held for a key; None: all that are held."""

    job: int | None


class StuckPapers(Effect[int], frozen=True):
    """How many papers wait for the printer to be well again."""


class DoubtfulPapers(Effect[list[PrintJob]], frozen=True):
    """Papers that were begun and whose end nobody will tell."""


class PrinterSays(Effect[PaperState], frozen=True):
    """What the printer last said of itself; nothing is sent."""


class AwaitPaper(Effect[PaperOutlook], frozen=True):
    """Wait until print job `job` is out or the printer is known to be stuck."""

    job: int
    timeout_ms: int


class Fault(Struct, frozen=True):
    """Something that stops trade: a device, or the journal (`device` None)."""

    device: Device | None
    detail: str
    trouble: Trouble | None = None


class Moment(Struct, frozen=True):
    """Monotonic and wall time together."""

    monotonic_ms: int
    wall: datetime

    @property
    def date(self) -> str:
        """YYYYMMDD of the shop."""
        return self.wall.strftime("%Y%m%d")

    @property
    def time(self) -> str:
        """HHMMSS of the shop."""
        return self.wall.strftime("%H%M%S")


class Now(Effect[Moment], frozen=True):
    """What time is it."""


class RandomBytes(Effect[bytes], frozen=True):
    """Unpredictable bytes."""

    count: int


class Beep(Effect[None], frozen=True):
    """A short sound: a refused key, or with `long` an attention."""

    long: bool = False


class Faults(Effect[tuple[Fault, ...]], frozen=True):
    """Try to bring back what has failed, and tell what still fails."""


class CheckSpace(Effect[None], frozen=True):
    """Make sure that the disk has room for a transaction; a fault takes the terminal out."""


class CheckClock(Effect[None], frozen=True):
    """Make sure that the clock makes sense: at start, and before money moves; else a fault.

    With `trust` it is right, though it is far from what the journal has seen.
    """

    trust: bool = False


class ClockMoved(Effect[int], frozen=True):
    """By how many seconds the clock was moved since this was last asked; it is journaled, too."""
