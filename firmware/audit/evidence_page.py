"""The page of an evidence file: reads by itself, in Chinese and English, pictures within."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from html import escape

from PIL import Image

from firmware.audit.evidence_case import Case, emv_rows
from firmware.audit.evidence_words import (
    CHIP_HEAD,
    LIMITS,
    STORY_HEAD,
    cvm_text,
    moment_text,
    name_text,
    state_text,
    story,
    summary,
    undone_text,
)
from firmware.audit.keyring import fingerprint_of
from firmware.journal.transactions import Transaction
from firmware.receipts.sheet import amount_text

DISPLAY_SCALE = 3
_STYLE = """
body{font:16px/1.5 system-ui,"Noto Sans SC","Microsoft YaHei",sans-serif;margin:2em auto;
max-width:60em;padding:0 1em;color:#222}
h1{font-size:1.6em}h2{font-size:1.2em;border-bottom:2px solid #222;margin-top:2em}
table{border-collapse:collapse;width:100%}td,th{padding:.25em .5em;border-bottom:1px solid #ccc;
text-align:left;vertical-align:top}th{font-weight:600}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
figure{display:inline-block;margin:0 1.5em 1.5em 0;vertical-align:top}
figcaption{font-size:.85em;color:#555}
img{border:1px solid #999;image-rendering:pixelated;max-width:100%;height:auto}
.whole{white-space:nowrap}.wide{overflow-x:auto}p.en{color:#555;margin-top:-.8em}
.good{color:#076b2c}.bad{color:#b00020;font-weight:700}
@media print{body{max-width:none;margin:0}figure,tr{break-inside:avoid}}
"""


def page(case: Case) -> str:
    """The whole page, as HTML."""
    asked = case.asked
    title = f"争议证据 Evidence · 凭证 voucher {asked.stan:06d}"
    body = [
        f"<h1>{escape(title)}</h1>",
        *_both(
            "本页及同一压缩包内的文件由终端流水生成。凭证图像按流水重打，标有“重打印”。",
            "This page and the files with it were made from the terminal's journal. The receipts"
            " are printed anew from it and marked as duplicates.",
        ),
        *_table([(label, escape(words)) for label, words in summary(case)]),
        *_section("一、交易 The transactions", _transactions(case)),
        *_section("二、持卡人同意的画面 The frames that were agreed to", _frames(case)),
        *_section("三、经过 What happened", _story(case)),
        *_section("四、签购单 The receipts", _receipts(case)),
        *_section("五、芯片数据 The chip's data (EMV)", _emv(case)),
        *_section("六、核验 Verification", _verification(case)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _both(chinese: str, english: str) -> Iterator[str]:
    yield f"<p>{escape(chinese)}</p>"
    yield f'<p class="en" lang="en">{escape(english)}</p>'


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    yield from lines


def _table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> Iterator[str]:
    """A table; the first cell of each row is its heading."""
    yield '<div class="wide"><table>'
    if head:
        yield "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
    for first, *rest in rows:
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        yield f"<tr><th>{escape(first)}</th>{cells}</tr>"
    yield "</table></div>"


def _transactions(case: Case) -> Iterator[str]:
    head = (
        "凭证 Voucher",
        "类型 Type",
        "金额 Amount",
        "时间 Time",
        "状态 State",
        "授权码、参考号 Auth., ref.",
        "持卡人验证 Verification",
    )
    yield from _table((_row(one) for one in case.family), head)


def _row(one: Transaction) -> tuple[str, ...]:
    undone = undone_text(one)
    return (
        f"{one.batch:06d} / {one.stan:06d}",
        escape(name_text(one)),
        _whole(amount_text(one.amount)),
        _whole(moment_text(one)),
        escape(state_text(one) + (f" · {undone}" if undone else "")),
        f"{escape(one.authorisation_code)}<br>{escape(one.reference)}",
        escape(cvm_text(one)),
    )


def _whole(text: str) -> str:
    """A cell that is never broken: a date, an amount, a number."""
    return f'<span class="whole">{escape(text)}</span>'


def _frames(case: Case) -> Iterator[str]:
    yield from _both(
        "确认键只在此画面上有效。流水记录画面的摘要、按键及时间。",
        "ENTER counted on this very frame alone; the journal holds its hash, the key and the time.",
    )
    for sha256, image in case.frames.items():
        size = (image.width * DISPLAY_SCALE, image.height * DISPLAY_SCALE)
        yield _figure(image.resize(size), f"SHA-256 {sha256}")
    if not case.frames:
        yield from _both("无。", "None.")


def _story(case: Case) -> Iterator[str]:
    rows = (
        (number, _whole(at), escape(words), f"<code>{digits}</code>")
        for number, at, words, digits in story(case)
    )
    yield from _table(rows, STORY_HEAD)


def _receipts(case: Case) -> Iterator[str]:
    return (_figure(receipt.image, name) for name, receipt in case.receipts.items())


def _emv(case: Case) -> Iterator[str]:
    for one in case.family:
        rows = [
            (tag, escape(name), f"<code>{value}</code>", escape(words))
            for tag, name, value, words in emv_rows(one.emv)
        ]
        if rows:
            yield f"<h3>{one.stan:06d} {escape(name_text(one))}</h3>"
            yield from _table(rows, CHIP_HEAD)


def _verification(case: Case) -> Iterator[str]:
    report = case.report
    if case.sound:
        yield '<p class="good">✓ 流水与凭证核验无误。Journal and receipts verify.</p>'
    else:
        yield '<p class="bad">✗ 核验未通过。They do NOT verify.</p>'
        faults = "".join(f"<li>{escape(fault)}</li>" for fault in (*report.faults, *case.faults))
        yield f"<ul>{faults}</ul>"
    yield from _table(
        [
            ("流水记录 Records", str(report.records)),
            ("链首摘要 Head", f"<code>{report.head_hash}</code>"),
            ("公钥 Public key", f"<code>{'<br>'.join(report.keys)}</code>"),
            ("公钥指纹 Fingerprint", "<br>".join(fingerprint_of(key) for _, key in case.keys)),
            *(
                (f"二维码 QR {number}", f"<code>{escape(text)}</code>")
                for number, text in case.signed_records.items()
            ),
        ]
    )
    yield from _both(
        "每条记录含前一条的摘要，并由终端签名；本包所有文件列于 manifest.txt，由终端签名。"
        "用 `pos verify 文件.zip` 即可核验。",
        "Each record carries the hash of the one before it and the terminal's signature; all files"
        " are listed in manifest.txt, which the terminal signed. `pos verify FILE.zip` checks it.",
    )
    for chinese, english in LIMITS:
        yield from _both(chinese, english)


def png(image: Image.Image) -> bytes:
    """A picture as a PNG file's bytes."""
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def _figure(image: Image.Image, caption: str) -> str:
    data = base64.b64encode(png(image)).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption><code>{escape(caption)}</code></figcaption></figure>"
    )
