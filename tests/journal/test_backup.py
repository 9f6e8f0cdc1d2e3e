"""Copies taken while the terminal trades, and put back onto a new disk."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from firmware.journal.backup import back_up, put_back
from firmware.journal.connection import DATABASE
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.keys import KEY_FILES, TerminalKeys
from tests.journal.story import Shop


@pytest.fixture
def trading(tmp_path: Path) -> Shop:
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    shop.sale(700)
    return shop


def test_a_copy_is_taken_while_the_terminal_trades(trading: Shop, tmp_path: Path) -> None:
    report = back_up(trading.directory, tmp_path / "copy.tar")
    assert report.journal.head_hash == trading.journal.head()[1]
    trading.sale(800)  # the terminal goes on
    assert (tmp_path / "copy.tar").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.tar", "data"]
    trading.journal.close()


def test_a_copy_that_was_put_back_trades_on(trading: Shop, tmp_path: Path) -> None:
    back_up(trading.directory, tmp_path / "copy.tar")
    head = trading.journal.head()
    trading.journal.close()
    put_back(tmp_path / "copy.tar", tmp_path / "new")
    keys = TerminalKeys.load_or_create(tmp_path / "new")
    again = Shop.open(tmp_path / "new", keys=keys)
    assert again.journal.head() == head
    assert again.sale().stan == 2
    again.journal.close()


def test_nothing_is_ever_replaced(trading: Shop, tmp_path: Path) -> None:
    back_up(trading.directory, tmp_path / "copy.tar")
    with pytest.raises(JournalFault, match="exists"):
        back_up(trading.directory, tmp_path / "copy.tar")
    with pytest.raises(JournalFault, match="nothing is replaced"):
        put_back(tmp_path / "copy.tar", trading.directory)
    trading.journal.close()


def test_a_damaged_copy_is_not_put_back(trading: Shop, tmp_path: Path) -> None:
    back_up(trading.directory, tmp_path / "copy.tar")
    raw = bytearray((tmp_path / "copy.tar").read_bytes())
    at = raw.index(b'"amount_minor":700')
    raw[at + 15] ^= 1
    (tmp_path / "copy.tar").write_bytes(raw)
    with pytest.raises(JournalFault, match="does not verify"):
        put_back(tmp_path / "copy.tar", tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    trading.journal.close()


def test_what_is_no_copy_is_refused(trading: Shop, tmp_path: Path) -> None:
    (tmp_path / "copy.tar").write_bytes(b"no tar")
    with pytest.raises(JournalFault) as caught:
        put_back(tmp_path / "copy.tar", tmp_path / "new")
    assert caught.value.trouble is Trouble.CORRUPT
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        for name in (DATABASE, *KEY_FILES[:-1], "../escaped.key"):
            tar.add(trading.directory / DATABASE, arcname=name)
    with pytest.raises(JournalFault, match="is no copy of a journal"):
        put_back(tmp_path / "other.tar", tmp_path / "new")
    assert not (tmp_path / "escaped.key").exists()
    trading.journal.close()


def test_a_terminal_without_keys_is_not_copied(trading: Shop, tmp_path: Path) -> None:
    (trading.directory / "card.key").unlink()
    with pytest.raises(JournalFault) as caught:
        back_up(trading.directory, tmp_path / "copy.tar")
    assert caught.value.trouble is Trouble.KEYS
    assert not (tmp_path / "copy.tar").exists()
    trading.journal.close()
