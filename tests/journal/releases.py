"""Journals of earlier releases, kept for good: each later release must open them.

Run `python -m tests.journal.releases` once when a release changes the schema or a record: it writes
`kept/<schema>-<release>/`, which is then never changed again.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from firmware import __version__
from firmware.core.kinds import Copy, Kind, Result
from firmware.core.masked import Password
from firmware.journal import schema
from firmware.journal.connection import DATABASE
from firmware.journal.operators import Cost, Operators
from firmware.journal.order_records import OrderEnd, OrderEnded
from firmware.journal.paper_records import PrintHeld, PrintQueued, PrintSending
from firmware.journal.records import (
    EntryAbandoned,
    OperatorSignedOn,
    ReversalAttempted,
    SettingChanged,
    SettingsRecorded,
    TerminalStarted,
)
from firmware.journal.signed_record import signed_record
from tests.journal.story import KEYS, Shop, opened, order
from tests.journal.test_offline_advice import offline_sale

KEPT = Path(__file__).with_name("kept")


def trade(shop: Shop) -> None:
    """A little of everything, left in the middle of it."""
    operators = Operators(shop.journal, Cost(passes=1, memory_kib=8))
    operators.set_password("01", Password("1357"), by="01")
    operators.verify("01", Password("9999"), shop.clock(), purpose="sign on")
    started = TerminalStarted(version=__version__, schema=schema.SCHEMA)
    told = SettingsRecorded(settings={"sale.max_amount": '"50000.00"'})
    shop.journal.append(started, told)
    before, after = '"50000.00"', '"100.00"'
    changed = SettingChanged(key="sale.max_amount", before=before, after=after, by="configuration")
    shop.journal.append(changed)
    shop.journal.append(OperatorSignedOn(operator="01"))
    shop.agree()
    partly = shop.sale()
    shop.void(shop.sale(9_900))
    shop.refund(partly, 2_850)
    shop.end(shop.intent(), Result.DECLINED)
    shop.journal.append(EntryAbandoned(kind=Kind.SALE, step="amount check", reason="cancel"))
    shop.settle()
    shop.sale(training=True)
    shop.clock.advance(days=1)
    held = shop.end(shop.intent(Kind.PREAUTH, 1_000))
    shop.end(shop.intent(Kind.COMPLETION, 800, original=held))
    sale = shop.sale(500)
    for job in (1, 2):
        slip = PrintQueued(job=job, copy=Copy.MERCHANT, batch=sale.batch, stan=sale.stan)
        shop.journal.append(slip)
    shop.journal.append(PrintSending(job=1))
    shop.journal.append(PrintHeld(job=1), PrintSending(job=1))
    owed = shop.intent(amount_minor=321)
    shop.journal.append(owed)
    shop.journal.append(opened(owed))
    shop.journal.append(ReversalAttempted(batch=owed.batch, stan=owed.stan, attempt=1))
    offline_sale(shop)
    shop.journal.append(order("given up"))
    shop.journal.append(OrderEnded(id="given up", end=OrderEnd.EXPIRED, reason="not agreed to"))
    shop.journal.append(order("waits"))
    shop.journal.append(shop.intent(amount_minor=777))


def main() -> None:
    """Write the fixture of this release."""
    kept = KEPT / f"{schema.SCHEMA}-{__version__}"
    kept.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as room:
        shop = Shop.open(Path(room))
        trade(shop)
        sale = shop.journal.by_voucher(1)
        assert sale is not None
        head, digest = shop.journal.head()
        told = {
            "head": head,
            "hash": digest,
            "qr": signed_record(sale, KEYS),
            "next_stan": shop.journal.next_stan(),
            "orders": {each.taken.id: each.state.value for each in shop.journal.orders_after(0)},
            "uploads": [owed.transaction.amount_minor for owed in shop.journal.advices()],
        }
        shop.journal.close()
        shutil.copy(Path(room) / DATABASE, kept / DATABASE)
    (kept / "expected.json").write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
