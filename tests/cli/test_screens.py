"""`pos screens`: the sheet that the README shows."""

from PIL import Image

from firmware.ui.contact_sheet import contact_sheet


def test_the_sheet_is_written_as_a_picture(pos, tmp_path):
    target = tmp_path / "screens.png"
    ended = pos("screens", "-o", target)
    assert ended.code == 0
    with Image.open(target) as picture:
        assert (picture.format, picture.tobytes()) == ("PNG", contact_sheet().tobytes())


def test_a_sheet_is_no_jpeg(pos, tmp_path):
    refusal = pos("screens", "-o", tmp_path / "screens.jpg").refusal(2)
    assert "the sheet is a .png file" in refusal


def test_a_folder_that_is_not_there_is_named(pos, tmp_path):
    target = tmp_path / "none" / "screens.png"
    refusal = pos("screens", "-o", target).refusal(2)
    assert refusal == f"pos: {target}: No such file or directory"


def test_the_file_must_be_named(pos):
    assert "-o" in pos("screens").refusal(2)
