"""What the kernel needs to know of a terminal."""

from __future__ import annotations

from msgspec import Struct

from firmware.emv.ca_keys import CaKeys
from firmware.emv.contact.applications import Applications
from firmware.emv.terminal_data import ExceptionFile, TerminalData


class EmvSetup(Struct, frozen=True):
    """What the kernel needs of the terminal: itself, its applications, CA keys, exception file."""

    terminal: TerminalData
    applications: Applications
    ca_keys: CaKeys
    exceptions: ExceptionFile = ExceptionFile()
