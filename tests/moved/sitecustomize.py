"""Moves a Python that a test starts to the day of the run; one without our modules stays."""

import contextlib
import os

with contextlib.suppress(ImportError):
    from tests.moved import MOVED_S, move_by

    if MOVED_S in os.environ:
        move_by(int(os.environ[MOVED_S]))
