"""What an acquirer knows of a terminal that may ask it."""

from __future__ import annotations

from msgspec import Struct


class Registration(Struct, frozen=True):
    """A terminal that the host knows: whose it is, and its currency (ISO 4217 number)."""

    merchant: str
    currency: str = "156"
