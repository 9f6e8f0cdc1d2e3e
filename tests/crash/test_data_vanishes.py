"""The data of a running terminal vanishes: nothing is made anew, every file is given back at once.

Real directories are moved, emptied and swapped under it, and a real mount goes and comes back.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.audit.data import reading
from firmware.lab.scenario.audit import unbalanced
from firmware.lab.scenario.disk import DiskFault
from firmware.ui.texts import Language, Text
from tests.crash.cuts import copy
from tests.crash.rig import Rig
from tests.crash.telling import provision
from tests.playing import sale

SALE = sale(12_850, "unionpay-debit", "123456")
GONE, OTHERS = (text.in_language(Language.ZH) for text in (Text.DATA_GONE, Text.DATA_OTHERS))
TRADES = Text.ENTER_AMOUNT.in_language(Language.ZH)


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return provision(tmp_path_factory.mktemp("provisioned") / "disks")


@pytest.fixture
def data(tmp_path: Path, provisioned: Path) -> Path:
    copy(provisioned, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def rig(data: Path) -> Iterator[Rig]:
    """A terminal that has sold once."""
    rig = Rig(data)
    rig.power_on()
    rig.plays(SALE, data.parent)
    yield rig
    rig.close()


def sees(rig: Rig, text: str) -> None:
    """A key is pressed, and this is what the display then says."""
    rig.plays(("press 1", f'expect screen "{text}"', "wait 5m", f'expect screen "{text}"'), Path())


def held_open(directory: Path) -> list[str]:
    """The files below `directory` that this process has open."""
    found = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [path for path in found if path.startswith(f"{directory}")]


def sold(rig: Rig) -> list[tuple[int, int]]:
    """Voucher number and amount of each transaction."""
    assert rig.terminal is not None
    found = rig.terminal.data.journal.list_transactions(None, 99)
    return sorted((one.stan, one.amount_minor) for one in found)


def comes_back(rig: Rig) -> None:
    """It goes on with its own journal, and sells under the next number."""
    assert rig.terminal is not None
    rig.plays(("wait 5s", f'expect screen "{TRADES}"', "wait 6m", *SALE), Path())
    assert sold(rig) == [(1, 12_850), (2, 12_850)]
    assert unbalanced(rig.terminal.data, rig.keeps_books) == []


def test_a_folder_that_is_moved_away_and_back(rig: Rig, data: Path) -> None:
    data.rename(data.with_name("moved"))
    sees(rig, GONE)
    assert not data.exists()
    assert held_open(data.parent) == []
    data.with_name("moved").rename(data)
    comes_back(rig)


def test_an_empty_folder_in_its_place_stays_empty(rig: Rig, data: Path) -> None:
    data.rename(data.with_name("moved"))
    data.mkdir()
    sees(rig, GONE)
    assert list(data.iterdir()) == []
    data.rmdir()
    data.with_name("moved").rename(data)
    comes_back(rig)


def test_an_earlier_copy_in_its_place_is_refused(rig: Rig, data: Path) -> None:
    shutil.copytree(data, data.with_name("copy"))
    rig.plays(("wait 6m", *SALE), data.parent)
    data.rename(data.with_name("moved"))
    data.with_name("copy").rename(data)
    before = {path.name: path.stat().st_size for path in data.iterdir()}
    sees(rig, OTHERS)
    assert before.keys() - {"journal.db-wal", "journal.db-shm"} <= {
        path.name for path in data.iterdir()
    }
    with reading(data) as journal:
        assert len(journal.list_transactions(None, 99)) == 1
    assert [path for path in held_open(data.parent) if "moved" in path] == []
    shutil.rmtree(data)
    data.with_name("moved").rename(data)
    rig.plays(("wait 5s", f'expect screen "{TRADES}"'), Path())
    assert sold(rig) == [(1, 12_850), (2, 12_850)]


def test_a_full_copy_in_its_place_is_as_good(rig: Rig, data: Path) -> None:
    """As when a disk that wears out is changed for its image."""
    data.rename(data.with_name("moved"))
    shutil.copytree(data.with_name("moved"), data)
    rig.plays(("press CANCEL", "wait 5s"), Path())
    comes_back(rig)


def test_another_terminals_data_in_its_place_is_refused(
    rig: Rig, data: Path, tmp_path: Path
) -> None:
    other = Rig(tmp_path / "other")
    other.close()
    data.rename(data.with_name("moved"))
    (tmp_path / "other").rename(data)
    with reading(data) as journal:
        head = journal.head()
    sees(rig, OTHERS)
    with reading(data) as journal:
        assert journal.head() == head
    data.rename(tmp_path / "other")
    data.with_name("moved").rename(data)
    comes_back(rig)


@pytest.mark.parametrize(
    "name",
    ["journal.db", "journal.lock", "signing.key", "card.key", "pepper.key", "host-books.db"],
)
def test_a_file_that_is_missing_is_never_made_anew(rig: Rig, data: Path, name: str) -> None:
    (data / name).rename(data.parent / name)
    sees(rig, GONE)
    assert not (data / name).exists()
    (data.parent / name).rename(data / name)
    comes_back(rig)


def test_books_that_are_another_hosts_are_refused(rig: Rig, data: Path, tmp_path: Path) -> None:
    Rig(tmp_path / "other").close()
    (data / "host-books.db").rename(tmp_path / "own.db")
    shutil.copy(tmp_path / "other" / "host-books.db", data)
    for log in data.glob("host-books.db-*"):
        log.unlink()
    sees(rig, OTHERS)
    assert unknown_to(data / "host-books.db")


def unknown_to(books: Path) -> bool:
    """No transaction was written into these books."""
    with contextlib.closing(sqlite3.connect(books)) as database:
        return database.execute("SELECT count(*) FROM transactions").fetchone() == (0,)


@pytest.mark.parametrize("fault", [DiskFault.IO, DiskFault.READ_ONLY])
def test_nothing_is_held_open_while_the_disk_fails(rig: Rig, data: Path, fault: DiskFault) -> None:
    assert held_open(data)
    rig.disk.fail(fault)
    rig.plays(("press 100 ENTER", "wait 5m"), data.parent)
    assert rig.terminal is not None
    assert rig.terminal.runner.out_of_service
    assert held_open(data) == []
    rig.disk.fail(None)
    comes_back(rig)


MOUNTED = """
import subprocess, sys
from pathlib import Path
from tests.crash.rig import Rig
from tests.crash.test_data_vanishes import GONE, SALE, comes_back, held_open, sees
from firmware.lab.scenario.disk import DiskFault

disk, mount = Path(sys.argv[1]), Path(sys.argv[2])
def call(*words): subprocess.run(words, check=True)
call("mount", "--make-rprivate", "/")
call("mount", "--bind", disk, mount)
rig = Rig(mount / "data")
rig.power_on()
rig.plays(SALE, disk)
print("tried")
call("umount", "--lazy", mount)
sees(rig, GONE)
assert list(mount.iterdir()) == [], "made anew under the mount"
assert held_open(disk) == [], "still open"
call("mount", "--bind", disk, mount)
comes_back(rig)
rig.disk.fail(DiskFault.READ_ONLY)
rig.plays(("press 100 ENTER", "wait 1m"), disk)
call("umount", mount)  # refused while a file is open
call("mount", "--bind", disk, mount)
rig.disk.fail(None)
rig.plays(("wait 1m", 'expect screen "请输入金额"'), disk)
rig.close()
print("done")
"""


def test_a_mount_that_goes_and_comes_back(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    (tmp_path / "disk").mkdir()
    data.rename(tmp_path / "disk" / "data")
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    script = [sys.executable, "-c", MOUNTED, tmp_path / "disk", tmp_path / "mount"]
    command = ["unshare", "--mount", *script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "tried" not in done.stdout:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout
