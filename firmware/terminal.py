"""One terminal put together: settings, journal, devices and host, and the flow on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from msgspec import Struct

from firmware import __version__
from firmware.config import Config
from firmware.emv.applications import Applications
from firmware.emv.ca_keys import CaKeys
from firmware.emv.codes import TerminalCapabilities
from firmware.emv.terminal import ExceptionFile, TerminalData
from firmware.flows.desk import Desk, EmvSetup
from firmware.flows.idle import terminal
from firmware.flows.outage import outage
from firmware.host.client import HostClient
from firmware.ledger import Ledger
from firmware.papers import Papers
from firmware.runner import Runner
from firmware.spool import Spool
from firmware.ui.render import Frame
from firmware.ui.texts import Language
from firmware.world import World
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
        ledger: Ledger,
        devices: Devices,
        host: HostClient,
        emv: EmvSetup,
    ) -> None:
        self.config = config
        self.ledger = ledger
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
        )
        desk = Desk(config, emv, ledger.keys.card, Language(config.general.language))
        self.desk = desk
        self.runner = Runner(
            world,
            terminal(desk, __version__),
            resume=lambda: terminal(desk, __version__),
            outage=lambda: outage(desk),
        )
        self.spool.first_look()


def emv_setup(config: Config, test_keys: CaKeys | None = None) -> EmvSetup:
    """What the kernel needs: the shipped applications and CA keys, `test_keys` added."""
    keys = CaKeys.shipped()
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
        keys.merged(test_keys) if test_keys is not None else keys,
        ExceptionFile.of(config.emv.exceptions),
    )
