"""One terminal put together: settings, journal, devices and host, and the flow on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from firmware import __version__
from firmware.core.config import Config
from firmware.emv.ca_keys import CaKeys, Revocation
from firmware.emv.codes import TerminalCapabilities
from firmware.emv.contact.applications import Applications
from firmware.emv.terminal import ExceptionFile, TerminalData
from firmware.flows.desk import Desk, EmvSetup
from firmware.flows.idle import terminal
from firmware.flows.outage import outage
from firmware.iso8583.client import HostClient
from firmware.receipts.papers import Papers
from firmware.receipts.spool import Spool
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.runner import Runner
from firmware.terminal.settings_told import NO_FILES, settings_told
from firmware.terminal.tills import Board
from firmware.terminal.world import World
from firmware.ui.render import Frame
from firmware.ui.texts import Language
from hw.ports import Buzzer, CardReader, Clock, Display, Printer, Worker

UNATTENDED = 0x25  # a merchant's, online and offline. See EMV 4.4 Book 4, Annex A1.


class Devices(Struct):
    """What the composition root brings: drivers, and who hosts their blocking calls."""

    clock: Clock
    display: Display
    reader: CardReader
    reader_worker: Worker
    printer: Printer
    printer_worker: Worker
    host_worker: Worker
    buzzer: Buzzer | None = None
    on_frame: Callable[[Frame], None] = lambda _frame: None


class Terminal:
    """A terminal ready to run: `runner.start()`, then events and deadlines into `runner.step`."""

    def __init__(
        self,
        config: Config,
        ledger: DataDirectory,
        devices: Devices,
        host: HostClient,
        emv: EmvSetup,
        *,
        files: Mapping[str, Path] = NO_FILES,
    ) -> None:
        """`files` are those that settings name, by the setting's key."""
        self.config = config
        self.ledger = ledger
        self.board = Board()
        papers = Papers(ledger, config, devices.printer.columns)
        self.spool = Spool(
            devices.printer, devices.printer_worker, lambda: ledger.journal, papers.compose
        )
        world = World(
            clock=devices.clock,
            display=devices.display,
            reader=devices.reader,
            reader_worker=devices.reader_worker,
            host=host,
            host_worker=devices.host_worker,
            host_timeout_ms=config.host.timeout_s * 1000,
            spool=self.spool,
            ledger=ledger,
            buzzer=devices.buzzer,
            on_frame=devices.on_frame,
            board=self.board,
            directory=ledger.directory,
        )
        card_key = ledger.keys.card
        desk = Desk(
            config,
            emv,
            card_key,
            Language(config.general.language),
            settings=settings_told(config, card_key, files),
        )
        self.desk = desk
        self.runner = Runner(
            world,
            terminal(desk, __version__),
            resume=lambda: terminal(desk, __version__),
            outage=lambda: outage(desk),
        )
        self.spool.first_look()


def emv_setup(
    config: Config, own_keys: CaKeys | None = None, revoked: Iterable[Revocation] = ()
) -> EmvSetup:
    """What the kernel needs: the shipped applications and CA keys, `own_keys` added.

    `revoked` are the issuer certificates that are not to be trusted any more.
    """
    keys = CaKeys.shipped(test_keys=config.emv.test_keys)
    if own_keys is not None:
        keys = keys.merged(own_keys)
    merchant = config.merchant
    data = TerminalData(
        country=config.general.country,
        terminal_id=merchant.terminal,
        merchant_id=merchant.number,
        merchant_name=merchant.name_en,
        ifd_serial=merchant.terminal,
    )
    if config.general.profile == "kiosk":  # nobody is there to compare a signature
        data = replace(
            data,
            terminal_type=UNATTENDED,
            capabilities=data.capabilities & ~TerminalCapabilities.SIGNATURE,
        )
    return EmvSetup(
        data,
        Applications.shipped(),
        keys.with_revoked(revoked),
        ExceptionFile.of(config.emv.exceptions),
    )
