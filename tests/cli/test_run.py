"""`pos run`: the terminal in real time, on its threads, from start to signal."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path

import pytest
from PIL import Image

from firmware.audit.data import reading
from firmware.core import log
from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.core.exits import BUG
from firmware.core.masked import Pan
from firmware.journal.records import DeviceFailed, DeviceRecovered, TerminalStarted
from firmware.journal.transactions import State
from firmware.terminal.devices import NoPrinter, Parts
from firmware.terminal.process import run_terminal
from firmware.terminal.settings import Settings
from firmware.ui.render import render
from firmware.ui.screens import OutOfService, Owner, Phrase
from firmware.ui.texts import Language, Text
from hw.board import KEYPAD
from hw.card_reader import PcscReader
from hw.events import Device
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import PaperState, PrintResult
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Ssd1306
from hw.sim.reader.pcsc import PcscModel
from tests.cli.bench import Bench
from tests.cli.conftest import QUIET
from tests.journal.tamper import forge_sql

PAN = "6228480402564890018"


def test_a_sale_from_key_to_paper_on_real_threads(tmp_path):
    bench = Bench(tmp_path)

    def person():
        bench.see("幸福小店")
        bench.sell()
        bench.take_copies()
        bench.read("持卡人存根")
        bench.see("请输入金额")

    bench.run(person)
    assert bench.sold() == (State.APPROVED, 12_850, 0)


def test_the_last_picture_of_a_process_that_was_killed_is_gone_before_anything_else(tmp_path):
    """What is owed from before is sent first, and may wait long for the acquirer."""
    bench = Bench(tmp_path)
    Oled(lambda: bench.chip).show(Image.new("1", (128, 64), 1))
    assert bench.chip.image().getbbox() == (0, 0, 128, 64)
    assembly = bench.assembled()
    assert bench.chip.image().getbbox() is None
    assembly.close()


def test_parts_that_are_missing_at_start_are_named_and_waited_for(tmp_path):
    bench = Bench(tmp_path)
    bench.keypad_there = False
    bench.slot.unplug()
    bench.chip.fail(broken=True)

    def person():
        wanted = [Device.KEYPAD, Device.READER]
        bench.clock.wait_for(lambda: sorted(bench.lost, key=wanted.index) == wanted, "both lost")
        before = bench.chip.given_up
        bench.clock.wait_for(lambda: bench.chip.given_up > before, "a retry in vain")
        bench.chip.fail(broken=False)
        bench.clock.wait_for(lambda: bench.chip.is_lit, "the display")
        bench.slot.plug()
        bench.keypad_there = True
        bench.see("请输入金额")
        bench.press("1")
        bench.see("0.01")

    bench.run(person)
    with reading(tmp_path) as journal:
        records = [entry.record for entry in journal.records()]
    failed = {one.device for one in records if isinstance(one, DeviceFailed)}
    assert failed == {"display", "keypad", "reader"}
    assert {one.device for one in records if isinstance(one, DeviceRecovered)} == failed


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_without_any_part_it_is_ready_alive_and_ends_when_told(
    tmp_path, started, notify_socket, asked
):
    service = started()
    heard = notify_socket.recv(100)
    while heard == b"WATCHDOG=1":  # a slow machine lives for a while before it knows
        heard = notify_socket.recv(100)
    assert heard == b"STATUS=out of service"
    assert [notify_socket.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    service.send_signal(asked)
    assert service.wait(timeout=20) == 0
    said = service.stderr.read()
    keypad = () if Path("/dev/gpiochip0").exists() else ("keypad",)
    for device in ("display", "reader", *keypad):
        assert f'event="device lost" device={device} ' in said
    assert said.splitlines()[-1].endswith("event=ended")
    assert starts(tmp_path / "data") == 1


def test_killed_it_starts_again_on_what_it_left(tmp_path, started):
    killed = started()
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=20) == -signal.SIGKILL
    again = started()
    again.terminate()
    assert again.wait(timeout=20) == 0
    assert starts(tmp_path / "data") == 2


def test_it_trades_with_a_card_key_that_lies_where_the_setting_says(tmp_path, started):
    first = started()
    first.terminate()
    assert first.wait(timeout=20) == 0
    stick = tmp_path / "stick"
    stick.mkdir()
    (tmp_path / "data" / "card.key").rename(stick / "card.key")
    again = started('[keys]\ncard = "stick/card.key"\n')
    again.terminate()
    assert again.wait(timeout=20) == 0
    assert (tmp_path / "data" / "card.key").readlink() == stick / "card.key"
    assert starts(tmp_path / "data") == 2


def starts(data):
    """How often the journal says that the terminal came up."""
    with reading(data) as journal:
        return sum(isinstance(entry.record, TerminalStarted) for entry in journal.records())


class BrokenPanel:
    """A display whose driver has a bug, and tells too much."""

    width_px, height_px = 128, 64

    def show(self, image):
        raise RuntimeError(f"cannot draw {PAN} of {Pan(PAN)}")

    def reopen(self, image=None):
        pass

    def close(self):
        pass


def test_a_bug_ends_it_with_a_traceback_that_tells_no_secret(tmp_path, caplog, capsys):
    clock = SystemClock()
    parts = Parts(
        display=BrokenPanel(),
        keypad=MatrixKeypad(lambda: PinHeader(Matrix(KEYPAD).factory)),
        reader=PcscReader(PcscModel(), clock),
        printer=NoPrinter(32),
    )
    handler = log.set_up(1, sys.stderr)
    try:
        code = run_terminal(Settings(Config(), None), tmp_path, parts)
    finally:
        logging.getLogger().removeHandler(handler)
    err = capsys.readouterr().err
    assert code == BUG == 70
    assert "a bug ends the terminal" in err
    assert "in show" in err
    assert "cannot draw ******************* of Pan(***0018)" in err
    assert PAN not in err


def test_no_printer_is_always_offline():
    printer = NoPrinter(48)
    assert printer.status() is PaperState.OFFLINE
    report = printer.print(())
    assert (report.result, report.state) == (PrintResult.NOT_STARTED, PaperState.OFFLINE)


@pytest.fixture
def quiet(tmp_path):
    """A configuration that warns of nothing."""
    path = tmp_path / "quiet.toml"
    path.write_text(QUIET)
    return path


def test_a_second_terminal_on_the_same_data_is_refused(pos, shop, quiet):
    refusal = pos("run", "--config", quiet, "--data", shop.directory).refusal(1)
    assert refusal == (
        f"pos: {shop.directory}: journal busy: {shop.directory} is used by another process"
    )


def test_a_journal_that_is_damaged_is_refused(pos, shop, quiet):
    shop.sell_many(3)
    shop.journal.close()
    forge_sql(shop.directory / "journal.db", "UPDATE records SET body = body || ' ' WHERE seq = 5")
    refusal = pos("run", "--config", quiet, "--data", shop.directory).refusal(1)
    assert "journal corrupt: record 5" in refusal


def test_data_on_a_path_that_is_no_folder_is_refused(pos, tmp_path, quiet):
    (tmp_path / "file").write_text("")
    refusal = pos("run", "--config", quiet, "--data", tmp_path / "file").refusal(1)
    assert f"pos: {tmp_path}/file: " in refusal


def test_a_key_that_others_may_read_is_refused(pos, shop, quiet):
    shop.journal.close()
    (shop.directory / "signing.key").chmod(0o644)
    assert "expected 600" in pos("run", "--config", quiet, "--data", shop.directory).refusal(1)


def test_a_card_key_that_still_lies_with_the_data_is_refused(pos, shop, tmp_path):
    shop.journal.close()
    settings, stick = tmp_path / "keys.toml", tmp_path / "stick" / "card.key"
    stick.parent.mkdir()
    settings.write_text(QUIET + '[keys]\ncard = "stick/card.key"\n')
    refusal = pos("run", "--config", settings, "--data", shop.directory).refusal(1)
    place = shop.directory / "card.key"
    assert f"keys.card: {place} is still here; move it to {stick}" in refusal


def test_books_that_are_damaged_are_refused_and_the_journal_is_let_go(pos, shop, tmp_path):
    path = tmp_path / "local.toml"
    path.write_text('[display]\nport = 20\n[printer]\nkind = "none"\n')
    shop.journal.close()
    (shop.directory / "host-books.db").write_bytes(b"no books, and long enough to be some" * 99)
    ended = pos("run", "--config", path, "--data", shop.directory)
    assert ended.code == 1
    assert "not a database" in ended.err.splitlines()[-1]
    shop.reopen()


def test_a_bad_configuration_is_refused_with_a_line_for_each_mistake(pos, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("[display]\nchip = 'lcd'\nport = 99\n[printer]\nkind = 'usb'\n")
    ended = pos("run", "--config", path, "--data", tmp_path / "data")
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 2
    assert "display.chip" in ended.err
    assert "display.port" in ended.err
    assert not (tmp_path / "data").exists()


def test_another_terminals_unsettled_batch_is_refused_with_its_number(pos, shop, tmp_path):
    shop.sale(1280)
    shop.journal.close()
    path = tmp_path / "moved.toml"
    path.write_text('[merchant]\nterminal = "10000009"\n[printer]\nkind = "none"\n')
    ended = pos("run", "--config", path, "--data", shop.directory)
    assert ended.code == 2
    assert "moved.toml: merchant.terminal: expected 10000001" in ended.err.splitlines()[-1]
    shop.reopen()


@pytest.fixture
def panel(monkeypatch):
    """The display that is on every bus of this machine."""
    chip = Ssd1306()
    monkeypatch.setattr("luma.core.interface.serial.i2c", lambda **_where: chip)
    return chip


def says(panel, reason, advice, detail="", name="幸福小店"):
    """Whether this, and nothing else, stands on the display."""
    owner = Owner(name, "S01", "10000001")
    screen = OutOfService(owner, Phrase.of(reason), Phrase.of(advice), detail)
    return panel.image().tobytes() == render(screen, Language.ZH).image.tobytes()


@pytest.mark.parametrize(
    ("settings", "detail"),
    [
        ('[merchant]\nname = "老店"\n[display]\nchip = "lcd"\n', "display.chip"),
        (
            '[merchant]\nname = "老店"\n[printer]\nkind = "none"\n[emv]\nca_keys = "none.tsv"\n',
            "none.tsv",
        ),
        ('[merchant]\nname = "老店"\n[prices]\n', "[prices]"),
    ],
)
def test_a_bad_configuration_stands_on_the_display(pos, tmp_path, panel, settings, detail):
    """What else the file says is believed: whose terminal it is, how its display is wired."""
    path = tmp_path / "bad.toml"
    path.write_text(settings, encoding="utf-8")
    assert pos("run", "--config", path, "--data", tmp_path / "data").code == 2
    assert says(panel, Text.SETTINGS_FAULT, Text.ADVICE_SERVICE, detail, name="老店")


@pytest.mark.parametrize("content", [None, b"[merchant", b"\xff"])
def test_a_configuration_that_cannot_be_read_stands_on_the_display(pos, tmp_path, panel, content):
    path = tmp_path / "terminal.toml"
    if content is not None:
        path.write_bytes(content)
    assert pos("run", "--config", path, "--data", tmp_path / "data").code == 2
    assert says(panel, Text.SETTINGS_FAULT, Text.ADVICE_SERVICE, "terminal.toml")


def test_another_terminals_batch_stands_on_the_display(pos, shop, quiet, panel):
    shop.sale(1280)
    shop.journal.close()
    quiet.write_text(f'{QUIET}[merchant]\nnumber = "104110070110002"\n', encoding="utf-8")
    assert pos("run", "--config", quiet, "--data", shop.directory).code == 2
    assert says(panel, Text.SETTINGS_FAULT, Text.ADVICE_SERVICE, "merchant.number")


def test_a_damaged_journal_stands_on_the_display(pos, shop, quiet, panel):
    shop.journal.close()
    (shop.directory / "journal.db").write_bytes(b"no journal, and long enough to be one" * 99)
    assert pos("run", "--config", quiet, "--data", shop.directory).code == 1
    assert says(panel, Text.JOURNAL_FAULT, Text.ADVICE_SERVICE)


def test_the_display_is_left_to_the_terminal_that_runs(pos, shop, quiet, panel):
    before = panel.image().tobytes()
    assert pos("run", "--config", quiet, "--data", shop.directory).code == 1
    assert panel.image().tobytes() == before
    assert panel.transactions == 0


def test_arguments_it_does_not_know_are_refused_in_one_line(pos):
    assert "--speed" in pos("run", "--speed", "9").refusal(2)
