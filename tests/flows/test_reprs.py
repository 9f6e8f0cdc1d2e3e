"""What holds card data on its way does not show it where it is printed."""

from __future__ import annotations

import pytest

from firmware.core.masked import Pan, Pin, Track2
from firmware.flows.effects import Exchange
from firmware.iso8583.messages import CardPresented
from firmware.payments.effects import Append

PAN = "4761739001010010"
RAW = bytes.fromhex("5A08" + PAN)
CARD = CardPresented(Pan(PAN), "01", "3012", Track2(f"{PAN}=3012"), Pin("739105"), RAW)
VALUES = {"command": Exchange(RAW), "records": Append((), {"5A": RAW}, CARD), "card": CARD}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_card_data_is_in_no_repr(value: object) -> None:
    shown = repr(value).lower()
    for secret in (repr(RAW)[2:-1], RAW.hex(), PAN, "739105"):
        assert secret.lower() not in shown
