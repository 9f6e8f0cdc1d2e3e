"""Dates as cards write them: decimal YYMMDD, with the century by the Books' rule."""

from __future__ import annotations

from datetime import date

from firmware.emv.errors import CardError


def full_year(yy: int) -> int:
    """00–49 are 2000–2049, 50–99 are 1950–1999. See EMV 4.4 Book 4, 6.7.3."""
    return 2000 + yy if yy < 50 else 1900 + yy


def digits(value: bytes, what: str) -> str:
    """A value of format n as decimal digits; raises CardError when it is none."""
    text = value.hex()
    if not text.isdigit():
        raise CardError(f"{what} is not decimal")
    return text


def yymmdd(value: bytes, what: str) -> str:
    """A date of format n 6 as its digits; raises CardError when no calendar has it.

    Day 31 is let pass in every month: issuers write it for the month's last day.
    """
    text = digits(value, what)
    if len(text) != 6 or not 1 <= int(text[2:4]) <= 12 or not 1 <= int(text[4:6]) <= 31:
        raise CardError(f"{what} is not a date")
    return text


def comparable(text: str) -> tuple[int, int, int]:
    """A YYMMDD as year, month, day that compare in order of time."""
    return full_year(int(text[:2])), int(text[2:4]), int(text[4:6])


def month_has_passed(yy: int, month: int, today: date) -> bool:
    """Whether the last day of a month lies before `today`."""
    return (full_year(yy), month) < (today.year, today.month)
