"""Card data that later messages need, sealed beside the log: the journal never holds a PAN.

They are the number, the expiry and the chip's data; never track data and never a PIN, which no
later message has. They are sealed with AES-256-GCM under a key derived from the terminal's card
key, and bound to batch and voucher number. Kept are those

- of a sale that a card approved by itself, under its floor limit. The merchant is owed that money
  only once the acquirer has the sale, so its advice must survive a power cut. They are deleted in
  the commit that records the answer. With `sale.always_online` there are no such sales.
- of every payment on an acquirer's line, from the intent on: its reversal names the card, and so
  does the upload of a batch that did not balance. They are deleted with a decline, a confirmed
  reversal, or the settlement of the batch.
- of a payment that a card declined by itself, if its chip's data are to be uploaded, until the
  settlement of the batch.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import partial

import msgspec

from firmware.core.masked import Pan, SecretKey
from firmware.core.seal import Seal
from firmware.iso8583.messages import CardPresented
from firmware.journal.advice_records import AdviceAnswered, AdviceQueued
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.records import IntentRecorded, Record
from firmware.journal.store import Also
from firmware.journal.tables import keep_card


def seal(card: CardPresented, batch: int, stan: int, card_key: SecretKey) -> bytes:
    """What later messages need of the card, readable by this terminal alone."""
    told = (card.pan.reveal(), card.psn, card.expiry, card.de55)
    return _seal(card_key).close(msgspec.json.encode(told), _place(batch, stan))


def unseal(sealed: bytes, batch: int, stan: int, card_key: SecretKey) -> CardPresented:
    """The card as it was sealed. Raises JournalFault when it was changed or is another's."""
    place = _place(batch, stan)
    try:
        told = _seal(card_key).open(sealed, place)
        pan, psn, expiry, de55 = msgspec.json.decode(told, type=tuple[str, str, str, bytes])
    except ValueError as error:
        raise JournalFault(Trouble.CORRUPT, f"{place.decode()} cannot be read") from error
    return CardPresented(Pan(pan), psn, expiry, de55=de55)


def keeping(
    records: Sequence[Record], card: CardPresented | None, card_key: SecretKey
) -> Also | None:
    """What keeps `card` beside the log, in the commit of the records that will need it."""
    kinds = (IntentRecorded, AdviceQueued, AdviceAnswered)
    owed = next((one for one in records if isinstance(one, kinds)), None)
    if card is None:
        queued = any(isinstance(one, AdviceQueued) for one in records)
        assert not queued, "an advice is owed with its card"
        return None
    if owed is None:
        return None
    sealed = seal(card, owed.batch, owed.stan, card_key)
    return partial(keep_card, batch=owed.batch, stan=owed.stan, sealed=sealed)


def _place(batch: int, stan: int) -> bytes:
    """What the seal is bound to."""
    return f"offline {batch:06d}/{stan:06d}".encode()


def _seal(card_key: SecretKey) -> Seal:
    return Seal(hmac.digest(card_key.reveal(), b"pos-offline-sale", "sha256"))
