"""Key files and the keys drawn from them: for their owner alone, one set a terminal and batch."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from firmware.core.kinds import Totals
from firmware.core.masked import Key
from firmware.core.money import CURRENCIES
from firmware.iso8583.client import HostClient
from firmware.iso8583.keys import (
    DerivedKeys,
    KeyFileError,
    SessionKeys,
    SignedOnKeys,
    derived_keys,
    read_or_make_master,
)
from firmware.iso8583.messages import NoAnswer, NoAnswerReason, SettlementRequest
from firmware.iso8583.wire import is_sealed

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
    source = derived_keys(Key(bytes(32)))
    made = [source("10000001", 1), source("10000001", 2), source("10000002", 1)]
    keys = [key.reveal() for one in made for key in (one.mac, one.pin, one.pin_aes)]
    assert len(set(keys)) == 9
    assert {len(key) for key in keys} == {16}
    assert source("10000001", 1) == made[0]


def test_keys_of_a_sign_on_serve_every_batch_until_the_next_one() -> None:
    first, second = (
        SessionKeys(mac=Key(bytes([n]) * 16), pin=Key(b"1" * 16), pin_aes=Key(b"1" * 16))
        for n in (1, 2)
    )
    keys = SignedOnKeys(first)
    assert [keys.of("10000001", batch) for batch in (1, 9)] == [first, first]
    keys.sign_on(second)
    assert keys.of("10000001", 9) == second
    assert "1111" not in repr(second)


def test_the_embedded_acquirers_keys_are_in_use_without_a_sign_on() -> None:
    master = Key(bytes(32))
    assert DerivedKeys(master).of("10000001", 2) == derived_keys(master)("10000001", 2)


class Line:
    """A line that nothing may go out on before the sign-on, and that answers nothing after it."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        del timeout_ms
        self.messages.append(message)
        return None

    def close(self) -> None: ...


def test_without_a_sign_on_nothing_leaves_and_after_it_the_new_keys_protect_it() -> None:
    line, keys, asked = Line(), SignedOnKeys(), SETTLEMENT
    client = HostClient(line, keys)
    answer = client.ask(asked, 1_000)
    assert answer == NoAnswer(
        NoAnswerReason.NO_LINE, "no working keys: the terminal has not signed on"
    )
    assert line.messages == []
    for byte in (b"a", b"b"):
        delivered = SessionKeys(mac=Key(byte * 16), pin=Key(byte * 16), pin_aes=Key(byte * 16))
        keys.sign_on(delivered)
        client.ask(asked, 1_000)
        assert is_sealed(line.messages[-1], delivered.mac)
    assert len(line.messages) == 2
