"""The real clock: the one place that reads the machine's date. All else is handed a clock."""

from __future__ import annotations

import time
from datetime import datetime


class SystemClock:
    """The machine's clocks. See hw.ports.Clock."""

    def monotonic_ms(self) -> int:
        """Milliseconds since an arbitrary start; never goes back."""
        return time.monotonic_ns() // 1_000_000

    def now(self) -> datetime:
        """The wall clock, aware, in local time of the shop."""
        return datetime.now().astimezone()
