"""The house's rules that a machine can hold: import arrows, sizes, models, no floats near money."""

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

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
    "lab",
    "cli",
)
# Beside that, what a room may not know although it stands below.
STRANGERS = {
    "acquirer": ("firmware.journal",),  # the other end of the line has its own books
    "payments": ("firmware.acquirer",),  # a host is asked over the line, whoever it is
}
# Who may build drivers and models; all others know of `hw` what may be asked and what is reported.
COMPOSERS = ("firmware/terminal/", "firmware/ops/doctor/", "firmware/lab/", "firmware/cli/")
SEAMS = ("hw.ports", "hw.events")
# A slip or a picture that evidence shows is drawn by the very code that prints it.
PAINTERS = {
    "firmware/audit/evidence_case.py": ("hw.printer", "hw.printer_encode", "hw.sim.printer.escpos"),
    "firmware/audit/report_chart.py": ("hw.printer_font",),
}
EMV_MAY_IMPORT = ("cryptography", "firmware.core.masked", "firmware.emv")
# A flow asks for effects; these would be the world itself.
NOT_IN_FLOWS = ("time", "threading", "socket", "sqlite3", "os", "pathlib", "subprocess", "random")
MONEY_CODE = (
    "firmware/core/money.py",
    "firmware/flows/",
    "firmware/journal/",
    "firmware/iso8583/",
    "firmware/acquirer/",
    "firmware/payments/",
    "firmware/receipts/",
)
# driver: the model of what is behind its wire
MODELS = {
    "hw/oled.py": "hw/sim/panel/ssd1306.py",
    "hw/keypad.py": "hw/sim/panel/matrix.py",
    "hw/evdev_keypad.py": "hw/sim/panel/usb_keypad.py",
    "hw/card_reader.py": "hw/sim/reader/pcsc.py",
    "hw/printer.py": "hw/sim/printer/escpos.py",
}
# The one place that reads the date; all others are handed a clock, and no test depends on today.
REAL_CLOCK = "hw/worker.py"
DATED = {
    "datetime": ("now", "utcnow", "today"),
    "date": ("today",),
    "time": ("time", "time_ns", "CLOCK_REALTIME"),
}
# these read the clock when no time is handed to them
DATED_WITHOUT_TIME = {"time": ("localtime", "gmtime", "ctime", "asctime", "strftime")}
DEVICE_PORTS = ("Display", "Keypad", "CardReader", "Printer")


def modules(*tops: str) -> list[str]:
    """Paths below the root, as strings, of every module of the packages."""
    return sorted(
        path.relative_to(ROOT).as_posix() for top in tops for path in (ROOT / top).rglob("*.py")
    )


@functools.cache
def parsed(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def imports(module: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports."""
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "." * node.level
        elif isinstance(node, ast.ImportFrom) and node.module in ("hw", "firmware"):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_hw_knows_nothing_of_money():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("hw")
        for line, name in imports(module)
        if within(name, "firmware")
    ]
    assert offenders == []


def test_a_driver_knows_nothing_of_its_model():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("hw")
        if not module.startswith("hw/sim/")
        for line, name in imports(module)
        if within(name, "hw.sim")
    ]
    assert offenders == []


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


def test_everything_has_a_room():
    homeless = [
        module
        for module in modules("firmware")
        if module.split("/")[1] not in ROOMS
        and module not in ("firmware/__init__.py", "firmware/__main__.py")
    ]
    assert homeless == []


def test_payments_know_no_screen_and_no_key():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("firmware/payments")
        for line, name in imports(module)
        if within(name, "firmware.ui", "firmware.flows", "hw")
    ]
    assert offenders == []


def public_classes(module: str) -> Iterator[str]:
    yield from (
        node.name
        for node in parsed(module).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )


def test_one_name_stands_for_one_thing_in_the_product():
    places: dict[str, list[str]] = {}
    for module in modules(*(f"firmware/{room}" for room in ROOMS if room != "lab")):
        for name in public_classes(module):
            places.setdefault(name, []).append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_the_emv_kernel_stands_on_its_own():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("firmware/emv")
        for line, name in imports(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not within(name, *EMV_MAY_IMPORT)
    ]
    assert offenders == []


def test_flows_touch_no_clock_file_or_socket():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("firmware/flows")
        for line, name in imports(module)
        if within(name, *NOT_IN_FLOWS)
    ]
    assert offenders == []


def test_nothing_is_mocked_and_no_test_sleeps():
    offenders = [
        f"{module}:{node.lineno}"
        for module in modules("firmware", "hw", "tests")
        for node in ast.walk(parsed(module))
        if (isinstance(node, ast.ImportFrom) and node.module in ("unittest", "unittest.mock"))
        or (isinstance(node, ast.Name) and node.id == "MagicMock")
        or (module.startswith("tests/") and waits(node))
    ]
    assert offenders == []


def waits(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep")


def test_only_the_real_clock_knows_what_day_it_is():
    offenders = [
        place
        for module in modules("firmware", "hw", "tests")
        if module != REAL_CLOCK
        for place in dated(module)
    ]
    assert offenders == []


def test_the_real_clock_is_where_the_rule_says():
    assert [place.partition(" ")[2] for place in dated(REAL_CLOCK)] == ["datetime.now"]


def dated(module: str) -> Iterator[str]:
    """Where a module reads the date, or hands on what does, as in `wait(clock=time.time)`."""
    told = {  # what is called with a time to tell
        node.func
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Call) and len(node.args) > (called(node) == "strftime")
    }
    for node in ast.walk(parsed(module)):
        place = f"{module}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).rpartition(".")[2]
            names = DATED.get(owner, ()) + (
                DATED_WITHOUT_TIME.get(owner, ()) if node not in told else ()
            )
            if node.attr in names:
                yield f"{place} {owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            wrong = {*DATED["time"], *DATED_WITHOUT_TIME["time"]}
            yield from (f"{place} {each.name}" for each in node.names if each.name in wrong)


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "dt.datetime.now()",
        "make(now=datetime.now)",
        "datetime.utcnow()",
        "datetime.today()",
        "dt.date.today()",
        "time.time()",
        "wait(clock=time.time)",
        "time.time_ns()",
        "from time import time",
        "time.localtime()",
        "time.gmtime()",
        "time.strftime('%Y')",
        "time.ctime()",
        "time.clock_gettime(time.CLOCK_REALTIME)",
    ],
)
def test_the_rule_about_the_day_can_fail(source, tmp_path):
    (tmp_path / "module.py").write_text(source)
    assert len(list(dated(str(tmp_path / "module.py")))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "clock.now()",
        "self.bench.clock.now()",
        "moment.strftime('%Y')",
        "time.strftime('%Y', then)",
        "time.localtime(then_s)",
        "datetime.fromtimestamp(then_s)",
        "time.monotonic()",
    ],
)
def test_the_rule_about_the_day_lets_a_time_be_told(source, tmp_path):
    (tmp_path / "module.py").write_text(source)
    assert list(dated(str(tmp_path / "module.py"))) == []


def called(node: ast.AST) -> str:
    """The last name of what a call calls, or nothing."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_modules_stay_small():
    sizes = {
        module: len((ROOT / module).read_text(encoding="utf-8").splitlines())
        for module in modules("firmware", "hw", "tests")
    }
    assert {module: size for module, size in sizes.items() if size >= MODULE_LINES_MAX} == {}


def test_functions_stay_small():
    offenders = [
        f"{module}:{node.lineno} {node.name} {node.end_lineno - node.lineno + 1}"
        for module in modules("firmware", "hw", "tests")
        for node in ast.walk(parsed(module))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert offenders == []


def test_every_module_says_what_it_is_responsible_for():
    silent = [
        module
        for module in modules("firmware", "hw", "tests")
        if parsed(module).body and not ast.get_docstring(parsed(module))
    ]
    assert silent == []


def drivers() -> set[str]:
    """Modules of hw with a class that has every method of a device's port."""
    methods = {
        node.name: {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        for node in parsed("hw/ports.py").body
        if isinstance(node, ast.ClassDef) and node.name in DEVICE_PORTS
    }
    assert len(methods) == len(DEVICE_PORTS)
    return {
        module
        for module in modules("hw")
        if not module.startswith("hw/sim/") and module != "hw/ports.py"
        for node in parsed(module).body
        if isinstance(node, ast.ClassDef)
        and any(
            port <= {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
            for port in methods.values()
        )
    }


def test_every_driver_has_its_model():
    assert drivers() == set(MODELS)
    assert [model for model in MODELS.values() if not (ROOT / model).is_file()] == []


@pytest.mark.parametrize("driver", sorted(MODELS))
def test_every_driver_has_a_contract_test_against_its_model(driver):
    wanted = {
        Path(part).with_suffix("").as_posix().replace("/", ".") for part in (driver, MODELS[driver])
    }
    held = [
        module
        for module in modules("tests/contracts")
        if wanted <= {name for _, name in imports(module)}
    ]
    assert held, f"no test in tests/contracts holds {driver} to {MODELS[driver]}"


def inexact(module: str) -> Iterator[str]:
    """Where a module leaves the integers: float literals, float(…), true division."""
    for node in ast.walk(parsed(module)):
        place = f"{module}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{place} {node.value}"
        elif called(node) == "float":
            yield f"{place} float()"
        elif (
            isinstance(node, (ast.BinOp, ast.AugAssign))
            and isinstance(node.op, ast.Div)
            and not divides_no_money(node)
        ):
            yield f"{place} /"


def divides_no_money(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether `/` joins a path, or turns milliseconds into what a socket wants: names tell."""
    left = ast.unparse(node.left if isinstance(node, ast.BinOp) else node.target)
    return left.rpartition(".")[2].endswith(("_ms", "path", "directory", "folder", "files()"))


def test_money_is_never_a_float():
    offenders = [
        place
        for module in modules("firmware")
        if module.startswith(MONEY_CODE)
        for place in inexact(module)
    ]
    assert offenders == []


@pytest.mark.parametrize("source", ["x = 0.5", "x = float(y)", "x = minor / 2", "x /= 2"])
def test_the_rule_about_floats_can_fail(source, tmp_path):
    (tmp_path / "money.py").write_text(source)
    assert list(inexact(str(tmp_path / "money.py")))


MONEY_IN_WORDS = "firmware/core/money.py"
# what has no amount in it, or may round: hours and minutes, a chart's bars, an issuer's test codes
NO_AMOUNTS = {
    "firmware/lab/benchmarks/figures.py": "percentiles",
    "firmware/audit/report_chart.py": "a chart may round, and reckons in floats",
    "firmware/acquirer/issuer.py": "the last two digits of a test amount are its response code",
}


def in_hundreds(module: str) -> Iterator[str]:
    """Where a module may turn minor units into major ones, or back, by itself.

    By 100 or a power of ten, by an exponent, by Decimal or quantize, by cutting two digits off.
    """
    for node in ast.walk(parsed(module)):
        place = f"{module}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, (ast.BinOp, ast.AugAssign)):
            factor = node.right if isinstance(node, ast.BinOp) else node.value
            if isinstance(node.op, _SCALES) and is_scale(factor):
                yield f"{place} {ast.unparse(node)}"
        elif called(node) == "divmod" and is_scale(node.args[-1]):  # type: ignore[attr-defined]
            yield f"{place} {ast.unparse(node)}"
        elif called(node) in ("quantize", "Decimal", "scaleb"):
            yield f"{place} {called(node)}"
        elif isinstance(node, ast.FormattedValue) and cuts_an_amount(node):
            yield f"{place} {ast.unparse(node)}"


_SCALES = (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_AMOUNTS = ("minor", "amount", "price", "cents", "balance", "sum")


def is_scale(node: ast.expr) -> bool:
    """100, 1000 of a currency's exponent, or ten to the power of something."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base = node.left
        return isinstance(base, ast.Constant) and base.value == 10 and not is_number(node.right)
    return isinstance(node, ast.Constant) and node.value == 100


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def cuts_an_amount(node: ast.FormattedValue) -> bool:
    """Whether an f-string pads what is called an amount to two or three digits."""
    spec = ast.unparse(node.format_spec) if node.format_spec else ""
    name = ast.unparse(node.value).lower()
    return any(f"{width}" in spec for width in ("02", "03", ".2f", ".3f")) and any(
        word in name for word in _AMOUNTS
    )


def test_money_is_read_and_written_in_one_place():
    offenders = [
        place
        for module in modules("firmware")
        if module != MONEY_IN_WORDS and module not in NO_AMOUNTS
        for place in in_hundreds(module)
    ]
    assert offenders == []


@pytest.mark.parametrize(
    "source",
    [
        "x = minor / 100",
        "x = whole * 100 + cents",
        "x = minor % 100",
        "x = divmod(minor, 100)",
        "x = minor // 10**currency.exponent",
        "x = Decimal(text)",
        "x = amount.quantize(CENT)",
        'x = f"{minor_rest:02d}"',
        'x = f"{amount:.2f}"',
        "x *= 100",
    ],
)
def test_the_rule_about_one_place_can_fail(source, tmp_path):
    (tmp_path / "till.py").write_text(source)
    assert list(in_hundreds(str(tmp_path / "till.py")))


def test_the_bench_page_is_given_its_amounts_as_text():
    scripts = sorted((ROOT / "firmware/lab/page/static").glob("*.js"))
    assert scripts
    offenders = [
        path.name
        for path in scripts
        if any(word in path.read_text(encoding="utf-8") for word in ("toFixed", "/ 100)", "_minor"))
    ]
    assert offenders == []
