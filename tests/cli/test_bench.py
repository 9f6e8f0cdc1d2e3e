"""`pos bench` measures what it says: figures with aims, for people and for machines."""

import itertools
import json

import pytest

from firmware.cli import bench
from firmware.journal.connection import LOG
from firmware.journal.records import SettingsRecorded, TerminalStarted
from firmware.lab.benchmarks import api, card, growth, long_journal, page, screen, session
from firmware.lab.benchmarks.figures import Figure, line, p99, unmeasured
from firmware.lab.benchmarks.hands import Hands
from firmware.lab.benchmarks.meter import Meter, MeteredRunner, Timed
from firmware.lab.benchmarks.sale import metered_stage
from firmware.lab.benchmarks.trade import TracedDisk
from firmware.lab.page.browser import served
from firmware.lab.scenario.stage import START, Stage
from firmware.ui.texts import Text
from hw.sim.bench import CHIPS
from hw.sim.cards import tray

SALE_BYTES_MAX = 45_000  # of the write-ahead log; checkpoints come on top, a sixth of it


def now():
    return START


def test_a_sale_beside_the_bench_page_is_measured():
    with served() as (session, _):
        assert page.sale_ms(session) > 0


def test_a_keystroke_is_measured_beside_a_whole_frame_of_luma(pos):
    told = json.loads(pos("bench", "screen", "--json").done())
    figures = {each["name"]: each for each in told["figures"]}
    assert figures["ssd1306: a whole frame by luma"]["value"] == 1034
    assert figures["sh1106: a whole frame by luma"]["value"] == 1080
    for chip, language in itertools.product(CHIPS, ("zh_CN", "en")):
        first = figures[f"{chip}: first digit at idle, {language}"]
        assert first["aim"] == screen.FIRST_DIGIT_BYTES_AIM
        assert first["holds"], "idle and amount entry share their place"
    echo = figures["ssd1306: echo, median"]
    assert echo["aim"] == screen.ECHO_BYTES_AIM
    assert echo["holds"], "a keystroke's echo is a tenth of a frame"
    assert told["measured_on"]["python"]


@pytest.mark.long
def test_a_start_is_held_to_twice_the_bare_imports_and_50_mb(pos):
    """Whether it is kept depends on the machine; what is printed does not."""
    ended = pos("bench", "start", "--json")
    figures = {each["name"]: each for each in json.loads(ended.out)["figures"]}
    for name in ("cold start to the idle screen", "processor time of it"):
        figure = figures[name]
        times = figure["also"]["times the bare imports"]
        assert figure["aim"] == pytest.approx(2 * figure["value"] / times)
    memory = figures["memory at idle"]
    assert (memory["aim"], memory["holds"]) == (50_000, True)


def test_figures_nobody_knows_are_refused_in_one_line(pos):
    assert pos("bench", "speed").refusal(2).startswith("pos: no figures are called speed")


def test_groups_are_printed_with_what_they_measure(pos):
    ended = pos("bench", "recovery")
    assert f"recovery: {bench.GROUPS['recovery']}" in ended.out
    assert "10 open intents, in virtual time" in ended.out


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (Figure("echo", 70, "bytes", 100), "70 bytes   aim ≤ 100: held"),
        (Figure("echo", 101, "bytes", 100), "101 bytes   aim ≤ 100: MISSED"),
        (Figure("start", 1234.5, "ms", note="cold"), "1,234 ms   (cold)"),
        (Figure("visa", 30, "APDUs", also=(("bytes", 1160),)), "30 APDUs · 1,160 bytes"),
        (unmeasured("syncs", "syncs", "strace is not installed"), "— strace is not installed"),
    ],
)
def test_a_row_tells_value_aim_and_why_there_is_none(figure, told):
    assert line(figure).endswith(told)


def test_the_99th_percentile_leaves_out_one_in_a_hundred():
    assert p99(range(1, 101)) == 99
    assert p99([3, 1, 2]) == 3


def test_a_model_within_a_step_is_no_time_of_our_own():
    meter = Meter()
    burning = Timed(meter, "model", Burning())
    meter.step(burning.burn)
    assert meter.models_ns["model"] > 0.9 * meter.steps_ns
    assert meter.own_ns < 0.1 * meter.steps_ns


def test_a_model_outside_of_a_step_is_nobodys_time():
    meter = Meter()
    Timed(meter, "model", Burning()).burn()
    assert not meter.models_ns


class Burning:
    def burn(self):
        sum(range(300_000))


def test_every_model_of_a_sale_is_metered(tmp_path):
    meter = Meter()
    stage = metered_stage(tmp_path, meter)
    hands = Hands(stage, lambda runner: MeteredRunner(meter, runner))
    assert hands.sell(1_250)
    stage.close()
    assert set(meter.models_ns) == {"card and reader", "display", "host", "printer"}
    assert 0 < meter.own_ns < meter.steps_ns


def test_a_sale_makes_four_commits_and_spares_the_card(tmp_path):
    """Frame and intent; outcome and first paper; that paper's end and the second; its end."""
    disk = TracedDisk(tmp_path)
    stage = Stage(tmp_path, disk=disk)
    hands = Hands(stage)
    log = tmp_path / LOG
    assert hands.sell(1_000)
    commits, log_bytes = disk.commits, log.stat().st_size
    for number in range(5):
        assert hands.sell(1_250 + number)
    commits, log_bytes = disk.commits - commits, log.stat().st_size - log_bytes
    stage.close()
    assert commits == 5 * 4
    assert log_bytes <= 5 * SALE_BYTES_MAX


def test_the_kernel_is_measured_whatever_becomes_of_the_sale():
    names = session.pins()
    kernel = card.Kernel(runs=1)
    for name in ("unionpay-debit", "blocked", "cloned", "t1", "two-apps"):
        assert kernel.time_ms(name, names[name], with_keys=True) > 0


def test_every_card_of_the_tray_is_measured():
    measured = {figure.name: figure.note for figure in card.on_the_stage(runs=1)}
    assert measured.keys() == tray().keys()
    assert measured["visa-credit"] == "approved"
    assert measured["two-accounts"] != "approved"


def test_a_session_without_a_host_runs_to_its_end():
    kernel = card.Kernel(runs=1)
    outcome = kernel.play("unionpay-debit", "123456", with_keys=True).outcome
    assert outcome in {"Approved", "Declined"}


def test_a_long_journal_opens_and_holds_its_vouchers(tmp_path):
    vouchers = long_journal.make(tmp_path, 2_000, now)
    journal = long_journal.open_journal(tmp_path, now)
    assert journal.head()[0] >= 2_000
    for stan in (1, 2, vouchers // 2, vouchers):
        found = journal.by_voucher(stan)
        assert found is not None
        assert found.stan == stan
    assert journal.by_voucher(vouchers + 1) is None
    journal.append(long_journal.intent(journal.batch(), journal.next_stan()))
    assert len(journal.open_intents()) == 1
    journal.close()


def test_growth_measures_whole_starts_with_the_log_that_a_power_cut_leaves(tmp_path):
    subject = growth.Subject(tmp_path / "data", 100)
    for _ in range(3):
        subject.take_turn()
    subject.close()
    assert len(subject.journal_ms) == len(subject.start_ms) == 3
    assert len(subject.lookups_ms) == growth.LOOKUPS
    journal = long_journal.open_journal(tmp_path / "data", now)
    seq, _ = journal.head()
    last = [type(entry.record) for entry in journal.records(seq - 1)]
    journal.close()
    words = "the terminal came up, not its journal alone"
    assert last == [TerminalStarted, SettingsRecorded], words


def test_hands_see_a_text_in_the_language_a_card_has_chosen(tmp_path):
    stage = Stage(tmp_path)
    hands = Hands(stage)
    hands.begin(1_250)
    assert hands.shows(Text.INSERT_CARD)
    hands.insert("english")
    assert not hands.shows(Text.INSERT_CARD)
    stage.close()


def test_a_till_is_measured_up_to_its_amount_on_the_display():
    with api.at_target() as till:
        assert till.shown_ms(1) > 0
        with api.listeners(till, 3):
            assert till.target.server is not None
            assert 0 < len(till.target.server.service.feed.streams) <= 3  # the last may just open
            assert till.sale_ms("a", 1_250) > 0
        assert till.idle_percent(0.1) >= 0
