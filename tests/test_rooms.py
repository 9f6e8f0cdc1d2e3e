"""The rooms of the house: who may know whom, and that one name stands for one thing."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.source import importing, imports, modules, parsed, within

# The rooms of `firmware`, from the lowest up: a room knows those below it, never those above.
ROOMS = (
    "core",
    "emv",
    "journal",
    "iso8583",
    "acquirer",
    "payments",
    "receipts",
    "ui",
    "flows",
    "terminal",
    "audit",
    "ops",
    "api",
    "kiosk",
    "lab",
    "cli",
)
# Beside that, what a room may not know although it stands below.
STRANGERS = {
    "iso8583": ("firmware.journal",),  # both ends use it, and one of them has no journal
    "acquirer": ("firmware.journal",),  # the other end of the line has its own books
    "payments": ("firmware.acquirer",),  # a host is asked over the line, whoever it is
}
# Who may build drivers and models; all others know of `hw` what may be asked and what is reported.
COMPOSERS = ("firmware/terminal/", "firmware/ops/doctor/", "firmware/lab/", "firmware/cli/")
SEAMS = ("hw.ports", "hw.events", "hw.printer_models")  # a printer's name is a setting
# A slip or a picture that evidence shows is drawn by the very code that prints it.
PAINTERS = {
    "firmware/audit/receipt_picture.py": (
        "hw.printer",
        "hw.printer_encode",
        "hw.sim.printer.escpos",
    ),
    "firmware/audit/report_chart.py": ("hw.printer_font",),
    "firmware/audit/evidence_pdf.py": ("hw.printer_font",),
}


def test_hw_knows_nothing_of_money():
    assert importing(modules("hw"), "firmware") == []


def test_a_driver_knows_nothing_of_its_model():
    drivers = [module for module in modules("hw") if not module.startswith("hw/sim/")]
    assert importing(drivers, "hw.sim") == []


def test_firmware_sees_only_the_seams_of_the_hardware():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("firmware")
        if not module.startswith(COMPOSERS)
        for line, name in imports(module)
        if within(name, "hw") and not within(name, *SEAMS, *PAINTERS.get(module, ()))
    ]
    assert offenders == []


def room_of(name: str) -> str:
    """The room of a module's full name, or "" outside of the rooms."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "firmware" and parts[1] in ROOMS else ""


def upward(module: str, room: str) -> Iterator[str]:
    """Where a module of `room` knows what stands above it, or a stranger."""
    for line, name in imports(module):
        other = room_of(name)
        above = other and ROOMS.index(other) > ROOMS.index(room)
        if above or within(name, *STRANGERS.get(room, ())):
            yield f"{module}:{line} {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_never_knows_one_above_it(room):
    inside = modules(f"firmware/{room}")
    assert inside
    assert [place for module in inside for place in upward(module, room)] == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("payments", "from firmware.ui.texts import Text"),
        ("core", "import firmware.cli.run"),
        ("acquirer", "from firmware.journal.store import Journal"),
    ],
)
def test_the_rule_about_rooms_can_fail(room, source, tmp_path):
    (tmp_path / "new.py").write_text(source)
    assert list(upward(str(tmp_path / "new.py"), room))


def test_only_the_laboratorys_own_commands_know_the_laboratory():
    own = [f"firmware/cli/{name}.py" for name in ("sim", "demo", "play", "card", "bench")]
    others = [module for module in modules("firmware") if not module.startswith("firmware/lab/")]
    found = importing((module for module in others if module not in own), "firmware.lab")
    # the tray's accounts for `pos acquirer account add --tray`, when it is asked for
    assert [place.partition(":")[0] for place in found] == ["firmware/cli/acquirer_registry.py"]


def test_everything_has_a_room():
    homeless = [
        module
        for module in modules("firmware")
        if module.split("/")[1] not in ROOMS
        and module not in ("firmware/__init__.py", "firmware/__main__.py")
    ]
    assert homeless == []


def test_payments_know_no_screen_and_no_key():
    inside = modules("firmware/payments")
    assert importing(inside, "firmware.ui", "firmware.flows", "hw") == []


def test_only_commands_know_the_command_line():
    commands = ("firmware/cli/", "firmware/core/exits")
    others = [module for module in modules("firmware") if not module.startswith(commands)]
    assert importing(others, "argparse") == []


def test_only_who_keeps_or_copies_a_database_knows_sqlite():
    keepers = (
        "firmware/journal/",
        "firmware/acquirer/books",
        "firmware/acquirer/sealed_records",
        "firmware/core/sqlite",
        "firmware/audit/data",  # opens the journal beside a terminal that writes it
        "firmware/ops/backup",
        "firmware/lab/",
    )
    others = [module for module in modules("firmware") if not module.startswith(keepers)]
    assert importing(others, "sqlite3") == []


def types_of(module: str) -> Iterator[str]:
    """Public classes, and the names that it gives to types, such as `Post = Callable[…]`."""
    for node in parsed(module).body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) if re.match("[A-Z][a-z]", name):
                yield name


def test_one_name_stands_for_one_thing_in_the_product():
    places: dict[str, list[str]] = {}
    for module in modules("firmware", "hw"):
        if not module.startswith(("firmware/lab/", "hw/sim/")):
            for name in types_of(module):
                places.setdefault(name, []).append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
