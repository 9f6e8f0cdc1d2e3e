"""The terminal's keys: made once, kept private, shown by nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.keys import KEY_FILES, TerminalKeys, keep_card_key_at, write_new


def test_keys_are_made_once_and_then_read(tmp_path: Path) -> None:
    made = TerminalKeys.load_or_create(tmp_path / "keys")
    assert TerminalKeys.load_or_create(tmp_path / "keys") == made
    assert TerminalKeys.load_or_create(tmp_path / "other") != made
    assert len({made.signing, made.card, made.pepper}) == 3


def test_only_the_owner_reads_key_files_and_nothing_else_is_left(tmp_path: Path) -> None:
    TerminalKeys.load_or_create(tmp_path / "keys")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert modes == {"signing.key": 0o600, "card.key": 0o600, "pepper.key": 0o600}


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    TerminalKeys.load_or_create(tmp_path)
    (tmp_path / "card.key").chmod(0o640)
    with pytest.raises(JournalFault, match=r"card\.key has mode 640; expected 600") as caught:
        TerminalKeys.load_or_create(tmp_path)
    assert caught.value.trouble is Trouble.KEYS


def test_a_key_of_the_wrong_length_is_refused_not_replaced(tmp_path: Path) -> None:
    write_new(tmp_path / "pepper.key", b"short")
    with pytest.raises(JournalFault, match="holds 5 bytes; expected 32"):
        TerminalKeys.load_or_create(tmp_path)
    assert (tmp_path / "pepper.key").read_bytes() == b"short"


def test_a_place_that_cannot_be_written_is_a_fault_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalFault, match="file"):
        TerminalKeys.load_or_create(tmp_path / "file")


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    write_new(tmp_path / "a.key", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a.key", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]
    assert (tmp_path / "a.key").read_bytes() == b"first"


def test_no_key_is_in_a_repr(tmp_path: Path) -> None:
    keys = TerminalKeys.load_or_create(tmp_path)
    for key in (keys.signing, keys.card, keys.pepper):
        assert repr(key.reveal()) not in repr(keys)
        assert key.reveal().hex() not in repr(keys)
    assert "***" in repr(keys)


def test_the_public_key_checks_signatures() -> None:
    keys = TerminalKeys.generate()
    public = keys.public_key
    public.verify(keys.sign(b"message"), b"message")
    assert public.public_bytes_raw().hex() == keys.public_hex


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o701])
def test_a_data_directory_that_is_open_to_others_is_closed(tmp_path, mode):
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    directory.chmod(mode)
    TerminalKeys.load_or_create(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_data_directory_of_another_user_is_refused(tmp_path, monkeypatch):
    directory = tmp_path / "data"
    directory.mkdir()
    directory.chmod(0o755)

    def not_mine(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", not_mine)
    with pytest.raises(JournalFault, match="has mode 755 and is another user's; expected 700"):
        TerminalKeys.load_or_create(directory)


def test_the_card_key_may_lie_on_another_medium(tmp_path):
    data, stick = tmp_path / "data", tmp_path / "stick"
    made = TerminalKeys.load_or_create(data)
    stick.mkdir()
    (data / "card.key").rename(stick / "card.key")
    (data / "card.key").symlink_to(stick / "card.key")
    assert TerminalKeys.load_or_create(data) == made
    (stick / "card.key").chmod(0o644)
    with pytest.raises(JournalFault, match="expected 600"):
        TerminalKeys.load_or_create(data)


def test_a_card_key_whose_medium_is_gone_is_not_made_anew(tmp_path):
    data = tmp_path / "data"
    TerminalKeys.load_or_create(data)
    (data / "card.key").unlink()
    (data / "card.key").symlink_to(tmp_path / "gone" / "card.key")
    with pytest.raises(JournalFault, match=r"card.key: leads to .*gone/card.key, which is not"):
        TerminalKeys.load_or_create(data)
    assert not (tmp_path / "gone").exists()


def test_a_card_key_that_is_a_pipe_is_not_waited_for(tmp_path):
    TerminalKeys.load_or_create(tmp_path)
    (tmp_path / "card.key").unlink()
    os.mkfifo(tmp_path / "card.key", 0o600)
    with pytest.raises(JournalFault, match="holds 0 bytes"):
        TerminalKeys.load(tmp_path)


@pytest.fixture
def stick(tmp_path):
    """Another medium: where it holds, or is to hold, the card key."""
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick" / "card.key"


def medium_of(folder: Path) -> int:
    """As if the stick were a file system of its own."""
    return 1 + (folder.name == "stick")


def test_no_card_key_is_made_in_the_empty_place_of_a_stick(tmp_path, stick):
    with pytest.raises(JournalFault, match="stick is on the disk of the data; is it mounted"):
        keep_card_key_at(stick, tmp_path / "data")
    assert not stick.exists()
    assert not (tmp_path / "data" / "card.key").exists()


def test_a_new_terminals_card_key_is_made_where_the_setting_says(tmp_path, stick):
    data = tmp_path / "data"
    keep_card_key_at(stick, data, medium_of)
    made = TerminalKeys.load_or_create(data)
    assert (data / "card.key").readlink() == stick
    assert stick.read_bytes() == made.card.reveal()
    assert stick.stat().st_mode & 0o777 == 0o600
    keep_card_key_at(stick, data)
    assert TerminalKeys.load_or_create(data) == made


def test_a_card_key_is_never_moved_and_the_way_is_told(tmp_path, stick):
    data = tmp_path / "data"
    made = TerminalKeys.load_or_create(data)
    with pytest.raises(JournalFault, match=f"card.key is still here; move it to {stick}"):
        keep_card_key_at(stick, data)
    assert not stick.exists()
    (data / "card.key").rename(stick)
    keep_card_key_at(stick, data)
    assert TerminalKeys.load(data) == made


def test_a_copy_that_restore_put_back_gives_way_to_the_link(tmp_path, stick):
    data = tmp_path / "data"
    made = TerminalKeys.load_or_create(data)
    write_new(stick, made.card.reveal())
    keep_card_key_at(stick, data)
    assert (data / "card.key").is_symlink()
    assert TerminalKeys.load(data) == made
    assert sorted(path.name for path in data.iterdir()) == sorted(KEY_FILES)


def test_two_card_keys_are_left_as_they_are(tmp_path, stick):
    data = tmp_path / "data"
    made = TerminalKeys.load_or_create(data)
    write_new(stick, b"\x01" * 32)
    with pytest.raises(JournalFault, match="two different keys"):
        keep_card_key_at(stick, data)
    assert TerminalKeys.load(data) == made
    assert stick.read_bytes() == b"\x01" * 32


def test_a_link_to_another_key_is_named(tmp_path, stick):
    data, other = tmp_path / "data", stick.with_name("other.key")
    keep_card_key_at(other, data, medium_of)
    write_new(stick, b"\x01" * 32)
    with pytest.raises(JournalFault, match=rf"keys.card is {stick}, but .* leads to {other}"):
        keep_card_key_at(stick, data)


def test_without_its_medium_no_card_key_is_made(tmp_path):
    data, stick = tmp_path / "data", tmp_path / "no-stick" / "card.key"
    with pytest.raises(JournalFault, match="no-stick is not there"):
        keep_card_key_at(stick, data)
    assert not data.exists()


def test_a_medium_that_cannot_be_written_is_named(tmp_path, stick, monkeypatch):
    """It was "None: No space left": the system tells of a full disk without the file's name."""
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(JournalFault, match=f"keys.card: {stick}: No space left"):
        keep_card_key_at(stick, tmp_path / "data", medium_of)
    assert list(stick.parent.iterdir()) == []


@pytest.mark.parametrize("made", ["all", "next"])
def test_a_full_disk_under_the_data_is_named_with_the_key(tmp_path, monkeypatch, made):
    keys = TerminalKeys.load_or_create(tmp_path / "keys") if made == "next" else None
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(JournalFault, match=rf"{tmp_path}/keys/signing\S*\.key: No space left"):
        keys.followed() if keys else TerminalKeys.load_or_create(tmp_path / "keys")


def full_disk(_file):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
