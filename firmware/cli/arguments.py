"""Arguments that several commands have, each with its one clear error."""

from __future__ import annotations

import argparse

PORT_MAX = 65_535


def port_number(text: str) -> int:
    """A port to listen on; 0 is any. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text[:9]) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"a port from 0 to {PORT_MAX}, not {text!r}")
    return int(text)
