"""One terminal put together: settings, journal, devices and acquirer, and the flow on them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from firmware import __version__
from firmware.core.config import Config
from firmware.flows.desk import Desk
from firmware.flows.effects import MaskedEntry
from firmware.flows.idle import terminal
from firmware.flows.outage import outage
from firmware.receipts.spool import Spool
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.runner import Runner
from firmware.terminal.settings_told import NO_FILES, settings_told
from firmware.terminal.till_inbox import Board
from firmware.terminal.world import Asks, World
from firmware.ui.render import Frame
from firmware.ui.texts import Language
from hw.events import KeyPressed
from hw.ports import Buzzer, CardReader, Clock, Display, Printer, Worker

if TYPE_CHECKING:
    from firmware.emv.setup import EmvSetup
    from firmware.receipts.papers import Papers


class Devices(Struct):
    """What the composition root brings: drivers, and the threads for their blocking calls."""

    clock: Clock
    display: Display
    reader: CardReader
    reader_worker: Worker
    printer: Printer
    printer_worker: Worker
    host_worker: Worker
    buzzer: Buzzer | None = None
    on_frame: Callable[[Frame], None] = lambda _frame: None
    on_key: Callable[[KeyPressed, MaskedEntry | None], None] = lambda _key, _entry: None


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
            clock=devices.clock,
            display=devices.display,
            reader=devices.reader,
            reader_worker=devices.reader_worker,
            host=host,
            host_worker=devices.host_worker,
            host_timeout_ms=config.host.timeout_s * 1000,
            spool=self.spool,
            data=data,
            buzzer=devices.buzzer,
            on_frame=devices.on_frame,
            on_key=devices.on_key,
            board=self.board,
            directory=data.directory,
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
