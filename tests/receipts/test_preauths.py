"""Receipts of pre-authorisations: what was held is not taken for what was paid."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Copy, Kind, OriginalRef, ReversalCause, Totals
from firmware.journal.transactions import Reversal, State
from firmware.receipts.fault import fault_slip
from firmware.receipts.settlement import settlement_slip
from hw.ports import Document, Size, TextLine
from tests.payment import closed_batch
from tests.receipts.test_rules import MERCHANT, line_of, slip

HOLD = OriginalRef(
    batch=1,
    stan=7,
    reference="632600000007",
    date="20261120",
    amount_minor=100_000,
    authorisation_code="022568",
)
NAMES = {
    Kind.PREAUTH: "预授权 AUTH",
    Kind.PREAUTH_VOID: "预授权撤销 AUTH CANCEL",
    Kind.COMPLETION: "预授权完成 AUTH COMPLETE",
    Kind.COMPLETION_VOID: "预授权完成撤销 COMPLETE VOID",
}
GIVES_BACK = (Kind.PREAUTH_VOID, Kind.COMPLETION_VOID)


def text_of(document: Document) -> str:
    return "\n".join(part.text for part in document if isinstance(part, TextLine))


@pytest.mark.parametrize("columns", [32, 42, 48])
@pytest.mark.parametrize("kind", NAMES)
def test_each_has_its_name_and_sign(transaction: Any, kind: Kind, columns: int) -> None:
    original = None if kind is Kind.PREAUTH else HOLD
    document = slip(transaction(kind=kind, original=original), columns=columns)
    said = text_of(document)
    assert NAMES[kind].split()[0] in said
    assert line_of(document, NAMES[kind].split()[0]).size in (
        Size.LARGE,
        Size.TALL,
    )  # where it fits
    assert ("RMB -" in said) is (kind in GIVES_BACK)


def test_a_hold_says_that_nothing_was_charged(transaction: Any) -> None:
    for copy in (Copy.MERCHANT, Copy.CARDHOLDER):
        said = text_of(slip(transaction(kind=Kind.PREAUTH, original=None), copy=copy))
        assert "未扣款 HELD, NOT CHARGED" in said
    completion = text_of(slip(transaction(kind=Kind.COMPLETION, original=HOLD)))
    assert "未扣款" not in completion


@pytest.mark.parametrize("kind", [Kind.PREAUTH_VOID, Kind.COMPLETION])
def test_what_uses_a_hold_names_it(transaction: Any, kind: Kind) -> None:
    said = text_of(slip(transaction(kind=kind, original=HOLD)))
    for words in ("原凭证号 ORIG VOUCHER:", "000007", "原授权码", "022568", "2026/11/20"):
        assert words in said


def test_a_hold_that_is_printed_again_names_its_completion(transaction: Any) -> None:
    held = replace(transaction(kind=Kind.PREAUTH, original=None), completed_by=9)
    assert "完成凭证 COMPLETED BY:" in text_of(slip(held, duplicate=True))


def test_only_what_was_charged_has_terms_of_refund(transaction: Any) -> None:
    cardholder = {"copy": Copy.CARDHOLDER}
    terms = MERCHANT.terms.split()[0]
    charged = slip(transaction(kind=Kind.COMPLETION, original=HOLD), **cardholder)
    held = slip(transaction(kind=Kind.PREAUTH, original=None), **cardholder)
    assert terms in text_of(charged)
    assert terms not in text_of(held)


@pytest.mark.parametrize("kind", NAMES)
def test_a_reversal_that_is_not_done_says_what_stands(transaction: Any, kind: Kind) -> None:
    owed = transaction(kind=kind, state=State.REVERSING, original=None)
    reversal = Reversal(transaction=owed, reason=ReversalCause.TIMED_OUT, attempts=3)
    said = text_of(fault_slip(reversal, MERCHANT, columns=32))
    assert NAMES[kind].split()[0] in said
    assert "仍有" in said if kind in GIVES_BACK else "未" in said


def test_a_settlement_with_completions_adds_them_up() -> None:
    totals = Totals(
        sales=1,
        sales_minor=12_850,
        completions=2,
        completions_minor=160_000,
        completion_voids=1,
        completion_voids_minor=80_000,
    )
    settled = closed_batch(totals)

    def printed(**changes: Any) -> str:
        told = replace(settled, **changes)
        return text_of(settlement_slip(told, MERCHANT, columns=32, duplicate=False, qr=None))

    said = printed()
    for words in ("预授权完成 AUTH COMPLETE", "1600.00", "COMPLETE VOID", "800.00", "928.50"):
        assert words in said
    bare = Totals(sales=1, sales_minor=12_850)
    assert "预授权" not in printed(totals=bare, host_totals=bare)
    differs = printed(host_totals=bare, balanced=False)
    assert differs.count("COMPLETE VOID") == 3  # ours, theirs, and by how much
