"""The acquirers that a stage can stand at: the embedded one, and those at the end of a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware.acquirer.embedded import LocalHost
from firmware.core.config import Config
from firmware.core.masked import SecretKey
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.messages import FinancialRequest, HostAnswer
from firmware.iso8583.unionpay import UnionPay
from firmware.lab.host_line import HostLine
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.audit import KeepsBooks
from firmware.lab.scenario.other_terminal import NUMBER
from firmware.lab.switch_link import TMK, SwitchLink
from firmware.terminal.assembly import acquirer_client, embedded_client, embedded_host
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.settings import Settings
from firmware.terminal.world import Asks
from hw.ports import Clock, HostLink

TIMEOUT_MS = 1_000  # of an acquirer in this process


class StageAcquirer:
    """The acquirer of a stage, which outlives the terminal's power cuts.

    `config` has the settings of a terminal at it. Faults are put on `line`. An audit looks at
    `books`, and `switch` can be told to answer otherwise; None where there is no such thing here.
    """

    books: KeepsBooks | None = None
    switch: SwitchLink | None = None

    def __init__(self, config: Config, line: HostLine) -> None:
        self.config, self.line = config, line

    def client(self, data: DataDirectory) -> Asks:
        """What the terminal of `data` asks it with, until its power goes.

        Raises JournalFault when its books are not the journal's, KeyFileError and OSError for keys.
        """
        raise NotImplementedError

    def ask(self, request: FinancialRequest) -> HostAnswer | None:
        """The answer to another terminal of the merchant. Raises LookupError where none is here."""
        raise LookupError(f"terminal {request.payment.terminal} is not at this acquirer")

    def hang_up(self) -> None:
        """Close the line, for the terminal's power goes."""
        self.line.close()

    def close(self) -> None:
        """End it."""
        self.line.close()


class Embedded(StageAcquirer):
    """`host`, in the terminal's process; `link` is what stands before it, if anything does."""

    def __init__(self, config: Config, host: LocalHost, link: HostLink | None = None) -> None:
        super().__init__(config, HostLine(link or host))
        self.books = self._host = host

    def client(self, data: DataDirectory) -> Asks:
        data.tie(self._host)
        return embedded_client(self.config, self.line, self._host.session)

    def ask(self, request: FinancialRequest) -> HostAnswer:
        client = embedded_client(self.config, self._host, self._host.session)
        return client.ask(request, TIMEOUT_MS)

    def hang_up(self) -> None:
        """Nothing: its books stay open."""


class AtALine(StageAcquirer):
    """One at the end of a line, which carries frames of these messages.

    `make_link` makes its near end, at each start of the terminal: an exchange of before a power cut
    may not have ended yet.

    The terminal has the master key `tmk` from its first start on; None: it was loaded before.
    """

    def __init__(
        self,
        config: Config,
        messages: UnionPay,
        make_link: Callable[[], HostLink],
        clock: Clock,
        tmk: SecretKey | None,
    ) -> None:
        line = HostLine(make_link(), header_bytes=len(messages.frame.header) // 2)
        super().__init__(config, line)
        self._make_link = make_link
        self._messages, self._clock, self._tmk = messages, clock, tmk

    def client(self, data: DataDirectory) -> Asks:
        store = KeyStore(data.directory / ACQUIRER_KEYS, data.keys.card)
        if self._tmk is not None and store.master != self._tmk:
            store.load_master(self._tmk)
        self._tmk = None
        self.line.inner = self._make_link()
        return acquirer_client(self.line, self._messages, data, self._clock)


class InProcess(AtALine):
    """A switch in this process, as `pos acquirer serve` has it; its books lie in `directory`."""

    def __init__(self, config: Config, messages: UnionPay, directory: Path, clock: Clock) -> None:
        self._switch = SwitchLink(directory, config, messages, clock.now)
        super().__init__(config, messages, lambda: self._switch, clock, TMK)
        self.books = self.switch = self._switch

    def ask(self, request: FinancialRequest) -> HostAnswer | None:
        return self._switch.take(request)

    def close(self) -> None:
        self._switch.end()


def by_settings(config: Config, directory: Path, clock: Clock) -> StageAcquirer:
    """The one in this process that the settings name; what it keeps lies below `directory`."""
    messages = Settings(config, None).messages()
    if messages is not None:
        return InProcess(config, messages, directory / "acquirer", clock)
    host = embedded_host(config, directory, tray_books(), clock.now, others=(NUMBER,))
    return Embedded(config, host)
