"""The kernel's data for a terminal at which cards of the tray are used."""

from __future__ import annotations

from functools import cache

from firmware.core.config import Config
from firmware.emv.ca_keys import CaKeys
from firmware.emv.setup import EmvSetup
from firmware.terminal.emv_setup import emv_setup
from hw.sim.cards import TEST_CA_KEYS


def emv_of(config: Config) -> EmvSetup:
    """As the settings have it; the tray's own CAs are trusted where they trust test keys."""
    return emv_setup(config, _tray_keys(test_keys=config.emv.test_keys))


@cache
def _tray_keys(*, test_keys: bool) -> CaKeys:
    return CaKeys.from_tsv(TEST_CA_KEYS.read_text("utf-8"), TEST_CA_KEYS.name, test_keys=test_keys)
