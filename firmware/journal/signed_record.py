"""The signed record of a paper: the text of its QR code, which anchors the journal's chain.

It is one line that a person can read, in the alphabet in which a QR code is densest. A receipt's is
that of its transaction, with the record that ended it::

    P1*merchant*terminal*batch*voucher*SA*amount*CNY*20260302*100000*00*authorisation*reference
      *number of its record*first 16 hex digits of the record's hash*signature

`SA` is the kind (S sale, V void, R refund; H pre-authorisation, L its void, C completion, D its
void), the state (A approved, D declined, F failed, O open, W a refund that waits for the
acquirer's answer, P reversal pending, R reversed) and T for a training transaction. `check.js` of
`audit/receipt_page` has the same letters. A settlement slip's has the terminal's totals,
and the last record of all when it was made, so that nothing before it can be cut off unseen::

    S1*merchant*terminal*batch*B*CNY*sales*their sum*voids*their sum*refunds*their sum
      *20260302*220000*number of the last record*first 16 hex digits of its hash*signature

A batch with completions says those and their voids behind the refunds, and begins with `S2`.

`B` is balanced, `U` not, and T for training transactions. The signature is the terminal's, Ed25519
over `pos-essence LF` and everything before its own `*`, in base 45 (RFC 9285).
"""

from __future__ import annotations

from firmware.core.kinds import Kind, Totals
from firmware.journal import base45
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import SettlementCompleted
from firmware.journal.transactions import State, Transaction

VOUCHER, SETTLEMENT, COMPLETED = "P1", "S1", "S2"
_SUMS = Totals.__struct_fields__
_BEFORE_COMPLETIONS = _SUMS[:6]  # sales, voids and refunds, counts and sums
_BEGIN = ("version", "merchant", "terminal", "batch")
ANSWER = ("response", "authorisation", "reference")
_END = ("record", "hash")
# what each version's fields are called, in their order
NAMES = {
    VOUCHER: (*_BEGIN, "voucher", "type", "amount", "currency", "date", "time", *ANSWER, *_END),
    SETTLEMENT: (*_BEGIN, "type", "currency", *_BEFORE_COMPLETIONS, "date", "time", *_END),
    COMPLETED: (*_BEGIN, "type", "currency", *_SUMS, "date", "time", *_END),
}
HASH_DIGITS = 16
KINDS = {
    Kind.SALE: "S",
    Kind.VOID: "V",
    Kind.REFUND: "R",
    Kind.PREAUTH: "H",
    Kind.PREAUTH_VOID: "L",
    Kind.COMPLETION: "C",
    Kind.COMPLETION_VOID: "D",
}
STATES = {
    State.APPROVED: "A",
    State.DECLINED: "D",
    State.FAILED: "F",
    State.OPEN: "O",
    State.PENDING: "W",
    State.REVERSING: "P",
    State.REVERSED: "R",
}
_OF_A_BATCH = ({"B": "balanced", "U": "not balanced"}, {"T": "of training transactions"})
_TYPES = {
    VOUCHER: (
        {letter: kind.value for kind, letter in KINDS.items()},
        {letter: state.value for state, letter in STATES.items()},
        {"T": "a training transaction"},
    ),
    SETTLEMENT: _OF_A_BATCH,
    COMPLETED: _OF_A_BATCH,
}


def signed_record(transaction: Transaction, keys: TerminalKeys) -> str:
    """The signed record of a transaction, under 300 characters of a QR's alphanumeric mode."""
    return _signed(transaction_fields(transaction), keys)


def settlement_record(
    settlement: SettlementCompleted,
    keys: TerminalKeys,
    *,
    merchant: str,
    terminal: str,
    currency: str,
    head: tuple[int, str],
    training: bool = False,
) -> str:
    """The signed record of a settlement; `head` is the journal's last record and its hash."""
    told = settlement_fields(settlement, training=training) | {
        "merchant": merchant,
        "terminal": terminal,
        "currency": currency,
        "record": str(head[0]),
        "hash": hash_digits(head[1]),
    }
    return _signed(told, keys)


def transaction_fields(transaction: Transaction) -> dict[str, str]:
    """The fields of a receipt's signed record."""
    trained = "T" if transaction.training else ""
    told = (
        VOUCHER,
        transaction.merchant,
        transaction.terminal,
        f"{transaction.batch:06d}",
        f"{transaction.stan:06d}",
        KINDS[transaction.kind] + STATES[transaction.state] + trained,
        str(transaction.amount_minor),
        transaction.currency,
        transaction.date,
        transaction.time,
        transaction.response_code,
        transaction.authorisation_code,
        transaction.reference,
        str(transaction.record_seq),
        hash_digits(transaction.record_hash),
    )
    return dict(zip(NAMES[VOUCHER], map(_plain, told), strict=True))


def settlement_fields(settlement: SettlementCompleted, *, training: bool) -> dict[str, str]:
    """The fields of a settlement slip's signed record: all that the journal's record has."""
    totals = settlement.totals
    version = COMPLETED if totals.has_completions else SETTLEMENT
    sums = _SUMS if version == COMPLETED else _BEFORE_COMPLETIONS
    return {name: str(getattr(totals, name)) for name in sums} | {
        "version": version,
        "batch": f"{settlement.batch:06d}",
        "type": ("B" if settlement.balanced else "U") + ("T" if training else ""),
        "date": settlement.date,
        "time": settlement.time,
    }


def hash_digits(record_hash: str) -> str:
    """As much of a record's hash as a signed record has room for."""
    return record_hash[:HASH_DIGITS].upper()


def type_words(version: str, letters: str) -> str:
    """What the letters of a type stand for: `SA` is `sale, approved`."""
    words = zip(_TYPES[version], letters, strict=False)
    return ", ".join(names.get(letter, "?") for names, letter in words)


def signed_bytes(told: str) -> bytes:
    """The bytes that the signature is over, for a record's text `told`; any text has some."""
    return b"pos-essence\n" + told.encode(errors="surrogatepass")


def _signed(fields: dict[str, str], keys: TerminalKeys) -> str:
    told = "*".join(_plain(fields[name]) for name in NAMES[fields["version"]])
    return f"{told}*{base45.encode(keys.sign(signed_bytes(told)))}"


def _plain(text: str) -> str:
    """A field in capitals, with dots for all but letters, digits and `-`, to fit between stars."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "." for c in text.upper())
