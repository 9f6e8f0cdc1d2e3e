"""The terminal's keys: made once, kept private, shown by nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.keys import TerminalKeys, write_new


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
