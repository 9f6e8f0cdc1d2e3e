"""Field 55 with a genuine cryptogram, made without a card: for requests of terminals of the lab."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.money import Money
from firmware.emv.tlv import encode
from hw.sim.cards import cryptogram as card_side
from hw.sim.cards.des import icc_master_key

ARQC = 0x80


class ChipKeys(Struct, frozen=True):
    """What a chip's cryptograms are made with; `layout` as hw.sim.cards.cryptogram has it."""

    imk_ac: bytes
    pan: str
    psn: int
    cvn: int
    layout: str


def chip_data(keys: ChipKeys, amount: Money, atc: int) -> bytes:
    """The data of an ARQC over `amount`."""
    counter, unpredictable = (atc & 0xFFFF).to_bytes(2, "big"), atc.to_bytes(4, "big")
    told = card_side.issuer_application_data(
        keys.layout, keys.cvn, card_side.CardFindings(first=card_side.AcType(ARQC))
    )
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
    master = icc_master_key(keys.imk_ac, keys.pan, keys.psn)
    key = card_side.session_key(keys.cvn, master, counter, unpredictable)
    profile = bytes.fromhex("7C00")
    made = card_side.application_cryptogram(keys.cvn, key, data, (profile, counter, told))
    whole = data | {0x82: profile, 0x9F36: counter, 0x9F10: told, 0x9F26: made, 0x9F27: b"\x80"}
    return b"".join(encode(tag, value) for tag, value in whole.items())
