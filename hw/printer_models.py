"""Printers by the names of their models: what each can do.

The names are python-escpos' own and a few more. Its table of capabilities is read where it is
right; OWN says it where the table is wrong or has no such printer, with the reason. What nobody
knows for sure is taken the safe way: a QR code and Chinese as dots are right on every printer.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from hw.printer_encode import COLUMNS_LEAST, COLUMNS_MOST, Mode, PrinterProfile, StatusQuery
from hw.printer_font import CELL_WIDTH_PX

DOTS_MOST = COLUMNS_MOST * CELL_WIDTH_PX
EPSON_80MM = PrinterProfile(48, cutter=True, mode=Mode.MIXED, motion_dpi=203)
# 180 dots to an inch, units of feed of half a row; the table's QR came with later models
EPSON_T88 = PrinterProfile(42, 512, cutter=True, qr=False, mode=Mode.MIXED, motion_dpi=180)
OWN = MappingProxyType(
    {
        "POS-58": PrinterProfile(32, qr=False),  # 0416:5011, not in the table
        "POS-5890K": PrinterProfile(32, qr=False, mode=Mode.MIXED),  # users print ESC * on it
        # Adafruit 597
        "CSN-A2": PrinterProfile(32, qr=False, mode=Mode.MIXED, status=StatusQuery.ESC_V),
        "TM-T20III": EPSON_80MM,  # not in the table
        "TM-T88II": EPSON_T88,
        "TM-T88III": EPSON_T88,
        "TM-T88IV": EPSON_T88,
        # the table says the dots of a character where its columns should be
        "NT-80-V-UL": PrinterProfile(48, cutter=True, mode=Mode.MIXED),
    }
)


def model_named(name: str) -> PrinterProfile:
    """What a model can do; big and small letters are one. Raises ValueError for one not known."""
    for known, profile in OWN.items():
        if known.lower() == name.lower():
            return profile
    for known, row in _table().items():
        if known.lower() == name.lower():
            return _profile(known, row)
    raise ValueError(f"no printer model {name!r} is known; known are {', '.join(names())}")


def names() -> list[str]:
    """Every model's name."""
    return sorted({*OWN, *(name for name, row in _table().items() if _prints_receipts(row))})


@functools.cache
def _table() -> dict[str, Any]:
    """python-escpos' table by name, read without importing it, which takes 0.3 s."""
    spec = find_spec("escpos")
    assert spec is not None, "python-escpos is installed"
    folders = spec.submodule_search_locations
    assert folders, "it is a package"
    path = Path(folders[0]) / "capabilities.json"
    table: dict[str, Any] = msgspec.json.decode(path.read_bytes())["profiles"]
    return {name: row for name, row in table.items() if name not in ("default", "simple")}


def _prints_receipts(row: dict[str, Any]) -> bool:
    """Whether it is a printer, and of dots: the table has customer displays too."""
    features, columns = row["features"], row["fonts"]["0"]["columns"]
    return bool(features["bitImageRaster"]) and COLUMNS_LEAST <= columns <= COLUMNS_MOST


def _profile(name: str, row: dict[str, Any]) -> PrinterProfile:
    if not _prints_receipts(row):
        raise ValueError(f"{name} prints no receipts of {COLUMNS_LEAST} columns and more")
    features, columns = row["features"], row["fonts"]["0"]["columns"]
    dots = row["media"]["width"].get("pixels")
    known = isinstance(dots, int) and columns * CELL_WIDTH_PX <= dots
    epson = row["vendor"] == "Epson"
    return PrinterProfile(
        columns,
        min(dots, DOTS_MOST) if known else 0,
        cutter=bool(features["paperFullCut"] or features["paperPartCut"]),
        qr=bool(features["qrCode"]),
        mode=Mode.MIXED if features["bitImageColumn"] else Mode.RASTER,
        motion_dpi=row["media"].get("dpi", 0) if epson else 0,
    )
