"""What a payment may ask of the world: records, look-ups, the acquirer and the time.

Awaiting an effect yields the effect itself to the driver of the coroutine (the runner, or a script
in a test) and gives back the answer, which mypy types. What people see and press is asked for by
`firmware.flows.effects`, which builds on these.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from msgspec import Struct, field

from firmware.iso8583.messages import CardPresented, HostAnswer, LineRequest
from firmware.journal.records import Record

if TYPE_CHECKING:
    from firmware.journal.lookups import Lookups

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
P = ParamSpec("P")


class Effect(Struct, Generic[A_co], frozen=True):
    """A request to the world; awaiting it gives the world's answer."""

    def __await__(self) -> Generator[Effect[Any], Any, A_co]:
        answer: A_co = yield self
        return answer


class Append(Effect[None], frozen=True):
    """Append records to the journal in one commit, durable when answered.

    Records that may wait are written together with the next commit. See firmware.journal.waiting.
    """

    records: tuple[Record, ...]
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    card: CardPresented | None = None
    may_wait: bool = False

    def __repr__(self) -> str:
        return f"Append(records={self.records!r})"  # a card is in clear

    @classmethod
    def of(cls, *records: Record, card: CardPresented | None = None) -> Append:
        """The effect for `records`.

        `card` is sealed in the same commit, for later messages to the acquirer.
        """
        return cls(records, card=card)

    @classmethod
    def with_next(cls, *records: Record, blobs: Mapping[str, bytes]) -> Append:
        """The effect for records that may wait for the next commit; `blobs` are frames by hash."""
        return cls(records, blobs, may_wait=True)


class Unseal(Effect[CardPresented], frozen=True):
    """The card that was sealed with a payment's records, in clear. See `payments.sealed_cards`."""

    batch: int
    stan: int


class Look(Effect[A_co], frozen=True):
    """Read the journal: a look-up and its arguments."""

    lookup: Callable[..., A_co]
    values: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(
        lookup: Callable[Concatenate[Lookups, P], A], *values: P.args, **named: P.kwargs
    ) -> Look[A]:
        """The effect for a look-up and its arguments: `Look.of(Lookups.by_voucher, 3)`."""
        return Look(lookup, values, named)

    def __repr__(self) -> str:
        named = (f"{name}={value!r}" for name, value in self.named.items())
        said = ", ".join([self.lookup.__name__, *map(repr, self.values), *named])
        return f"Look.of({said})"

    def read(self, journal: Lookups) -> A_co:
        """What the journal answers. Raises JournalFault."""
        return self.lookup(journal, *self.values, **self.named)


class Authorise(Effect[HostAnswer], frozen=True):
    """Send a request to the acquirer and wait for its answer, at most `host.timeout_s`."""

    request: LineRequest


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


class ReadClock(Effect[Moment], frozen=True):
    """Read the clock."""


class DrawRandom(Effect[bytes], frozen=True):
    """Draw unpredictable bytes."""

    count: int


class CheckSpace(Effect[None], frozen=True):
    """Make sure that the disk has room for a transaction; else out of service."""


class CheckClock(Effect[None], frozen=True):
    """Make sure that the clock is plausible: at start, and before money moves; else out of service.

    With `trust` it may be however far from the journal's last records, but never before this
    release's date.
    """

    trust: bool = False
