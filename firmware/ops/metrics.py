"""What Prometheus may read of a running terminal: http://127.0.0.1:PORT/metrics.

Every figure is read from the journal, by a connection and a thread of its own: the main loop has
no part in it. Counters begin at 0 when the terminal starts. Imported only where it is configured.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from firmware import __version__
from firmware.audit.data import reading
from firmware.core.exits import Refused
from firmware.core.hosts import OWN_NAMES
from firmware.core.kinds import COUNTED, Kind, Result
from firmware.core.log import fields
from firmware.journal.connection import DATABASE, LOG
from firmware.journal.lookups import Lookups
from firmware.journal.records import (
    DeviceFailed,
    DeviceRecovered,
    OutcomeRecorded,
    Record,
    ReversalConfirmed,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
THREADS = 16  # scrapes at once
TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")  # of the Pi's processor, in m°C

_LOG = logging.getLogger(__name__)


class Figures(Collector):
    """The figures of the journal in `data`. `collect` may be called from any thread."""

    def __init__(self, data: Path, terminal: str, temperature: Path = TEMPERATURE) -> None:
        self._data = data
        self._terminal = terminal
        self._temperature = temperature
        self._lock = threading.Lock()  # two scrapes at once would count a record twice
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._faults: Counter[str] = Counter()
        self._reversed = 0
        self._lost: dict[str, bool] = {}
        self._seen: int | None = None

    def begin(self) -> None:
        """Count from here on. Raises Refused when the journal cannot be read."""
        with reading(self._data) as journal:
            self._seen = journal.head()[0]

    def collect(self) -> Iterator[Metric]:
        """Every figure there is; those of the journal only while it can be read."""
        yield InfoMetricFamily(
            "pos_terminal", "Which one.", {"terminal": self._terminal, "version": __version__}
        )
        yield from self._heat()
        readable = GaugeMetricFamily("pos_journal_readable", "Whether the figures below are there.")
        with self._lock:
            try:
                with reading(self._data) as journal:
                    self._follow(journal)
                    found = [*self._counters(), *self._gauges(journal)]
            except Refused as refused:
                _LOG.warning("metrics", extra=fields(detail=refused))
                found = []
        readable.add_metric([], float(bool(found)))
        yield readable
        yield from found

    # --- counting ---

    def _follow(self, journal: Lookups) -> None:
        """Count the records since the last time."""
        for entry in journal.records(1 + (self._seen or 0)):
            self._seen = entry.seq
            self._count(entry.record)

    def _count(self, record: Record) -> None:
        match record:
            case OutcomeRecorded(training=False) if record.result is not Result.PENDING:
                self._outcomes[record.kind.value, record.result.value] += 1
            case ReversalConfirmed(training=False):
                self._reversed += 1
            case DeviceFailed(device=device):
                self._faults[device] += 1
                self._lost[device] = True
            case DeviceRecovered(device=device):
                self._lost[device] = False

    # --- figures ---

    def _counters(self) -> Iterator[Metric]:
        outcomes = CounterMetricFamily(
            "pos_transactions", "How transactions ended.", labels=["kind", "result"]
        )
        for kind in Kind:  # all from the start: what is absent cannot be seen to grow
            for result in (Result.APPROVED, Result.DECLINED, Result.FAILED):
                labels = [kind.value, result.value]
                outcomes.add_metric(labels, self._outcomes[kind.value, result.value])
        yield outcomes
        yield CounterMetricFamily("pos_reversals", "Reversals confirmed.", value=self._reversed)
        faults = CounterMetricFamily("pos_device_faults", "Devices lost.", labels=["device"])
        lost = GaugeMetricFamily("pos_device_lost", "Whether it is lost now.", labels=["device"])
        for device, is_lost in self._lost.items():
            faults.add_metric([device], self._faults[device])
            lost.add_metric([device], float(is_lost))
        yield from (faults, lost)

    def _gauges(self, journal: Lookups) -> Iterator[Metric]:
        totals = journal.totals(journal.batch())
        count = GaugeMetricFamily("pos_batch_count", "Of the open batch.", labels=["kind"])
        minor = GaugeMetricFamily("pos_batch_minor_units", "Of the open batch.", labels=["kind"])
        for kind in (f"{kind.value}s" for kind in COUNTED):
            count.add_metric([kind], getattr(totals, kind))
            minor.add_metric([kind], getattr(totals, f"{kind}_minor"))
        yield from (count, minor)
        for name, help_text, value in (
            ("pos_print_queue", "Papers that are owed.", len(journal.print_jobs())),
            ("pos_reversals_owed", "Reversals without an answer.", journal.reversals_count()),
            ("pos_uploads_owed", "Advices without an answer.", len(journal.advices())),
            ("pos_journal_records", "Records of the journal.", journal.head()[0]),
            ("pos_journal_bytes", "Its size on disk.", self._journal_bytes()),
        ):
            yield GaugeMetricFamily(name, help_text, value=value)

    def _journal_bytes(self) -> int:
        """The database, and what waits beside it to be written into it."""
        paths = (self._data / DATABASE, self._data / LOG)
        return sum(path.stat().st_size for path in paths if path.is_file())

    def _heat(self) -> Iterator[Metric]:
        try:
            millidegrees = int(self._temperature.read_text("ascii"))
        except (OSError, ValueError):
            return
        yield GaugeMetricFamily(
            "pos_temperature_celsius", "Of the processor.", value=millidegrees / 1000
        )


class _Server(ThreadingWSGIServer):
    """A thread for each request, a few at once: a slow client does not delay the others."""

    def server_activate(self) -> None:
        """Begin to listen."""
        self._free = threading.BoundedSemaphore(THREADS)
        super().server_activate()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own; with too many at once the connection is closed."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and leave the place to another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _Silent(WSGIRequestHandler):
    """Requests are not logged."""

    timeout = 10  # seconds for a request to be whole

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is there
        """Say nothing."""


class MetricsServer:
    """Answers on the loopback alone, from threads of its own. Raises OSError for a taken port."""

    def __init__(self, figures: Collector, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(figures)
        self._server = make_server(LOOPBACK, port, self._answer, _Server, _Silent)
        self.port = int(self._server.server_port)
        self._figures: WSGIApplication = make_wsgi_app(registry)
        self._hosts = {f"{name}:{self.port}" for name in OWN_NAMES}
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """The figures, for a request whose Host is this server.

        A page elsewhere can make a browser ask 127.0.0.1 under a name of its own (DNS rebinding).
        """
        if environ.get("HTTP_HOST", "").lower() in self._hosts:
            return self._figures(environ, start)
        start("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"this server goes by another name\n"]

    def close(self) -> None:
        """Stop answering; waits for the thread that does."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(data: Path, terminal: str, port: int) -> MetricsServer | None:
    """Serve the figures; None, with a word in the log, when they cannot be: trade goes on."""
    figures = Figures(data, terminal)
    try:
        figures.begin()
        return MetricsServer(figures, port)
    except (OSError, Refused) as error:
        _LOG.error("no metrics", extra=fields(port=port, detail=error))
        return None
