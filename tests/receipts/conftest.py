"""What the receipt tests share: a sale to vary, paper as text, and golden files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.core.config import Merchant
from firmware.core.kinds import CardFacts, EmvData, Kind, OriginalRef, Verification
from firmware.journal.payments import fields_of
from firmware.journal.transactions import State, Transaction
from firmware.receipts.columns import width
from hw.ports import Align, Cut, Document, Feed, Qr, Size, TextLine
from tests.payment import payment

GOLDEN = Path(__file__).parent / "golden"

CARD = CardFacts(
    hash="5f" * 32,
    first6="621483",
    last4="0012",
    pan_length=16,
    psn="001",
    scheme="银联 UnionPay",
    label="PBOC DEBIT",
    aid="A000000333010101",
)
EMV = EmvData(
    aid="A000000333010101",
    label="PBOC DEBIT",
    tvr="0000048000",
    tsi="E800",
    atc="002A",
    ac="6F3B1C8E92D457A0",
    ac_type="TC",
    cvm_results="420300",
)
SALE = Transaction(
    **fields_of(payment(stan=27, time="193205")),
    card=CARD,
    state=State.APPROVED,
    response_code="00",
    authorisation_code="604812",
    reference="112219320527",
    verification=Verification.PIN,
    emv=EMV,
)
ORIGINAL = OriginalRef(
    batch=1, stan=27, reference="112219320527", date="20261120", amount_minor=12850
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept the slips as they are")


@pytest.fixture(scope="session")
def merchant() -> Merchant:
    return Merchant(phone="021-6135 0000")


@pytest.fixture(scope="session")
def transaction() -> Callable[..., Transaction]:
    """A sale of RMB 128.50 by PIN, with whatever a test changes in it."""

    def make(**changes: Any) -> Transaction:
        if changes.get("kind") in (Kind.VOID, Kind.REFUND):
            changes = {"original": ORIGINAL, "stan": 28, **changes}
        return msgspec.structs.replace(SALE, **changes)

    return make


def line_width(line: TextLine) -> int:
    """Half-width columns that a line takes at its size."""
    return width(line.text) * (2 if line.size is Size.LARGE else 1)


def as_drawn(document: Document, columns: int) -> str:
    """The document as the eye sees it, with the sizes noted in the margin."""
    rows = []
    for part in document:
        match part:
            case TextLine(text=text, size=size, align=align, bold=bold):
                room = columns - line_width(part)
                left = {Align.LEFT: 0, Align.CENTRE: room // 2, Align.RIGHT: room}[align]
                notes = [size.value] * (size is not Size.NORMAL) + ["bold"] * bold
                drawn = " ".join(text) if size is Size.LARGE else text
                row = (" " * left + drawn).rstrip()
                gap = " " * (columns + 2 - width(row))
                rows.append(row + (f"{gap}| {' '.join(notes)}" if notes else ""))
            case Qr(data=data):
                rows.append(f"[QR {data}]")
            case Feed(lines=lines):
                rows.append(f"[feed {lines}]")
            case Cut():
                rows.append("[cut]")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="session")
def texts() -> Callable[[Document], list[str]]:
    """The lines of a document, without their looks, runs of spaces folded."""
    return lambda document: [
        " ".join(part.text.split()) for part in document if isinstance(part, TextLine)
    ]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Document, int], None]:
    """Hold a document to its golden file, or accept it under --update-golden."""

    def check(name: str, document: Document, columns: int) -> None:
        path = GOLDEN / f"{name}-{columns}.txt"
        drawn = as_drawn(document, columns)
        if request.config.getoption("--update-golden", default=False):
            path.write_text(drawn, encoding="utf-8")
        assert drawn == path.read_text(encoding="utf-8"), f"see {path}, or --update-golden"

    return check
