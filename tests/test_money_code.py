"""Money is integers of minor units, and one module turns them into text and back."""

import ast
from collections.abc import Iterator

import pytest

from tests.source import ROOT, called, modules, parsed

MONEY_CODE = (
    "firmware/core/money.py",
    "firmware/flows/",
    "firmware/journal/",
    "firmware/iso8583/",
    "firmware/acquirer/",
    "firmware/payments/",
    "firmware/receipts/",
)


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
    "firmware/audit/export_xlsx.py": "a sheet's cells are numbers, read from what money.py wrote",
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
