"""Puts the page together: keys, whose terminal it is, script and style, in one file.

The page has the rule of `firmware.journal.genuine`: a key does not count for records after the one
that introduced the next key. It shows nothing that is not signed.
"""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable

from msgspec import Struct

from firmware.audit.keyring import fingerprint_of
from firmware.core.money import CURRENCIES
from firmware.iso8583.responses import RESPONSES
from firmware.journal.chain import Introduced
from firmware.journal.lookups import Lookups
from firmware.journal.signed_record import NAMES

_HERE = files("firmware.audit.receipt_page")
STATIC, VENDOR = _HERE / "static", _HERE / "vendor"
LIBRARIES = {"jsQR": "jsQR.js", "tweetnacl": "nacl-fast.min.js"}


class PageOwner(Struct, frozen=True):
    """Whose receipts a terminal prints; the QR has the numbers alone."""

    merchant: str
    terminal: str
    name: str
    store: str


def owners(journal: Lookups) -> list[PageOwner]:
    """Whom the journal's transactions name, the latest first; each pair of numbers once."""
    found: dict[tuple[str, str], PageOwner] = {}
    for serial in reversed(journal.serials()):
        for training in (False, True):
            for one in journal.list_transactions(None, 1, training=training, serial=serial):
                owner = PageOwner(one.merchant, one.terminal, one.merchant_name, one.store)
                found.setdefault((one.merchant, one.terminal), owner)
    return list(found.values())


def page(keys: Introduced, known: list[PageOwner], head: int) -> str:
    """The page's HTML. `head` is the journal's last record: later ones may have a newer key."""
    facts = {
        "keys": [
            {"from": seq, "key": key.public_bytes_raw().hex(), "fingerprint": fingerprint_of(key)}
            for seq, key in keys
        ],
        "known": [[one.merchant, one.terminal, one.name, one.store] for one in known],
        "head": head,
        "fields": {version: list(names) for version, names in NAMES.items()},
        "currencies": {c.alpha: [c.label, c.exponent] for c in CURRENCIES.values()},
        "responses": RESPONSES,
    }
    told = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    parts = {
        "STYLE": f"<style>{_text(STATIC / 'check.css')}</style>",
        "FACTS": f'<script type="application/json" id="facts">{told}</script>',
        "LICENCES": f'<script type="text/plain" id="licences">{_licences()}</script>',
        "SCRIPTS": "".join(
            f"<script>{_text(script)}</script>"
            for script in (*(VENDOR / name for name in LIBRARIES.values()), STATIC / "check.js")
        ),
    }
    html = _text(STATIC / "check.html")
    for name, part in parts.items():
        html = html.replace(f"<!--{name}-->", part)
    return html


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")


def _licences() -> str:
    """What the licences of the libraries ask to be kept with them."""
    texts = ((name, _text(VENDOR / f"LICENSE-{name}.txt")) for name in LIBRARIES)
    return "\n\n".join(f"{name}\n\n{text}" for name, text in texts)
