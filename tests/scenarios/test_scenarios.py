"""Every scenario in this folder holds; its file name is the rule that it shows."""

from pathlib import Path

import pytest

from firmware.lab.scenario.player import ScenarioFailed, play

FILES = sorted(Path(__file__).parent.glob("*.pos"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_story_holds(path: Path) -> None:
    try:
        play(path)
    except ScenarioFailed as failed:
        pytest.fail(str(failed), pytrace=False)


def test_story_that_does_not_hold_fails(tmp_path: Path) -> None:
    path = tmp_path / "wrong.pos"
    path.write_text('press 100 ENTER\nexpect screen "2.00"\n', encoding="utf-8")
    with pytest.raises(ScenarioFailed, match=r"wrong\.pos:2: expected screen “2\.00”, saw .*1\.00"):
        play(path)
