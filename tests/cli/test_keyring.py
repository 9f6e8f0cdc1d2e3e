"""`pos journal new-key` and `key --all`: a new key signs, and the old one's papers stay genuine."""

import os
import re

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from firmware.audit.keyring import read_keys
from firmware.journal.keys import TerminalKeys
from firmware.journal.signed_record import signed_record
from tests.journal.story import Shop


@pytest.fixture
def closed(tmp_path):
    """A shop whose terminal is off, with a sale in its journal; gives its directory and the QR."""
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    qr = signed_record(shop.sale(), shop.journal.keys)
    shop.journal.close()
    return directory, qr


@pytest.fixture
def rotated(pos, closed):
    """The same after `new-key` and another sale: its directory, and the QRs of both."""
    directory, before = closed
    assert pos("journal", "new-key", "--data", directory).code == 0
    return directory, before, sold(directory)


def sold(directory):
    shop = Shop.open(directory, keys=TerminalKeys.load(directory))
    qr = signed_record(shop.sale(), shop.journal.keys)
    shop.journal.close()
    return qr


def key_file(pos, directory, *options):
    path = directory.parent / "keys.pem"
    assert pos("journal", "key", *options, "--data", directory, "-o", path).code == 0
    return path


def test_both_vouchers_are_genuine_by_a_file_of_all_keys(pos, rotated):
    directory, *papers = rotated
    keys = key_file(pos, directory, "--all")
    for qr in papers:
        ended = pos("verify", "--qr", qr, "--key", keys)
        assert (ended.code, ended.out.splitlines()[-1]) == (0, "genuine")
    assert pos("verify", directory, "--key", keys).code == 0


def test_both_vouchers_are_genuine_by_the_journal_with_or_without_the_latest_key(pos, rotated):
    directory, *papers = rotated
    latest = key_file(pos, directory)
    for qr in papers:
        for key in ((), ("--key", latest)):
            ended = pos("verify", directory, "--qr", qr, *key)
            lines = ended.out.splitlines()
            assert (ended.code, lines[-1]) == (0, "genuine")
            assert "intact" in lines


def test_a_single_key_knows_the_papers_that_it_signed_alone(pos, rotated):
    directory, before, after = rotated
    latest = key_file(pos, directory)
    assert pos("verify", "--qr", after, "--key", latest).code == 0
    assert pos("verify", "--qr", before, "--key", latest).code == 1


def test_a_key_that_was_replaced_signs_nothing_any_more(pos, closed):
    directory, _ = closed
    stolen = TerminalKeys.load(directory)
    assert pos("journal", "new-key", "--data", directory).code == 0
    shop = Shop.open(directory, keys=TerminalKeys.load(directory))
    forged = signed_record(shop.sale(99_900), stolen)
    shop.journal.close()
    for told in (("--key", key_file(pos, directory, "--all")), (directory,)):
        ended = pos("verify", *told, "--qr", forged)
        assert ended.code == 1
        assert "it is not signed by this terminal" in ended.out


def test_all_keys_are_given_out_with_the_record_from_which_each_is_valid(pos, rotated):
    directory, *_ = rotated
    out = pos("journal", "key", "--all", "--data", directory).out
    assert re.findall(r"^valid from record (\d+)$", out, re.MULTILINE) == ["1", "5"]
    keys = read_keys(key_file(pos, directory, "--all"))
    assert [record for record, _ in keys] == [1, 5]
    assert TerminalKeys.load(directory).public_key == keys[-1][1]
    assert load_pem_public_key(out.encode()) == keys[0][1]  # any reader of PEM takes the first


def test_keys_put_into_one_file_by_hand_are_all_believed(pos, rotated, tmp_path):
    directory, *papers = rotated
    by_hand = tmp_path / "by-hand.pem"
    said = pos("journal", "key", "--all", "--data", directory).out
    by_hand.write_text(re.sub(r"^valid.*\n", "", said, flags=re.MULTILINE))
    for qr in papers:
        assert pos("verify", "--qr", qr, "--key", by_hand).code == 0


def test_a_journal_put_back_to_before_a_change_of_keys_is_told(pos, closed):
    directory, _ = closed
    before = (directory / "journal.db").read_bytes()
    assert pos("journal", "new-key", "--data", directory).code == 0
    keys = key_file(pos, directory, "--all")
    (directory / "journal.db").write_bytes(before)
    ended = pos("verify", directory, "--key", keys)
    assert ended.code == 1
    assert "no record introduces the key" in ended.out


def test_no_key_is_changed_while_the_terminal_runs(pos, shop):
    refusal = pos("journal", "new-key", "--data", shop.directory).refusal(1)
    words = f"pos: {shop.directory}: the terminal runs on this data: stop it first"
    assert refusal == words
    assert len(shop.journal.public_keys()) == 1


def test_no_journal_is_begun_to_change_its_key(pos, tmp_path):
    refusal = pos("journal", "new-key", "--data", tmp_path).refusal(2)
    assert refusal == f"pos: {tmp_path}: there is no journal here"
    assert not list(tmp_path.iterdir())


def test_a_key_that_its_terminal_could_not_read_is_not_made(pos, closed, monkeypatch):
    directory, _ = closed
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    refusal = pos("journal", "new-key", "--data", directory).refusal(1)
    assert "a new key would be yours: as its owner, `sudo -u" in refusal
    assert pos("verify", directory).out.count("key 1") == 1
    assert "key 2" not in pos("verify", directory).out


def test_without_its_keys_a_journal_gets_no_new_one(pos, closed):
    directory, _ = closed
    (directory / "signing.key").unlink()
    assert "signing.key" in pos("journal", "new-key", "--data", directory).refusal(1)
    assert not (directory / "signing.key").exists()
