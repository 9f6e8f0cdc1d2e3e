"""No secret gets anywhere it could be read later: files, logs, papers, display, exports,
tracebacks.

Numbers, PINs, passwords and keys are planted, a day is traded with them, and every byte that is
left is searched.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sqlite3
import tarfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CoroutineType, FrameType
from typing import Any

import pytest

from firmware.__main__ import main
from firmware.acquirer.books import Books
from firmware.core import log
from firmware.flows import effects
from firmware.journal.connection import DATABASE
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.audit import unbalanced
from firmware.lab.scenario.stage import STAGE_CONFIG
from firmware.payments import effects as payment_effects
from tests.crash.canaries import Canary, Search, pan_canaries
from tests.crash.cuts import Witness, durable, slips
from tests.crash.planted import (
    CASHIER_PASSWORD,
    PLANTED,
    SUPERVISOR_PASSWORD,
    WRONG_PASSWORD,
    PlantedRig,
)
from tests.crash.rig import Rig
from tests.playing import sale

_PIN = {name: pin for name, (_, pin) in PLANTED.items()}
_SUPERVISOR = f"{SUPERVISOR_PASSWORD} ENTER"
SALE = sale(12_850, "unionpay-debit", _PIN["unionpay-debit"])
DAY = (
    *SALE,
    # a password keyed wrong, and a void
    f"press MENU 2 {WRONG_PASSWORD} ENTER {_SUPERVISOR} 000001 ENTER",
    "press ENTER",
    "insert unionpay-debit",
    f"press {_PIN['unionpay-debit']} ENTER",
    'expect screen "交易成功"',
    "press ENTER",
    "remove",
    "wait 1m",
    # the PIN to the card, enciphered and in clear
    *sale(3_000, "visa-debit", _PIN["visa-debit"]),
    *sale(1_500, "store-card", _PIN["store-card"]),
    # declined
    "press 90000 ENTER",
    "press ENTER",
    "insert no-funds",
    f"press {_PIN['no-funds']} ENTER",
    'expect screen "可用余额不足"',
    "press ENTER",
    "remove",
    # no answer, power lost in the middle
    "fault host silent",
    "press 4700 ENTER",
    "press ENTER",
    "insert unionpay-debit",
    f"press {_PIN['unionpay-debit']} ENTER",
    "wait 10s",
    "power cut",
    "clear host",
    "remove",
    "power on",
    "wait 1m",
    # settled, and refunded in the next batch
    "press MENU 6",
    "press ENTER",
    'expect screen "对账平"',
    "press ENTER",
    f"press MENU 3 {_SUPERVISOR} 000003 ENTER ENTER",
    "press ENTER",
    "press ENTER",
    "press ENTER",
    "insert visa-debit",
    'expect screen "交易成功" "退货"',
    "press ENTER",
    "remove",
    "wait 1m",
    # approved by the card alone, and told to the host when there is one again
    "fault host down",
    *sale(2_000, "offline-ok"),
    "clear host",
    "wait 10m",
    # signed off and on again
    "press MENU 7 1",
    "press ENTER",
    "press ENTER",
    f"press 01 ENTER {CASHIER_PASSWORD} ENTER",
    "wait 1m",
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PlantedRig]:
    rig = PlantedRig(tmp_path / "data", STAGE_CONFIG)  # an offline sale wants the tray's CA
    rig.power_on()
    yield rig
    rig.close()


@pytest.fixture
def debug_log() -> Iterator[io.StringIO]:
    """Everything that anybody logs, libraries too, as the service's log would show it."""
    stream = io.StringIO()
    handler = log.set_up(1, stream)
    logging.getLogger().setLevel(logging.DEBUG)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)


def test_days_trade_leaves_no_secret_on_disk_display_paper_or_log(
    rig: PlantedRig,
    tmp_path: Path,
    debug_log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
    figure: Callable[[str], None],
) -> None:
    witness = Witness(rig, tmp_path / "disks")
    rig.plays(DAY, tmp_path)
    assert rig.terminal is not None
    assert not unbalanced(rig.terminal.data, rig.keeps_books)
    assert rig.terminal.data.journal.totals(1).sales == 3, "the day was traded as written"
    assert rig.terminal.data.journal.totals(2).refunds == 1
    search = Search(rig.canaries())
    for cut in witness.cuts:  # what lay there at any time, write-ahead logs and all
        for path in durable(cut.disks):
            search.file(path)
    search.text("the display", "\n".join(rig.frames))
    search.text("the papers", rig.bench.paper_printer.paper.text)
    search.text("the papers' QR codes", "\n".join(rig.bench.paper_printer.paper.has_qr))
    search.text("the log", debug_log.getvalue())
    data = str(rig.directory)
    for command in ("list --batch 1", "export", "export --format jsonl", "show 1", "show 3"):
        assert main(["journal", *command.split(), "--data", data]) == 0
    offline = rig.terminal.data.journal.last_transaction()
    assert offline is not None
    vouchers = ("1 --batch 1", "3 --batch 1", f"{offline.stan} --batch {offline.batch}")
    for number, voucher in enumerate(vouchers):
        case = str(tmp_path / f"{number}.zip")
        assert main(["evidence", *voucher.split(), "-o", case, "--data", data]) == 0
        _search_members(search, Path(case))
    for batch in ("1", "2"):
        assert main(["report", "--batch", batch, "--data", data]) == 0
    assert main(["backup", str(tmp_path / "copy.tar"), "--data", data]) == 0
    _search_members(search, tmp_path / "copy.tar")
    printed, complaints = capfd.readouterr()
    search.text("exports and reports", printed + complaints)
    assert not search.found
    assert _sealed(witness), "a card lay sealed in the journal"
    assert len(printed) > 2_000, "there was something to search"
    assert len(rig.frames) > 200
    figure(f"canaries: {search.places} places, {search.bytes_searched:,} bytes, 0 secrets")


def test_merchant_copy_shows_six_and_four_digits_and_the_cardholders_only_four(
    rig: PlantedRig, tmp_path: Path
) -> None:
    rig.plays(SALE, tmp_path)
    paper = rig.bench.paper_printer.paper.text
    pan, _ = PLANTED["unionpay-debit"]
    assert len(slips(paper)) == 2
    merchants, cardholders = paper.split("CARDHOLDER COPY")
    assert re.search(rf"{pan[:4]} {pan[4:6]}\*\* \*\*\*\* {pan[-4:]}", merchants)
    assert re.search(rf"\*\*\*\* \*\*\*\* \*\*\*\* {pan[-4:]}", cardholders)
    assert pan[:4] not in cardholders


def test_traceback_from_any_moment_of_a_sale_shows_no_secret_even_with_locals(
    rig: PlantedRig, tmp_path: Path
) -> None:
    search = Search(_texts_only(rig.canaries()))
    assert rig.terminal is not None
    moments = 0

    def look(_effect: payment_effects.Effect[Any] | None) -> None:
        nonlocal moments
        frames = list(_frames_of(rig))
        moments += 1
        search.text("a traceback with locals", _traceback_with_locals(frames))

    rig.on_answered = look
    rig.plays(SALE, tmp_path)
    assert moments > 150
    assert not search.found


@pytest.mark.parametrize("where", ["while the card is read", "while the PIN is keyed"])
def test_bug_in_a_flow_is_logged_without_secrets(
    rig: PlantedRig, tmp_path: Path, debug_log: io.StringIO, where: str
) -> None:
    keyed = 0

    def crash(effect: payment_effects.Effect[Any] | None) -> None:
        nonlocal keyed
        assert rig.flow is not None
        flow = rig.flow.flow
        if where == "while the card is read" and isinstance(effect, payment_effects.DrawRandom):
            flow.throw(RuntimeError("planted bug"))
        if isinstance(effect, effects.Show) and "PinEntry" in repr(effect):
            keyed += 1
            if keyed == len(_PIN["unionpay-debit"]):
                flow.throw(RuntimeError("planted bug"))

    rig.on_answered = crash
    search = Search(rig.canaries())
    with pytest.raises(RuntimeError, match="planted bug"):
        _logged(lambda: rig.plays(SALE, tmp_path))
    assert "Traceback" in debug_log.getvalue()
    search.text("the log", debug_log.getvalue())
    assert not search.found


def test_bug_in_the_host_is_logged_without_secrets(tmp_path: Path, debug_log: io.StringIO) -> None:
    class Broken(Books):
        def cryptogram_used(self, account: str, cryptogram: bytes) -> bool:
            raise RuntimeError(f"planted bug at {account[:8]} of {tray_books(rig.cards)!r}")

    rig = PlantedRig(tmp_path / "data", STAGE_CONFIG, Broken)
    rig.power_on()
    search = Search(rig.canaries())
    with pytest.raises(RuntimeError, match="planted bug") as caught:
        _logged(lambda: rig.plays(SALE, tmp_path))
    assert "acquirer/decisions.py" in debug_log.getvalue()
    search.text("the log", debug_log.getvalue())
    with_locals = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    texts = Search(_texts_only(rig.canaries()))
    for room in ("firmware/iso8583/", "firmware/acquirer/"):
        inside = [str(frame.locals) for frame in with_locals.stack if room in frame.filename]
        assert inside, room
        texts.text(f"locals in {room}", "\n".join(inside))
    assert not search.found | texts.found
    rig.close()


@pytest.mark.parametrize(
    "leak",
    [
        b"PAN 6250947382915649 in text",
        b"6250 9473 8291 5649",
        b"6250-9473-8291-xxxx",
        bytes.fromhex("5a086250947382915649"),
        bytes.fromhex("0162509473829156490f")[1:],
        bytes.fromhex("f6250947382915649f"),
        repr(bytes.fromhex("5a086250947382915649")).encode(),
        b"625094 7382915649",
        b"xxxxxx7382915649",
    ],
)
def test_search_finds_a_card_number_in_every_form(leak: bytes) -> None:
    """The control: what is not found here would not be found after a day either."""
    search = Search(pan_canaries("a card", "6250947382915649"))
    search.data("a leak", b"\x00before " + leak + b" after")
    assert search.found


def test_search_lets_masked_numbers_pass() -> None:
    search = Search(pan_canaries("a card", "6250947382915649"))
    search.data("a voucher", b"6250 94** **** 5649 /I")
    assert not search.found


@pytest.mark.parametrize("form", ["raw", "hex", "HEX", "base64", "repr"])
def test_search_finds_a_key_in_every_form(form: str) -> None:
    key = bytes(range(7, 23))
    leaks = {
        "raw": key,
        "hex": key.hex().encode(),
        "HEX": key.hex().upper().encode(),
        "base64": b"BwgJCgsMDQ4PEBESExQVFg==",
        "repr": repr(key).encode(),
    }
    search = Search((Canary("a key", key=key),))
    search.data("a leak", b"before" + leaks[form] + b"after")
    assert search.found


def _sealed(witness: Witness) -> int:
    """On how many of the disks a card lies sealed."""
    count = 0
    for cut in witness.cuts:
        with contextlib.closing(sqlite3.connect(cut.disks / DATABASE)) as db:
            (rows,) = db.execute("SELECT count(*) FROM sealed").fetchone()
        count += rows > 0
    return count


def _search_members(search: Search, archive: Path) -> None:
    """Search each file of an archive, unpacked; a copy of a terminal holds its keys, and has to."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            members = {name: zipped.read(name) for name in zipped.namelist()}
    else:
        with tarfile.open(archive) as tar:
            members = {one.name: read.read() for one in tar if (read := tar.extractfile(one))}
    assert len(members) > 2
    for name, data in members.items():
        search.data(f"{name} in {archive.name}", data, at_home=Path(name).name)


def _texts_only(canaries: tuple[Canary, ...]) -> tuple[Canary, ...]:
    """Locals of parsers are the very bytes they parse: there only what reads as text counts."""
    return tuple(
        Canary(each.name, each.digits, each.key, each.at_home, text_only=True) for each in canaries
    )


def _frames_of(rig: Rig) -> Iterator[FrameType]:
    """The frames in which the terminal's flow stands, outermost first."""
    assert rig.flow is not None
    standing: object = rig.flow.flow
    while isinstance(standing, CoroutineType) and standing.cr_frame is not None:
        yield standing.cr_frame
        standing = standing.cr_await


def _traceback_with_locals(frames: list[FrameType]) -> str:
    walk = ((frame, frame.f_lineno) for frame in frames)
    summary = traceback.StackSummary.extract(walk, capture_locals=True)
    return "".join(summary.format())


def _logged(act: Callable[[], None]) -> None:
    """Log a bug as the service does, then raise it."""
    try:
        act()
    except RuntimeError:
        logging.getLogger("firmware").critical("a bug ends the terminal", exc_info=True)
        raise
