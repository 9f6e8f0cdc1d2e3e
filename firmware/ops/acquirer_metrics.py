"""What Prometheus may read of `pos acquirer serve`: nothing of a card or an amount."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from firmware.acquirer.counts import BUCKETS_MS, LONGER_MS, Counts
from firmware.core.exits import FAILED, Refused
from firmware.ops.metrics import MetricsServer


class AcquirerFigures(Collector):
    """The counters of a server since its start. `collect` may be called from any thread."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Every figure there is, of one moment."""
        seen = self._counts.seen()
        answers = CounterMetricFamily(
            "pos_acquirer_answers", "Requests decided.", labels=["type", "code"]
        )
        for (kind, code), count in sorted(seen.answered.items()):
            answers.add_metric([kind, code], count)
        yield answers
        for name, words, label, found in (
            ("refused", "Frames and connections that got no answer.", "reason", seen.refused),
            ("rules_followed", "Rules of the tester that were followed.", "deed", seen.followed),
        ):
            family = CounterMetricFamily(f"pos_acquirer_{name}", words, labels=[label])
            for value, count in sorted(found.items()):
                family.add_metric([value], count)
            yield family
        yield CounterMetricFamily(
            "pos_acquirer_failures", "Requests that the books could not take.", value=seen.failed
        )
        yield GaugeMetricFamily(
            "pos_acquirer_connections", "Connections open now.", value=seen.connections
        )
        reached, buckets = 0, []
        for bucket_ms in (*BUCKETS_MS, LONGER_MS):
            reached += seen.times[bucket_ms]
            name = "+Inf" if bucket_ms == LONGER_MS else str(bucket_ms / 1_000)
            buckets.append((name, reached))
        times = HistogramMetricFamily(
            "pos_acquirer_answer_seconds", "From a whole frame to its answer, delays left out."
        )
        times.add_metric([], buckets, seen.time_sum_us / 1_000_000)
        yield times


@contextmanager
def figures_on(port: int, counts: Counts) -> Iterator[None]:
    """Within, the counters are served on `port` of the loopback. Entering it raises Refused."""
    try:
        server = MetricsServer(AcquirerFigures(counts), port)
    except OSError as error:
        raise Refused(f"--metrics {port}: {error.strerror}", code=FAILED) from None
    try:
        yield
    finally:
        server.close()
