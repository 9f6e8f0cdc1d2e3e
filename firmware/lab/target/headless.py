"""`pos sim --headless --api`: one line of JSON when ready, then until the process is ended."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from firmware.api.tokens import Tokens
from firmware.core.config import Config
from firmware.core.config_file import set_from_text
from firmware.lab.scenario.stage import STAGE_CONFIG
from firmware.lab.target.server import BenchServer
from firmware.lab.target.target import Target


def serve(directory: Path, language: str, *, virtual: bool, ended: threading.Event) -> None:
    """Serve a terminal in `directory` until `ended`. Raises JournalFault, OSError."""
    config: Config = set_from_text(STAGE_CONFIG, "general.language", language, source="pos sim")
    target = Target(directory, config, virtual=virtual)
    target.start()
    bench = BenchServer(target, Tokens(directory))
    bench.start()
    try:
        ready = {
            "api": target.url,
            "token": target.token,
            "sim": bench.url,
            "data": str(directory),
        }
        print(json.dumps(ready), flush=True)
        ended.wait()
    finally:
        bench.close()
        target.close()
