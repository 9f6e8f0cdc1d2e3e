"""What the READMEs promise is so: commands, scenarios, the language in full, links and modules."""

import re
from pathlib import Path

import pytest

from firmware.__main__ import COMMANDS
from firmware.lab.scenario.language import FAULTS, ScenarioError, parse
from firmware.lab.scenario.playing import play
from hw.sim.cards import tray

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
HOUSE = (ROOT / "firmware" / "README.md").read_text("utf-8")
KINDS = (ROOT / "firmware" / "KINDS.md").read_text("utf-8")
DECISIONS = (ROOT / "firmware" / "DECISIONS.md").read_text("utf-8")
LANGUAGE = (ROOT / "tests" / "scenarios" / "README.md").read_text("utf-8")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for found in (
        ROOT.glob("*.md"),
        (ROOT / "firmware").rglob("*.md"),
        (ROOT / "hw").rglob("*.md"),
        (ROOT / "tests").rglob("*.md"),
    )
    for path in found
)


def indented(text, first):
    """The indented block that begins with `first`."""
    lines = text[text.index(f"    {first}") :].splitlines()
    end = next((at for at, line in enumerate(lines) if not line.startswith("    ")), len(lines))
    return "\n".join(line[4:] for line in lines[:end])


def test_every_command_in_the_readme_exists():
    named = set(re.findall(r"firmware/pos (\w+)", README))
    assert named <= {*COMMANDS, "test"}
    assert {"demo", "test"} <= named


@pytest.mark.parametrize("readme", ["firmware/ops/install/README.md", "hw/README.md"])
def test_every_command_that_a_builder_is_given_exists(readme):
    text = (ROOT / readme).read_text("utf-8")
    named = re.findall(r"(?:`|firmware/|sudo |sudo -u pos )pos ([a-z]+)", text)
    assert {"install", "doctor"} <= set(named) <= {*COMMANDS, "test"}


def test_the_scenario_in_the_readme_holds(tmp_path):
    story = tmp_path / "readme.pos"
    story.write_text(indented(README, "press 12850"), encoding="utf-8")
    play(story)


def test_the_scenario_in_the_readme_of_scenarios_holds(tmp_path):
    story = tmp_path / "language.pos"
    story.write_text(
        LANGUAGE.split("```\n# a wrong")[1].split("```")[0].join(("# a wrong", "")), "utf-8"
    )
    play(story)


def links_of(page):
    """The files that a page links to, without anchors; addresses on the web are left out."""
    return re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_readme_links_to_is_there(page):
    folder = (ROOT / page).parent
    assert [link for link in links_of(page) if not (folder / link).exists()] == []


def test_links_are_found():
    assert {"README.md", "firmware/api/README.md", "tests/crash/README.md"} < set(PAGES)
    assert sum(len(links_of(page)) for page in PAGES) > 60


def test_the_language_is_told_in_full():
    with pytest.raises(ScenarioError) as refused:
        list(parse("nonsense", "any"))
    verbs = str(refused.value).partition("known are ")[2].split(", ")
    assert len(verbs) > 15
    assert [verb for verb in verbs if f"`{verb}" not in LANGUAGE] == []
    kinds = [f"`{device} {kind}" for device, all_ in FAULTS.items() for kind in all_]
    assert [kind for kind in kinds if kind not in LANGUAGE] == []


def test_the_whole_tray_is_told():
    assert [name for name in tray() if f"`{name}`" not in LANGUAGE] == []


def test_every_file_that_the_house_names_is_there():
    named = re.findall(r"`([\w/-]+\.(?:css|js|mjs|pos|py|toml|tsv))`", HOUSE + KINDS + DECISIONS)
    places = (ROOT, ROOT / "firmware", ROOT / "hw")
    assert len(named) > 100
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_file_that_names_the_youngest_kind_is_in_the_table_of_kinds():
    files = (
        path
        for path in (ROOT / "firmware").rglob("*")
        if path.suffix in (".js", ".mjs", ".py", ".toml")
    )
    naming = [
        path.relative_to(ROOT / "firmware").as_posix()
        for path in files
        if re.search("completion_?void|'completion'", path.read_text("utf-8"), re.IGNORECASE)
    ]
    assert len(naming) > 20
    assert sorted(name for name in naming if f"`{name}`" not in KINDS) == []
