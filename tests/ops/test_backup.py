"""Copies taken while the terminal trades, and put back onto a new disk."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.acquirer.books import BOOKS, Books
from firmware.core.kinds import Copy
from firmware.iso8583.keys import MASTER, read_or_make_master
from firmware.journal.connection import DATABASE, LOCK
from firmware.journal.faults import JournalFault, RuleBroken, Trouble
from firmware.journal.keys import TerminalKeys
from firmware.journal.paper_records import PrintQueued
from firmware.journal.verify import verify_journal
from firmware.ops.archive import Manifest, pack
from firmware.ops.backup import back_up, put_back, unpacked
from tests.journal.story import Clock, Shop, outcome_of


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    shop.sale(700)
    yield shop
    shop.journal.close()


@pytest.fixture
def to(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick" / "copy.tar"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return tmp_path / "new"


def nothing_under_way() -> None:
    raise AssertionError("nobody has to wait")


def copied(shop: Shop, to: Path, *settings: Path) -> Manifest:
    return back_up(shop.directory, to, settings, shop.clock, nothing_under_way)


def restored(to: Path, new: Path, last: tuple[int, int] = (1, 1)) -> Shop:
    clock = Clock()
    put_back(to, new, last, clock)
    return Shop.open(new, clock=clock, keys=TerminalKeys.load(new))


# -- taking ------------------------------------------------------------------------------------


def test_a_copy_says_what_it_holds(shop: Shop, to: Path) -> None:
    about = copied(shop, to)
    assert (about.records, about.head_hash) == shop.journal.head()
    assert (about.terminal, about.batch, about.stan) == ("10000001", 1, 1)
    assert to.stat().st_mode & 0o777 == 0o600
    assert list(to.parent.iterdir()) == [to]
    shop.sale(800)  # the terminal goes on


def test_every_copy_of_a_terminal_that_trades_is_of_one_moment(tmp_path: Path, to: Path) -> None:
    """The host books a sale between its intent and its outcome; a copy has all three or none."""
    directory = tmp_path / "busy"
    keys = TerminalKeys.load_or_create(directory)
    enough, begun = threading.Event(), threading.Event()

    def trade() -> None:
        shop, books = Shop.open(directory, keys=keys), Books(directory / BOOKS)
        while not enough.is_set():
            intent = shop.intent()
            shop.journal.append(intent)
            with books.commit():
                books.next_number()
            shop.journal.append(outcome_of(intent))
            begun.set()
        books.close()
        shop.journal.close()

    trader = threading.Thread(target=trade)
    trader.start()
    try:
        assert begun.wait(20)
        for number in range(5):
            copy = to.with_name(f"{number}.tar")
            about = back_up(directory, copy, (), Clock(), lambda: None)
            with unpacked(copy) as (_, folder):
                report = verify_journal(folder, keys.public_key)
                books = Books(folder / BOOKS)
                assert books.next_number() == about.stan + 1
                books.close()
            assert report.intact
            assert report.records == about.records
    finally:
        enough.set()
        trader.join()
    assert verify_journal(directory, keys.public_key).intact


def test_a_transaction_under_way_is_waited_for(shop: Shop, to: Path) -> None:
    """Put back, it would be reversed, though its sale stands."""
    intent = shop.intent()
    shop.journal.append(intent)
    waits = []

    def pause() -> None:
        waits.append(shop.journal.head())
        shop.journal.append(outcome_of(intent))

    about = back_up(shop.directory, to, (), shop.clock, pause)
    assert len(waits) == 1
    assert (about.records, about.head_hash) == shop.journal.head()


def test_patience_with_a_transaction_may_end(shop: Shop, to: Path) -> None:
    shop.journal.append(shop.intent())

    def pause() -> None:
        raise TimeoutError

    with pytest.raises(JournalFault):
        back_up(shop.directory, to, (), shop.clock, pause)
    assert list(to.parent.iterdir()) == []


def test_no_copy_is_replaced(shop: Shop, to: Path) -> None:
    to.write_bytes(b"last year's")
    with pytest.raises(JournalFault, match="nothing is replaced"):
        copied(shop, to)
    assert to.read_bytes() == b"last year's"


def test_a_disk_that_fills_keeps_no_half_copy(shop: Shop, to: Path) -> None:
    class Stick(io.BytesIO):
        def write(self, block: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(JournalFault, match=f"{to.name}: No space left on device") as caught:
        back_up(shop.directory, to, (), shop.clock, nothing_under_way, create=lambda _path: Stick())
    assert caught.value.trouble is Trouble.FULL
    assert list(to.parent.iterdir()) == []
    copied(shop, to)  # on another day


def test_a_terminal_without_its_keys_is_not_copied(shop: Shop, to: Path) -> None:
    (shop.directory / "card.key").unlink()
    with pytest.raises(JournalFault) as caught:
        copied(shop, to)
    assert caught.value.trouble is Trouble.KEYS
    assert list(to.parent.iterdir()) == []


def test_a_copy_holds_nothing_of_what_was_deleted(shop: Shop, to: Path) -> None:
    """A card of an offline sale lies sealed in the database until the host has it."""
    card = b"a sealed card" * 40

    def append(sql: str, *values: bytes) -> None:
        job = PrintQueued(job=shop.journal.next_job(), copy=Copy.MERCHANT, batch=1, stan=1)

        def also(db: sqlite3.Connection) -> None:
            db.execute("PRAGMA secure_delete = OFF")
            db.execute(sql, values)

        shop.journal.append(job, also=also)

    append("INSERT INTO sealed VALUES (1, 1, ?)", card)
    append("DELETE FROM sealed")
    shop.reopen()  # writes it all into the database
    assert card in (shop.directory / DATABASE).read_bytes()
    copied(shop, to)
    assert card not in to.read_bytes()


# -- putting back ------------------------------------------------------------------------------


def test_a_copy_that_was_put_back_trades_on(shop: Shop, to: Path, new: Path) -> None:
    head, _ = shop.journal.head()
    copied(shop, to)
    shop.sale(800)
    shop.sale(900)
    again = restored(to, new, (1, 3))
    assert again.journal.head()[0] == head + 1
    assert again.journal.by_voucher(2) is None
    assert again.sale().stan == 4
    again.void(again.find(shop.find(shop.intent(stan=1))))
    again.journal.close()
    assert verify_journal(new, again.journal.keys.public_key).intact
    assert {path.stat().st_mode & 0o777 for path in new.iterdir()} == {0o600}
    assert new.stat().st_mode & 0o777 == 0o700


def test_a_terminal_that_never_sold_begins_where_it_was(
    tmp_path: Path, to: Path, new: Path
) -> None:
    fresh = Shop.open(tmp_path / "fresh", keys=TerminalKeys.load_or_create(tmp_path / "fresh"))
    about = copied(fresh, to)
    fresh.journal.close()
    assert (about.terminal, about.batch, about.stan) == ("", 1, 0)
    again = restored(to, new, (1, 0))
    assert again.sale().stan == 1
    again.journal.close()


def test_a_voucher_that_cannot_be_the_last_is_refused(shop: Shop, to: Path, new: Path) -> None:
    copied(shop, to)
    with pytest.raises(RuleBroken, match="before the copy's last"):
        put_back(to, new, (1, 0), Clock())
    assert not new.exists()


def test_the_embedded_hosts_books_come_along_and_repeat_no_reference(
    shop: Shop, to: Path, new: Path
) -> None:
    master = read_or_make_master(shop.directory / MASTER)
    books = Books(shop.directory / BOOKS)
    with books.commit():
        given = books.next_number()
    copied(shop, to)
    with books.commit():
        since = books.next_number()
    books.close()
    restored(to, new).journal.close()
    assert read_or_make_master(new / MASTER) == master
    again = Books(new / BOOKS)
    assert again.next_number() > since > given
    again.close()


def test_settings_lie_by_their_full_path(shop: Shop, to: Path, new: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "cards.toml").write_text("# none\n")
    settings = tmp_path / "etc" / "terminal.toml"
    settings.write_text('[host]\naccounts = "../cards.toml"\n')
    copied(shop, to, settings, settings.parent / "../cards.toml")
    restored(to, new).journal.close()
    again = Path(f"{new}/settings{settings}")
    assert again.read_text() == settings.read_text()
    assert (again.parent / "../cards.toml").read_text() == "# none\n"
    assert (again.parent / "../cards.toml").stat().st_mode & 0o777 == 0o600


def test_a_named_file_that_is_a_pipe_is_not_waited_for(
    shop: Shop, to: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "accounts.toml")
    with pytest.raises(JournalFault, match="is not a regular file"):
        copied(shop, to, tmp_path / "accounts.toml")
    assert not to.exists()


def test_an_empty_directory_is_taken_and_its_owner_kept(shop: Shop, to: Path, new: Path) -> None:
    copied(shop, to)
    (new / "lost+found").mkdir(parents=True)
    owner = (4711, 4712) if os.geteuid() == 0 else (os.getuid(), os.getgid())
    os.chown(new, *owner)
    restored(to, new).journal.close()
    found = (new, new / DATABASE, new / "signing.key", new / LOCK)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in found} == {owner}
    assert not any(path.name.startswith(".pos-") for path in new.iterdir())


@pytest.mark.parametrize("calls", range(1, 5))  # the lock, and three keys
def test_on_what_a_power_cut_leaves_of_a_copy_no_terminal_begins(
    calls: int, shop: Shop, to: Path, new: Path
) -> None:
    copied(shop, to)
    new.mkdir()
    names: list[str] = []

    def rename(path: Path, target: Path) -> None:
        if len(names) == calls:
            raise KeyboardInterrupt
        names.append(path.name)
        path.rename(target)

    with pytest.raises(KeyboardInterrupt):
        put_back(to, new, (1, 1), shop.clock, rename=rename)
    with pytest.raises(JournalFault) as caught:
        Shop.open(new, keys=TerminalKeys.load_or_create(new))
    assert caught.value.trouble is Trouble.LOST


def test_what_is_there_is_never_replaced(shop: Shop, to: Path) -> None:
    copied(shop, to)
    before = shop.journal.head()
    with pytest.raises(JournalFault, match="is not empty, and nothing is replaced"):
        put_back(to, shop.directory, (1, 1), Clock())
    shop.reopen()
    assert shop.journal.head() == before


def test_a_file_in_the_directorys_place_is_refused(shop: Shop, to: Path, new: Path) -> None:
    copied(shop, to)
    new.write_bytes(b"mine")
    with pytest.raises(JournalFault, match="Not a directory"):
        put_back(to, new, (1, 1), Clock())
    assert new.read_bytes() == b"mine"


def forged(to: Path, folder: Path, about: Manifest) -> None:
    """Pack a folder as a copy whose hashes are right, whatever is in it."""
    members = {path.name: path for path in folder.iterdir() if path.name != LOCK}
    with to.open("wb") as file:
        pack(file, members, about)


def test_a_copy_whose_journal_was_forged_is_not_put_back(
    shop: Shop, to: Path, new: Path, tmp_path: Path
) -> None:
    about = copied(shop, to)
    with unpacked(to) as (_, folder):
        shutil.copytree(folder, tmp_path / "forged")
    raw = (tmp_path / "forged" / DATABASE).read_bytes()
    changed = raw.replace(b'"amount_minor":700', b'"amount_minor":100', 1)
    assert changed != raw
    (tmp_path / "forged" / DATABASE).write_bytes(changed)
    forged(to, tmp_path / "forged", about)
    with pytest.raises(JournalFault, match="does not verify"):
        put_back(to, new, (1, 1), Clock())
    assert not new.exists()


def test_a_journal_that_is_not_the_one_the_copy_tells_of_is_not_put_back(
    shop: Shop, to: Path, new: Path, tmp_path: Path
) -> None:
    early = copied(shop, to)
    shop.sale(800)
    copied(shop, to.with_name("late.tar"))
    with unpacked(to.with_name("late.tar")) as (_, folder):
        forged(to.with_name("mixed.tar"), folder, early)
    with pytest.raises(JournalFault, match="does not end where the copy says"):
        put_back(to.with_name("mixed.tar"), new, (1, 2), Clock())
    assert not new.exists()


@pytest.mark.parametrize("change", ["without pepper.key", "with evil.sh", "with journal.db-wal"])
def test_what_is_no_terminals_data_is_refused(
    change: str, shop: Shop, to: Path, new: Path, tmp_path: Path
) -> None:
    about = copied(shop, to)
    with unpacked(to) as (_, folder):
        shutil.copytree(folder, tmp_path / "forged")
    verb, name = change.split()
    path = tmp_path / "forged" / name
    if verb == "without":
        path.unlink()
    else:
        path.write_bytes(b"x")
    forged(to, tmp_path / "forged", about)
    with pytest.raises(JournalFault, match="it is not what a terminal's data are"):
        put_back(to, new, (1, 1), Clock())
    assert not new.exists()


def test_what_fails_beside_an_unpacked_copy_is_not_the_copys_fault(shop: Shop, to: Path) -> None:
    copied(shop, to)
    with pytest.raises(BrokenPipeError), unpacked(to):
        raise BrokenPipeError  # whoever reads what is printed has seen enough


def test_nothing_is_left_of_a_copy_that_is_cut(shop: Shop, to: Path, new: Path) -> None:
    copied(shop, to)
    os.truncate(to, to.stat().st_size // 2)
    with pytest.raises(JournalFault) as caught:
        put_back(to, new, (1, 1), Clock())
    assert caught.value.trouble is Trouble.CORRUPT
    assert sorted(path.name for path in new.parent.iterdir()) == ["data", "stick"]
    assert tarfile.is_tarfile(to)
