"""Key files, for their owner alone, and the keys of a session."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from firmware.iso8583.keys import KeyFileError, read_or_make_master


def test_a_master_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "host.key"
    made = read_or_make_master(path)
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_make_master(path) == made
    assert [entry.name for entry in tmp_path.iterdir()] == ["host.key"]


def test_a_making_cut_by_power_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "host.key.new").write_bytes(b"half")
    assert len(read_or_make_master(tmp_path / "host.key")) == 32


@pytest.mark.parametrize(("content", "mode"), [(b"short", 0o600), (bytes(32), 0o644)])
def test_a_master_that_cannot_be_trusted_is_named(
    tmp_path: Path, content: bytes, mode: int
) -> None:
    path = tmp_path / "host.key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=r"host\.key: expected"):
        read_or_make_master(path)


def test_the_embedded_host_has_new_keys_each_time_it_is_made(make_till: Any) -> None:
    made = [make_till(books=f"{number}.db").host.session for number in range(3)]
    keys = [key.reveal() for one in made for key in (one.mac, one.pin, one.pin_aes)]
    assert len(set(keys)) == 9
    assert {len(key) for key in keys} == {16}
