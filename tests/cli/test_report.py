"""`pos report`: a day or a batch as a table that adds up, and as a picture."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from firmware.__main__ import main
from firmware.audit.day_report import Report, Tally, gathered, table
from firmware.audit.report_chart import CHART_HEIGHT_PX, KINDS, WIDTH_PX, draw
from firmware.core.kinds import Kind
from tests.cli.conftest import Pos
from tests.journal.story import CARD, Shop
from tests.playing import played

STORY = "refund-in-parts-up-to-the-total-and-not-a-cent-more"
DECLINED = "sale-declined-says-why"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sale of 128.50, settled, refunded in two parts; then a sale that was declined."""
    of_one_alone = ("expect totals", "expect no paper")
    return played(tmp_path_factory.mktemp("data"), STORY, DECLINED, without=of_one_alone)


def said(data: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    assert main(["report", *arguments, "--data", str(data)]) == 0
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_day_adds_up_over_its_batches(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys, "--date", "2026-11-22")
    assert ["sales", "1", "128.50"] in rows
    assert ["voids", "0", "0.00"] in rows
    assert ["refunds", "2", "-128.50"] in rows
    assert ["net", "0.00"] in rows
    assert ["09:00", "1", "128.50", "0", "0.00", "2", "-128.50", "0.00"] in rows
    assert ["1", "51", "可用余额不足", "Insufficient", "funds"] in rows


def test_the_earlier_form_of_a_day_works_and_says_what_is_new(pos: Pos, data: Path):
    ended = pos("report", "--day", "20261122", "--data", data)
    assert ended.code == 0
    assert ended.out == pos("report", "--date", "2026-11-22", "--data", data).out
    assert ended.err.splitlines() == [
        "pos: 20261122 is written 2026-11-22 now",
        "pos: --day is written --date YYYY-MM-DD now",
    ]


def test_a_batch_is_reported_alone(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys, "--batch", "1")
    assert rows[0] == ["批次", "batch", "000001", "CNY"]
    assert ["sales", "1", "128.50"] in rows
    assert ["refunds", "0", "0.00"] in rows
    assert ["declined"] not in rows


def test_without_a_word_it_is_the_open_batch(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys)
    assert rows[0] == ["批次", "batch", "000002", "未结", "open", "CNY"]
    assert ["refunds", "2", "-128.50"] in rows


def test_a_void_is_seen_by_hour_scheme_and_cashier(pos: Pos, shop: Shop):
    facts = {"hash": "c3" * 32, "first6": "476173", "last4": "0119", "pan_length": 16}
    visa = type(CARD)(**facts, scheme="维萨 VISA")
    shop.sale(12_850, card=visa)
    shop.clock.advance(hours=2)
    shop.void(shop.sale(990, operator="02"))
    shop.sale(777, training=True)
    rows = [line.split() for line in pos("report", "--data", shop.directory).out.splitlines()]
    assert ["hour", "sales", "sum", "voids", "sum", "refunds", "sum", "net"] in rows
    assert ["12:00", "1", "9.90", "1", "-9.90", "0", "0.00", "0.00"] in rows
    assert ["11:00", "0", "0.00", "0", "0.00", "0", "0.00", "0.00"] in rows
    assert ["维萨", "VISA", "1", "128.50", "0", "0.00", "0", "0.00", "128.50"] in rows
    assert ["-", "1", "9.90", "1", "-9.90", "0", "0.00", "0.00"] in rows
    assert ["02", "1", "9.90", "0", "0.00", "0", "0.00", "9.90"] in rows
    assert ["01", "1", "128.50", "1", "-9.90", "0", "0.00", "118.60"] in rows
    assert ["net", "128.50"] in rows


def test_days_are_reported_together(pos: Pos, shop: Shop):
    for _ in range(3):
        shop.sale(100)
        shop.clock.advance(days=1)
    words = ("report", "--from", "2026-03-03", "--to", "2026-03-09", "--data", shop.directory)
    lines = pos(*words).out.splitlines()
    assert lines[0] == "自 from 2026-03-03  至 to 2026-03-09  CNY"
    assert lines[1].split() == ["sales", "2", "2.00"]


def test_each_currency_is_reported_in_its_own_decimals(shop: Shop):
    sale = shop.sale(12_850)
    yen = msgspec.structs.replace(sale, currency="JPY")
    first, second = gathered("", [sale, yen])
    assert any("128.50" in line for line in table(first))
    assert [line.split()[-1] for line in table(second)][1] == "12850"


def test_a_day_without_trade_says_so(data: Path, capsys: pytest.CaptureFixture[str]):
    rows = said(data, capsys, "--date", "2020-01-01")
    assert rows == [["2020-01-01"], ["no", "transactions"]]


def test_a_batch_that_is_not_there_is_one_line(pos: Pos, data: Path):
    refusal = pos("report", "--batch", "9", "--data", data).refusal(1)
    assert refusal == "pos: there is no batch 000009"


@pytest.mark.parametrize(
    ("day", "panels"),
    [("2026-11-22", 5), ("2020-01-01", 1)],  # sales, refunds, schemes, cashiers, declines
    ids=["for whatever there was", "of a day without trade"],
)
def test_the_chart_has_a_panel(data: Path, tmp_path: Path, day: str, panels: int):
    picture = tmp_path / "day.png"
    code = main(["report", "--date", day, "--png", str(picture), "--data", str(data)])
    assert code == 0
    with Image.open(picture) as image:
        assert image.size == (WIDTH_PX, panels * CHART_HEIGHT_PX)


def test_a_chart_that_cannot_be_written_is_one_line(pos: Pos, data: Path, tmp_path: Path):
    picture = tmp_path / "none" / "day.png"
    ended = pos("report", "--png", picture, "--data", data)
    assert (ended.code, ended.err) == (2, f"pos: {picture}: No such file or directory\n")


def ink(report: Report, kind: Kind) -> int:
    """Dots in the colour of a kind."""
    colour = bytes.fromhex(KINDS[kind][1][1:])
    image = Image.open(io.BytesIO(draw([report]))).convert("RGB")
    return sum(count for count, pixel in image.getcolors(1 << 20) if bytes(pixel) == colour)


def busy(*hours: dict[Kind, int]) -> Report:
    """A report whose hours from nine on came to this."""
    tallies = [Tally(Counter(dict.fromkeys(minors, 1)), Counter(minors)) for minors in hours]
    whole = Tally(sum((t.counts for t in tallies), Counter()))
    return Report(
        "2026-11-22",
        "CNY",
        whole,
        hours={f"{9 + at:02d}": tally for at, tally in enumerate(tallies)},
    )


def test_a_busier_hour_has_more_ink():
    first = {Kind.SALE: 100_000}
    seen = [ink(busy(first, {Kind.SALE: minor}), Kind.SALE) for minor in (90_000, 10_000, 0)]
    assert seen[0] > seen[1] > seen[2] > 0


def test_a_small_refund_is_small_beside_large_sales():
    large = ink(busy({Kind.SALE: 100_000, Kind.REFUND: -100_000}), Kind.REFUND)
    small = ink(busy({Kind.SALE: 100_000, Kind.REFUND: -10_000}), Kind.REFUND)
    sales = ink(busy({Kind.SALE: 100_000, Kind.REFUND: -10_000}), Kind.SALE)
    assert sales == large
    assert 0 < small * 8 < large
    assert ink(busy({Kind.SALE: 100_000, Kind.VOID: -100_000}), Kind.VOID) == large


def test_sums_are_exact_however_large():
    report = Report("2026-11-22", "CNY", Tally(minors=Counter({Kind.SALE: 10**17 + 1})))
    assert any("1000000000000000.01" in line for line in table(report))
