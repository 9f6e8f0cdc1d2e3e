"""`pos report`: a day or a batch as a table that adds up, and as a picture."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from firmware.__main__ import main
from firmware.audit.report_chart import CHART_HEIGHT_PX, WIDTH_PX, draw
from firmware.cli.report import Report, table
from firmware.lab.scenario.language import read
from firmware.lab.scenario.player import Player

SCENARIOS = Path(__file__).parents[1] / "scenarios"
STORY = SCENARIOS / "refund-in-parts-up-to-the-total-and-not-a-cent-more.pos"
DECLINED = SCENARIOS / "sale-declined-says-why.pos"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sale of 128.50, settled, refunded in two parts; then a sale that was declined."""
    folder = tmp_path_factory.mktemp("data")
    player = Player(folder, SCENARIOS)
    try:
        for story in (STORY, DECLINED):
            for step in read(story):
                if step.verb not in ("expect totals", "expect no paper"):  # of one story alone
                    player.play(step)
    finally:
        player.close()
    return folder


def said(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    assert main(["report", *arguments, "--data", str(data)]) == 0
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_day_adds_up_over_its_batches(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys, "--day", "20261122")
    assert ["sales", "1", "128.50"] in rows
    assert ["refunds", "2", "128.50"] in rows
    assert ["net", "0.00"] in rows
    assert ["09:00", "1", "128.50", "128.50"] in rows
    assert ["1", "51", "可用余额不足", "Insufficient", "funds"] in rows


def test_a_batch_is_reported_alone(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys, "--batch", "1")
    assert ["sales", "1", "128.50"] in rows
    assert ["refunds", "0", "0.00"] in rows
    assert ["declined"] not in rows


def test_a_day_without_trade_is_all_zeros(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys, "--day", "20200101")
    assert ["sales", "0", "0.00"] in rows
    assert ["declined"] not in rows


def test_a_batch_that_is_not_there_is_one_line(data: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report", "--batch", "9", "--data", str(data)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_chart_has_a_panel_for_whatever_there_was(data: Path, tmp_path: Path):
    picture = tmp_path / "day.png"
    code = main(["report", "--day", "20261122", "--png", str(picture), "--data", str(data)])
    assert code == 0
    with Image.open(picture) as image:
        assert image.size == (WIDTH_PX, 3 * CHART_HEIGHT_PX)


def test_a_busier_hour_has_more_ink():
    def ink(minor: int) -> int:
        report = Report("2026-11-22", sales=Counter({9: 100_000, 10: minor}))
        image = Image.open(io.BytesIO(draw(report))).convert("RGB")
        assert image.size == (WIDTH_PX, CHART_HEIGHT_PX)
        return sum(
            count for count, pixel in image.getcolors(1 << 20) if pixel == (0x2A, 0x6F, 0x97)
        )

    assert ink(90_000) > ink(10_000) > ink(0) > 0


def test_sums_are_exact_however_large():
    report = Report("2026-11-22", sales=Counter({9: 10**17 + 1}))
    assert any("1000000000000000.01" in line for line in table(report))
