"""The ports between the firmware and the devices: a Protocol for each device, and its values.

Drivers are synchronous and single-threaded. The caller of a driver (a worker thread on the Pi,
virtual time in tests) decides when its methods run; a driver starts no thread and reads no clock
but the one it is given.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from PIL import Image

from hw.events import Device, DeviceEvent, DeviceLost, FaultReason


class DeviceFault(Exception):  # noqa: N818 - called a fault everywhere
    """A device does not work: unplugged, bus error, daemon gone. Caught once, in the runner."""

    def __init__(self, device: Device, detail: str, reason: FaultReason | None = None) -> None:
        super().__init__(f"{device.value}: {detail}")
        self.device = device
        self.detail = detail
        self.reason = reason

    def lost(self, at_ms: int) -> DeviceLost:
        """The event that tells of it."""
        return DeviceLost(self.device, self.detail, at_ms, self.reason)


class CardGone(Exception):  # noqa: N818 - an outcome, made a value by the runner
    """The card was pulled, or lost power, during or before a command."""


class CardMute(Exception):  # noqa: N818 - an outcome, made a value by the runner
    """The card does not answer, or answers outside ISO 7816 (no ATR, endless 61xx, time-out)."""


class Clock(Protocol):
    """Monotonic and wall time."""

    def monotonic_ms(self) -> int:
        """Milliseconds since an arbitrary start; never goes back."""
        ...

    def now(self) -> datetime:
        """The wall clock, aware, in local time of the shop."""
        ...


class Display(Protocol):
    """A 1-bit display. `show` blocks for the time of the bus (at most 100 ms)."""

    width_px: int
    height_px: int

    def show(self, image: Image.Image) -> None:
        """Put a mode "1" image of the display's size on it. Raises DeviceFault."""
        ...

    def reopen(self, image: Image.Image | None = None) -> None:
        """Build the device anew, with `image` on it, or what it had. Raises DeviceFault."""
        ...

    def close(self) -> None:
        """Release the bus. Never raises."""
        ...


class Keypad(Protocol):
    """A scanned key source. `scan` never blocks; call it every `scan_period_ms`."""

    scan_period_ms: int

    @property
    def at_rest(self) -> bool:
        """True when no key is down or bouncing, so scans may pause until the pins change."""
        ...

    def scan(self, now_ms: int) -> Sequence[DeviceEvent]:
        """Scan once; gives KeyPressed, DeviceLost (key stuck) and DeviceBack."""
        ...

    def close(self) -> None: ...


class CardReader(Protocol):
    """A contact reader with one slot. All methods block; one thread owns them all."""

    def poll(self, timeout_ms: int) -> Sequence[DeviceEvent]:
        """Wait up to `timeout_ms` for the slot to change.

        Gives CardInserted, SlotFoundEmpty, CardRemoved, DeviceLost, DeviceBack: the first one says
        what is in the slot, or that the reader is lost. Never raises and never spins; rebuilds its
        context with back-off on errors.
        """
        ...

    def interrupt(self) -> None:
        """Make a running `poll` return soon. The only method callable from another thread."""
        ...

    def power_on(self) -> bytes:
        """Power the card up; gives its ATR. Raises CardGone, CardMute, DeviceFault."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU, give the whole response APDU with SW1 SW2.

        T=0 is handled below this line: GET RESPONSE on 61xx (chained), resend on 6Cxx, and GET
        RESPONSE after 62xx/63xx without data on a case-4 command. Caps the length of what it
        gathers. Raises CardGone, CardMute, DeviceFault.
        """
        ...

    def power_off(self) -> None:
        """Power the card down. Never raises."""
        ...

    def close(self) -> None: ...


class Align(enum.Enum):
    """Where a printed line stands."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Size(enum.Enum):
    """Character size on paper: font A 12×24 dots per half-width column, or doubled."""

    NORMAL = "normal"
    TALL = "tall"  # double height
    LARGE = "large"  # double width and height: a column counts two


class TextLine(Struct, frozen=True):
    """One printed line. `text` is already cut to fit the paper's columns; the printer never wraps.

    A hanzi or full-width sign takes two columns.
    """

    text: str = ""
    size: Size = Size.NORMAL
    align: Align = Align.LEFT
    bold: bool = False


class Qr(Struct, frozen=True):
    """A QR code of `data`, centred, error correction M, sized by the printer to fit its paper."""

    data: str


class Feed(Struct, frozen=True):
    """Blank paper of `lines` normal lines."""

    lines: int = 1


class Cut(Struct, frozen=True):
    """Feed past the head and cut; on a printer without a cutter, feed to the tear bar."""


Document = tuple[TextLine | Qr | Feed | Cut, ...]


class PaperState(enum.Enum):
    """What the printer says of itself. `UNKNOWN`: it does not answer status requests."""

    READY = "ready"
    NEAR_END = "near-end"
    PAPER_OUT = "paper-out"
    COVER_OPEN = "cover-open"
    OFFLINE = "offline"
    UNKNOWN = "unknown"

    @property
    def can_print(self) -> bool:
        """Whether a job may be sent now."""
        return self in (PaperState.READY, PaperState.NEAR_END, PaperState.UNKNOWN)


class PrintResult(enum.Enum):
    """What became of a print job. There is no confirmed print in ESC/POS, so doubt is a value."""

    SENT = "sent"  # every byte taken and the printer was well afterwards
    NOT_STARTED = "not-started"  # no byte left: the same job may be sent again, unmarked
    UNKNOWN = "unknown"  # some bytes left and the end is not known: reprint, marked as one


class PrintReport(Struct, frozen=True):
    """The result of a job and the printer's state after it."""

    result: PrintResult
    state: PaperState
    bytes_sent: int = 0


class Printer(Protocol):
    """A thermal printer. `print` blocks until the bytes are out (seconds on a serial line)."""

    columns: int  # half-width columns on a line: 32 on 58 mm, 48 on 80 mm

    def status(self) -> PaperState:
        """Ask the printer. Never raises: a printer that is gone is OFFLINE."""
        ...

    def print(self, document: Document) -> PrintReport:
        """Print one document: status before, bytes, status after. Never raises."""
        ...

    def close(self) -> None: ...


class Buzzer(Protocol):
    """Optional: a beep. Never raises, never blocks."""

    def beep(self, duration_ms: int) -> None: ...


class Worker(Protocol):
    """Runs a device's blocking jobs one at a time, in order, and posts JobDone for each."""

    def submit(self, token: int, job: Callable[[], object]) -> None:
        """Queue `job`; JobDone(token, its value or its exception) is posted when it ends."""
        ...


class HostLink(Protocol):
    """The wire to the acquirer: one message out, one message back."""

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        """Send one message and wait for its answer; None when none came in time.

        Blocks up to `timeout_ms`. Never raises for what the other side or the line does.
        """
        ...

    def close(self) -> None: ...
