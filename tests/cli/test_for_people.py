"""CONTRIBUTING, SECURITY and CHANGELOG promise nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
OPTION = re.compile(r"(?<![-\w])--[a-z][a-z-]+")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_command_they_name_exists(name):
    named = re.findall(r"(?:`|firmware/)pos ([a-z]+)", text(name))
    assert named
    assert set(named) <= {*COMMANDS, "test"}


@pytest.mark.parametrize("name", PAGES)
def test_every_path_they_name_is_there(name):
    linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(name))
    quoted = re.findall(r"`((?:tests|firmware|hw)/[\w./-]+)`", text(name))
    run = re.findall(r"(?<=\s)(tests/[\w./-]+)", text(name))
    paths = {*linked, *quoted, *run}
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_whatever_is_protected_names_what_holds_it():
    rows = [line for line in text("SECURITY.md").splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 10
    assert [row for row in rows if "`" not in row.split(" | ")[-1]] == []


def test_every_option_they_name_is_one(capsys):
    codes = [code for name in PAGES for code in re.findall(r"`pos ([a-z][^`]*)`", text(name))]
    named = [(code, options) for code in codes if (options := set(OPTION.findall(code)))]
    assert named
    for code, options in named:
        command, second, *_ = code.split()
        with pytest.raises(SystemExit):
            main([command, *[second] * (second.isalpha() and second.islower()), "--help"])
        assert options <= set(OPTION.findall(capsys.readouterr().out)) | {"--day", "--version"}, (
            code
        )


def test_anchors_they_link_to_are_headings():
    links = re.findall(r"\]\(([^)#:]+)#([^)]+)\)", "".join(map(text, PAGES)))
    assert links
    for path, anchor in links:
        heads = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
        assert anchor in [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]
