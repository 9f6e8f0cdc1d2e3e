"""Every kind of slip in both widths, held to a file that a person has looked at."""

import msgspec
import pytest

from firmware.core.config import Merchant
from firmware.core.kinds import Copy, Kind, ReversalCause, Totals, Verification
from firmware.journal.transactions import Reversal, State
from firmware.receipts.fault import display_slip, fault_slip, refused_slip, waiting_slip
from firmware.receipts.settlement import settlement_slip
from firmware.receipts.transaction import transaction_receipt
from tests.payment import closed_batch, yuan

QR = "POS1.eyJzdGFuIjoyN30.c2lnbmF0dXJl"
TOTALS = Totals(sales=12, sales_minor=183_450, voids=1, voids_minor=12_850, refunds=0)
both_widths = pytest.mark.parametrize("columns", [32, 48])


@both_widths
@pytest.mark.parametrize("copy", [Copy.MERCHANT, Copy.CARDHOLDER], ids=lambda c: c.value)
def test_sale_with_pin(transaction, merchant, golden, columns, copy):
    slip = transaction_receipt(
        transaction(), merchant, copy=copy, columns=columns, duplicate=False, qr=QR
    )
    golden(f"sale-{copy.value}", slip, columns)


@both_widths
def test_sale_with_signature_reprinted_in_training(transaction, merchant, golden, columns):
    sale = transaction(verification=Verification.SIGNATURE, training=True)
    slip = transaction_receipt(
        sale, merchant, copy=Copy.MERCHANT, columns=columns, duplicate=True, qr=QR
    )
    golden("sale-signature-duplicate-training", slip, columns)


@both_widths
def test_void_by_immediate_undo(transaction, merchant, golden, columns):
    void = transaction(kind=Kind.VOID, undo=True)
    slip = transaction_receipt(
        void, merchant, copy=Copy.CARDHOLDER, columns=columns, duplicate=False, qr=QR
    )
    golden("void-undo", slip, columns)


@both_widths
def test_refund_in_part(transaction, merchant, golden, columns):
    refund = transaction(
        kind=Kind.REFUND, amount_minor=2_850, verification=Verification.NONE, batch=2
    )
    slip = transaction_receipt(
        refund,
        merchant,
        copy=Copy.MERCHANT,
        columns=columns,
        duplicate=False,
        qr=QR,
        left=yuan(10_000),
    )
    golden("refund", slip, columns)


@both_widths
def test_sale_that_was_reversed(transaction, merchant, golden, columns):
    sale = transaction(state=State.REVERSED, authorisation_code="", reference="")
    slip = transaction_receipt(
        sale, merchant, copy=Copy.MERCHANT, columns=columns, duplicate=False, qr=None
    )
    golden("sale-reversed", slip, columns)


@both_widths
@pytest.mark.parametrize("balanced", [True, False], ids=["balanced", "unbalanced"])
def test_settlement(merchant, golden, columns, balanced):
    host = TOTALS if balanced else msgspec.structs.replace(TOTALS, sales=11, sales_minor=170_600)
    settlement = closed_batch(TOTALS, host_totals=host, balanced=balanced, time="221500")
    slip = settlement_slip(settlement, merchant, columns=columns, duplicate=False, qr=QR)
    golden(f"settlement-{'balanced' if balanced else 'unbalanced'}", slip, columns)


@both_widths
def test_refund_that_is_not_confirmed(transaction, merchant, golden, columns):
    refund = transaction(kind=Kind.REFUND, state=State.PENDING, authorisation_code="", reference="")
    slip = transaction_receipt(
        refund, merchant, copy=Copy.CARDHOLDER, columns=columns, duplicate=False, qr=QR
    )
    golden("refund-unconfirmed", slip, columns)


@both_widths
@pytest.mark.parametrize("report", [waiting_slip, refused_slip], ids=["waiting", "refused"])
def test_fault_report_of_a_refund(transaction, merchant, golden, columns, report):
    refund = transaction(kind=Kind.REFUND, state=State.PENDING, reference="")
    name = report.__name__.removesuffix("_slip")
    golden(f"fault-refund-{name}", report(refund, merchant, columns=columns), columns)


@both_widths
def test_fault_report_of_a_reversal(transaction, merchant, golden, columns):
    sale = transaction(state=State.REVERSING)
    reversal = Reversal(transaction=sale, reason=ReversalCause.TIMED_OUT, attempts=3)
    golden("fault", fault_slip(reversal, merchant, columns=columns), columns)


@both_widths
@pytest.mark.parametrize("report", [waiting_slip, refused_slip], ids=["waiting", "refused"])
def test_fault_report_of_an_offline_sale(transaction, merchant, golden, columns, report):
    sale = transaction(offline=True, reference="", verification=Verification.NONE)
    name = report.__name__.removesuffix("_slip")
    golden(f"fault-{name}", report(sale, merchant, columns=columns), columns)


@both_widths
def test_fault_report_of_the_screen(golden, columns):
    slip = display_slip(Merchant(), date="20261122", time="193205", columns=columns)
    golden("display", slip, columns)
