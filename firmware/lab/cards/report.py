"""What `pos card` says of a card: its answer to reset, its applications, whose they are."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.emv.contact.read_card import CardApplication, CardReport
from firmware.emv.dates import comparable
from firmware.emv.outcomes import CardData

_NAME_COLUMNS = 14


def protocols(atr: bytes) -> tuple[str, ...]:
    """The protocols an answer to reset offers, in its order. See ISO/IEC 7816-3, 8.2.3.

    Without interface bytes that say so it is T=0; what is cut short ends the list.
    """
    offered: list[str] = []
    at = 1
    while at < len(atr):
        present = atr[at] >> 4  # a bit for each of TA, TB, TC and TD
        at += present.bit_count()
        if not present & 0x08 or at >= len(atr):
            break
        protocol = f"T={atr[at] & 0x0F}"
        if protocol not in offered and protocol != "T=15":  # 15 qualifies global bytes
            offered.append(protocol)
    return tuple(offered) or ("T=0",)


def atr_line(where: str, atr: bytes) -> str:
    """Where the card is, and what it said first."""
    return f"{where}: ATR {atr.hex().upper()} ({', '.join(protocols(atr))})"


def printable(line: str) -> str:
    """What a card calls itself may hold signs that a terminal would obey: `?` for each."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)


def report_lines(report: CardReport, *, clear: bool) -> Iterator[str]:
    """The report as lines; the number is masked unless `clear`."""
    yield _line("Directories", ", ".join(report.directories) or "none")
    if not report.applications:
        yield "No payment application that this terminal knows"
    for application in report.applications:
        yield ""
        yield from _application_lines(application, clear=clear)


def _application_lines(application: CardApplication, *, clear: bool) -> Iterator[str]:
    yield f"{application.aid.hex().upper()}  {application.name}"
    yield _line("  Terminal", application.scheme or "does not know this application")
    if application.card is None:
        yield _line("  State", application.detail)
    else:
        yield from _card_lines(application.card, clear=clear)


def _card_lines(card: CardData, *, clear: bool) -> Iterator[str]:
    number = card.pan.reveal() if clear else card.pan.masked(show_first6=True)
    yield _line("  Number", number + (f", sequence {card.psn}" if card.psn else ""))
    since = f", effective {_date(card.effective)}" if card.effective else ""
    yield _line("  Expires", _date(card.expiry) + since)
    yield _line("  Issuer", f"country {card.country or '?'}, currency {card.currency or '?'}")
    if card.service_code:
        yield _line("  Service code", card.service_code)
    if card.languages:
        yield _line("  Languages", ", ".join(card.languages))


def _date(yymmdd: str) -> str:
    year, month, day = comparable(yymmdd)
    return f"{year}-{month:02d}-{day:02d}"


def _line(name: str, value: str) -> str:
    return f"{name:<{_NAME_COLUMNS}} {value}"
