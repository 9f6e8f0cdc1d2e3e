"""What every paper says and how it is laid out: pure functions from records to documents.

`transaction_slip` (sale, void, refund), `settlement_slip`, `fault_slip` and `display_slip` give a
`hw.ports.Document` for a paper of so many half-width columns. Nothing here reads a clock, a
journal or a printer, so the same record gives the same paper, line by line.
"""

from firmware.receipts.fault import display_slip, fault_slip
from firmware.receipts.settlement import settlement_slip
from firmware.receipts.transaction import transaction_slip

__all__ = ["display_slip", "fault_slip", "settlement_slip", "transaction_slip"]
