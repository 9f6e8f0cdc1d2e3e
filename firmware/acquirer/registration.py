"""What an acquirer knows of a terminal that may ask it."""

from __future__ import annotations

from msgspec import Struct


class Registration(Struct, frozen=True):
    """A registered terminal: whose it is, and its currency."""

    merchant: str  # the merchant's number, 15 characters
    currency: str = "156"  # ISO 4217 number
