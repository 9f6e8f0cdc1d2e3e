"""The stage of a scenario: a provisioned terminal on modelled hardware, and its host.

Everything durable lies in one directory; a power cut takes all else away.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Protocol

from firmware.acquirer.embedded import LocalHost
from firmware.core.config import Config, PrinterSettings
from firmware.core.config_keys import Emv
from firmware.core.masked import Password
from firmware.flows.effects import MaskedEntry
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.unionpay import UnionPay
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.keys import TerminalKeys
from firmware.journal.operators import Cost
from firmware.journal.records import OperatorSignedOn
from firmware.lab.emv_data import emv_of
from firmware.lab.far_acquirer import FarAcquirer
from firmware.lab.host_line import HostLine
from firmware.lab.issuers import tray_books
from firmware.lab.scenario import other_terminal
from firmware.lab.scenario.audit import KeepsBooks
from firmware.lab.scenario.disk import Disk
from firmware.lab.scenario.other_terminal import OtherTerminal
from firmware.lab.switch_link import TMK, SwitchLink
from firmware.terminal.assembly import acquirer_client, embedded_client, embedded_host, hold
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.drivers import (
    display_on,
    printer_on,
    profile_of,
    reader_on,
    usb_keypad_on,
)
from firmware.terminal.settings import Settings
from firmware.terminal.terminal import Terminal
from firmware.terminal.world import Devices
from firmware.ui.render import Frame
from hw.card_reader import PcscReader
from hw.events import KeyPressed
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import Buzzer, HostLink, Keypad, Worker
from hw.printer import EscposPrinter, NoPrinter
from hw.sim.bench import CardSlot, Drivers, ModelBench, Models
from hw.sim.printer.escpos import ModelTransport
from hw.sim.printer.kinds import GOOD, Kind
from hw.sim.time import VirtualClock, VirtualTime

START = datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=8)))
SUPERVISOR, SUPERVISOR_PASSWORD = "00", "246810"
CASHIER, CASHIER_PASSWORD = "01", "1357"
TIMEOUT_MS = 1_000  # of an acquirer in this process
STAGE_CONFIG = Config(emv=Emv(test_keys=True))
PASSWORD_COST = Cost(passes=1, memory_kib=8)  # the passwords of a model are no secret


class EndedWorker(Worker, Protocol):
    """A worker that `end()` stops."""

    def end(self) -> None: ...


class StageDrivers:
    """Builds the drivers on the models by the settings, as the Pi builds them on its parts."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def display(self, models: Models) -> Oled:
        return display_on(lambda: models.chip, self._config.display)

    def keypad(self, models: Models) -> Keypad:
        if self._config.keypad.kind == "usb":
            return usb_keypad_on(models.usb_keypad.connect)
        return MatrixKeypad(lambda: PinHeader(models.matrix.factory))

    def reader(self, models: Models, clock: VirtualClock) -> PcscReader:
        return reader_on(models.slot.scard, clock, self._config, pause=lambda _ms: None)

    def printer(self, models: Models) -> EscposPrinter | NoPrinter:
        printer = self._config.printer
        profile = profile_of(printer)
        if printer.kind == "none":
            return NoPrinter(profile.columns)
        wire = models.printer.transport
        if printer.kind == "serial" and not profile.xonxoff:
            wire = ModelTransport(models.printer, held=False)
        return printer_on(wire, printer, models.font)


def models_of(config: Config, printer_kind: Kind = GOOD, slot: CardSlot | None = None) -> Models:
    """The parts that the settings name, as models."""
    profile = profile_of(config.printer)
    return Models(
        chip=config.display.chip,
        upside_down=config.display.rotate == 2,
        usb_keypad=config.keypad.kind == "usb",
        columns=profile.columns,
        dots=profile.width_px,
        kind=printer_kind,
        slot=slot,
    )


class Stage:
    """A terminal on its bench. `directory` holds what is durable; `config` its settings."""

    def __init__(
        self,
        directory: Path,
        config: Config = STAGE_CONFIG,
        *,
        on_frame: Callable[[Frame], None] = lambda _frame: None,
        on_key: Callable[[KeyPressed, MaskedEntry | None], None] = lambda _key, _entry: None,
        slot: CardSlot | None = None,
        make_time: Callable[[VirtualClock], VirtualTime] = VirtualTime,
        buzzer: Buzzer | None = None,
        fresh: bool = False,
        printer_kind: Kind = GOOD,
        start: datetime = START,
        acquirer: FarAcquirer | None = None,
        line_worker: Callable[[], EndedWorker] | None = None,
        disk: Disk | None = None,
    ) -> None:
        """`slot` is where cards go instead of the modelled slot; `make_time` paces the models.

        Its wall clock begins at `start`, before which nothing in `directory` was written. A `fresh`
        terminal comes from the factory: nobody has chosen a password or signed on. `acquirer` is
        at the end of a real line, instead of the embedded one; `line_worker` makes who asks it,
        where the asking thread is not to wait; `disk` is one that does more than the usual one.
        """
        self.config = config if acquirer is None else acquirer.settings(config)
        self._messages = Settings(self.config, None).messages()  # None: the embedded acquirer's
        self._acquirer, self._make_line_worker = acquirer, line_worker
        self._line_worker: EndedWorker | None = None  # while the power is on
        self._buzzer = buzzer
        self._directory = directory
        self._on_frame, self._on_key = on_frame, on_key
        directory.mkdir(parents=True, exist_ok=True)
        self._emv = emv_of(config)
        self.bench = ModelBench(
            models_of(config, printer_kind, slot),
            StageDrivers(config),
            start=start,
            baud=config.printer.baud if config.printer.kind == "serial" else None,
            make_time=make_time,
        )
        self.host = self._make_host()
        self.line = HostLine(self.host)  # outlives a power cut
        self.far: HostLink | None = None  # an acquirer of a line of its own, instead of it
        self.switch: SwitchLink | None = None  # at its far end, where the settings name a line
        self.frame: Frame | None = None
        self.disk = disk or Disk(directory)
        self._drivers: Drivers | None = None
        self.terminal: Terminal | None = None
        try:
            if not fresh:
                self._provision()
            if acquirer is None and self._messages is not None:
                self._put_up_acquirer(self._messages)
        except BaseException:  # such as a journal that is lost
            self.host.close()
            raise

    def wait_for_host(self) -> None:
        """Let an answer that never comes be waited for as long as the settings say.

        A scenario need not see that wait; whoever tries a till in real time does.
        """
        answered_ms, silent_ms = self.bench.host_ms, self.config.host.timeout_s * 1_000
        self.bench.host_ms = lambda: silent_ms if self.line.unanswered else answered_ms()

    # --- power ---

    def power_on(self) -> Terminal:
        """Start the terminal from what is on the disk and let it come to rest.

        Raises ConfigError when the disk's open batch is another terminal's, and JournalFault when
        there is no disk: the service manager starts nothing before it is mounted.
        """
        assert self.terminal is None, "the power is on"
        if self.disk.is_gone:
            raise JournalFault(Trouble.GONE, "the disk is not mounted")
        data = self._data()
        if self._acquirer is not None:
            self.far = self._acquirer.link(self._directory, data.keys.card)
        hold(self.config, data, lambda: self.far or self.host)
        self._drivers = drivers = self.bench.power_on()
        if self._acquirer is not None and self._make_line_worker is not None:
            self._line_worker = self._make_line_worker()
        devices = Devices(
            clock=self.bench.clock,
            display=drivers.display,
            reader=drivers.reader,
            reader_worker=drivers.reader_worker,
            printer=drivers.printer,
            printer_worker=drivers.printer_worker,
            host_worker=self._line_worker or drivers.host_worker,
            buzzer=self._buzzer,
            on_frame=self._note_frame,
            on_key=self._on_key,
        )
        client = (
            acquirer_client(self.far, self._messages, data, self.bench.clock)
            if self.far and self._messages
            else embedded_client(self.config, self.host, self.line)
        )
        self.terminal = Terminal(self.config, data, devices, client, lambda: self._emv)
        self.terminal.runner.start()
        return self.terminal

    def power_cut(self) -> None:
        """Take the power away where it stands: no flow ends, nothing is closed in order.

        What waits for the journal's next commit is gone.
        """
        self._end(lambda data: data.journal.close())

    def close(self) -> None:
        """End the play, and the terminal in order."""
        self._end(DataDirectory.close)
        self.host.close()
        if self.switch is not None:
            self.switch.close()
        self.disk.fail(None)

    def _end(self, end_data: Callable[[DataDirectory], None]) -> None:
        if self.terminal is None or self._drivers is None:
            return
        self.terminal.runner.close()
        end_data(self.terminal.data)
        if self._acquirer is not None and self.far is not None:
            self.far.close()
        if self._line_worker is not None:
            self._line_worker.end()
            self._line_worker = None
        self.bench.power_cut(self._drivers)
        self.terminal, self._drivers, self.frame = None, None, None

    # --- what the player looks at ---

    @property
    def keeps_books(self) -> KeepsBooks:
        """The acquirer of this terminal."""
        return self.switch or self.host

    @cached_property
    def other_terminal(self) -> OtherTerminal:
        """Another one of the merchant, at the same acquirer."""
        own = embedded_client(self.config, self.host)
        ask = self.switch.take if self.switch else lambda asked: own.ask(asked, TIMEOUT_MS)
        return OtherTerminal(ask, self.config, self.bench.clock.now)

    @property
    def display_text(self) -> str:
        """What the display shows; nothing if the chip's memory is not the frame that was sent."""
        if self.frame is None or not self.bench.chip.is_on:
            return ""
        shown = self.bench.seen()
        return self.frame.text if shown.tobytes() == self.frame.image.tobytes() else ""

    # --- making it ---

    def _note_frame(self, frame: Frame) -> None:
        self.frame = frame
        self._on_frame(frame)

    def _data(self) -> DataDirectory:
        return DataDirectory(self._directory, self.bench.clock.now, self.disk, cost=PASSWORD_COST)

    def _make_host(self) -> LocalHost:
        return embedded_host(
            self.config,
            self._directory,
            tray_books(),
            self.bench.clock.now,
            test_amounts=self.config.host.test_amounts,
            others=(other_terminal.NUMBER,),
        )

    def _put_up_acquirer(self, line: UnionPay) -> None:
        """An acquirer at the end of a line, which shares a master key with the terminal."""
        place = self._directory / "acquirer"
        other, now = other_terminal.NUMBER, self.bench.clock.now
        self.switch = SwitchLink(place, self.config, tray_books(), line, now, other=other)
        self.line = HostLine(self.switch, header_bytes=len(line.frame.header) // 2)
        self.far = self.line
        storage = TerminalKeys.load(self._directory).card
        keys = KeyStore(self._directory / ACQUIRER_KEYS, storage)
        if keys.master is None:
            keys.load_master(TMK)

    def _provision(self) -> None:
        """Give the operators their passwords and sign the cashier on, at first start."""
        data = self._data()
        row = data.journal.operator_row(SUPERVISOR)
        if row is not None and row.must_change:
            chosen = ((SUPERVISOR, SUPERVISOR_PASSWORD), (CASHIER, CASHIER_PASSWORD))
            for number, password in chosen:
                data.operators.set_password(number, Password(password), by=number)
            data.journal.append(OperatorSignedOn(operator=CASHIER))
        data.close()


def stage_config(**printer: object) -> Config:
    """The stage's settings with some of the printer's changed."""
    return Config(emv=STAGE_CONFIG.emv, printer=PrinterSettings(**printer))  # type: ignore[arg-type]
