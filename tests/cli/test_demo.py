"""`pos demo` tells a true story: from the models alone, in two languages, for any terminal."""

import contextlib
import io

import pytest
from PIL import Image

from firmware.__main__ import main
from firmware.lab import demo
from firmware.lab.narration import Narrator, locale_language, torn
from firmware.lab.scenario.player import ScenarioFailed
from firmware.ui.drawing import braille, drawing_for, half_blocks
from firmware.ui.texts import Language


@pytest.fixture(scope="module", params=["zh", "en"])
def demo_run(request, tmp_path_factory):
    """Language, folder and words of one demo."""
    folder = tmp_path_factory.mktemp(request.param)
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as here, contextlib.redirect_stdout(said):
        here.setenv("COLUMNS", "130")
        code = main(["demo", "--lang", request.param, "-o", str(folder)])
    assert code == 0
    return request.param, folder, said.getvalue()


def test_the_demo_shows_a_sale_a_void_and_a_refund_with_their_vouchers(demo_run):
    _, _, said = demo_run
    papers = "".join(said.split()).replace("│", "")
    for voucher in ("消费SALE", "消费撤销VOID", "退货REFUND"):
        assert papers.count(f"交易类型TRANSTYPE:{voucher}") >= 1
    assert "原凭证号ORIGVOUCHER:000001" in papers
    assert "可退余额REFUNDABLE:RMB58.00" in papers


def test_the_demo_speaks_the_language_it_was_asked_for(demo_run):
    language, _, said = demo_run
    title = {"zh": "二、消费撤销", "en": "2. A void"}
    assert title[language] in said
    assert not any(words in said for other, words in title.items() if other != language)


def test_every_picture_that_the_demo_names_lies_there(demo_run):
    _, folder, said = demo_run
    names = (line.strip() for line in said.splitlines() if line.startswith("  /"))
    named = {name for name in names if name.endswith(".png")}
    assert len(named) >= 18
    assert named == {str(path) for path in folder.glob("[0-9]*.png")}
    assert str(folder) in "".join(said.splitlines()[-3:])  # a long path has a line of its own
    for sheet in (demo.SCREENS, demo.RECEIPTS):
        assert sheet in said
        with Image.open(folder / sheet) as picture:
            assert picture.width > 1000


def test_each_screen_that_is_drawn_is_the_one_that_is_saved(demo_run):
    _, folder, said = demo_run
    screens = 0
    for path in folder.glob("[0-9]*.png"):
        with Image.open(path) as picture:
            if picture.size == (128, 64):
                assert f"{half_blocks(picture)}\n  {path}\n" in said
                screens += 1
    assert screens >= 10


def test_no_colour_codes_go_into_a_file(demo_run):
    assert "\x1b" not in demo_run[2]


def test_a_terminal_gets_colour_on_each_line_of_a_screen(capsys):
    narrator = Narrator(Language.EN, 130, colours=True)
    narrator.screen(Image.new("1", (128, 64), 1), "display")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 32
    assert all(line.startswith("\x1b[") and line.endswith("\x1b[0m") for line in lines)


def test_a_story_that_does_not_hold_is_not_told_as_if_it_did(tmp_path):
    story = tmp_path / "lie.pos"
    story.write_text('# -- 谎 | lie\npress 100 ENTER\nexpect screen "9.99"\n', encoding="utf-8")
    untrue = demo.Demo(Language.EN, tmp_path, Narrator(Language.EN, 130))
    with pytest.raises(ScenarioFailed, match=r"lie\.pos:3: expected screen “9\.99”"):
        untrue.run(story)


def test_no_place_for_the_pictures_is_one_line_and_exit_code_2(tmp_path, pos):
    (tmp_path / "taken").write_text("")
    refusal = pos("demo", "-o", tmp_path / "taken").refusal(2)
    assert refusal == f"pos: {tmp_path / 'taken'}: File exists"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "", "LC_MESSAGES": "zh_TW"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(environment, language):
    assert locale_language(environment) == language


def test_a_narrow_terminal_gets_the_screen_in_braille():
    panel = Image.new("1", (128, 64))
    assert drawing_for(130, panel) == half_blocks(panel)
    assert drawing_for(129, panel) == braille(panel)
    assert {len(line) for line in braille(panel).splitlines()} == {66}
    assert len(braille(panel).splitlines()) == 18


def test_each_pixel_is_a_braille_dot_of_its_own():
    cells = set()
    for x in range(2):
        for y in range(4):
            image = Image.new("1", (2, 4))
            image.putpixel((x, y), 1)
            cells.add(braille(image).splitlines()[1][1])
    assert cells == set("⠁⠂⠄⡀⠈⠐⠠⢀")


def test_a_torn_paper_has_straight_edges_beside_wide_characters():
    lines = torn("消费 SALE\nRMB 1.00", 12).splitlines()
    assert lines[1:3] == ["  │ 消费 SALE    │", "  │ RMB 1.00     │"]
