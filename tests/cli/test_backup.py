"""`pos backup` and `pos restore`: a disk is lost, and the shop sells on."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.acquirer.books import BOOKS, Books
from firmware.audit.data import reading
from firmware.cli.backup import PATIENCE_S, PAUSE_S, patience
from firmware.core.exits import Refused
from firmware.journal.connection import DATABASE
from firmware.journal.transactions import State
from tests.cli.bench import Bench
from tests.journal.releases import KEPT
from tests.machine import heeding_hangups

ACCOUNTS = """[[account]]
name = "till"
pan = "6228480402564890018"
expiry = "3012"
imk_ac = "00112233445566778899AABBCCDDEEFF"
cvn = 18
"""


@pytest.fixture
def copy(pos, shop, tmp_path):
    """A copy of a shop with one sale."""
    shop.sale()
    path = tmp_path / "copy.tar"
    assert pos("backup", path, "--data", shop.directory).code == 0
    return path


def test_mistakes_in_the_settings_are_said_and_the_copy_is_made(pos, shop, tmp_path):
    shop.sale()
    settings, path = tmp_path / "broken.toml", tmp_path / "copy.tar"
    settings.write_text('[host]\nkind = "telex"\n[shop]\n')
    ended = pos("backup", path, "--config", settings, "--data", shop.directory)
    assert (ended.code, path.exists()) == (0, True)
    lines = ended.err.splitlines()
    assert [line.startswith(f"pos: warning: {settings}: ") for line in lines] == [True, True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_copy_that_a_signal_ends_leaves_nothing_behind(shop, tmp_path, number):
    shop.journal.append(shop.intent())  # not decided: the copy waits for its outcome
    stick = tmp_path / "stick"
    stick.mkdir()
    command = ("-m", "firmware", "backup", stick / "copy.tar", "--data", shop.directory)
    with heeding_hangups():
        copying = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE)
    with copying:
        while not any(stick.iterdir()):
            assert copying.poll() is None
            os.sched_yield()
        with pytest.raises(subprocess.TimeoutExpired):
            copying.wait(1)  # by then it has long begun to wait
        copying.send_signal(number)
        _, said = copying.communicate(timeout=60)
    assert (copying.returncode, said) == (128 + number, b"")
    assert list(stick.iterdir()) == []


def pay(bench, *sale):
    """A sale by card, and its papers."""
    bench.see("请输入金额")
    bench.sell(*sale)
    bench.take_copies()


def test_a_copy_taken_in_the_middle_of_a_sale_is_put_back_and_sells_on(pos, tmp_path):
    old, new, copy = tmp_path / "old", tmp_path / "new", tmp_path / "copy.tar"
    bench = Bench(old)
    taken = []

    def person():
        pay(bench, "1 2 8 5 0", "128.50")
        pay(bench, "7 0 0", "7.00", lambda: taken.append(pos("backup", copy, "--data", old)))

    bench.run(person)
    assert (taken[0].code, taken[0].err) == (0, "")
    with reading(old) as journal:
        last = journal.last_transaction()
        assert (last.stan, last.state) == (2, State.APPROVED)  # it was sold all the same

    ended = pos("restore", copy, "--data", new, "--after", "000001/000002")
    assert (ended.code, ended.err) == (0, "")
    shutil.copy(old / BOOKS, new / BOOKS)  # this host outlived the terminal's disk
    again = Bench(new)
    again.run(lambda: pay(again, "7 0 0", "7.00"))  # what the journal does not know was sold
    with reading(new) as journal:
        found = journal.list_transactions(1, 9)
    assert [(one.stan, one.amount_minor, one.state) for one in found] == [
        (3, 700, State.APPROVED),
        (1, 12_850, State.APPROVED),
    ]
    assert found[0].reference != last.reference
    books = Books(new / BOOKS)
    assert list(books.spent().values()) == [12_850 + 700 + 700]  # each sale moved its money
    books.close()
    assert pos("verify", new).out.splitlines()[-1] == "intact"


def test_it_is_said_what_was_saved_and_how_to_keep_it(pos, shop, tmp_path):
    shop.sale()
    path = tmp_path / "copy.tar"
    ended = pos("backup", path, "--data", shop.directory)
    number, head = shop.journal.head()
    size_kib = path.stat().st_size // 1024
    assert (ended.code, ended.out.splitlines()) == (
        0,
        [
            f"{path}: {number} records, head {head}, {size_kib} KiB",
            "settings: none, for --config names none",
            "it holds the terminal's keys: keep it as you keep cash",
        ],
    )


def test_settings_and_accounts_come_along(pos, shop, tmp_path):
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "terminal.toml").write_text(
        f'[general]\ndata_dir = "{shop.directory}"\n[host]\naccounts = "accounts.toml"\n'
        '[printer]\nkind = "none"\n'
    )
    (etc / "accounts.toml").write_text(ACCOUNTS)
    (etc / "accounts.toml").chmod(0o600)
    copy, new = tmp_path / "copy.tar", tmp_path / "new"
    taken = pos("backup", copy, "--config", etc / "terminal.toml")
    assert f"settings: {etc}/terminal.toml, {etc}/accounts.toml" in taken.out.splitlines()
    ended = pos("restore", copy, "--data", new, "--after", "1/0")
    settings = Path(f"{new}/settings{etc}/terminal.toml")
    assert f"settings: {settings}, which was {etc}/terminal.toml" in ended.out.splitlines()
    assert pos("config", "check", settings).out == f"{settings}: ok\n"


def test_a_mistake_in_the_settings_is_no_reason_to_have_no_copy(pos, shop, tmp_path):
    settings = tmp_path / "terminal.toml"
    settings.write_text("[printer]\nkind = 'fax'\n")
    words = ("--config", settings, "--data", shop.directory)
    ended = pos("backup", tmp_path / "copy.tar", *words)
    warned = f"pos: warning: {settings}: printer.kind: Invalid enum value 'fax'\n"
    assert (ended.code, ended.err) == (0, warned)
    assert f"settings: {settings}" in ended.out.splitlines()
    settings.unlink()
    refusal = pos("backup", tmp_path / "other.tar", *words).refusal(1)
    assert refusal == f"pos: {settings}: No such file or directory"


def test_where_it_ends_is_told_to_whoever_names_no_last_voucher(pos, copy, tmp_path):
    refusal = pos("restore", copy, "--data", tmp_path / "new").refusal(2)
    assert refusal == (
        "pos: the backup ends with voucher 000001/000001, of 2026-03-02T10:00:00.000+08:00: "
        "name the last that was given out, such as --after 000001/000001"
    )
    assert not (tmp_path / "new").exists()


def test_what_is_missing_is_said(pos, copy, tmp_path):
    said = pos("restore", copy, "--data", tmp_path / "new", "--after", "1/9").done()
    assert "the last of 2026-03-02T10:00:00.000+08:00" in said
    assert "what came after is not in it: the next settlement shows the host's totals" in said
    with reading(tmp_path / "new") as journal:
        assert journal.next_stan() == 10


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone leaves what the service cannot read")
def test_root_is_told_to_give_it_to_the_service(pos, copy, tmp_path):
    new = tmp_path / "new"
    command = f"`chown -R pos: {new}`"
    assert command in pos("restore", copy, "--data", new, "--after", "1/1").out
    given = tmp_path / "given"
    given.mkdir()
    os.chown(given, 4711, 4711)
    assert "chown" not in pos("restore", copy, "--data", given, "--after", "1/1").out
    assert (given / DATABASE).stat().st_uid == 4711


def test_the_owner_checks_a_copy_without_restoring_it(pos, shop, copy, tmp_path):
    key = tmp_path / "terminal.pem"
    pos("journal", "key", "--data", shop.directory, "-o", key)
    ended = pos("verify", copy, "--key", key)
    assert (ended.code, ended.out.splitlines()[0], ended.out.splitlines()[-1]) == (
        0,
        f"journal {copy}",
        "intact",
    )
    raw = bytearray(copy.read_bytes())
    raw[raw.index(b'"amount_minor":12850') + 15] ^= 1
    copy.write_bytes(raw)
    assert pos("verify", copy, "--key", key).refusal(1) == f"pos: {copy}: {DATABASE} is damaged"


def cut(copy):
    os.truncate(copy, 5000)


def make_foreign(copy):
    copy.write_bytes(b"a letter\n" * 2000)


@pytest.mark.parametrize(
    ("harm", "code", "words"),
    [
        (cut, 1, "it is damaged, or no archive: unexpected end of data"),
        (make_foreign, 1, "it is damaged, or no archive: invalid header"),
        (os.unlink, 2, "there is no backup here"),
    ],
)
def test_a_copy_that_is_none_is_refused_in_one_line(  # noqa: PLR0917 - fixtures
    pos, copy, tmp_path, harm, code, words
):
    harm(copy)
    refusal = pos("restore", copy, "--data", tmp_path / "new", "--after", "1/1").refusal(code)
    assert refusal == f"pos: {copy}: {words}"
    assert not (tmp_path / "new").exists()


def test_nothing_is_replaced(pos, shop, copy):
    refusal = pos("restore", copy, "--data", shop.directory, "--after", "1/1").refusal(1)
    assert refusal == f"pos: {shop.directory} is not empty, and nothing is replaced"
    refusal = pos("backup", copy, "--data", shop.directory).refusal(1)
    assert refusal == f"pos: {copy}: it exists, and nothing is replaced"


def test_a_last_voucher_before_the_copys_is_refused(pos, shop, tmp_path):
    shop.sale()
    shop.sale()
    copy = tmp_path / "copy.tar"
    pos("backup", copy, "--data", shop.directory)
    refusal = pos("restore", copy, "--data", tmp_path / "new", "--after", "1/1").refusal(1)
    words = "voucher 000001 of batch 000001 is before the copy's last, which is 000001/000002"
    assert refusal == f"pos: --after: {words}"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("text", ["12", "1/1000000", "1/2/3", "a/b", "１/２", ""])
def test_a_last_voucher_that_is_none_is_refused(pos, text):
    refusal = pos("restore", "copy.tar", "--after", text).refusal(2)
    assert refusal.startswith("pos restore: argument --after: ")


def test_without_a_journal_there_is_nothing_to_copy(pos, tmp_path):
    refusal = pos("backup", tmp_path / "copy.tar", "--data", tmp_path).refusal(2)
    assert refusal == f"pos: {tmp_path}: there is no journal here"


def test_a_journal_of_an_earlier_release_is_copied_after_a_start(pos, tmp_path):
    shutil.copy(KEPT / "1-0.1.0" / DATABASE, tmp_path / DATABASE)
    refusal = pos("backup", tmp_path / "copy.tar", "--data", tmp_path).refusal(1)
    assert refusal.endswith("start the terminal once to bring it up to date")


def test_a_stick_that_is_not_there_is_said(pos, shop, tmp_path):
    refusal = pos("backup", tmp_path / "stick" / "copy.tar", "--data", shop.directory).refusal(1)
    assert refusal.endswith("No such file or directory")


def test_a_transaction_that_is_never_decided_is_not_waited_for_for_ever():
    slept = []
    pause = patience(slept.append)
    for _ in range(round(PATIENCE_S / PAUSE_S)):
        pause()
    with pytest.raises(Refused, match="a transaction is not decided"):
        pause()
    assert sum(slept) == pytest.approx(PATIENCE_S)
    assert set(slept) == {PAUSE_S}


def test_an_unpacked_copy_is_read_as_any_data(pos, copy, tmp_path):
    (tmp_path / "laptop").mkdir()
    subprocess.run(["tar", "-xf", copy, "-C", tmp_path / "laptop"], check=True)
    ended = pos("journal", "list", "--data", tmp_path / "laptop")
    assert "1 transactions; approved in CNY: sales 1/128.50" in ended.out
