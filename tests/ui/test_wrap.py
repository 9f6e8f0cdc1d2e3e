"""Lines break at spaces and between hanzi, never inside a number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.ui import glyphs
from firmware.ui.wrap import wrap

WORDS = st.one_of(
    st.integers(0, 999_999_999).map(lambda minor: f"{minor // 100}.{minor % 100:02d}"),
    st.text("终端门店金额核对属于", min_size=1, max_size=12),
    st.sampled_from(["terminal", "store", "S01", "10000001", "000124", "，超过"]),
)


@given(st.lists(WORDS, min_size=1, max_size=8), st.sampled_from([12, 16]))
def test_nothing_is_lost_and_no_line_is_too_wide(words: list[str], face_px: int) -> None:
    text = " ".join(words)
    lines = wrap(text, face_px, 128)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(glyphs.face(face_px).width_px(line) <= 128 for line in lines)


@given(st.lists(WORDS, min_size=1, max_size=8), st.sampled_from([12, 16]))
def test_a_number_stays_whole(words: list[str], face_px: int) -> None:
    lines = wrap("".join(f"{word} " for word in words).strip(), face_px, 128)
    found = [number for line in lines for number in re.findall(r"[\d.]*\d", line)]
    assert found == [number for word in words for number in re.findall(r"[\d.]*\d", word)]


def test_a_number_among_hanzi_moves_to_the_next_line_whole() -> None:
    assert wrap("超过此卡当日限额50000.00", 16, 128) == ["超过此卡当日限额", "50000.00"]


def test_words_stay_whole_where_that_takes_no_more_lines() -> None:
    assert wrap("属于终端10000009 门店S02", 16, 128) == ["属于终端10000009", "门店S02"]
    assert wrap("交易失败 已冲正", 16, 100) == ["交易失败", "已冲正"]


@pytest.mark.parametrize("text", ["", " "])
def test_nothing_is_one_empty_line(text: str) -> None:
    assert [line.strip() for line in wrap(text, 12, 128)] == [""]
