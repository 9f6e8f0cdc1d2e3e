"""Transactions, batches or totals of a journal, as a table each.

Amounts are signed: a void and a refund are negative, and what was declined or reversed, and a
training transaction, is 0 (what was requested stands beside). A sum over `amount` is what the
merchant gets.

A spreadsheet opens --xlsx as it is meant: amounts are numbers, voucher and authorisation numbers
keep their zeros, totals are on sheets of their own. CSV is for programs: opening it a spreadsheet
drops the zeros, but for --spreadsheet, or in LibreOffice "Format quoted field as text".
"""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.audit.data import reading, spooled
from firmware.audit.export import TABLES, export
from firmware.audit.export_text import BOM, write_csv, write_json
from firmware.audit.output import writing, writing_bytes
from firmware.audit.spans import Span
from firmware.cli.arguments import add_output_arguments
from firmware.cli.journal_arguments import add_span_arguments, span_of
from firmware.core.exits import Refused

FORMATS = ("csv", "jsonl", "xlsx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `pos journal export`, but for `--data`."""
    parser.add_argument("--format", choices=FORMATS, help="default: by FILE's ending, else csv")
    parser.add_argument(
        "--xlsx", dest="format", action="store_const", const="xlsx", help="an Excel workbook"
    )
    parser.add_argument(
        "--table", choices=tuple(TABLES), help="default: transactions; a workbook has all"
    )
    add_span_arguments(parser)
    parser.add_argument(
        "--bom", action="store_true", help="CSV begins with a byte order mark: Excel sees UTF-8"
    )
    parser.add_argument(
        "--spreadsheet",
        action="store_true",
        help='CSV to double-click: --bom, and ="000123" for numbers whose zeros count',
    )
    add_output_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Write what is asked for. Raises Refused, and then there is no file."""
    form = _format(options)
    span = span_of(options)
    if form == "xlsx":
        _write_workbook(options, span)
        return
    name = options.table or "transactions"
    with (
        writing(options.output, force=options.force) as to,
        spooled(to) as file,
        reading(options.data) as journal,
    ):
        rows = export(journal, name, span)
        if form == "jsonl":
            write_json(rows, file)
            return
        if options.bom or options.spreadsheet:
            file.write(BOM)
        write_csv(TABLES[name], rows, file, spreadsheet=options.spreadsheet)


def _write_workbook(options: argparse.Namespace, span: Span) -> None:
    from firmware.audit.export_xlsx import write_xlsx  # noqa: PLC0415 - asked for seldom

    with (
        writing_bytes(options.output, force=options.force) as file,
        reading(options.data) as journal,
    ):
        write_xlsx(file, lambda name: export(journal, name, span))


def _format(options: argparse.Namespace) -> str:
    """The format that is asked for, or that the file's name tells. Raises Refused."""
    output: Path | None = options.output
    ending = output.suffix[1:].lower() if output is not None else ""
    form: str = options.format or (ending if ending in FORMATS else "csv")
    if form == "xlsx" and (output is None or str(output) == "-"):
        raise Refused("a workbook is a file: name it with -o FILE.xlsx")
    if form == "xlsx" and options.table is not None:
        raise Refused("a workbook has all tables: leave out --table")
    if form != "csv" and (options.bom or options.spreadsheet):
        raise Refused(f"--bom and --spreadsheet are for CSV, not for {form}")
    return form
