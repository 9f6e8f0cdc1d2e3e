"""File control information: what a selected file says of itself. See EMV 4.4 Book 1, 11.3.4."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from msgspec import Struct

from firmware.emv.codes import AdditionalCapabilities
from firmware.emv.contact.dialogue import Candidate
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import TerminalData
from firmware.emv.tlv import Tlv, parse_one

NO_PRIORITY = 16
_CODE_TABLES = 10  # ISO 8859-1 to -10, Book 4, Annex B


class Fci(Struct, frozen=True):
    """A DF's name and what the card gives of itself in its proprietary template."""

    df_name: bytes
    proprietary: dict[int, bytes]

    def __repr__(self) -> str:
        return f"Fci({self.df_name.hex().upper()}, {len(self.proprietary)} data objects)"


def parse_fci(data: bytes) -> Fci:
    """Parse the FCI of a PSE or an ADF; raises CardError."""
    template = parse_one(data, Tag.FCI_TEMPLATE)
    df_name = template.value_of(Tag.DF_NAME)
    proprietary = template.find(Tag.FCI_PROPRIETARY_TEMPLATE)
    if df_name is None or not 5 <= len(df_name) <= 16:
        raise CardError("FCI: DF name")
    if proprietary is None:
        raise CardError("FCI: no proprietary template")
    fields: dict[int, bytes] = {}
    _collect(proprietary, fields)
    return Fci(df_name, fields)


def _collect(template: Tlv, fields: dict[int, bytes]) -> None:
    for child in template.children:
        if child.tag == Tag.FCI_ISSUER_DISCRETIONARY_DATA:
            _collect(child, fields)
        # of length 0 is not there. See Book 3, 5.2
        if child.value and not child.children and Tag.of_card(child.tag) is not None:
            fields.setdefault(child.tag, child.value)


def candidate_of(
    aid: bytes,
    fields: Mapping[int, bytes],
    terminal: TerminalData,
    languages: tuple[str, ...],
) -> Candidate:
    """What is known of an application from a directory entry or an FCI."""
    indicator = fields.get(Tag.APPLICATION_PRIORITY_INDICATOR, b"\x00")
    priority = indicator[0] if len(indicator) == 1 else 0
    return Candidate(
        aid=aid,
        label=_clean(fields.get(Tag.APPLICATION_LABEL, b"").decode("latin-1")),
        preferred_name=_preferred_name(fields, terminal),
        priority=priority & 0x0F or NO_PRIORITY,
        confirm=bool(priority & 0x80),
        languages=languages_of(fields) or languages,
    )


def languages_of(fields: Mapping[int, bytes]) -> tuple[str, ...]:
    """The language preference in the card's order, lower case. See Book 1, 12.2.4 and Book 4, 11.1.

    A value that is no list of letter pairs is ignored.
    """
    value = fields.get(Tag.LANGUAGE_PREFERENCE, b"")
    if len(value) % 2 or not value.isalpha():
        return ()
    text = value.decode("ascii").lower()
    return tuple(text[i : i + 2] for i in range(0, len(text), 2))


def _preferred_name(fields: Mapping[int, bytes], terminal: TerminalData) -> str | None:
    """The preferred name, when its code table is known and supported. See Book 1, 12.4."""
    name = fields.get(Tag.APPLICATION_PREFERRED_NAME)
    index = fields.get(Tag.ISSUER_CODE_TABLE_INDEX, b"")
    if not name or len(index) != 1 or not 1 <= index[0] <= _CODE_TABLES:
        return None
    # tables 1 to 8 are the last byte's bits 1 to 8, tables 9 and 10 the byte's before
    supported = AdditionalCapabilities.CODE_TABLE_1 << (index[0] - 1)
    if not terminal.additional_capabilities & supported:
        return None
    try:
        return _clean(codecs.decode(name, f"iso8859_{index[0]}")) or None
    except (UnicodeDecodeError, LookupError):
        return None


def _clean(text: str) -> str:
    """A card's text without control characters, trimmed: it goes on screens and paper."""
    return "".join(char for char in text if char.isprintable()).strip()
