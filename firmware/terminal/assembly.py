"""Puts a terminal together from its parts: drivers on their threads, journal, host, flows.

A part that is not there is no reason not to start: the terminal comes up out of service, names it,
and goes on when it is back.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.acquirer.books import BOOKS
from firmware.acquirer.embedded import LocalHost, Registration
from firmware.core.config import Config
from firmware.core.log import fields
from firmware.core.masked import Key
from firmware.emv.ca_keys import CaKeys, Revocation
from firmware.flows.idle import LATER
from firmware.iso8583.client import HostClient
from firmware.iso8583.keys import MASTER, derived_keys, read_or_make_master
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.devices import Parts, TellingDisplay
from firmware.terminal.loop import END_MS, Watched
from firmware.terminal.settings_told import NO_FILES
from firmware.terminal.terminal import Devices, Terminal, emv_setup
from firmware.terminal.tie import tie_books, tie_no_books
from firmware.terminal.unsettled import check_identity
from firmware.ui.render import Frame
from hw.events import Post
from hw.ports import Clock, DeviceFault, HostLink
from hw.worker import JobWorker, KeypadWorker, ReaderWorker

if TYPE_CHECKING:
    import ssl

    from firmware.acquirer.accounts import Account

IMPORTS = -1  # the token of a worker's first job
FAREWELL = -2  # the token of a worker's last job

_LOG = logging.getLogger(__name__)


class Assembly:
    """A terminal with its parts on threads. Made and closed on the thread that runs its loop.

    Raises JournalFault, KeyFileError, BooksError, sqlite3.Error or OSError when the data directory
    cannot be relied on, and ConfigError when its open batch is another terminal's.
    """

    def __init__(
        self,
        config: Config,
        data: Path,
        parts: Parts,
        clock: Clock,
        post: Post,
        *,
        accounts: Sequence[Account] = (),
        ca_keys: CaKeys | None = None,
        revoked: Sequence[Revocation] = (),
        host_tls: ssl.SSLContext | None = None,
        files: Mapping[str, Path] = NO_FILES,
        on_frame: Callable[[Frame], None] = lambda _frame: None,
    ) -> None:
        with contextlib.ExitStack() as undo:
            self._ledger = DataDirectory(data, clock.now)
            undo.callback(self._ledger.close)
            check_identity(config, self._ledger.journal)
            master = read_or_make_master(data / MASTER)
            self._link = host_link(config, data, accounts, master, clock, tls=host_tls)
            undo.callback(self._link.close)
            if isinstance(self._link, LocalHost):
                self._ledger.keep(self._link)
            self._tie(self._link)
            emv = emv_setup(config, ca_keys, revoked)
            undo.pop_all()
        self._parts = parts
        display = TellingDisplay(parts.display)
        with contextlib.suppress(DeviceFault):  # it is kept for when the glass is there
            display.brightness(config.display.brightness)
        self._reader = ReaderWorker(parts.reader, post, clock)
        self._printer = JobWorker("printer", post, clock)
        self._printer.submit(IMPORTS, _import_the_rest)
        self._host = JobWorker("host", post, clock)
        self._keypad = KeypadWorker(parts.keypad, post, clock)
        devices = Devices(
            clock=clock,
            display=display,
            reader=parts.reader,
            reader_worker=self._reader,
            printer=parts.printer,
            printer_worker=self._printer,
            host_worker=self._host,
            buzzer=parts.signals,
            on_frame=on_frame,
        )
        client = HostClient(self._link, derived_keys(master), pin_format=config.host.pin_block)
        self.terminal = Terminal(config, self._ledger, devices, client, emv, files=files)

    def _tie(self, link: HostLink) -> None:
        """Raises JournalFault when the embedded host's books are not the journal's."""
        ledger = self._ledger
        if isinstance(link, LocalHost):
            tie_books(ledger.journal, link, lambda: ledger.journal.durable_head)
        else:
            tie_no_books(ledger.journal)

    @property
    def workers(self) -> Sequence[Watched]:
        """The threads that the watchdog depends on."""
        hosts = (self._keypad, self._reader, self._printer, self._host)
        return [host.thread for host in hosts]

    def close(self, left_ms: Callable[[], int] = lambda: END_MS) -> None:
        """End the flow where it stands, and give everything back.

        All threads are told to end, then waited for, in all as long as `left_ms` says: one that
        hangs in a driver ends with the process. The journal needs none of them.
        """
        self.terminal.runner.close()
        self._ledger.close()
        self._printer.submit(FAREWELL, self._parts.printer.close)
        self._host.submit(FAREWELL, self._link.close)
        hosts = (self._keypad, self._reader, self._printer, self._host)
        for host in hosts:
            host.end()
        stuck = [host.thread.name for host in hosts if not host.thread.join(left_ms)]
        if stuck:
            _LOG.warning("ended without waiting", extra=fields(workers=",".join(stuck)))
        if self._parts.signals is not None:
            self._parts.signals.close()
        self._parts.display.close()


def _import_the_rest() -> None:
    """Import what the first key needs, while the idle screen is looked at."""
    for name in LATER:
        importlib.import_module(name)


def host_link(
    config: Config,
    data: Path,
    accounts: Sequence[Account],
    master: Key,
    clock: Clock,
    *,
    tls: ssl.SSLContext | None = None,
) -> HostLink:
    """The line to whoever authorises. Raises BooksError or sqlite3.Error for the embedded host."""
    host, merchant = config.host, config.merchant
    if host.kind == "tcp":
        from firmware.iso8583.tcp import TcpLink  # noqa: PLC0415 - with TLS, slow

        return TcpLink(host.address, host.port, monotonic_ms=clock.monotonic_ms, tls=tls)
    return LocalHost(
        data / BOOKS,
        accounts,
        master=master,
        terminals={merchant.terminal: Registration(merchant.number, config.currency.numeric)},
        clock_now=clock.now,
        test_amounts=host.test_amounts,
    )
