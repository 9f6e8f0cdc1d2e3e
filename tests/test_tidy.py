"""The house's rules that a machine can hold: sizes, models, the one clock. Rooms: test_rooms.py."""

import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import ROOT, called, importing, imports, modules, parsed, within

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

EMV_MAY_IMPORT = (
    "cryptography",
    "msgspec",
    "firmware.core.masked",
    "firmware.core.money",
    "firmware.emv",
)
# A flow asks for effects; these would be the world itself.
NOT_IN_FLOWS = ("time", "threading", "socket", "sqlite3", "os", "pathlib", "subprocess", "random")
# driver: the model of what is behind its wire
MODELS = {
    "hw/oled.py": "hw/sim/panel/ssd1306.py",
    "hw/keypad.py": "hw/sim/panel/matrix.py",
    "hw/evdev_keypad.py": "hw/sim/panel/usb_keypad.py",
    "hw/card_reader.py": "hw/sim/reader/pcsc.py",
    "hw/printer.py": "hw/sim/printer/escpos.py",
}
# The one place that reads the date; all others are handed a clock, and no test depends on today.
REAL_CLOCK = "firmware/core/clock.py"
DATED = {
    "datetime": ("now", "utcnow", "today"),
    "date": ("today",),
    "time": ("time", "time_ns", "CLOCK_REALTIME"),
}
# these read the clock when no time is handed to them
DATED_WITHOUT_TIME = {"time": ("localtime", "gmtime", "ctime", "asctime", "strftime")}
# A test hands in a seam, or changes the world (files, wires, the standard library): no exceptions.
PATCHING = ("setattr", "delattr", "setitem", "delitem")
PRODUCT = ("firmware", "hw")
DEVICE_PORTS = ("Display", "Keypad", "CardReader", "Printer")


def test_the_emv_kernel_stands_on_its_own():
    offenders = [
        f"{module}:{line} {name}"
        for module in modules("firmware/emv")
        for line, name in imports(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not within(name, *EMV_MAY_IMPORT)
    ]
    assert offenders == []


def test_flows_touch_no_clock_file_or_socket():
    assert importing(modules("firmware/flows"), *NOT_IN_FLOWS) == []


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


def test_no_test_patches_what_is_ours():
    offenders = [place for module in modules("tests") for place in patches(module)]
    assert offenders == []


def patches(module: str) -> Iterator[str]:
    """Where a name of our own modules is given another value, by pytest's fixture or by hand."""
    ours = set()
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            ours |= {(one.asname or one.name.split(".")[0]) for one in node.names if own(one.name)}
        elif isinstance(node, ast.ImportFrom) and own(node.module or ""):
            ours |= {one.asname or one.name for one in node.names}
    for node in ast.walk(parsed(module)):
        if called(node) in PATCHING and node.args:
            changed = [node.args[0]]
        else:  # `module.NAME = value`
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            changed = [one.value for one in targets if isinstance(one, ast.Attribute)]
            changed = [one for one in changed if isinstance(one, ast.Name)]
        for one in changed:
            words = one.value if isinstance(one, ast.Constant) else ""
            named = ast.unparse(one).split(".")[0] in ours
            if named or (isinstance(words, str) and own(words)):
                yield f"{module}:{node.lineno} {ast.unparse(node)}"


def own(name: str) -> bool:
    return within(name, "firmware", "hw", "tests")


@pytest.mark.parametrize(
    "source",
    [
        "from firmware.journal import rules\nmonkeypatch.setattr(rules, 'BATCH_MAX', 3)",
        "from hw.sim import bench as b\nwith patched() as here: here.delattr(b.Bench, 'tray')",
        "import firmware.__main__\nmonkeypatch.setattr(firmware.__main__, '_AGAIN_S', 1)",
        "monkeypatch.setattr('firmware.journal.keys.write_new', full)",
        "from firmware.cli import run\nmonkeypatch.setitem(run.COMMANDS, 'a', 1)",
        "from firmware.journal import rules\nrules.BATCH_MAX = 3",
        "from tests import source\nsource.ROOT: object = 3",
    ],
)
def test_the_rule_about_patches_can_fail(source, tmp_path):
    (tmp_path / "module.py").write_text(source)
    assert len(list(patches(str(tmp_path / "module.py")))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import os\nmonkeypatch.setattr(os, 'fsync', full)",
        "monkeypatch.setattr('sys.stdin', text)",
        "from hw.sim.panel.matrix import Matrix\nmatrix = Matrix()\nmatrix.on_press = told.append",
    ],
)
def test_the_rule_about_patches_lets_the_world_be_changed(source, tmp_path):
    (tmp_path / "module.py").write_text(source)
    assert list(patches(str(tmp_path / "module.py"))) == []


def test_no_test_reaches_what_is_private():
    offenders = [place for module in modules("tests") for place in reaches(module)]
    assert offenders == []


def reaches(module: str) -> Iterator[str]:
    """Where a private name of the product is imported, asked for, or another's in a class of it."""
    for node in ast.walk(parsed(module)):
        names: set[str] = set()
        match node:
            case ast.ImportFrom(module=str(place), names=imported) if within(place, *PRODUCT):
                names = {one.name for one in imported if is_private(one.name)}
            case ast.Attribute(attr=name) if is_private(name) and not is_own(node):
                names = {name} & private_names()
            case ast.ClassDef(bases=bases):
                names = members(node) & inherited(bases)
        yield from (f"{module}:{node.lineno} {name}" for name in sorted(names))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def is_own(node: ast.Attribute) -> bool:
    """Whether it is asked of the object that the method is of."""
    return ast.unparse(node.value) in ("self", "cls", "super()")


def members(node: ast.ClassDef) -> set[str]:
    """Private methods of a class, and what its objects have or use of their own."""
    inside = list(ast.walk(node))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    methods = {each.name for each in inside if isinstance(each, functions)}
    asked = [each for each in inside if isinstance(each, ast.Attribute) and is_private(each.attr)]
    return {name for name in methods if is_private(name)} | {
        each.attr for each in asked if is_own(each)
    }


@functools.cache
def classes() -> dict[str, list[tuple[str, ast.ClassDef]]]:
    """All classes by name, each with its module."""
    found: dict[str, list[tuple[str, ast.ClassDef]]] = {}
    for module in modules(*PRODUCT, "tests"):
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append((module, node))
    return found


def inherited(bases: list[ast.expr], seen: frozenset[str] = frozenset()) -> set[str]:
    """Private members that the product's classes among these, and among their bases, have."""
    found: set[str] = set()
    for name in {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in bases} - seen:
        for module, node in classes().get(name, []):
            found |= set() if module.startswith("tests/") else members(node)
            found |= inherited(node.bases, seen | {name})
    return found


@functools.cache
def private_names() -> set[str]:
    """Of the product: of classes, and of modules."""
    of_classes = [
        members(node)
        for each in classes().values()
        for module, node in each
        if not module.startswith("tests/")
    ]
    of_modules = {
        name
        for module in modules(*PRODUCT)
        for node in parsed(module).body
        for name in [getattr(node, "name", ""), *map(ast.unparse, getattr(node, "targets", []))]
        if is_private(name)
    }
    return of_modules.union(*of_classes)


@pytest.mark.parametrize(
    "source",
    [
        "from firmware.terminal.assembly import _emv_setup",
        "rig.acquirer._host.close()",
        "from firmware.lab.scenario import stage\nstage._LOG",
        "class Mine(Stage):\n    def _data(self):\n        pass",
        "class Mine(Rig):\n    def close(self):\n        self._emv = None",
        "class Mine(stage.Stage):\n    def close(self):\n        super()._end(None)",
    ],
)
def test_the_rule_about_what_is_private_can_fail(source, tmp_path):
    (tmp_path / "module.py").write_text(source)
    assert len(list(reaches(str(tmp_path / "module.py")))) == 1


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


def test_what_ci_runs_on_other_days_is_there():
    names = re.findall(r"tests/[\w/.]+", (ROOT / ".ci/run").read_text(encoding="utf-8"))
    assert len(names) > 10
    assert [name for name in names if not (ROOT / name).exists()] == []
