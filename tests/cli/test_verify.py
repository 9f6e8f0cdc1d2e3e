"""`pos verify`: a journal and a QR are what the terminal wrote, or it is said what is not."""

import io
import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.audit.data import reading
from firmware.audit.keyring import pem_of, read_keys
from firmware.journal.connection import DATABASE
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import SettlementCompleted
from firmware.journal.signed_record import signed_record
from firmware.lab.scenario.language import read
from firmware.lab.scenario.player import Player
from tests.journal.tamper import copy_of, cut_tail, forge_sql

SCENARIOS = Path(__file__).parents[1] / "scenarios"


@pytest.fixture
def key(pos, shop, tmp_path):
    """The terminal's public key in a file, as `pos journal key` gives it."""
    path = tmp_path / "terminal.pem"
    assert pos("journal", "key", "--data", shop.directory, "-o", path).code == 0
    return path


@pytest.fixture
def other_key(tmp_path):
    path = tmp_path / "other.pem"
    path.write_text(pem_of(TerminalKeys.generate().public_key))
    return path


def test_a_journal_is_intact_while_the_terminal_runs(pos, shop, key):
    shop.agree()
    shop.sale()
    ended = pos("verify", shop.directory, "--key", key)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err, lines[-1]) == (0, "", "intact")
    record, head = shop.journal.head()
    assert f"records {record}, head {head}" in lines


def test_without_a_key_it_is_said_that_nobody_knows_whose_journal_it_is(pos, shop):
    said = pos("verify", shop.directory / DATABASE).done()
    assert "--key tells whose it is" in said


def test_a_journal_of_another_terminal_is_told(pos, shop, other_key):
    ((_, key),) = read_keys(other_key)
    other_hex = key.public_bytes_raw().hex()
    ended = pos("verify", shop.directory, "--key", other_key)
    assert ended.code == 1
    assert ended.out.splitlines()[-2:] == [
        f"fault   no record introduces the key {other_hex[:16]} that was given",
        "NOT INTACT",
    ]


def test_a_record_that_was_changed_is_named(pos, shop, key):
    shop.sale()
    shop.journal.close()
    change = "UPDATE records SET body = replace(body, '12850', '12950') WHERE seq = 3"
    forge_sql(shop.directory / DATABASE, change)
    ended = pos("verify", shop.directory, "--key", key)
    assert ended.code == 1
    assert "fault   record 3: its hash is not that of its content" in ended.out


def test_a_vouchers_qr_is_genuine_with_and_without_the_journal(pos, shop, key):
    text = signed_record(shop.sale(), shop.journal.keys)
    alone = pos("verify", "--qr", text, "--key", key)
    assert (alone.code, alone.out.splitlines()[-1]) == (0, "genuine")
    assert "voucher       000001" in alone.out
    assert "type          SA  (sale, approved)" in alone.out
    assert "amount        12850  (128.50 CNY)" in alone.out
    beside = pos("verify", shop.directory, "--qr", text, "--key", key)
    assert (beside.code, beside.out.splitlines()[-1]) == (0, "genuine")


def test_a_qr_whose_amount_was_changed_is_not_genuine(pos, shop, key):
    text = signed_record(shop.sale(), shop.journal.keys).replace("*12850*", "*99850*")
    ended = pos("verify", "--qr", text, "--key", key)
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "NOT GENUINE"
    assert "998.50" not in ended.out, "what nobody signed is not read out"


def test_a_qr_can_be_read_from_a_scanner(pos, shop, key, monkeypatch):
    text = signed_record(shop.sale(), shop.journal.keys)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text + "\n"))
    assert pos("verify", "--qr", "-", "--key", key).code == 0


def test_a_text_that_is_no_voucher_is_not_genuine(pos, key):
    ended = pos("verify", "--qr", "https://example.org/", "--key", key)
    assert ended.code == 1
    assert "this is no signed record of a transaction or a settlement" in ended.out


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """A data directory after sales, a void, and a settlement; and the QR of its slip."""
    story = SCENARIOS / "settle-shows-totals-and-prints-them-held-against-the-host.pos"
    directory = tmp_path_factory.mktemp("settled")
    player = Player(directory, SCENARIOS)
    slips = []
    for step in read(story):
        player.play(step)
        slips += [qr for qr in player.stage.bench.paper_printer.paper.has_qr if qr[:2] == "S1"]
    player.close()
    return directory, slips[0]


def test_the_qr_of_a_printed_settlement_slip_is_genuine(pos, settled):
    directory, text = settled
    ended = pos("verify", directory, "--qr", text)
    lines = ended.out.splitlines()
    assert (ended.code, lines[-1]) == (0, "genuine")
    assert "this is a settlement slip" in lines
    assert "type          B  (balanced)" in lines
    assert "sales_minor   14850  (148.50 CNY)" in lines


def test_a_journal_cut_after_its_last_voucher_is_told_by_the_settlement_slip(
    pos, settled, tmp_path
):
    directory, text = settled
    key = tmp_path / "key.pem"
    assert pos("journal", "key", "--data", directory, "-o", key).code == 0
    with reading(directory) as journal:
        completed = next(
            entry.seq
            for entry in journal.records()
            if isinstance(entry.record, SettlementCompleted)
        )
    database = copy_of(directory, tmp_path / "copy")
    cut_tail(database, completed - 1)
    ended = pos("verify", database, "--key", key, "--qr", text)
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert "intact, tail not anchored" in lines, "from inside it cannot show"
    assert "its tail is cut off" in lines[-2]
    assert lines[-1] == "signed by the terminal, BUT NOT WHAT THE JOURNAL SAYS"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "pos: a journal, or --qr with a paper's text, is needed"),
        (("--qr", "P1"), "pos: --qr needs the terminal's public key, --key FILE, or its journal"),
        (("/nowhere",), "pos: /nowhere: there is no journal here"),
        (("--page",), "pos: a page that checks receipts is --page -o FILE.html"),
        (("-o", "a.html"), "pos: a page that checks receipts is --page -o FILE.html"),
        (
            ("--page", "-o", "a.html", "--qr", "P1"),
            "pos: a page that checks receipts is --page -o FILE.html",
        ),
        (
            ("/nowhere", "--page", "-o", "a.html", "--key", "key.pem"),
            "pos: a page has the keys of JOURNAL, or of --key FILE: name one of them",
        ),
        (
            ("--page", "-o", "a.html", "--key", "/nowhere"),
            "pos: /nowhere: No such file or directory",
        ),
        (("/nowhere", "--page", "-o", "a.html"), "pos: /nowhere: there is no journal here"),
        (("--qr",), "pos verify: argument --qr: expected one argument; see `pos verify --help`"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(pos, words, expected):
    assert pos("verify", *words).refusal(2) == expected


def test_a_key_that_is_none_is_refused(pos, shop, tmp_path):
    path = tmp_path / "key.pem"
    missing = pos("verify", shop.directory, "--key", path)
    assert missing.refusal(2) == f"pos: {path}: No such file or directory"
    ours = (shop.directory / "signing.key").read_bytes()
    other_kind = generate_private_key(SECP256R1()).public_key()
    pem = other_kind.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for content in (b"", ours, pem):
        path.write_bytes(content)
        refusal = pos("verify", shop.directory, "--key", path).refusal(2)
        assert refusal == f"pos: {path}: expected an Ed25519 public key as PEM"


@pytest.fixture
def stranger(shop):
    """Somebody who may not look into the data directory."""
    if os.geteuid() == 0:  # whom no mode keeps out
        os.seteuid(65_534)
        yield
        os.seteuid(0)
    else:
        shop.directory.chmod(0)
        yield
        shop.directory.chmod(0o700)


@pytest.mark.usefixtures("stranger")
def test_a_stranger_is_told_whose_journal_it_is(pos, shop):
    expected = f"pos: {shop.directory}: only its owner may look; as user pos with `sudo -u pos`"
    for journal in (shop.directory, shop.directory / DATABASE):
        refusal = pos("verify", journal).refusal(1)
        assert refusal == expected.replace(f"{shop.directory}", f"{journal}")
    assert pos("journal", "list", "--data", shop.directory).refusal(1) == expected


def test_a_page_has_the_keys_of_the_terminals_own_directory(pos, shop, tmp_path, monkeypatch):
    shop.sale()
    named, own = tmp_path / "named.html", tmp_path / "own.html"
    assert pos("verify", shop.directory, "--page", "-o", named).code == 0
    (tmp_path / "pos-data").symlink_to(shop.directory)
    monkeypatch.chdir(tmp_path)
    ended = pos("verify", "--page", "-o", own)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert own.read_text("utf-8") == named.read_text("utf-8")
    assert shop.journal.keys.public_hex in own.read_text("utf-8")
    assert "幸福小店" in own.read_text("utf-8")
