"""What hw/README gives to paste is taken as it stands, and what it reckons adds up."""

import re
import tomllib
from pathlib import Path

import pytest

import hw
from firmware.core.config import Config
from firmware.core.config_file import from_tables
from firmware.lab.benchmarks.paper import BITS_PER_BYTE, receipt

HW = Path(hw.__file__).parent
README = (HW / "README.md").read_text("utf-8")
LINE_MOST = 80  # of older firmware


def block_after(words):
    """The lines of the first fenced block after `words`."""
    return README.partition(words)[2].split("```")[1].strip("\n").splitlines()


def test_comments_of_config_txt_only_begin_a_line():
    # the firmware takes a comment behind a value as a part of the value
    lines = block_after("In `/boot/firmware/config.txt`")
    settings = [line for line in lines if not line.startswith("#")]
    assert len(settings) > 3
    assert [line for line in settings if "#" in line or line != line.strip()] == []
    assert [line for line in lines if len(line) > LINE_MOST or not line.isascii()] == []


def test_a_section_of_config_txt_is_closed_for_what_stands_behind():
    sections = [line for line in block_after("In `/boot/firmware/config.txt`") if line[:1] == "["]
    assert sections[-1:] in ([], ["[all]"])


def rows_below(header):
    """The cells of a table's rows, by the beginning of its header's line."""
    lines = README.partition(f"\n{header}")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_power_budget_adds_up():
    *loads, sums, supplies = rows_below("| on the Pi's supply |")
    columns = list(zip(*(row[1:] for row in loads), strict=True))
    assert len(columns) == 4
    totals = [sum(map(int, column)) for column in columns]
    assert sums[1:] == [f"**{total}**" for total in totals]
    assert all(total < int(supply) for total, supply in zip(totals, supplies[1:], strict=True))


def test_the_peak_of_a_head_is_as_the_text_reckons_it():
    rows = rows_below("| dots at once |")
    assert len(rows) == 3
    for dots, peak in rows:
        amperes = 5 * int(dots.partition(",")[0]) / 160 + 0.3
        assert peak == f"{amperes:.1f} A"


def test_the_speeds_of_a_serial_line_are_those_of_a_voucher():
    modes = (("native", True), ("mixed", False), ("raster", False))
    weighs = [receipt(58, mode, qr=qr)[0] for mode, qr in modes]
    rows = rows_below("| baud |")
    assert len(rows) == 4
    for baud, *told in rows:
        for size_bytes, seconds in zip(weighs, told, strict=True):
            exact = size_bytes * BITS_PER_BYTE / int(baud)
            assert float(seconds.removesuffix(" s")) == pytest.approx(exact, rel=0.05, abs=0.05)


def test_the_settings_of_each_named_model_are_settings():
    settings = [row[3] for row in rows_below("| part | model |")]
    written = [cell for cell in settings if cell.startswith("`[")]
    assert len(written) >= 5
    for cell in written:
        tables = tomllib.loads(cell.replace("`", "").replace("] ", "]\n").replace(", ", "\n"))
        assert from_tables(tables, source=cell) != Config()


def test_every_photo_has_a_place_to_go_to_and_is_there_or_in_the_list():
    folder = HW / "photos"
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (folder / "README.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert rows
    for name, _, place in rows:
        document, _, heading = place.partition(", ")
        headings = re.findall(r"^#+ (.*)$", (HW.parent / document).read_text("utf-8"), re.MULTILINE)
        assert heading in headings
        assert not (folder / name.strip("`")).exists(), "it is there: show it where it belongs"


def test_a_receipt_as_dots_is_printed_in_seconds():
    """At 19,200 baud 7 s where ASCII is the printer's own, and 21 s on any printer."""
    assert receipt(58, "mixed", qr=False)[0] <= 14_000
    assert receipt(58, "raster", qr=False)[0] <= 41_000
