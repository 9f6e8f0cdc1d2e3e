"""What has to be seen of a fault wherever it could be noticed: on display, paper, in the journal.

Whether it could is what the models say: was the part used while it was broken, or is it one whose
loss is noticed by itself?
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from firmware.iso8583.messages import BalanceRequest, FinancialRequest, HostRequest, ReversalRequest
from firmware.journal.advice_records import AdviceAttempted
from firmware.journal.enquiry_records import BalanceAnswered
from firmware.journal.records import (
    ClockJumped,
    Record,
    ReversalAttempted,
    ReversalOpened,
    SettlementStarted,
)
from firmware.receipts.texts import Mark
from firmware.ui.texts import Language, Text
from hw.events import Device
from tests.crash.cells import CARD_OUT, POWER_CUT


@dataclass(frozen=True, slots=True)
class Expected:
    """One of `texts` stands on the display, or `slip` on paper.

    The journal names `device` among those that failed and came back, and has a `record`.

    With `at_idle` it need not be said before the terminal is idle; with `stood` it may have stood
    there before. With `stops` there is no trade as long as the fault lasts, and it is still named
    at its end.
    """

    texts: tuple[Text, ...] = ()
    device: str = ""
    stops: bool = False
    slip: str = ""
    at_idle: bool = False
    stood: bool = False
    record: type[Record] | None = None


NOTHING = Expected()
_SLIPS_WAIT = (
    Text.RECEIPTS_PENDING,
    Text.APPROVED_SLIP_PENDING,
    Text.PRINTER_PAPER_OUT,
    Text.PRINTER_COVER_OPEN,
    Text.PRINTER_OFFLINE,
)
_CARD_FAILED = (
    Text.CARD_PULLED,
    Text.CARD_MUTE,
    Text.FAILED_REVERSED,
    Text.FAILED_REVERSAL_DUE,
)
_NO_ANSWER = (
    Text.FAILED_REVERSED,
    Text.FAILED_REVERSAL_DUE,
    Text.REVERSALS_PENDING,
    Text.REVERSAL_FIRST,
)
EXPECTED: Mapping[str, Expected] = {
    "reader flickers": NOTHING,  # it is there again before anybody could say so
    "reader times-out": Expected((*_CARD_FAILED, Text.CARD_ERROR, Text.DEVICE_READER)),
    "display disturbed": NOTHING,  # what is sent again is seen once
    "reader": Expected((Text.DEVICE_READER,), Device.READER.value, stops=True),
    "key": Expected((Text.DEVICE_KEYPAD,), Device.KEYPAD.value, stops=True),
    "keypad": Expected((Text.DEVICE_KEYPAD,), Device.KEYPAD.value, stops=True),
    "display": Expected(device=Device.DISPLAY.value, stops=True, slip=Mark.STOPPED.value),
    "disk": Expected((Text.DISK_FAULT, Text.DISK_READ_ONLY, Text.DATA_GONE), "journal", stops=True),
    "disk full": Expected((Text.DISK_FULL,), "journal", stops=True),
    "clock": Expected(record=ClockJumped),
    "printer": Expected(_SLIPS_WAIT, Device.PRINTER.value, at_idle=True),
    "card": Expected(_CARD_FAILED),
    CARD_OUT: NOTHING,
    POWER_CUT: NOTHING,
}


SALE_IN_VAIN = Expected(_NO_ANSWER, record=ReversalOpened)
_REVERSAL_IN_VAIN = Expected(
    (*_NO_ANSWER, Text.RECOVERED_REVERSAL_DUE), at_idle=True, stood=True, record=ReversalAttempted
)
_NOTICE_IN_VAIN = Expected(
    (Text.OFFLINE_PENDING, Text.OFFLINE_FIRST), at_idle=True, stood=True, record=AdviceAttempted
)
_ENQUIRY_IN_VAIN = Expected((Text.BALANCE_LATER,), record=BalanceAnswered)
_SETTLEMENT_IN_VAIN = Expected((Text.SETTLE_FAILED,), record=SettlementStarted)


def in_vain(request: HostRequest) -> Expected:
    """What has to be seen of a host that does not answer this, in place of `EXPECTED`."""
    match request:
        case FinancialRequest(offline=offline):
            return _NOTICE_IN_VAIN if offline else SALE_IN_VAIN
        case ReversalRequest():
            return _REVERSAL_IN_VAIN
        case BalanceRequest():
            return _ENQUIRY_IN_VAIN
    return _SETTLEMENT_IN_VAIN


def stands(texts: tuple[Text, ...], panel: str) -> bool:
    """Whether one of the texts can be read there, in either language, values aside."""
    folded = "".join(panel.split())
    return any(
        all(part in folded for part in _parts(text.in_language(language)))
        for text in texts
        for language in Language
    )


def _parts(template: str) -> list[str]:
    return ["".join(part.split()) for part in re.split(r"\{\w+\}", template)]
