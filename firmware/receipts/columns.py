"""Columns of paper: how wide a text prints, and how it is broken over lines.

Paper is counted in half-width columns of font A, 32 on 58 mm and 48 on 80 mm. A printer in its
Chinese mode prints ASCII in one column and every other sign, which it takes as a double byte of
GB18030, in two; the raster driver draws by the same rule.
"""

from __future__ import annotations

import re

_WORD = re.compile(  # a run of ASCII, or a hanzi, with the marks not split from it
    r"[（《「『“]*(?:[!-~]+|[^\x00-\x7f])[，。、；：！？）》」』”]*"
)
_PIECE = re.compile(r"[0-9][0-9.,:/*-]*|.")  # of a word wider than the line: numbers stay whole


def width(text: str) -> int:
    """Half-width columns that `text` takes: one an ASCII character, two any other."""
    return sum(1 if character < "\x80" else 2 for character in text)


def plain(text: str) -> str:
    """`text` with every control character and odd space made a space."""
    return "".join(c if c.isprintable() else " " for c in text)


def wrap(text: str, columns: int) -> list[str]:
    """`text` over as many lines of at most `columns` as it needs.

    Breaks at spaces and beside hanzi, never inside a word or a number; only a word wider than a
    whole line is broken, beside its numbers, and only a number wider than a whole line is cut.
    """
    lines = [""]
    for word, spaced in _words(plain(text)):
        joint = " " if spaced and lines[-1] else ""
        if width(lines[-1] + joint + word) <= columns:
            lines[-1] += joint + word
        elif width(word) <= columns:
            lines.append(word)
        else:
            _break_into(lines, joint, word, columns)
    return [line for line in lines if line]


def beside(left: str, right: str, columns: int) -> str | None:
    """`left` at the left edge and `right` at the right one, or None where one line is too short."""
    gap = columns - width(left) - width(right)
    return left + " " * gap + right if gap >= 1 else None


def grouped(digits: str) -> str:
    """`digits` in groups of four, as on the card."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def _words(text: str) -> list[tuple[str, bool]]:
    """The words of `text`, each with whether a space stood before it."""
    return [
        (match.group(), match.start() > 0 and text[match.start() - 1] == " ")
        for match in _WORD.finditer(text)
    ]


def _break_into(lines: list[str], joint: str, word: str, columns: int) -> None:
    """Append a word wider than a line, filling the last line first."""
    if width(lines[-1] + joint) < columns:
        lines[-1] += joint
    for piece in _PIECE.findall(word):
        whole = width(piece) <= columns
        if whole and width(lines[-1] + piece) > columns:
            lines.append("")
        for part in (piece,) if whole else piece:
            if width(lines[-1] + part) > columns:
                lines.append("")
            lines[-1] += part
