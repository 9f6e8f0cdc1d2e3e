"""The stage of a scenario: a provisioned terminal on modelled hardware, and its acquirer.

Everything durable lies in one directory; a power cut takes all else away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Protocol

from firmware.core.config import Config, Emv, PrinterSettings
from firmware.core.masked import Password
from firmware.flows.effects import MaskedEntry
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.operators import Cost
from firmware.journal.records import OperatorSignedOn
from firmware.lab.emv_data import emv_of
from firmware.lab.host_line import HostLine
from firmware.lab.scenario.acquirers import StageAcquirer, by_settings
from firmware.lab.scenario.audit import KeepsBooks
from firmware.lab.scenario.disk import Disk
from firmware.lab.scenario.other_terminal import OtherTerminal
from firmware.terminal.assembly import held
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.drivers import (
    display_on,
    printer_on,
    profile_of,
    reader_on,
    usb_keypad_on,
)
from firmware.terminal.terminal import Terminal
from firmware.terminal.world import Devices
from firmware.ui.render import Frame
from hw.events import KeyPressed
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.ports import Buzzer, Clock, Keypad, Worker
from hw.printer import EscposPrinter, NoPrinter
from hw.sim.bench import CardSlot, ModelBench
from hw.sim.printer.escpos import ModelTransport
from hw.sim.printer.kinds import GOOD, Kind
from hw.sim.time import VirtualClock, VirtualTime

START = datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=8)))
SUPERVISOR, SUPERVISOR_PASSWORD = "00", "246810"
CASHIER, CASHIER_PASSWORD = "01", "1357"
STAGE_CONFIG = Config(emv=Emv(test_keys=True))
PASSWORDS = {SUPERVISOR: SUPERVISOR_PASSWORD, CASHIER: CASHIER_PASSWORD}
PASSWORD_COST = Cost(passes=1, memory_kib=8)  # the passwords of a model are no secret


class EndedWorker(Worker, Protocol):
    """A worker that `end()` stops."""

    def end(self) -> None: ...


def _keypad(bench: ModelBench, config: Config) -> Keypad:
    if config.keypad.kind == "usb":
        return usb_keypad_on(bench.usb_keypad.connect)
    return MatrixKeypad(lambda: PinHeader(bench.matrix.factory))


def _printer(bench: ModelBench, printer: PrinterSettings) -> EscposPrinter | NoPrinter:
    profile = profile_of(printer)
    if printer.kind == "none":
        return NoPrinter(profile.columns)
    wire = bench.paper_printer.transport
    if printer.kind == "serial" and not profile.xonxoff:
        wire = ModelTransport(bench.paper_printer, held=False)
    return printer_on(wire, printer, bench.font)


class Stage:
    """A terminal on its bench. `directory` holds what is durable; `config` its settings."""

    def __init__(
        self,
        directory: Path,
        config: Config = STAGE_CONFIG,
        *,
        on_built: Callable[[Terminal], None] = lambda _terminal: None,
        on_frame: Callable[[Frame], None] = lambda _frame: None,
        on_key: Callable[[KeyPressed, MaskedEntry | None], None] = lambda _key, _entry: None,
        slot: CardSlot | None = None,
        make_time: Callable[[VirtualClock], VirtualTime] = VirtualTime,
        buzzer: Buzzer | None = None,
        fresh: bool = False,
        printer_kind: Kind = GOOD,
        start: datetime = START,
        acquirer: Callable[[Config, Path, Clock], StageAcquirer] = by_settings,
        line_worker: Callable[[], EndedWorker] | None = None,
        disk: Disk | None = None,
    ) -> None:
        """`on_built` is given each terminal before it starts.

        `slot` is where cards go instead of the modelled slot; `make_time` paces the models. Its
        wall clock begins at `start`, before which nothing in `directory` was written. A `fresh`
        terminal comes from the factory: nobody has chosen a password or signed on. `acquirer` makes
        the one that it is at, `line_worker` who asks there, where the thread is not to wait; `disk`
        is another than the usual one.
        """
        self._make_line_worker = line_worker
        self._line_worker: EndedWorker | None = None  # while the power is on
        self._buzzer = buzzer
        self.directory = directory
        self._on_built, self.on_frame, self._on_key = on_built, on_frame, on_key
        directory.mkdir(parents=True, exist_ok=True)
        self._emv = emv_of(config)
        paper = profile_of(config.printer)
        self.bench = ModelBench(
            start=start,
            chip=config.display.chip,
            upside_down=config.display.rotate == 2,
            usb_keypad=config.keypad.kind == "usb",
            columns=paper.columns,
            dots=paper.width_px,
            kind=printer_kind,
            baud=config.printer.baud if config.printer.kind == "serial" else None,
            slot=slot,
            make_time=make_time,
        )
        self.acquirer = acquirer(config, directory, self.bench.clock)
        self.config = self.acquirer.config
        self.frame: Frame | None = None
        self.disk = disk or Disk(directory)
        self.terminal: Terminal | None = None
        try:
            if not fresh:
                self.provision(PASSWORDS)
        except BaseException:  # such as a journal that is lost
            self.acquirer.close()
            raise

    def wait_for_host(self) -> None:
        """Let an answer that never comes be waited for as long as the settings say.

        A scenario need not see that wait; a test of a till in real time has to.
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
        with held(self.config, data):
            client = self.acquirer.client(data)
        bench, config = self.bench, self.config
        display = display_on(lambda: bench.chip, config.display)
        reader = reader_on(bench.slot.scard, bench.clock, config, pause=lambda _ms: None)
        keypad = _keypad(bench, config)
        reader_worker, printer_worker, host_worker = bench.power_on(display, keypad, reader)
        if self._make_line_worker is not None:
            self._line_worker = self._make_line_worker()
        devices = Devices(
            clock=bench.clock,
            display=display,
            reader=reader,
            reader_worker=reader_worker,
            printer=_printer(bench, config.printer),
            printer_worker=printer_worker,
            host_worker=self._line_worker or host_worker,
            buzzer=self._buzzer,
            on_frame=self._note_frame,
            on_key=self._on_key,
        )
        self.terminal = Terminal(self.config, data, devices, client, lambda: self._emv)
        self._on_built(self.terminal)
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
        self.acquirer.close()
        self.disk.fail(None)

    def _end(self, end_data: Callable[[DataDirectory], None]) -> None:
        if self.terminal is None:
            return
        self.terminal.runner.close()
        end_data(self.terminal.data)
        self.acquirer.hang_up()
        if self._line_worker is not None:
            self._line_worker.end()
            self._line_worker = None
        self.bench.power_cut()
        self.terminal = self.frame = None

    # --- what the player looks at ---

    @property
    def line(self) -> HostLine:
        """The line to the acquirer."""
        return self.acquirer.line

    @property
    def keeps_books(self) -> KeepsBooks:
        """The acquirer, where its books are here."""
        assert self.acquirer.books is not None, "they are elsewhere"
        return self.acquirer.books

    @cached_property
    def other_terminal(self) -> OtherTerminal:
        """Another one of the merchant, at the same acquirer."""
        return OtherTerminal(self.acquirer.ask, self.config, self.bench.clock.now)

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
        self.on_frame(frame)

    def _data(self) -> DataDirectory:
        return DataDirectory(self.directory, self.bench.clock.now, self.disk, cost=PASSWORD_COST)

    def provision(self, passwords: Mapping[str, str]) -> None:
        """Give the operators their passwords and sign the cashier on, if nobody has yet."""
        data = self._data()
        row = data.journal.operator_row(SUPERVISOR)
        if row is not None and row.must_change:
            for number, password in passwords.items():
                data.operators.set_password(number, Password(password), by=number)
            data.journal.append(OperatorSignedOn(operator=CASHIER))
        data.close()


def stage_config(**printer: object) -> Config:
    """The stage's settings with some of the printer's changed."""
    return Config(emv=STAGE_CONFIG.emv, printer=PrinterSettings(**printer))  # type: ignore[arg-type]
