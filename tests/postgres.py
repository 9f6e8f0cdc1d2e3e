"""A PostgreSQL server for tests; where Debian's is not installed they are skipped, and say so."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.lab.postgres import Cluster, programs, unprivileged


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A server that runs, in a folder of its own."""
    with cluster_folder() as (folder, bin_folder):
        made = Cluster(folder, bin_folder)
        made.make()
        made.start()
        try:
            yield made
        finally:
            made.stop("immediate")


@contextlib.contextmanager
def cluster_folder() -> Iterator[tuple[Path, Path]]:
    """A folder that the server's user may write to, and the programs' folder."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("no PostgreSQL here: initdb and pg_ctl are missing")
    with tempfile.TemporaryDirectory(prefix="pos-postgres-") as name:
        if (nobody := unprivileged()) is not None:
            os.chown(name, nobody.pw_uid, nobody.pw_gid)
        yield Path(name), bin_folder
