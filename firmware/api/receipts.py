"""A payment's receipt: as JSON, as text and as a picture, and which of them a client wants."""

from __future__ import annotations

import io
from typing import Literal

from msgspec import Struct
from starlette.requests import Request

from firmware.api.problems import Why, Wrong
from firmware.api.types import Receipt, ReceiptLine
from firmware.api.views import Door, journal_of
from firmware.audit.data import JournalWithKeys
from firmware.audit.receipt_picture import drawn
from firmware.core.kinds import Copy, Verification
from firmware.receipts.papers import Papers
from firmware.terminal.drivers import profile_of
from hw.ports import Document, Qr, TextLine

JSON, TEXT, PNG = "application/json", "text/plain", "image/png"
MEDIA = (TEXT, JSON, PNG)  # the first is what a client gets that does not mind
COPIES: tuple[Literal["cardholder", "merchant"], ...] = ("cardholder", "merchant")
_SIGNED = (Verification.SIGNATURE, Verification.PIN_AND_SIGNATURE)


class Made(Struct, frozen=True):
    """A receipt with the document that the printer would get."""

    receipt: Receipt
    document: Document


def receipt_of(door: Door, name: str, copy: Literal["cardholder", "merchant"]) -> Made:
    """A copy of the receipt of a payment. Raises Wrong where there is no transaction."""
    columns = profile_of(door.config.printer).columns
    with journal_of(door) as journal:
        order = journal.order(name)
        if order is None:
            raise Wrong(Why.NOT_FOUND)
        paid = journal.by_intent(order.intent) if order.intent else None
        if paid is None:
            raise Wrong(Why.NO_RECEIPT)
        papers = Papers(JournalWithKeys(journal, door.signer()), door.config, columns)
        document = papers.receipt(paid, Copy(copy), duplicate=False)
    lines = [
        ReceiptLine(
            text=part.text,
            size=part.size.name.lower(),
            align=part.align.name.lower(),
            bold=part.bold,
        )
        for part in document
        if isinstance(part, TextLine)
    ]
    qr = next((part.data for part in document if isinstance(part, Qr)), "")
    signature = copy == "merchant" and paid.verification in _SIGNED
    receipt = Receipt(id=name, copy=copy, columns=columns, lines=lines, qr=qr, signature=signature)
    return Made(receipt, document)


def plain(receipt: Receipt) -> str:
    """A receipt as text of so many half-width columns; what is centred on paper is here, too."""
    rows = []
    for line in receipt.lines:
        width = sum(1 if character.isascii() else 2 for character in line.text)
        spare = max(0, receipt.columns - width)
        indent = {"centre": spare // 2, "right": spare}.get(line.align, 0)
        rows.append(" " * indent + line.text)
    return "\n".join(rows) + "\n"


def png(made: Made, door: Door) -> bytes:
    """A receipt as the printer puts it on paper, a dot a pixel. Takes a while."""
    file = io.BytesIO()
    drawn(made.document, door.config.printer).image.save(file, format="PNG", optimize=True)
    return file.getvalue()


def media_of(request: Request) -> str:
    """The type among `MEDIA` that the client prefers. Raises Wrong. See RFC 9110, 12.5.1."""
    accepted = _qualities(request.headers.get("accept", "*/*"))
    best = max(MEDIA, key=lambda media: _quality(accepted, media))
    if not _quality(accepted, best):
        raise Wrong(Why.NOT_ACCEPTABLE)
    return best


def _qualities(header: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in header.split(","):
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            found[media] = min(1.0, max(0.0, float(quality)))
        except ValueError:
            found[media] = 0.0
    return found


def _quality(accepted: dict[str, float], media: str) -> float:
    """How much a client wants a media type: the most specific range that fits it says so."""
    ranges = (media, media.partition("/")[0] + "/*", "*/*")
    return next((accepted[each] for each in ranges if each in accepted), 0.0)
