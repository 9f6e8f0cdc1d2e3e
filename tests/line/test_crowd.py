"""Refunds of the same sales from many lines at once, and a database whose primary is killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.acquirer.opened import AcquirerPlace
from firmware.lab.postgres import Cluster, unprivileged
from tests.acquirer.serving import Server
from tests.line.crowd import Crowd
from tests.postgres import cluster_folder

LINES = 50
SHORT, LONG = (50, 800), (1_000, 100_000)  # sales, attempts to refund
SEED = int(os.environ.get("LINE_SEED", "1"))
HOST = "127.0.0.1"
Figure = Callable[[str], None]


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> tuple[int, int]:
    return LONG if request.config.getoption("--long") else SHORT


def serve(data: Path, books: str, count: int) -> list[Server]:
    return [Server(data, books=books) for _ in range(count)]


def test_nothing_is_refunded_beyond_what_was_paid(
    tmp_path: Path, postgres: Cluster, sizes: tuple[int, int], figure: Figure
) -> None:
    sales, attempts = sizes
    books = postgres.database(str(tmp_path))
    place = AcquirerPlace(tmp_path / "acquirer", books)
    place.registry()[1]()  # the tables are there before two servers begin
    servers = serve(tmp_path / "acquirer", books, 2)
    crowd = Crowd(place, servers, LINES)
    try:
        crowd.sign_on()
        crowd.sell(sales)
        assert len(crowd.sold) == sales
        crowd.refund(attempts, SEED)
    finally:
        crowd.close()
        for server in servers:
            server.kill()
    assert crowd.broken() == []
    assert set(crowd.codes) <= {"00", "64"}, crowd.codes
    assert crowd.codes["00"] > sales  # some were refunded in parts
    refused = crowd.codes["64"]
    figure(f"{attempts} refunds of {sales} sales, {LINES} lines: {refused} refused, 0 too much")


class Pair:
    """A primary and its synchronous standby."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.first = Cluster(_below(folder, "first"), bin_folder)
        self.second = Cluster(_below(folder, "second"), bin_folder)
        self.first.make()
        self.first.start()
        self.second.copy_of(self.first, "standby")
        self.second.start()
        with self.first.connect() as db:
            db.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            db.execute("SELECT pg_reload_conf()")
            state = ""
            while state != "sync":
                row = db.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
                state = row[0] if row else ""

    def url(self, name: str) -> str:
        """For libpq: whichever of the two takes writes."""
        url = self.first.database(name)
        places = f"{HOST}:{self.first.port},{HOST}:{self.second.port}"
        return url.replace(f"{HOST}:{self.first.port}", places) + "?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """The primary's machine is gone; the standby takes over."""
        os.kill(self.first.pid(), signal.SIGKILL)
        self.second.ctl("promote", "-w")

    def stop(self) -> None:
        self.first.stop("immediate")
        self.second.stop("immediate")


def _below(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    if (nobody := unprivileged()) is not None:
        os.chown(made, nobody.pw_uid, nobody.pw_gid)
    return made


@pytest.fixture
def pair() -> Iterator[Pair]:
    with cluster_folder() as (folder, bin_folder):
        made = Pair(folder, bin_folder)
        try:
            yield made
        finally:
            made.stop()


def test_the_primary_killed_under_load_nothing_acknowledged_is_lost(
    pair: Pair, tmp_path: Path, sizes: tuple[int, int], figure: Figure
) -> None:
    sales, attempts = sizes
    books = pair.url(str(tmp_path))
    place = AcquirerPlace(tmp_path / "acquirer", books)
    place.registry()[1]()
    servers = serve(tmp_path / "acquirer", books, 2)
    crowd = Crowd(place, servers, LINES)
    failing = threading.Event()

    def fail_in_the_middle(number: int) -> None:
        if number == attempts // 2 and not failing.is_set():
            failing.set()
            pair.fail_over()

    try:
        crowd.sign_on()
        crowd.sell(sales)
        before = len(crowd.acknowledged)
        crowd.refund(attempts, SEED + 1, fail_in_the_middle)
        assert crowd.broken() == []
        assert before == sales
        crowd.sell(LINES)  # and it goes on
        assert crowd.codes["00"] == len(crowd.acknowledged)
        assert len(crowd.sold) == sales + LINES
        assert crowd.broken() == []
    finally:
        crowd.close()
        for server in servers:
            server.kill()
    unheard = crowd.codes[""]
    told = len(crowd.acknowledged)
    figure(f"primary killed: {told} acknowledged, 0 lost, {unheard} of {attempts} without answer")
