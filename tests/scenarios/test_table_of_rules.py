"""The table of rules and the scenarios are held to each other, both ways."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
HEADING = "## Rules and their scenarios\n"
NAME = re.compile(r"`([a-z0-9-]+)`")


def rows() -> list[list[str]]:
    """Rule, what shows it, what tries to get around it: the cells of each row."""
    text = README.read_text(encoding="utf-8")
    section = text.split(HEADING)[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return [row for row in cells if row[0] not in ("rule", "---")]


def listed() -> set[str]:
    return {name for row in rows() for cell in row[1:] for name in NAME.findall(cell)}


def told() -> set[str]:
    return {path.stem for path in FOLDER.glob("*.pos")}


def test_every_scenario_stands_in_the_table():
    assert told() - listed() == set()


def test_every_scenario_of_the_table_is_there():
    assert listed() - told() == set()


def test_every_rule_is_shown_and_somebody_tries_to_get_around_it():
    assert len(rows()) > 40
    for row in rows():
        assert len(row) == 3, row
        assert all(NAME.search(cell) for cell in row[1:]), row
