"""What an acquirer takes: sales a second and their times, by terminals and by engine of its books.

Server, database and load share this machine. Each sale has a PIN and a genuine cryptogram, and
is durable before its answer leaves. The processor time of servers and database for each sale is
given as well: other work on the machine changes it less. That of the load, the measuring terminals,
is given apart.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from firmware.acquirer.books import BOOKS
from firmware.acquirer.opened import AcquirerPlace
from firmware.lab.benchmarks import line_load
from firmware.lab.benchmarks.children import environment, told
from firmware.lab.benchmarks.figures import Figure, p99, unmeasured
from firmware.lab.postgres import Cluster, programs, unprivileged

TERMINALS = (1, 10, 100)
SALES = {1: 200, 10: 1_000, 100: 2_000}
FULL = 5  # times as many
WARM_UP = 100
RATE, AIM_MS = 500, 100  # sales a second of 100 terminals on PostgreSQL, and their p99
PARTS = ("server", "database", "load")
WAL_BYTES = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
SYNCS = "SELECT sum(wal_sync) FROM pg_stat_wal"
CHILD_S = 600


def measure(full: bool) -> Iterator[Figure]:
    """SQLite with the one server it takes, PostgreSQL with one for each core."""
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as name:
        yield from _sqlite(Path(name) / "acquirer", full=full)
    bin_folder = programs()
    if bin_folder is None:
        yield unmeasured("sales a second, PostgreSQL", "a second", "no initdb and pg_ctl here")
        return
    with _cluster(bin_folder) as running, tempfile.TemporaryDirectory(prefix="pos-bench-") as name:
        yield from _postgres(running, Path(name), full=full)


def _sqlite(data: Path, *, full: bool) -> Iterator[Figure]:
    _provision(AcquirerPlace(data))
    log = data / f"{BOOKS}-wal"
    with _servers(data, "", 1) as servers:
        load = _Load(servers.values(), full=full)
        for count in TERMINALS:
            before_ms = _cpu_ms(servers)
            found = load.sell(count)
            found["server_ms"] = _cpu_ms(servers) - before_ms
            yield from _figures("SQLite", count, found)
        if log.exists():
            yield Figure("SQLite: log on the disk, reused", log.stat().st_size, "bytes")


def _postgres(running: Cluster, folder: Path, *, full: bool) -> Iterator[Figure]:
    books = running.url()
    _provision(AcquirerPlace(folder / "acquirer", books))
    with _servers(folder / "acquirer", books, os.cpu_count() or 1) as servers:
        load = _Load(servers.values(), full=full)
        for count in TERMINALS:
            before = _written(running)
            before_ms = _cpu_ms(servers), _cpu_ms(_children(running.pid()))
            found = load.sell(count)
            found["server_ms"] = _cpu_ms(servers) - before_ms[0]
            found["database_ms"] = _cpu_ms(_children(running.pid())) - before_ms[1]
            after = _written(running)
            yield from _figures("PostgreSQL", count, found)
            sales = len(found["took_ms"])
            yield Figure(
                f"PostgreSQL, {count} terminals: log a sale",
                (after[0] - before[0]) / sales,
                "bytes",
                also=(("syncs a sale", (after[1] - before[1]) / sales),),
            )
        paced = load.sell(TERMINALS[-1], RATE)
        name = f"PostgreSQL, {TERMINALS[-1]} terminals at {RATE} a second: p99"
        reached = len(paced["took_ms"]) / paced["seconds"]
        also = (("p50", median(paced["took_ms"])), ("a second reached", reached))
        yield Figure(name, p99(paced["took_ms"]), "ms", AIM_MS, also=also)


class _Load:
    """Terminals that sell at servers, in a process of their own; the first sales warm up."""

    def __init__(self, ports: Iterable[int], *, full: bool) -> None:
        self._ports = [*ports]
        self._times = FULL if full else 1
        self._first = 1  # STAN
        self._run(len(self._ports) * 4, WARM_UP, 0)

    def sell(self, terminals: int, rate: int = 0) -> dict[str, Any]:
        """What `line_load` tells of the sales of so many terminals."""
        return self._run(terminals, SALES[terminals] * self._times, rate)

    def _run(self, terminals: int, sales: int, rate: int) -> dict[str, Any]:
        words = (",".join(map(str, self._ports)), terminals, sales, self._first, rate)
        self._first += sales
        command = (sys.executable, "-P", "-m", line_load.__name__, *map(str, words))
        found: dict[str, Any] = told(*command, timeout_s=CHILD_S)
        return found


def _figures(engine: str, count: int, found: dict[str, Any]) -> Iterator[Figure]:
    took = found["took_ms"]
    name = f"{engine}, {count} terminals"
    note = f"{found['refused']} were not approved" if found["refused"] else ""
    yield Figure(f"{name}: sales a second", len(took) / found["seconds"], "a second", note=note)
    parts = {part: found[f"{part}_ms"] / len(took) for part in PARTS if f"{part}_ms" in found}
    acquirer = sum(parts.values()) - parts["load"]
    told = tuple((f"ms {part}", value) for part, value in parts.items())
    yield Figure(f"{name}: processor time a sale", acquirer, "ms", also=told)
    yield Figure(f"{name}: time of an answer, p99", p99(took), "ms", also=(("p50", median(took)),))


def _provision(place: AcquirerPlace) -> None:
    registry, close = place.registry()
    for number in range(max(TERMINALS)):
        registry.put_terminal(line_load.terminal(number))
        registry.put_account(line_load.account(number))
    close()


@contextlib.contextmanager
def _servers(data: Path, books: str, count: int) -> Iterator[dict[int, int]]:
    """Processes and ports of so many servers on the same books."""
    words = ["acquirer", "serve", "--port", "0", "--data", str(data)]
    words += ["--books", books] if books else []
    processes, ports = [], {}
    try:
        for _ in range(count):
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-P", "-m", "firmware", *words],
                env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            processes.append(process)
            assert process.stdout is not None
            ports[process.pid] = int(process.stdout.readline().rpartition(":")[2])
        yield ports
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate()


def _children(parent: int) -> list[int]:
    """A process and those that it has begun."""
    found = [parent]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(_stat(stat)[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _cpu_ms(processes: Iterable[int]) -> float:
    """Processor time of processes so far, in user and system. See proc(5)."""
    ticks = 0
    for process in processes:
        with contextlib.suppress(OSError):
            ticks += sum(map(int, _stat(Path(f"/proc/{process}/stat"))[11:13]))
    return ticks * 1_000 / os.sysconf("SC_CLK_TCK")


def _stat(path: Path) -> list[str]:
    """What stands behind the name, which may hold spaces."""
    return path.read_text("utf-8", "replace").rpartition(")")[2].split()


def _written(running: Cluster) -> tuple[int, int]:
    """Bytes of the log and syncs so far."""
    with running.connect() as db:
        (written,), (syncs,) = db.execute(WAL_BYTES).fetchone(), db.execute(SYNCS).fetchone()
    return int(written), int(syncs)


@contextlib.contextmanager
def _cluster(bin_folder: Path) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="pos-bench-", ignore_cleanup_errors=True) as folder:
        if (nobody := unprivileged()) is not None:
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        running = Cluster(Path(folder), bin_folder)
        try:
            running.make()
            running.start()
            yield running
        finally:
            running.stop("immediate")
