"""When garbage is collected: not during a start.

A start makes some ten thousand objects that stay as long as the process, and collecting among
them takes a twelfth of it, for nothing.
"""

from __future__ import annotations

import gc

STARTING = 100_000  # objects more than there were: more than a start makes
USUAL = gc.get_threshold()


def wait_for_the_start() -> None:
    """Collect next to nothing until `as_usual`. Called before modules are imported."""
    gc.set_threshold(STARTING)


def as_usual() -> None:
    """Collect again, but not what the start made; only after `wait_for_the_start`."""
    if gc.get_threshold()[0] == STARTING:
        gc.freeze()
        gc.set_threshold(*USUAL)
