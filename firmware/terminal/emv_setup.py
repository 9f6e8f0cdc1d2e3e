"""What the kernel needs to know of the terminal, by its settings: made for the first card."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from firmware.core.config import Config
from firmware.emv.ca_keys import CaKeys, Revocation
from firmware.emv.codes import TerminalCapabilities
from firmware.emv.contact.applications import Applications
from firmware.emv.setup import EmvSetup
from firmware.emv.terminal_data import ExceptionFile, TerminalData

UNATTENDED = 0x25  # a merchant's, online and offline. See EMV 4.4 Book 4, Annex A1.


def emv_setup(
    config: Config, own_keys: CaKeys | None = None, revoked: Iterable[Revocation] = ()
) -> EmvSetup:
    """What the kernel needs: the shipped applications and CA keys, `own_keys` added.

    `revoked` are the issuer certificates that are not to be trusted any more.
    """
    keys = CaKeys.shipped(test_keys=config.emv.test_keys)
    if own_keys is not None:
        keys = keys.merged(own_keys)
    merchant = config.merchant
    data = TerminalData(
        country=config.general.country,
        terminal_id=merchant.terminal,
        merchant_id=merchant.number,
        merchant_name=merchant.name_en,
        ifd_serial=merchant.terminal,
    )
    if config.general.profile == "kiosk":  # nobody is there to compare a signature
        data = replace(
            data,
            terminal_type=UNATTENDED,
            capabilities=data.capabilities & ~TerminalCapabilities.SIGNATURE,
        )
    return EmvSetup(
        data,
        Applications.shipped(),
        keys.with_revoked(revoked),
        ExceptionFile.of(config.emv.exceptions),
    )
