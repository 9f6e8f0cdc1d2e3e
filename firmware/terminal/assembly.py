"""Puts a terminal together from its parts: drivers on their threads, journal, acquirer, flows.

If a part is missing the terminal starts all the same: it comes up out of service, names the part,
and begins trade when it is there.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.acquirer.books import BOOKS, Books
from firmware.acquirer.embedded import LocalHost
from firmware.acquirer.registration import Registration
from firmware.core import garbage
from firmware.core.config import Config, ConfigError
from firmware.core.config_across import Mistake
from firmware.core.log import fields
from firmware.flows.idle import LATER
from firmware.iso8583.client import HostClient
from firmware.iso8583.keys import MASTER, SessionKeys, read_or_make_master
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.devices import Parts, TellingDisplay
from firmware.terminal.loop import END_MS
from firmware.terminal.settings_told import NO_FILES
from firmware.terminal.terminal import Terminal
from firmware.terminal.world import Asks, Devices
from firmware.ui.render import Frame
from hw.events import Post
from hw.ports import Clock, DeviceFault, HostLink
from hw.worker import JobWorker, KeypadWorker, ReaderWorker, WorkerThread

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

    from firmware.acquirer.accounts import Account
    from firmware.acquirer.booking import Kept
    from firmware.emv.ca_keys import CaKeys, Revocation
    from firmware.emv.setup import EmvSetup
    from firmware.iso8583.acquirer_client import AcquirerClient
    from firmware.iso8583.unionpay import UnionPay

# needed for the first request, paper and password
LATER_STILL = (
    "firmware.acquirer.answering",
    "firmware.iso8583.unionpay",
    "firmware.receipts.papers",
    "argon2",
)
MOVED_MONEY = frozenset({State.OPEN, State.APPROVED, State.PENDING, State.REVERSING})
IMPORTS = -1  # the token of a worker's first job
FAREWELL = -2  # the token of a worker's last job

_LOG = logging.getLogger(__name__)


class Assembly:
    """A terminal with its parts on threads. Made and closed on the thread that runs its loop.

    Raises JournalFault, KeyFileError, BooksError or OSError when the data directory
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
        messages: UnionPay | None = None,
        files: Mapping[str, Path] = NO_FILES,
        on_frame: Callable[[Frame], None] = lambda _frame: None,
    ) -> None:
        self._parts = parts
        self._on_frame = on_frame
        emv = functools.cache(functools.partial(_emv_setup, config, ca_keys, revoked))
        self._data = directory = DataDirectory(data, clock.now)
        with held(config, directory) as undo:
            self._link = link = host_link(config, data, accounts, clock, tls=host_tls)
            undo.callback(link.close)
            client: Asks
            if messages is not None:
                client = acquirer_client(link, messages, directory, clock)
            else:
                assert isinstance(link, LocalHost), "no line without messages for it"
                directory.tie(link)
                client = embedded_client(config, link, link.session)
        self._reader = ReaderWorker(parts.reader, post, clock)
        self._printer = JobWorker("printer", post, clock)
        self._printer.submit(IMPORTS, lambda: _make_the_rest(config, emv))
        self._host = JobWorker("host", post, clock)
        keypad = KeypadWorker(parts.keypad, post, clock)
        self._workers = (keypad, self._reader, self._printer, self._host)
        devices = self._devices(clock)
        self.terminal = Terminal(config, directory, devices, client, emv, files=files)

    def _devices(self, clock: Clock) -> Devices:
        display = TellingDisplay(self._parts.display)
        with contextlib.suppress(DeviceFault):  # the flow gets the fault again and waits
            display.reopen()  # blank: clears the picture of a process that was killed
        return Devices(
            clock=clock,
            display=display,
            reader=self._parts.reader,
            reader_worker=self._reader,
            printer=self._parts.printer,
            printer_worker=self._printer,
            host_worker=self._host,
            buzzer=self._parts.signals,
            on_frame=self._on_frame,
        )

    @property
    def threads(self) -> Sequence[WorkerThread]:
        """The workers' threads, which the watchdog depends on."""
        return [worker.thread for worker in self._workers]

    def close(self, left_ms: Callable[[], int] = lambda: END_MS) -> None:
        """End the flow where it stands, and close everything.

        All threads are told to end, then waited for, in all as long as `left_ms` says: one that
        hangs in a driver ends with the process. The journal needs none of them.
        """
        self.terminal.runner.close()
        self._data.close()
        self._printer.submit(FAREWELL, self._parts.printer.close)
        self._host.submit(FAREWELL, self._link.close)
        for worker in self._workers:
            worker.end()
        stuck = [each.thread.name for each in self._workers if not each.thread.join(left_ms)]
        if stuck:
            _LOG.warning("ended without waiting", extra=fields(workers=",".join(stuck)))
        if self._parts.signals is not None:
            self._parts.signals.close()
        self._parts.display.close()


def _make_the_rest(config: Config, emv: Callable[[], EmvSetup]) -> None:
    """Prepare what the first key and the first card need, while the idle screen is shown."""
    for name in (*LATER, *LATER_STILL):
        importlib.import_module(name)
    if config.host.kind == "local":
        _embedded_messages(config)
    emv()
    garbage.as_usual()


def _emv_setup(config: Config, ca_keys: CaKeys | None, revoked: Sequence[Revocation]) -> EmvSetup:
    from firmware.terminal.emv_setup import emv_setup  # noqa: PLC0415 - idle shows none of it: see LATER

    return emv_setup(config, ca_keys, revoked)


@contextlib.contextmanager
def held(config: Config, directory: DataDirectory) -> Iterator[contextlib.ExitStack]:
    """Check the journal against the settings; the block within connects it to its acquirer.

    Raises ConfigError when the journal's open batch is another terminal's. After that, and after
    any error in the block, the stack that it is given is unwound and the data directory closed.
    """
    with contextlib.ExitStack() as undo:
        undo.callback(directory.close)
        check_identity(config, directory.journal)
        yield undo
        undo.pop_all()


def check_identity(config: Config, journal: Lookups) -> None:
    """Raise ConfigError for each number, or currency, that is not the one of the open batch.

    A terminal keeps them until its batch is settled: the acquirer keeps books by terminal and
    merchant number, and under new ones neither settlement nor reversal would find what was sold
    under the old. One transaction is enough to check: all of a batch are under the same numbers.
    """
    traded = journal.list_transactions(journal.batch(), 1, states=MOVED_MONEY)
    traded += [reversal.transaction for reversal in journal.reversals()]
    mistakes = [
        Mistake(key, f"expected {theirs}, whose batch is not settled, instead of {ours}")
        for key, ours, all_theirs in (
            ("merchant.terminal", config.merchant.terminal, {one.terminal for one in traded}),
            ("merchant.number", config.merchant.number, {one.merchant for one in traded}),
            ("general.currency", config.currency.alpha, {one.currency for one in traded}),
        )
        for theirs in sorted(all_theirs - {ours})
    ]
    if mistakes:
        raise ConfigError(mistakes)


def embedded_client(config: Config, link: HostLink, keys: SessionKeys) -> HostClient:
    """Asks an embedded acquirer, at the end of `link`, under the keys that it gives."""
    return HostClient(link, lambda: _embedded_messages(config), lambda: keys)


def _embedded_messages(config: Config) -> UnionPay:
    from firmware.iso8583.unionpay import embedded_line  # noqa: PLC0415 - idle shows none of it

    return embedded_line(config.host.pin_block)


def acquirer_client(
    link: HostLink, messages: UnionPay, directory: DataDirectory, clock: Clock
) -> AcquirerClient:
    """Asks an acquirer at the end of `link`, under the keys that sign-on brings and keeps.

    Notes beside the journal that no embedded books answer. Raises KeyFileError, JournalFault.
    """
    from firmware.iso8583.acquirer_client import AcquirerClient  # noqa: PLC0415 - for this alone
    from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore  # noqa: PLC0415

    directory.tie(None)
    store = KeyStore(directory.directory / ACQUIRER_KEYS, directory.keys.card)
    return AcquirerClient(link, messages, store, clock.now)


def host_link(
    config: Config,
    data: Path,
    accounts: Sequence[Account],
    clock: Clock,
    *,
    tls: ssl.SSLContext | None = None,
) -> HostLink:
    """The line to the acquirer. Raises KeyFileError and BooksError for the embedded one."""
    if config.host.kind == "local":
        return embedded_host(config, data, accounts, clock.now)
    return acquirer_line(config, clock, tls)


def acquirer_line(config: Config, clock: Clock, tls: ssl.SSLContext | None) -> HostLink:
    """The line to an acquirer that is not embedded; connects with the first exchange."""
    from firmware.iso8583.tcp import TcpLink  # noqa: PLC0415 - with TLS, slow

    host, keep = config.host, config.acquirer.keep_line
    return TcpLink(host.address, host.port, monotonic_ms=clock.monotonic_ms, tls=tls, keep=keep)


def embedded_host(
    config: Config,
    directory: Path,
    accounts: Sequence[Account],
    clock_now: Callable[[], datetime],
    *,
    others: Collection[str] = (),
    open_books: Callable[[Path, Kept | None], Books] = Books,
) -> LocalHost:
    """An embedded acquirer that knows this terminal, with its books and key in `directory`.

    `others` are further terminals of the same merchant. Raises KeyFileError, BooksError.
    """
    merchant = config.merchant
    ours = Registration(merchant.number, config.currency.numeric)
    return LocalHost(
        directory / BOOKS,
        accounts,
        master=read_or_make_master(directory / MASTER),
        terminals=dict.fromkeys((*others, merchant.terminal), ours),
        clock_now=clock_now,
        test_amounts=config.host.test_amounts,
        hold_days=config.preauth.window_days,
        open_books=open_books,
    )
