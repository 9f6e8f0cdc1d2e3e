"""Paths and owner of an installed terminal."""

from __future__ import annotations

USER = "pos"
DATA = "/var/lib/pos-terminal"
CONFIG = "/etc/pos-terminal/terminal.toml"
