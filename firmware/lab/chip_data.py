"""Field 55 with a genuine cryptogram, made without a card: for requests of terminals of the lab."""

from __future__ import annotations

from firmware.acquirer.accounts import Account
from firmware.core.money import Money
from firmware.emv.tlv import encode
from hw.sim.cards import cryptogram as card_side
from hw.sim.cards.des import icc_master_key


def chip_data(payer: Account, layout: str, amount: Money, atc: int) -> bytes:
    """The data of an ARQC over `amount`; `layout` of 9F10 as hw.sim.cards.cryptogram has it."""
    cvn = payer.cvn
    counter, unpredictable = (atc & 0xFFFF).to_bytes(2, "big"), atc.to_bytes(4, "big")
    findings = card_side.CardFindings(first=card_side.AcType.ARQC)
    told = card_side.issuer_application_data(layout, cvn, findings)
    data = {
        0x9F02: bytes.fromhex(f"{amount.minor:012d}"),
        0x9F03: bytes(6),
        0x9F1A: bytes.fromhex("0156"),
        0x95: bytes(5),
        0x5F2A: bytes.fromhex(amount.currency.numeric.rjust(4, "0")),
        0x9A: bytes.fromhex("260314"),
        0x9C: b"\0",
        0x9F37: unpredictable,
    }
    master = icc_master_key(payer.imk_ac.reveal(), payer.pan.reveal(), int(payer.psn))
    key = card_side.session_key(cvn, master, counter, unpredictable)
    profile = bytes.fromhex("7C00")
    made = card_side.application_cryptogram(cvn, key, data, (profile, counter, told))
    whole = data | {0x82: profile, 0x9F36: counter, 0x9F10: told, 0x9F26: made, 0x9F27: b"\x80"}
    return b"".join(encode(tag, value) for tag, value in whole.items())
