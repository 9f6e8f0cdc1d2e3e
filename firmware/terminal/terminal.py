"""One terminal put together: settings, journal, devices and acquirer, and the flow on them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from firmware import __version__
from firmware.core.config import Config
from firmware.flows.desk import Desk
from firmware.flows.idle import terminal
from firmware.flows.outage import outage
from firmware.receipts.spool import Spool
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.runner import Runner
from firmware.terminal.settings_told import NO_FILES, settings_told
from firmware.terminal.till_inbox import Board
from firmware.terminal.world import Asks, Devices, World
from firmware.ui.texts import Language

if TYPE_CHECKING:
    from firmware.emv.setup import EmvSetup
    from firmware.receipts.papers import Papers


class Terminal:
    """A terminal ready to run: `runner.start()`, then events and deadlines into `runner.step`."""

    def __init__(
        self,
        config: Config,
        data: DataDirectory,
        devices: Devices,
        host: Asks,
        emv: Callable[[], EmvSetup],
        *,
        files: Mapping[str, Path] = NO_FILES,
    ) -> None:
        """`emv` is called for the first card; `files` are those that settings name, by key."""
        self.config = config
        self.data = data
        self.board = Board()

        @functools.cache
        def papers() -> Papers:
            from firmware.receipts.papers import Papers  # noqa: PLC0415 - for the first paper

            return Papers(data, config, devices.printer.columns)

        self.spool = Spool(
            devices.printer,
            devices.printer_worker,
            lambda: data.journal,
            lambda job: papers().compose(job),
        )
        self.world = World(
            **asdict(devices),
            host=host,
            host_timeout_ms=config.host.timeout_s * 1000,
            spool=self.spool,
            data=data,
            board=self.board,
        )
        card_key = data.keys.card
        desk = Desk(
            config,
            emv,
            card_key,
            Language(config.general.language),
            settings=settings_told(config, card_key, files),
        )
        self.desk = desk
        self.runner = Runner(
            self.world,
            terminal(desk, __version__),
            resume=lambda: terminal(desk, __version__),
            outage=lambda: outage(desk),
        )
        self.spool.first_look()
