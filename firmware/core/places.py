"""Where an installed terminal has its own, and whose it is."""

from __future__ import annotations

USER = "pos"
DATA = "/var/lib/pos-terminal"
CONFIG = "/etc/pos-terminal/terminal.toml"
