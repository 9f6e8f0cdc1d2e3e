"""The Pi's header by gpiozero over lgpio, and what its pins raise when they fail.

A pin factory is always handed on, never left in gpiozero's global place: two owners of it would
not know of each other, and tests give a modelled one.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from hw.events import Device, FaultReason
from hw.ports import DeviceFault


def pin_errors() -> tuple[type[Exception], ...]:
    """What any factory's pins raise when they fail. gpiozero is imported by its first user."""
    from gpiozero.exc import GPIOZeroError  # noqa: PLC0415

    return OSError, GPIOZeroError


class PinHeader(Struct, frozen=True):
    """A gpiozero pin factory, and every error by which its pins say that they do not work."""

    factory: Any
    errors: tuple[type[Exception], ...] = field(default_factory=pin_errors)


def this_pi(asking: Device) -> PinHeader:
    """The header of the Pi that this runs on. Raises DeviceFault for `asking` where there is none.

    lgpio is imported late: it exists on the Pi alone, and writes `.lgd-nfy0` into the working
    directory when it is imported. Its own error is neither an OSError nor gpiozero's.
    """
    try:
        import lgpio  # noqa: PLC0415
        from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415
    except (ImportError, OSError) as error:
        missing = FaultReason.NO_LGPIO if isinstance(error, ModuleNotFoundError) else None
        raise DeviceFault(asking, f"lgpio: {error}", missing) from error
    errors = (*pin_errors(), lgpio.error)
    try:
        return PinHeader(LGPIOFactory(), errors)
    except errors as error:
        raise DeviceFault(asking, f"lgpio: {error}") from error
