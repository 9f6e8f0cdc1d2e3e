"""The page's paper comes out line by line, as long as the modelled printer really takes."""

from __future__ import annotations

import json

import pytest

from firmware.cli.benchmarks.hands import LOOK_MS, PIN, Hands
from firmware.page.hub import Hub, Seen
from firmware.page.publisher import Publisher
from firmware.page.recorder import Recorder
from firmware.scenario.stage import Stage, stage_config


def slip(directory, **printer: object) -> tuple[Stage, dict, int]:
    """The merchant's copy of a sale as the page is told it, and the virtual ms until it was out."""
    stage = Stage(directory, stage_config(**printer))
    hands = Hands(stage)
    hub = Hub()
    publisher = Publisher(hub, stage, Recorder([]))
    hands.begin(12_850)
    hands.insert("unionpay-debit")
    hands.press(PIN)
    hands.press("ENTER")
    clock, terminal = stage.bench.clock, stage.terminal
    paper = stage.bench.paper_printer.paper
    while not paper.height_px:
        stage.bench.time.run_until(terminal.runner, clock.monotonic_ms() + 1)
    began_ms = clock.monotonic_ms()
    publisher.publish()
    while terminal.spool.busy:
        stage.bench.time.run_until(terminal.runner, clock.monotonic_ms() + 1)
    took_ms = clock.monotonic_ms() - began_ms
    hands.wait(LOOK_MS)
    stage.close()
    logs = {one["log"]: one["entries"] for one in json.loads(hub.news(Seen())) if "log" in one}
    return stage, logs["paper"][-1], took_ms


@pytest.mark.parametrize(
    ("printer", "px_s"), [({}, 400), ({"width_mm": 80}, 1200)], ids=["58 mm", "80 mm"]
)
def test_on_usb_the_motor_sets_the_pace(tmp_path, printer, px_s):
    _, strip, took_ms = slip(tmp_path, **printer)
    assert sum(rows for rows, _ in strip["paces"]) == strip["rows"] > 500
    for rows, ms in strip["paces"]:
        assert ms == round(rows * 1000 / px_s)
    assert abs(took_ms - strip["rows"] * 1000 / px_s) < 10


def test_dots_on_a_serial_line_come_out_as_slowly_as_they_arrive(tmp_path):
    stage, strip, took_ms = slip(tmp_path, kind="serial", baud=9_600, mode="raster")
    line_ms = stage.bench.paper_printer.bytes_received * 10 * 1000 / 9_600
    motor_ms = strip["rows"] * 1000 / 400
    out_ms = sum(ms for _, ms in strip["paces"])
    assert out_ms > 2 * motor_ms
    assert abs(out_ms - line_ms) < 0.05 * line_ms
    assert abs(took_ms - out_ms) < 0.05 * line_ms
