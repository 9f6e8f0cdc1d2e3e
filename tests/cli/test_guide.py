"""`pos guide`: the cashier's page, to be printed."""

import pytest


@pytest.mark.parametrize(("lang", "title"), [("zh", "收银员速查"), ("en", "quick guide")])
def test_the_page_is_written_in_either_language(pos, tmp_path, lang, title):
    target = tmp_path / "guide.html"
    ended = pos("guide", "--lang", lang, "-o", target)
    assert ended.code == 0
    assert title in target.read_text(encoding="utf-8")


def test_a_page_is_no_picture(pos, tmp_path):
    assert "the page is a .html file" in pos("guide", "-o", tmp_path / "guide.png").refusal(2)


def test_the_file_must_be_named(pos):
    assert "-o" in pos("guide").refusal(2)
