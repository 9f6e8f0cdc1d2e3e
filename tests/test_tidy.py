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

# Who may build drivers and models: the command line, the stage of scenarios, and its page.
COMPOSERS = (
    "firmware/__main__.py",
    "firmware/assembly.py",
    "firmware/cli/",
    "firmware/scenario/",
    "firmware/page/",
)
SEAMS = ("hw.ports", "hw.events", "hw.printer_models")  # a printer's name is a setting
EMV_MAY_IMPORT = ("cryptography", "firmware.masked", "firmware.emv")
# A flow asks for effects; these would be the world itself.
NOT_IN_FLOWS = ("time", "threading", "socket", "sqlite3", "os", "pathlib", "subprocess", "random")
MONEY_CODE = (
    "firmware/money.py",
    "firmware/flows/",
    "firmware/journal/",
    "firmware/host/",
    "firmware/voucher/",
)
# driver: the model of what is behind its wire
MODELS = {
    "hw/oled.py": "hw/sim/ssd1306.py",
    "hw/keypad.py": "hw/sim/matrix.py",
    "hw/evdev_keypad.py": "hw/sim/usb_keypad.py",
    "hw/card_reader.py": "hw/sim/pcsc.py",
    "hw/printer.py": "hw/sim/escpos.py",
}
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
        if within(name, "hw") and not within(name, *SEAMS)
    ]
    assert offenders == []


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
