"""What the tests of the house's rules read: every module as a syntax tree, and what it imports."""

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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


def importing(inside: Iterable[str], *packages: str) -> list[str]:
    """Where these modules import one of the packages."""
    return [
        f"{module}:{line} {name}"
        for module in inside
        for line, name in imports(module)
        if within(name, *packages)
    ]


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def called(node: ast.AST) -> str:
    """The last name of what a call calls, or nothing."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))
