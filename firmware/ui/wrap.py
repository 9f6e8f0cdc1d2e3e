"""Breaking a text into lines: at spaces and between hanzi, never inside an amount or a number."""

from __future__ import annotations

import re

from firmware.ui import glyphs

# a run of Latin letters, digits and their signs stays whole; a hanzi is a piece of its own, and
# full-width punctuation stays with what it follows
_PIECES = re.compile(r" +|[\x21-\x7e¥￥]+[，。：；！？、）]*|[^ ][，。：；！？、）]*")


def wrap(text: str, face_px: int, width_px: int) -> list[str]:
    """The lines of `text` in the face, each at most `width_px` wide.

    Only a piece that is wider than a whole line by itself is broken where the line ends.
    """
    face = glyphs.face(face_px)
    if face.width_px(text) <= width_px:
        return [text]
    fine = _filled(_PIECES.findall(text), face, width_px)
    if " " in text:  # words that stay whole read better, if that takes no more lines
        coarse = _filled(re.findall(r" +|[^ ]+", text), face, width_px)
        if len(coarse) <= len(fine):
            return coarse
    return fine


def _filled(pieces: list[str], face: glyphs.Face, width_px: int) -> list[str]:
    lines, current = [], ""
    for piece in pieces:
        if face.width_px((current + piece).rstrip()) <= width_px:
            current += piece
            continue
        if current.strip():
            lines.append(current.rstrip())
        rest = piece.lstrip()
        while face.width_px(rest) > width_px:
            end = max(
                n for n in range(1, len(rest)) if n == 1 or face.width_px(rest[:n]) <= width_px
            )
            lines.append(rest[:end])
            rest = rest[end:]
        current = rest
    if current.strip():
        lines.append(current.rstrip())
    return lines or [""]
