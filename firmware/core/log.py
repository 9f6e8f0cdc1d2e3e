"""Structured logs: a line of key=value for each event, without a card number in it.

Whatever is logged goes through `masked` as one text, tracebacks too: numbers that are no card's
may be hidden, but no card number gets through. Masked types (`firmware.core.masked`)
show no value to begin with. Under journald a line begins with its level as `<6>`, without a time.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TextIO

PAN_DIGITS = range(13, 20)  # ISO/IEC 7812-1
_DIGIT_RUN = re.compile(r"\d(?:[ -]?\d){12,}", re.ASCII)
_PLAIN = re.compile(r"[\w.:/+@%*,-]+")
_JOURNALD = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # syslog's severities
_OWN = ("firmware", "hw")


def fields(**values: object) -> dict[str, object]:
    """What an event is about, for `extra`: `log.info("device lost", extra=fields(device="x"))`."""
    return {"fields": values}


def masked(text: str) -> str:
    """`text` with stars for every 13 to 19 digits that pass Luhn, spaced or not.

    A longer run of digits is searched for a card number at every place.
    """
    return _DIGIT_RUN.sub(lambda run: _masked_run(run[0]), text)


class LineFormatter(logging.Formatter):
    """An event as one line; a traceback follows on lines of its own."""

    def __init__(self, *, journald: bool = False) -> None:
        super().__init__()
        self._journald = journald

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        pairs: dict[str, object] = {}
        if not self._journald:
            at = datetime.fromtimestamp(record.created).astimezone()
            pairs["at"] = at.isoformat(timespec="milliseconds")
            pairs["level"] = level
        pairs |= {"logger": record.name, "event": record.getMessage()}
        more = getattr(record, "fields", {})
        pairs |= more if isinstance(more, Mapping) else {"fields": more}
        lines = [" ".join(f"{name}={_quoted(value)}" for name, value in pairs.items())]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        prefix = f"<{_JOURNALD.get(level, 6)}>" if self._journald else ""
        return "\n".join(prefix + masked(line) for line in lines)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines to a stream. One that cannot be written is dropped.

    Python's own words about it would go to standard error, with the event's traceback unmasked.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing of a line that could not be written."""


def set_up(verbose: int, stream: TextIO, *, journald: bool = False) -> logging.Handler:
    """Log to `stream`: the terminal's own events from info on, with `verbose` from debug on.

    Of libraries only warnings are let through, for they do not know what a secret is.
    """
    handler = LineHandler(stream)
    handler.setFormatter(LineFormatter(journald=journald))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)
    for name in _OWN:
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.INFO)
    return handler


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _masked_run(run: str) -> str:
    places = [at for at, char in enumerate(run) if char.isdigit()]
    digits = [int(run[at]) for at in places]
    hidden: set[int] = set()
    for size in PAN_DIGITS:
        for first in range(len(digits) - size + 1):
            if _passes_luhn(digits[first : first + size]):
                hidden.update(places[first : first + size])
    return "".join("*" if at in hidden else char for at, char in enumerate(run))


def _passes_luhn(digits: list[int]) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B. Zeros alone are no number."""
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
