"""Every setting of a part changes what the part sees, in the simulator as on the Pi."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.config import (
    Config,
    ConfigError,
    DisplaySettings,
    KeypadSettings,
    PrinterSettings,
    ReaderSettings,
)
from firmware.core.config_file import from_tables
from firmware.lab.benchmarks.hands import CARD, LOOK_MS, PIN, Hands
from firmware.lab.scenario.stage import Stage
from firmware.terminal.drivers import profile_of
from firmware.terminal.settings import printer_address
from hw.printer_encode import Mode
from hw.sim.panel.ssd1306 import Sh1106
from hw.sim.printer.kinds import GOOD, Kind, kind_of

AMOUNT_MINOR = 12_850
ON_THE_WIRE = {  # which device it is: nothing that a model of the part could see
    "printer.device",
    "display.bus",
    "display.port",
    "display.address",
    "keypad.device",
}


def seen(config: Config, kind: Kind = GOOD) -> dict[str, Any]:
    """What the models see of a sale by these settings."""
    with tempfile.TemporaryDirectory(prefix="pos-seen-") as directory:
        stage = Stage(Path(directory), config, printer_kind=kind)
        hands = Hands(stage)
        try:
            before = stage.bench.paper_printer.bytes_received
            turned = stage.bench.chip.image().tobytes()
            assert stage.terminal is not None
            if stage.terminal.runner.out_of_service:
                return {"out of service": stage.display_text}
            hands.begin(AMOUNT_MINOR)
            hands.insert(CARD)
            began_ms = stage.bench.clock.monotonic_ms()
            hands.press(PIN)
            hands.press("ENTER")
            hands.wait(LOOK_MS)
            while stage.terminal.spool.busy:
                hands.wait(LOOK_MS)
            printer = stage.bench.paper_printer
            return {
                "bytes": printer.bytes_received - before,
                "columns": printer.columns,
                "symbols": printer.paper.has_qr,
                "cuts": len(printer.paper.cuts_px),
                "took_ms": stage.bench.clock.monotonic_ms() - began_ms,
                "anomalies": tuple(printer.anomalies),
                "answers": printer.answers_given,
                "chip": type(stage.bench.chip).__name__,
                "contrast": stage.bench.chip.contrast,
                "memory": turned,
                "keys": type(stage.bench.keys).__name__,
            }
        finally:
            stage.close()


def paper(**printer: object) -> Config:
    return Config(printer=PrinterSettings(**printer))  # type: ignore[arg-type]


def screen(**display: object) -> Config:
    return Config(display=DisplaySettings(**display))  # type: ignore[arg-type]


SMALL = kind_of(["small-buffer"])
CASES: dict[str, tuple[Config, Config, Kind, str]] = {
    "printer.kind": (Config(), paper(kind="none"), GOOD, "bytes"),
    "printer.model": (Config(), paper(model="TM-T88IV"), GOOD, "columns"),
    "printer.width_mm": (Config(), paper(width_mm=80), GOOD, "columns"),
    "printer.mode": (Config(), paper(mode="mixed"), GOOD, "bytes"),
    "printer.baud": (
        paper(kind="serial", mode="raster"),
        paper(kind="serial", mode="raster", baud=115_200),
        GOOD,
        "took_ms",
    ),
    "printer.xonxoff": (
        paper(kind="serial", mode="raster"),
        paper(kind="serial", mode="raster", xonxoff=False),
        SMALL,
        "bytes",
    ),
    "printer.cutter": (Config(), paper(cutter=True), GOOD, "cuts"),
    "printer.qr": (Config(), paper(qr=False), GOOD, "symbols"),
    "printer.status": (Config(), paper(status="none"), GOOD, "answers"),
    "display.chip": (Config(), screen(chip="sh1106"), GOOD, "chip"),
    "display.rotate": (Config(), screen(rotate=2), GOOD, "memory"),
    "display.brightness": (Config(), screen(brightness=10), GOOD, "contrast"),
    "reader.name": (
        Config(),
        Config(reader=ReaderSettings(name="none such")),
        GOOD,
        "out of service",
    ),
    "keypad.kind": (Config(), Config(keypad=KeypadSettings(kind="usb")), GOOD, "keys"),
}


@pytest.mark.parametrize("setting", CASES)
def test_a_setting_changes_what_its_model_sees(setting: str) -> None:
    usual, other, kind, what = CASES[setting]
    assert seen(usual, kind).get(what) != seen(other, kind).get(what)


def test_every_setting_of_a_part_is_tried() -> None:
    """A new one is tried from its first day, or is named as the wire's."""
    parts = {
        "printer": PrinterSettings,
        "display": DisplaySettings,
        "reader": ReaderSettings,
        "keypad": KeypadSettings,
    }
    settings = {
        f"{name}.{field}" for name, section in parts.items() for field in section.__struct_fields__
    }
    assert settings == CASES.keys() | ON_THE_WIRE


def test_a_sale_is_played_on_a_keypad_on_usb_and_a_display_upside_down() -> None:
    config = Config(
        keypad=KeypadSettings(kind="usb"), display=DisplaySettings(rotate=2, chip="sh1106")
    )
    with tempfile.TemporaryDirectory(prefix="pos-seen-") as directory:
        stage = Stage(Path(directory), config)
        hands = Hands(stage)
        hands.begin(AMOUNT_MINOR)
        assert "插卡" in stage.display_text
        assert isinstance(stage.bench.chip, Sh1106)
        stage.close()


# --- one profile ---

KNOWN: list[tuple[dict[str, object], Callable[[Any], object], object]] = [
    ({"model": "TM-T88III"}, lambda profile: (profile.columns, profile.width_px), (42, 512)),
    ({"model": "TM-T88III", "width_mm": 80}, lambda profile: profile.columns, 42),
    ({"model": "TM-T88III", "width_mm": 58}, lambda profile: profile.width_px, 384),
    ({"model": "POS-58"}, lambda profile: profile.qr, False),
    ({"model": "POS-58", "qr": True}, lambda profile: profile.qr, True),
    ({"model": "TM-T20III", "cutter": False}, lambda profile: profile.cutter, False),
    ({"model": "POS-58", "mode": "raster"}, lambda profile: profile.mode, Mode.RASTER),
    ({"width_mm": 80}, lambda profile: profile.width_px, 576),
    ({}, lambda profile: (profile.columns, profile.qr, profile.cutter), (32, True, False)),
]


@pytest.mark.parametrize(("printer", "look", "expected"), KNOWN)
def test_a_setting_goes_before_what_the_model_is_known_for(
    printer: dict[str, object], look: Callable[[Any], object], expected: object
) -> None:
    assert look(profile_of(PrinterSettings(**printer))) == expected  # type: ignore[arg-type]


def test_a_model_that_is_not_known_is_named() -> None:
    with pytest.raises(ConfigError, match=r"printer.model: no printer model 'TM-T8' is known"):
        from_tables({"printer": {"model": "TM-T8"}}, source="pos.toml")


def test_settings_of_the_wire_are_in_its_address() -> None:
    printer = PrinterSettings(kind="serial", device="/dev/ttyUSB0", baud=9_600)
    assert printer_address(printer) == "serial:/dev/ttyUSB0:9600"
    assert printer_address(replace(printer, device="")) == "serial:/dev/serial0:9600"
