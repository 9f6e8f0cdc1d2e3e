"""Registers a terminal with an acquirer, under a master key (TMK) that two people carry to it."""

from __future__ import annotations

import secrets

from firmware.acquirer.registry import Registry, TerminalRecord
from firmware.core.exits import FAILED, Refused
from firmware.core.masked import SecretKey
from firmware.core.money import Currency
from firmware.iso8583.working_keys import check_value, master_of


def enrol(registry: Registry, number: str, merchant: str, currency: Currency) -> dict[str, str]:
    """Register a terminal; gives its TMK's two components and check values, in hex, by name.

    They are kept nowhere but here. Raises Refused, and BooksError.
    """
    for name, given, size in (("number", number, 8), ("merchant", merchant, 15)):
        if len(given) != size or not given.isascii() or not given.isalnum():
            raise Refused(f"{name}: expected {size} letters or digits")
    if registry.terminal(number) is not None:
        raise Refused(f"there is a terminal {number}: remove it first", code=FAILED)
    parts = [secrets.token_bytes(16) for _ in range(2)]
    tmk = master_of(*parts)
    record = TerminalRecord(number=number, merchant=merchant, currency=currency.numeric, tmk=tmk)
    registry.put_terminal(record)
    return {
        "component_1": parts[0].hex().upper(),
        "check_1": check_value(SecretKey(parts[0])).hex().upper(),
        "component_2": parts[1].hex().upper(),
        "check_2": check_value(SecretKey(parts[1])).hex().upper(),
        "check": check_value(tmk).hex().upper(),
    }
