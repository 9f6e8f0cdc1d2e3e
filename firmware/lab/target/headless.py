"""`pos sim --headless --api`: one line of JSON when ready, then until the process is ended."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from importlib import resources
from pathlib import Path

from msgspec.structs import replace

from firmware.api.tokens import Tokens
from firmware.core.config import Config
from firmware.core.config_file import load, set_from_text
from firmware.lab.scenario.stage import STAGE_CONFIG, START
from firmware.lab.target.server import BenchServer
from firmware.lab.target.target import Target

EXAMPLE = Path(str(resources.files("firmware.kiosk") / "example" / "shop.toml"))


def serve(
    directory: Path,
    language: str,
    *,
    virtual: bool,
    ended: threading.Event,
    shop: Path | None = None,
    start: datetime = START,
) -> None:
    """Serve a terminal in `directory` until `ended`. Raises ConfigError, JournalFault, OSError.

    Its wall clock begins at `start`, before which nothing in `directory` was written.

    `shop` are the settings of a shop, see `settings_of_shop`; without, the touch screen's page has
    the goods of the example.
    """
    config = STAGE_CONFIG if shop is None else settings_of_shop(shop)
    if shop is None:
        config = replace(config, kiosk=load(EXAMPLE).kiosk)
        config = set_from_text(config, "general.language", language, source="pos sim")
    pictures = (shop or EXAMPLE).parent / config.kiosk.pictures
    target = Target(directory, config, virtual=virtual, pictures=pictures, start=start)
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


def settings_of_shop(path: Path) -> Config:
    """The settings in a terminal's file, but for its devices, its acquirer and where it listens.

    Raises ConfigError.
    """
    read = load(path)
    return replace(
        STAGE_CONFIG,
        merchant=read.merchant,
        general=replace(read.general, data_dir=STAGE_CONFIG.general.data_dir),
        check=read.check,
        sale=read.sale,
        api=replace(read.api, listen=STAGE_CONFIG.api.listen),
        kiosk=read.kiosk,
    )
