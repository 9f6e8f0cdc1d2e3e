"""Tables as text: CSV for spreadsheets, JSON Lines for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from firmware.audit.export import Cell, Is, SheetRow, Table

BOM = "\ufeff"
# A spreadsheet would compute with what a card, a host or a shop's name says. The full-width forms
# are the same to a Chinese or Japanese one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_json(rows: Iterable[SheetRow], file: TextIO) -> None:
    """A JSON object a line."""
    file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_csv(
    table: Table, rows: Iterable[SheetRow], file: TextIO, *, spreadsheet: bool = False
) -> None:
    """A heading and a line a row, as RFC 4180 has it; texts and identifiers in quotes.

    For spreadsheets an identifier is the formula `="000123"`: Excel takes digits for a number
    whatever is around them, and drops the zeros. A program would read the formula.
    """
    file.write(",".join(table.columns) + "\r\n")
    for row in rows:
        line = (
            _cell(row[name], what, spreadsheet=spreadsheet) for name, what in table.columns.items()
        )
        file.write(",".join(line) + "\r\n")


def _cell(cell: Cell, what: Is, *, spreadsheet: bool) -> str:
    """A cell as it stands between commas."""
    text = str(cell)
    if what not in (Is.TEXT, Is.NUMBER):
        return text
    if text.startswith(_FORMULA):
        text = f"'{text}"
    elif spreadsheet and what is Is.NUMBER and text.isascii() and text.isalnum():
        text = f'="{text}"'
    return '"' + text.replace('"', '""') + '"' if text else ""
