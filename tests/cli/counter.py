"""A terminal on modelled parts as a process of its own, with a cashier who does what stdin says.

`python -m tests.cli.counter DATA PORT`, with a host at PORT of the loopback; a line an order:
`sell` a sale by card up to its PIN, `hang` the display's bus at the next key, `go` home.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from firmware.core.config import Config, Host
from firmware.terminal.service_manager import ServiceManager
from tests.cli.bench import CONFIG, Bench


def main() -> None:
    """Run until told to go."""
    host = Host(kind="tcp", address="127.0.0.1", port=int(sys.argv[2]))
    bench = Bench(Path(sys.argv[1]), Config(check=CONFIG.check, host=host))

    def cashier() -> None:
        for line in sys.stdin:
            match line.strip():
                case "sell":
                    bench.see("请输入金额")
                    bench.sell()
                case "hang":
                    bench.see("请输入金额")
                    bench.chip.hang()
                    bench.press("1")
                case _:
                    return

    bench.run(cashier, ServiceManager.of(os.environ))


if __name__ == "__main__":
    main()
