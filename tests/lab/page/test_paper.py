"""The page's paper comes out line by line, as long as the modelled printer really takes."""

from __future__ import annotations

import json

import pytest

from firmware.lab.benchmarks.hands import LOOK_MS, PIN, Hands
from firmware.lab.page.hub import Hub, Seen
from firmware.lab.page.publisher import Publisher
from firmware.lab.page.recorder import Recorder
from firmware.lab.scenario.stage import Stage, stage_config


def slip(directory, **printer: object) -> tuple[int, dict, int]:
    """The merchant's copy of a sale: its bytes, what the page is told, the virtual ms it took."""
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
    size_bytes = stage.bench.paper_printer.bytes_received  # the other copy comes when it may
    hands.wait(LOOK_MS)
    stage.close()
    logs = {one["log"]: one["entries"] for one in json.loads(hub.news(Seen())) if "log" in one}
    return size_bytes, logs["paper"][-1], took_ms


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
    size_bytes, strip, took_ms = slip(tmp_path, kind="serial", baud=9_600, mode="raster")
    line_ms = size_bytes * 10 * 1000 / 9_600
    motor_ms = strip["rows"] * 1000 / 400
    out_ms = sum(ms for _, ms in strip["paces"])
    assert out_ms > 2 * motor_ms
    assert abs(out_ms - line_ms) < 0.05 * line_ms
    assert abs(took_ms - out_ms) < 0.05 * line_ms
