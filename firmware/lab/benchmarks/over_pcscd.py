"""A program: times sessions over a private `pcscd` with vpcd, and an idle reader; prints JSON.

`PCSCLITE_CSOCK_NAME` must already point into the folder that is its argument. Ends with 1, and the
reason on the standard error, where this machine cannot run such a daemon.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median

from firmware.core.clock import SystemClock
from firmware.lab.benchmarks import session
from hw.card_reader import PcscReader
from hw.sim.cards import tray
from hw.sim.reader.pcscd import PcscdUnavailable, PrivatePcscd
from hw.sim.reader.pcscd_slot import PcscdSlot

CARDS = ("unionpay-debit", "mastercard-cda", "t1")
RUNS = 5
IDLE_S = 10


def main(folder: Path) -> int:
    """Time the cards."""
    import smartcard.scard  # noqa: PLC0415 - not for the reason why there is no daemon

    found: dict[str, tuple[float, int]] = {}
    pins, cards = session.pins(), tray()
    try:
        with PrivatePcscd(folder) as daemon:
            slot = PcscdSlot(daemon, smartcard.scard, SystemClock())
            reader = PcscReader(smartcard.scard, SystemClock())
            apdus: list[int] = []
            slot.on_apdu.append(lambda sent, _got: apdus.append(len(sent)))
            for name in CARDS:
                slot.insert(cards[name])
                reader.poll(0)
                elapsed = []
                for _ in range(RUNS):
                    apdus.clear()
                    began = time.perf_counter()
                    session.play(reader, pins[name])
                    elapsed.append((time.perf_counter() - began) * 1000)
                found[name] = (median(elapsed), len(apdus))
                slot.remove()
                reader.poll(0)
            idle_ms = idle_cpu_ms(reader)
    except PcscdUnavailable as reason:
        print(reason, file=sys.stderr)
        return 1
    print(json.dumps({"sessions": found, "idle_cpu_ms": idle_ms}))
    return 0


def idle_cpu_ms(reader: PcscReader) -> float:
    """Processor time of waiting `IDLE_S` seconds at an empty slot, as the terminal does."""
    began_ns = time.process_time_ns()
    for _ in range(IDLE_S):
        reader.poll(1_000)
    return (time.process_time_ns() - began_ns) / 1_000_000


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
