"""All tables as one Excel workbook: amounts are numbers, identifiers are text with their zeros.

Written by XlsxWriter a row at a time, so that a workbook may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, time
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from firmware.audit.export import TABLES, Cell, Is, SheetRow, Table
from firmware.core.exits import FAILED, Refused
from firmware.core.money import currency_of

ROWS_MAX = 1_048_575  # of an Excel sheet, below the heading
_WIDTHS = {
    Is.DAY: 11,
    Is.CLOCK: 9,
    Is.MONEY: 14,
    Is.NUMBER: 13,
    Is.TEXT: 14,
    Is.COUNT: 10,
    Is.FLAG: 9,
}


def write_xlsx(file: IO[bytes], rows_of: Callable[[str], Iterable[SheetRow]]) -> None:
    """Write a workbook with a sheet for each table; `rows_of` gives a table's rows.

    Raises Refused for more rows than a sheet holds, OSError when it cannot be written.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(file, options) as book:
            formats = _Formats(book)
            for name, table in TABLES.items():
                _sheet(book.add_worksheet(name.capitalize()), formats, table, rows_of(name))
    except FileCreateError as error:  # XlsxWriter raises it for an OSError
        raise OSError(str(error)) from error


def _sheet(sheet: Any, formats: _Formats, table: Table, rows: Iterable[SheetRow]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:AZ{ROWS_MAX + 1}"})  # on purpose
    for at, (column, what) in enumerate(table.columns.items()):
        sheet.set_column(at, at, max(_WIDTHS[what], len(column) + 2))
        sheet.write_string(0, at, column, formats.head)
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > ROWS_MAX:
            words = f"more than the {ROWS_MAX} rows of an Excel sheet"
            raise Refused(f"{words}: export fewer days or batches", code=FAILED)
        for at, (column, what) in enumerate(table.columns.items()):
            _write(sheet, (count, at), row[column], what, formats.of(what, row))
    sheet.autofilter(0, 0, count, len(table.columns) - 1)


class _Formats:
    """How cells are shown; an amount with the decimals of its currency."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self.head = book.add_format({"bold": True, "bottom": 1})
        self._plain = book.add_format({})
        self._kinds = {
            Is.DAY: book.add_format({"num_format": "yyyy-mm-dd"}),
            Is.CLOCK: book.add_format({"num_format": "hh:mm:ss;@"}),
            Is.NUMBER: book.add_format({"num_format": "@"}),
            Is.TEXT: book.add_format({"num_format": "@"}),
        }
        self._money: dict[int, Any] = {}

    def of(self, what: Is, row: SheetRow) -> Any:
        if what is not Is.MONEY:
            return self._kinds.get(what, self._plain)
        exponent = currency_of(str(row["currency"])).exponent
        if exponent not in self._money:
            decimals = "." + "0" * exponent if exponent else ""
            self._money[exponent] = self._book.add_format({"num_format": f"#,##0{decimals}"})
        return self._money[exponent]


def _write(sheet: Any, place: tuple[int, int], cell: Cell, what: Is, form: Any) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(*place, cell, form)
    elif isinstance(cell, int):
        sheet.write_number(*place, cell, form)
    elif not cell:
        return  # empty, whatever the column holds
    elif what is Is.MONEY:
        sheet.write_number(*place, Decimal(cell), form)
    elif what is Is.DAY:
        sheet.write_datetime(*place, date.fromisoformat(cell), form)
    elif what is Is.CLOCK:
        sheet.write_datetime(*place, time.fromisoformat(cell), form)
    else:
        sheet.write_string(*place, cell, form)
