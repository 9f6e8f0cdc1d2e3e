"""What the books hold, batch by batch, compared with what terminals have uploaded."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar

import msgspec
from msgspec import Struct

from firmware.acquirer.booking import Booking, Funds, Lapsed, Standing
from firmware.acquirer.chip_uploads import CHIP, CHIP_REFUSED, ChipKept, ChipRefused
from firmware.acquirer.engine import BooksEngine
from firmware.acquirer.line_matters import SCRIPT, UPLOAD_END, UPLOADED, Uploaded, UploadEnd
from firmware.acquirer.named_books import unknown
from firmware.acquirer.registry import Registry
from firmware.core.kinds import Totals
from firmware.core.money import currency_of
from firmware.iso8583 import rounds

_Noted = TypeVar("_Noted", Uploaded, ChipKept, ChipRefused)


class ChipSeen(Struct, frozen=True):
    """The chip data uploaded for a batch, each as kept, and STAN and code of those refused."""

    taken: int
    failed: int  # of these: the card declined, or could not authenticate its issuer
    refused: tuple[ChipRefused, ...] = ()
    data: tuple[ChipKept, ...] = ()


class UploadSeen(Struct, frozen=True):
    """A batch that was uploaded, compared with the books."""

    count: int  # transactions that came, with their details, their chip's data or both
    ended: bool  # its end came, too
    said: int  # how many the terminal says
    unknown: tuple[int, ...] = ()  # STANs that the books lack, or have otherwise
    missing: tuple[int, ...] = ()  # STANs in the books, not uploaded; no void with its original


class BatchSeen(Struct, frozen=True):
    """A batch of a terminal, by the number that the terminal calls it by.

    Amounts are minor units of `currency` (ISO 4217 letters), which is "" where its transactions
    are of several.
    """

    terminal: str
    batch: int
    totals: Totals
    currency: str = ""
    settled: str = ""  # reference of the settlement; "" while it is open
    upload: UploadSeen | None = None
    chip: ChipSeen | None = None
    scripts: int = 0  # results of issuer scripts that were told


class AccountSeen(Struct, frozen=True):
    """An account by its name; amounts in minor units of `currency`, "" where nobody said it.

    `lapsed` is how many of its pre-authorisations were let go because their days were over.
    """

    name: str
    status: str
    spent_minor: int
    held_minor: int
    limit_minor: int | None
    currency: str = ""
    lapsed: int = 0
    lapsed_minor: int = 0


class BooksReport(Struct, frozen=True):
    """The whole report."""

    batches: tuple[BatchSeen, ...]
    accounts: tuple[AccountSeen, ...]


def report(
    books: BooksEngine, registry: Registry, terminal: str = "", *, since: str = ""
) -> BooksReport:
    """What the books hold now; of one terminal if it is named. Raises BooksError.

    What was held before the day `since` (YYYYMMDD) and not used has lapsed.
    """
    uploads, chips = _by_batch(registry, UPLOADED, Uploaded), _chips(registry)
    ends = {
        name: msgspec.json.decode(value, type=UploadEnd)
        for name, value in registry.noted(UPLOAD_END).items()
    }
    scripts = [name.rpartition("|")[0] for name in registry.noted(SCRIPT)]
    currencies = {one.number: one.currency for one in registry.terminals()}
    seen = []
    for number, serial in books.batches():
        if terminal in ("", number):
            settled = books.settlement(number, serial)
            name, entries = f"{number}|{serial}", books.in_batch(number, serial)
            numbers = {one.amount.currency.numeric for one in entries}
            chip, uploaded = chips.get(name), uploads.get(name, [])
            seen.append(
                BatchSeen(
                    terminal=number,
                    batch=rounds.number_of(serial),
                    totals=books.totals(number, serial),
                    currency=_only(numbers or {currencies.get(number, "")}),
                    settled=settled[0] if settled is not None else "",
                    upload=_seen(entries, uploaded, chip, ends.get(name)),
                    chip=chip,
                    scripts=scripts.count(name),
                )
            )
    accounts = _accounts(books, registry, since, _only(set(currencies.values())))
    return BooksReport(tuple(seen), accounts)


def _only(numbers: set[str]) -> str:
    """The letters of the one currency with these ISO 4217 numbers; "" of several or none."""
    (number,) = numbers if len(numbers) == 1 else ("",)
    return currency_of(number).alpha if number else ""


def _by_batch(registry: Registry, kind: str, shape: type[_Noted]) -> dict[str, list[_Noted]]:
    """What was noted of a kind, by the name of its batch."""
    found: defaultdict[str, list[_Noted]] = defaultdict(list)
    for name, value in registry.noted(kind).items():
        found[name.rpartition("|")[0]].append(msgspec.json.decode(value, type=shape))
    return found


def _chips(registry: Registry) -> dict[str, ChipSeen]:
    """The chip data that came, by batch."""
    kept = _by_batch(registry, CHIP, ChipKept)
    refused = _by_batch(registry, CHIP_REFUSED, ChipRefused)
    return {
        batch: ChipSeen(
            taken=len(kept[batch]),
            failed=sum(one.failed for one in kept[batch]),
            refused=tuple(refused[batch]),
            data=tuple(kept[batch]),
        )
        for batch in kept.keys() | refused.keys()
    }


def _seen(
    entries: list[Booking],
    uploaded: list[Uploaded],
    chip: ChipSeen | None,
    end: UploadEnd | None,
) -> UploadSeen | None:
    if not uploaded and (end is None or end.balanced):
        return None
    counted = [one for one in entries if one.state is Standing.STANDING and one.kind.sign]
    booked = {one.stan: (one.account, one.amount.minor) for one in counted}
    came = {one.stan: (one.account, one.amount_minor) for one in uploaded}
    covered = set(came) | {one.stan for one in (chip.data if chip is not None else ())}
    return UploadSeen(
        count=len(covered),
        ended=end is not None,
        said=end.count if end is not None else 0,
        unknown=tuple(sorted(stan for stan in came if booked.get(stan) != came[stan])),
        missing=tuple(sorted(booked.keys() - covered - _cancelled(counted, covered))),
    )


def _cancelled(counted: list[Booking], came: set[int]) -> set[int]:
    """STANs of voids and their originals, where neither was uploaded: their sum is zero."""
    by_reference = {one.reference: one for one in counted}
    found = set()
    for void in counted:
        undone = by_reference.get(void.undoes) if void.kind.is_void else None
        if undone is not None and not {void.stan, undone.stan} & came:
            found |= {void.stan, undone.stan}
    return found


def _accounts(
    books: BooksEngine, registry: Registry, since: str, usual: str
) -> tuple[AccountSeen, ...]:
    """All of them; `usual` is the currency of all terminals, if they have but one."""
    funds, lapsed, known = books.all_funds(), books.lapsed(since), registry.accounts()
    rows = []
    for key in known.keys() | funds.keys():
        one, moved = known.get(key), funds.get(key, Funds())
        over = lapsed.get(key, Lapsed())
        rows.append(
            AccountSeen(
                name=one.name if one is not None else unknown(key),
                status=one.status.value if one is not None else "-",
                spent_minor=moved.spent_minor,
                held_minor=moved.held_minor - over.held_minor,
                limit_minor=one.limit_minor if one is not None else None,
                currency=_only({one.currency}) or usual if one is not None else usual,
                lapsed=over.count,
                lapsed_minor=over.minor,
            )
        )
    return tuple(sorted(rows, key=lambda row: row.name))
