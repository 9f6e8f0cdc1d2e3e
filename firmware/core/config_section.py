"""What every table of the configuration file is, and the kinds of values that several have."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.money import MINOR_MAX

AmountMinor = Annotated[int, Meta(ge=0, le=MINOR_MAX, extra={"amount": True})]
FileName = Annotated[str, Meta(extra={"file": True})]  # read or written: no scenario sets one
Seconds = Annotated[int, Meta(ge=1, le=86_400)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the configuration file; the description of each setting says what it means."""
