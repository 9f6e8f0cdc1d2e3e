"""查询: one transaction by its number, the last, the list of the batch, its totals; a balance."""

from __future__ import annotations

from firmware.flows.balance import balance
from firmware.flows.desk import Desk, total_lines
from firmware.flows.effects import Beep
from firmware.flows.original import find_by_voucher, masked_card
from firmware.flows.permissions import permitted
from firmware.flows.steps import GivenUp, choose_text, press, tell
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction
from firmware.payments.effects import Look
from firmware.payments.roles import Act
from firmware.ui.screen_parts import KINDS, one_line
from firmware.ui.screens import Listing, Phrase
from firmware.ui.texts import Text
from hw.events import Key

ITEMS = (
    Text.QUERY_BY_VOUCHER,
    Text.QUERY_LAST,
    Text.QUERY_LIST,
    Text.QUERY_TOTALS,
    Text.BALANCE,
)
ROWS_PER_PAGE = 3
LIST_MAX = 500
STATES = {
    State.OPEN: Text.STATE_OPEN,
    State.PENDING: Text.STATE_PENDING,
    State.APPROVED: Text.APPROVED,
    State.DECLINED: Text.DECLINED,
    State.FAILED: Text.STATE_FAILED,
    State.REVERSING: Text.STATE_REVERSING,
    State.REVERSED: Text.STATE_REVERSED,
}


async def query(desk: Desk) -> None:
    """Look something up, or ask for a balance; no money moves."""
    match await choose_text(desk, Text.MENU_QUERY, ITEMS):
        case Text.QUERY_BY_VOUCHER:
            found = await find_by_voucher(desk, Text.VOUCHER_NUMBER)
            if not isinstance(found, GivenUp):
                await _show_one(desk, found)
        case Text.QUERY_LAST:
            await _show_one(desk, await Look.of(Lookups.last_transaction, training=desk.training))
        case Text.QUERY_LIST:
            await _show_list(desk)
        case Text.BALANCE:
            if await permitted(desk, Act.BALANCE):
                await balance(desk)
        case Text.QUERY_TOTALS:
            batch = await Look.of(Lookups.batch)
            look_up = Lookups.training_totals if desk.training else Lookups.totals
            totals = await Look.of(look_up, batch)
            await tell(desk, Text.QUERY_TOTALS, *total_lines(desk, totals), warning=False)


async def _show_one(desk: Desk, transaction: Transaction | None) -> None:
    if transaction is None:
        await tell(desk, Text.MENU_QUERY, Text.NOTHING_FOUND)
        return
    await page_through(desk, Phrase.of(Text.MENU_QUERY), details(desk, transaction))


def details(desk: Desk, transaction: Transaction) -> tuple[str, ...]:
    """One transaction, a row a fact, in the desk's language."""
    day, time = transaction.date, transaction.time
    state = _state(transaction)
    rows = [
        f"{transaction.stan:06d} {word(desk, KINDS[transaction.kind])}",
        f"{transaction.amount.currency.label} {transaction.amount}",
        f"{word(desk, state)} {transaction.response_code}".rstrip(),
        masked_card(transaction),
        f"{day[4:6]}-{day[6:]} {time[:2]}:{time[2:4]} {transaction.operator}",
    ]
    if transaction.reference:
        rows.append(transaction.reference)
    return tuple(rows)


def _state(transaction: Transaction) -> Text:
    if transaction.completed_by:
        return Text.COMPLETED
    return Text.UNDONE if transaction.voided_by else STATES[transaction.state]


def word(desk: Desk, text: Text) -> str:
    """A catalogue word in the desk's language."""
    return text.in_language(desk.language)


async def _show_list(desk: Desk) -> None:
    batch = await Look.of(Lookups.batch)
    found = await Look.of(Lookups.list_transactions, batch, LIST_MAX, training=desk.training)
    if not found:
        await tell(desk, Text.QUERY_LIST, Text.NOTHING_FOUND)
        return
    rows = tuple(row for each in found for row in _short(desk, each))
    on_a_page = (
        2 if desk.training else 4
    )  # rows, two for a transaction; in training one is the mark
    await page_through(desk, Phrase.of(Text.QUERY_LIST), rows, on_a_page)


def _short(desk: Desk, transaction: Transaction) -> tuple[str, str]:
    """A transaction of the list in two rows: number, type, card; then time, state, amount.

    An approval that stands has no word for its state. Where a row is too long, the date is left
    out, then the time.
    """
    kind = word(desk, KINDS[transaction.kind])
    first = f"{transaction.stan:06d} {kind} *{transaction.card.last4}"
    sign = "-" if transaction.kind.gives_back else ""
    amount, day, time = f"{sign}{transaction.amount}", transaction.date, transaction.time
    state = _state(transaction)
    said = "" if state is Text.APPROVED else f"{word(desk, state)} "
    clock = f"{time[:2]}:{time[2:4]}"
    seconds = (f"{day[4:6]}-{day[6:]} {clock} {said}{amount}", f"{clock} {said}{amount}")
    return first, next((row for row in seconds if one_line(row)), f"{said}{amount}")


async def page_through(
    desk: Desk, title: Phrase, rows: tuple[str, ...], on_a_page: int = ROWS_PER_PAGE
) -> None:
    """Show rows page by page: `*` and `#` turn, ENTER turns on, BACK turns back, CANCEL ends."""
    pages = -(-len(rows) // on_a_page)
    page = 0
    while True:
        part = rows[page * on_a_page : (page + 1) * on_a_page]
        key = await press(desk, Listing(title, part, page + 1, pages))
        ends = (key is Key.ENTER and page + 1 == pages) or (key is Key.BACK and not page)
        if isinstance(key, GivenUp) or ends:
            return
        if key in (Key.HASH, Key.ENTER) and page + 1 < pages:
            page += 1
        elif key in (Key.STAR, Key.BACK) and page:
            page -= 1
        else:
            await Beep()
