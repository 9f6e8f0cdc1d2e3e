"""Every scenario in this folder holds; its file name is the rule that it shows."""

import shutil
from pathlib import Path

import pytest

from firmware.iso8583.profile import Profile
from firmware.journal.connection import DATABASE
from firmware.lab.scenario.language import ScenarioError, Step
from firmware.lab.scenario.player import ScenarioFailed
from firmware.lab.scenario.playing import play
from firmware.lab.scenario.stage import Stage

FILES = sorted(Path(__file__).parent.glob("*.pos"))
LINES = [path for path in FILES if "include lib/line.pos" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_story_holds(path: Path) -> None:
    try:
        play(path)
    except ScenarioFailed as failed:
        pytest.fail(str(failed), pytrace=False)


@pytest.mark.parametrize("path", LINES, ids=[path.stem for path in LINES])
def test_a_story_of_a_line_holds_with_the_embedded_messages_over_it(
    path: Path, tmp_path: Path
) -> None:
    shutil.copytree(path.parent / "lib", tmp_path / "lib")
    settings = tmp_path / "lib/line.pos"
    told = settings.read_text("utf-8")
    assert "host.kind acquirer" in told
    settings.write_text(told.replace("host.kind acquirer", "host.kind tcp"), "utf-8")
    copy = tmp_path / path.name
    # the screen of an unanswered echo names the header, and this profile has none
    header = Profile.shipped("unionpay").frame.header
    copy.write_text(path.read_text("utf-8").replace(header, "报头-"), "utf-8")
    try:
        play(copy)
    except ScenarioFailed as failed:
        pytest.fail(str(failed), pytrace=False)


def test_story_that_does_not_hold_fails(tmp_path: Path) -> None:
    path = tmp_path / "wrong.pos"
    path.write_text('press 100 ENTER\nexpect screen "2.00"\n', encoding="utf-8")
    with pytest.raises(ScenarioFailed, match=r"wrong\.pos:2: expected screen “2\.00”, saw .*1\.00"):
        play(path)


def test_what_cannot_be_read_while_the_disk_is_gone_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gone.pos"
    path.write_text('fault disk gone\norder a 100 "x"\nwait 3s\nexpect order a none\n', "utf-8")
    with pytest.raises(ScenarioFailed, match=r"gone\.pos:4: .*a none, saw a journal that cannot"):
        play(path)


def test_a_journal_that_faults_is_said_with_its_line(tmp_path: Path) -> None:
    """Whoever watches takes the journal's file away, as a hand at the disk could."""
    files: list[Path] = []

    def lose(step: Step, stage: Stage) -> None:
        if stage.terminal is not None:
            files.append(stage.terminal.data.directory / DATABASE)
        else:
            files[-1].unlink()

    path = tmp_path / "lost.pos"
    path.write_text("press 1 CANCEL\npower cut\npower on\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"lost\.pos:3: journal lost: .* is gone"):
        play(path, on_step=lose)
