"""The cashier's page: how to sell, undo, hold and settle, with the real screens drawn in.

Each thing that the display says is named in the text as `[NAME]`, an entry of the catalogue, or as
`[51]`, an answer code: so the page never quotes what no screen says.
"""

from __future__ import annotations

import base64
import io
import re
from html import escape

from firmware.core.config import Config
from firmware.iso8583.responses import RESPONSES
from firmware.ui.guide_texts import PAGES, Page
from firmware.ui.render import render
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text

SCREENS = (  # in rows of four
    *("idle", "check", "check-keys", "pin-digits"),
    *("approved-undo", "original-void-keys", "totals", "duplicate"),
)
QUOTE = re.compile(r"\[([A-Z_]+|[0-9A]\d)\]")
SCALE = 3  # printed pixels a pixel of the display
_STYLE = """
@page { size: A4; margin: 10mm 12mm }
body { font: 9.2pt/1.32 "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC",
  sans-serif; color: #000; margin: 0 auto; max-width: 186mm }
h1 { font-size: 15pt; margin: 0 0 1.5mm } p, ol { margin: 0 0 1.4mm } ol { padding-left: 5mm }
h2 { font-size: 10.5pt; margin: 1.6mm 0 .6mm }
h2.beside { float: left; font-size: inherit; margin: 0 2mm 0 0 }
q { quotes: none; font-weight: 600 } q::before { content: "“" } q::after { content: "”" }
.screens { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1.5mm 3mm; margin: 1.5mm 0 }
figure { margin: 0 } figcaption { font-size: 7.5pt; text-align: center }
img { width: 100%; image-rendering: pixelated; display: block; box-sizing: border-box;
  border: .3mm solid #000 }
table { border-collapse: collapse; width: 100%; font-size: 8.6pt }
th, td { border: .2mm solid #777; padding: .35mm 1.5mm; text-align: left }
"""


def guide(language: Language, config: Config) -> str:
    """The page as HTML of one A4 sheet, pictures within; times and limits are those of `config`.

    Raises KeyError where the page names a text that there is not.
    """
    page = PAGES[language]
    values = {
        "undo_s": str(config.sale.undo_s),
        "refund_days": str(config.refund.window_days),
        "hold_days": str(config.preauth.window_days),
        "percent": str(config.preauth.completion_percent),
    }
    title = escape(page.title)
    body = [f"<h1>{title}</h1>", f"<p>{_filled(page.keys, language, values)}</p>"]
    body.append(_screens(page, language))
    for heading, told in page.sections:
        said = _filled(heading, language, values)
        if isinstance(told, str):  # heading and text share a line
            text = _filled(told, language, values)
            body.append(f'<h2 class="beside">{said}</h2><p>{text}</p>')
        else:
            items = "".join(f"<li>{_filled(step, language, values)}</li>" for step in told)
            body.append(f"<h2>{said}</h2><ol>{items}</ol>")
    head = "".join(f"<th>{escape(cell)}</th>" for cell in page.table_head)
    rows = "".join(
        f"<tr><td>{_filled(said, language, values)}</td><td>{_filled(todo, language, values)}</td>"
        for said, todo in page.table
    )
    body.append(f"<table><tr>{head}</tr>{rows}</table>")
    return (
        f'<!DOCTYPE html>\n<html lang="{language.value.replace("_", "-")}">\n'
        f'<head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>\n'
        "<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def quoted(name: str, language: Language) -> str:
    """What the display says, by its name in the catalogue or its answer code; values left out."""
    if name in RESPONSES:
        return RESPONSES[name][0 if language is Language.ZH else 1]
    said = Text[name].in_language(language)
    return re.sub(r"[ ,]*(try again in )?\{\w+\}.*", "", said)


def _filled(text: str, language: Language, values: dict[str, str]) -> str:
    said = escape(text.format(**values))
    return QUOTE.sub(lambda found: f"<q>{escape(quoted(found[1], language))}</q>", said)


def _screens(page: Page, language: Language) -> str:
    drawn = specimens(language)
    figures = []
    for name, caption in zip(SCREENS, page.captions, strict=True):
        picture = render(drawn[name], language).image
        picture = picture.resize((picture.width * SCALE, picture.height * SCALE))
        file = io.BytesIO()
        picture.save(file, format="PNG", optimize=True)
        data = base64.b64encode(file.getvalue()).decode()
        image = f'<img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
        figures.append(f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>")
    return f'<div class="screens">{"".join(figures)}</div>'
