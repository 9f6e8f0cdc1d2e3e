"""Printers as they are sold: what each kind has, lacks and gets wrong, as people report it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from hw.printer_encode import StatusQuery


class Kind(Struct, frozen=True):
    """What one kind of printer can do; a good one can do all of it."""

    qr: bool = True  # knows GS ( k; else its payload is printed as text
    chinese: bool = True  # has the characters of GB18030
    line_dots: bool = True  # knows ESC * 33; else its dots are printed as text
    raster_48: bool = True  # else it stops after a band as high as a multiple of 48 rows
    answers: frozenset[StatusQuery] = frozenset((StatusQuery.DLE_EOT, StatusQuery.GS_R))
    holds: bool = True  # tells a serial line to wait by itself, so that its buffer never overruns
    motion_dpi: int = 0  # units of feed to an inch when switched on; 0: a unit is a row
    dots_dpi: int = 203


GOOD = Kind()
TRAITS: dict[str, dict[str, object]] = {  # what is not as a good one has it
    "good": {},
    "no-qr": {"qr": False},
    "no-chinese": {"chinese": False},
    "no-line-dots": {"line_dots": False},
    "band-48": {"raster_48": False},
    "mute": {"answers": frozenset()},
    "gs-r": {"answers": frozenset((StatusQuery.GS_R,))},
    "esc-v": {"answers": frozenset((StatusQuery.ESC_V,))},
    "small-buffer": {"holds": False},
    "half-rows": {"motion_dpi": 360, "dots_dpi": 180},
}


def kind_of(traits: Iterable[str]) -> Kind:
    """A printer with all these traits. Raises KeyError for one that is not known."""
    kind = GOOD
    for trait in traits:
        kind = replace(kind, **TRAITS[trait])
    return kind
