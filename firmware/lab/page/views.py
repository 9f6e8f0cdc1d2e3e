"""What the page shows of the terminal, as plain values of JSON. Reads, and changes nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from firmware.core.kinds import COUNTED
from firmware.core.money import Currency, major_text
from firmware.journal.chain import ChainedRecord
from firmware.journal.lookups import Lookups
from firmware.journal.operators import CASHIER_DEFAULT, SUPERVISOR_DEFAULT
from firmware.journal.transactions import Transaction
from firmware.lab.scenario.audit import unbalanced
from firmware.lab.scenario.stage import (
    CASHIER,
    CASHIER_PASSWORD,
    SUPERVISOR,
    SUPERVISOR_PASSWORD,
    Stage,
)
from hw.sim.cards.card import Card

ROWS_MAX = 60
SUMS = tuple(f"{kind.value}s" for kind in COUNTED)
_MONEY = re.compile(r"\d\.\d\d\b")
COMMON = ("unionpay-debit", "visa-credit", "visa-debit", "mastercard-cda", "amex", "jcb")
# scheme by the head of the AID. See EMV 4.4 Book 1, 12.2.1: a RID is five bytes
SCHEMES = {
    "A000000333": "unionpay",
    "A000000003": "visa",
    "A000000004": "mastercard",
    "A000000025": "amex",
    "A000000065": "jcb",
    "A000000152": "discover",
}


def panel(stage: Stage) -> dict[str, Any]:
    """The chip's 128×64 pixels, packed to 1,024 bytes, and how they shine."""
    chip = stage.bench.chip
    return {
        "bits": base64.b64encode(chip.image().tobytes()).decode(),
        "lit": chip.is_lit,
        "contrast": chip.contrast,
        "text": stage.display_text,
    }


def cards(stage: Stage) -> list[dict[str, Any]]:
    """The tray's cards as the page draws them; the most usual ones come first."""
    tray = stage.bench.tray
    names = [*COMMON, *(name for name in tray if name not in COMMON)]
    return [_card(tray[name]) for name in names if name in tray]


def _card(card: Card) -> dict[str, Any]:
    first = card.personalisation.application[0]
    methods = " ".join(first.cvm.rules) if first.cvm else ""
    return {
        "name": card.name,
        "scheme": SCHEMES.get(first.aid[:10], "store"),
        "label": " / ".join(one.label for one in card.personalisation.application),
        "tail": first.account.pan[-4:],
        "pin": first.account.pin if "pin" in methods else None,
        "about": card.personalisation.about,
    }


def operators(*, fresh: bool) -> list[dict[str, str]]:
    """Who may sign on, and the password that each begins with; from the factory others are due."""
    passwords = {SUPERVISOR: SUPERVISOR_PASSWORD, CASHIER: CASHIER_PASSWORD}
    if fresh:
        passwords = {
            SUPERVISOR: SUPERVISOR_DEFAULT.reveal(),
            CASHIER: CASHIER_DEFAULT.reveal(),
        }
    return [{"number": number, "password": word} for number, word in passwords.items()]


def journal(lookups: Lookups, currency: Currency) -> dict[str, Any]:
    """The latest transactions, and the open batch's totals, counted and in words."""
    batch = lookups.batch()
    totals = lookups.totals(batch)
    return {
        "batch": batch,
        "totals": {
            name: [getattr(totals, name), getattr(totals, f"{name}_minor")] for name in SUMS
        },
        "sums": {name: major_text(getattr(totals, f"{name}_minor"), currency) for name in SUMS},
        "owed": {
            "reversals": lookups.reversals_count(),
            "papers": len(lookups.print_jobs()),
        },
        "rows": [_transaction(one) for one in lookups.list_transactions(None, ROWS_MAX)],
    }


def amount_px(lines: Sequence[tuple[int, int, str | None]]) -> list[int] | None:
    """Top and height of the amount that a receipt is about: it stands in the largest letters."""
    sums = [(height, top) for top, height, text in lines if text and _MONEY.search(text)]
    if not sums:
        return None
    height, top = max(sums)
    plain = min(height for _, height, text in lines if text)
    return [top, height] if height > plain else None


def _transaction(one: Transaction) -> dict[str, Any]:
    note = ["", ""]  # a word of the page's, and what it is said of
    if one.voided_by:
        note = ["voidedBy", f"{one.voided_by:06d}"]
    elif one.refunded_minor:
        note = ["refunded", str(one.refunded)]
    elif one.original is not None:
        note = ["ofVoucher", one.original.number]
    return {
        "voucher": f"{one.stan:06d}",
        "batch": one.batch,
        "time": f"{one.time[:2]}:{one.time[2:4]}:{one.time[4:]}",
        "kind": one.kind.value,
        "amount": str(one.amount),
        "card": one.card.last4,
        "state": one.state.value,
        "code": one.response_code,
        "note": note,
    }


def record(entry: ChainedRecord) -> dict[str, Any]:
    """A row of the journal: its number, moment, kind, and the head of its hash."""
    told = entry.record
    body = msgspec.to_builtins(told)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(told).__name__).lower()
    facts = {key: value for key, value in body.items() if _plain(key, value)}
    return {
        "seq": entry.seq,
        "at": entry.at[11:19],
        "kind": kind,
        "facts": " ".join(f"{key}={value}" for key, value in facts.items()),
        "hash": entry.hash.hex()[:12],
    }


def _plain(key: str, value: object) -> bool:
    short = isinstance(value, str | int) and len(str(value)) <= 24
    return short and value not in ("", 0, False) and key not in ("type", "merchant")


def books(stage: Stage) -> dict[str, Any]:
    """The host's books, what each account has spent, and where journal and books differ."""
    currency = stage.config.currency
    rows = [
        {
            "voucher": f"{one.stan:06d}",
            "kind": one.kind.value,
            "amount": str(one.amount),
            "account": one.account,
            "state": one.state.value,
            "reference": one.reference,
        }
        for one in stage.keeps_books.books()[-ROWS_MAX:]
    ]
    terminal = stage.terminal
    return {
        "rows": rows[::-1],
        "spent": {
            name: major_text(minor, currency)
            for name, minor in stage.keeps_books.balances().items()
            if minor
        },
        "differences": [] if terminal is None else unbalanced(terminal.data, stage.keeps_books),
    }
