"""`pos guide`: the cashier's page, to be printed."""

import pytest


@pytest.mark.parametrize(("lang", "title"), [("zh", "收银员速查"), ("en", "quick guide")])
def test_the_page_is_written_in_either_language(pos, tmp_path, lang, title):
    target = tmp_path / "guide.html"
    ended = pos("guide", "--lang", lang, "-o", target)
    assert ended.code == 0
    assert title in target.read_text(encoding="utf-8")


def test_a_page_is_no_picture(pos, tmp_path):
    ended = pos("guide", "-o", tmp_path / "guide.png")
    assert ended.code == 2
    assert "the page is a .html file" in ended.words


def test_the_file_must_be_named(pos):
    ended = pos("guide")
    assert ended.code == 2
    assert "-o" in ended.words
