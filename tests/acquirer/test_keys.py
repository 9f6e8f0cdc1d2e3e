"""Key files and the keys drawn from them: for their owner alone, one set a terminal and batch."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from firmware.core.kinds import Totals
from firmware.core.masked import SecretKey
from firmware.core.money import CURRENCIES
from firmware.iso8583.keys import KeyFileError, derived_keys, read_or_make_master
from firmware.iso8583.messages import SettlementRequest

SETTLEMENT = SettlementRequest(
    terminal="10000001",
    merchant="104110054110001",
    batch=7,
    stan=45,
    totals=Totals(),
    currency=CURRENCIES["CNY"],
    date="20260314",
    time="235959",
)


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


def test_every_terminal_and_every_batch_has_keys_of_its_own() -> None:
    source = derived_keys(SecretKey(bytes(32)))
    made = [source("10000001", 1), source("10000001", 2), source("10000002", 1)]
    keys = [key.reveal() for one in made for key in (one.mac, one.pin, one.pin_aes)]
    assert len(set(keys)) == 9
    assert {len(key) for key in keys} == {16}
    assert source("10000001", 1) == made[0]
