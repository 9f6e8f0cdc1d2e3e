"""A paper being laid out: lines of one paper width, added from top to bottom."""

from __future__ import annotations

from typing import Self

from firmware.core.config import Merchant
from firmware.core.kinds import CardFacts
from firmware.core.money import Currency, Money, major_text
from firmware.journal.transactions import Transaction
from firmware.receipts.columns import beside, grouped, plain, width, wrap
from firmware.receipts.texts import Label, Mark
from hw.ports import Align, Cut, Document, Feed, Qr, Size, TextLine


class Sheet:
    """Paper of `columns` half-width columns; each method adds below and gives the sheet."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._parts: list[TextLine | Qr | Feed | Cut] = []

    def text(
        self,
        text: str,
        *,
        size: Size = Size.NORMAL,
        align: Align = Align.LEFT,
        bold: bool = False,
    ) -> Self:
        """A paragraph, wrapped. One that is too long for LARGE is set TALL."""
        if size is Size.LARGE and width(text) * 2 > self._columns:
            size = Size.TALL
        columns = self._columns // 2 if size is Size.LARGE else self._columns
        return self._add(*(TextLine(line, size, align, bold) for line in wrap(text, columns)))

    def centred(self, text: str, *, size: Size = Size.NORMAL, bold: bool = False) -> Self:
        return self.text(text, size=size, align=Align.CENTRE, bold=bold)

    def both(self, texts: tuple[str, str]) -> Self:
        """A paragraph in Chinese and then in English."""
        return self.text(texts[0]).text(texts[1])

    def pair(self, label: str, value: str, *, size: Size = Size.NORMAL, bold: bool = False) -> Self:
        """A label and its value at the right edge, below it where one line is too short.

        A value of another size stands below, so that the label keeps its own. A pair without a
        value leaves no line.
        """
        value = plain(value)
        if not value.strip():
            return self
        line = beside(label, value, self._columns) if size is Size.NORMAL else None
        if line is not None:
            return self._add(TextLine(line, bold=bold))
        return self.text(label).text(value, size=size, align=Align.RIGHT, bold=bold)

    def row(self, left: str, right: str) -> Self:
        """Two short values on one line, at its edges, or one below the other."""
        line = beside(left, right, self._columns) if left and right else None
        return self.text(left).text(right) if line is None else self._add(TextLine(line))

    def rule(self) -> Self:
        """A dashed line between blocks."""
        return self._add(TextLine("-" * self._columns))

    def line(self) -> Self:
        """A line to write on."""
        return self._add(Feed(2), TextLine("_" * self._columns))

    def qr(self, data: str | None) -> Self:
        """The QR code of a signed record, with what it is; nothing when there is none."""
        return self._add(Feed(), Qr(data)).centred(Mark.QR) if data else self

    def owner(self, merchant: Merchant, operator: str, recorded: Transaction | None = None) -> Self:
        """Whose terminal this is; for a transaction as recorded, not as configured since."""
        name = recorded.merchant_name if recorded else merchant.name
        if name == merchant.name and merchant.name_en != name:
            name = f"{name} {merchant.name_en}"
        self.text(name, bold=True)
        self.pair(Label.MERCHANT_NUMBER, recorded.merchant if recorded else merchant.number)
        self.pair(Label.TERMINAL, recorded.terminal if recorded else merchant.terminal)
        store = recorded.store if recorded else merchant.store
        by = f"{Label.OPERATOR} {operator}" if operator else ""
        return self.row(f"{Label.STORE} {store}", by)

    def marks(self, *, duplicate: bool, training: bool, test_keys: bool) -> Self:
        """Marks of a duplicate, of training, and of test keys."""
        if duplicate:
            self.centred(Mark.DUPLICATE, bold=True)
        if training:
            self.centred(Mark.TRAINING, bold=True)
        if test_keys:
            self.centred(Mark.TEST_KEYS, bold=True)
        return self

    def document(self) -> Document:
        """The finished paper, cut off."""
        return (*self._parts, Feed(), Cut())

    def _add(self, *parts: TextLine | Qr | Feed | Cut) -> Self:
        self._parts += parts
        return self


def amount_text(amount: Money) -> str:
    """The amount with its currency's label: `RMB 128.50`."""
    return sum_text(amount.minor, amount.currency)


def sum_text(minor: int, currency: Currency) -> str:
    """`minor` units with the currency's label; of any size, and below zero too."""
    return f"{currency.label} {major_text(minor, currency)}"


def date_text(date: str, time: str = "") -> str:
    """YYYYMMDD and HHMMSS as `2026/11/22 19:32:05`, or the date alone."""
    if not time:
        return f"{date[:4]}/{date[4:6]}/{date[6:]}"
    return f"{date_text(date)} {time[:2]}:{time[2:4]}:{time[4:]}"


def card_text(card: CardFacts, *, show_first6: bool) -> str:
    """The card number masked and how it was read: `6228 48** **** 0012 /I`."""
    return f"{masked_number(card, show_first6=show_first6)} /{card.entry}"


def masked_number(card: CardFacts, *, show_first6: bool) -> str:
    """The card number masked, in groups of four, as staff see it: `6228 48** **** 0012`.

    A number of under 13 digits never shows its first six: too little would stay hidden.
    """
    head = card.first6 if show_first6 and card.pan_length >= 13 else ""
    hidden = "*" * (card.pan_length - len(head) - len(card.last4))
    return grouped(head + hidden + card.last4)
