"""The page of an evidence file: reads by itself, in Chinese and English, pictures within."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from html import escape

from PIL import Image

from firmware.audit.evidence_case import Case, emv_rows
from firmware.core.kinds import Result
from firmware.iso8583.responses import response_text
from firmware.journal.records import (
    AmountAgreed,
    GuardOverridden,
    IntentRecorded,
    OutcomeRecorded,
    PrintQueued,
    PrintSent,
    Record,
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
    SettingChanged,
    UploadAnswered,
)
from firmware.journal.settings import change_words
from firmware.journal.transactions import State, Transaction
from firmware.receipts.sheet import amount_text, card_text, date_text
from firmware.receipts.texts import NAMES

GLASS_SCALE = 3
STATES = {
    State.OPEN: "未决 open",
    State.APPROVED: "成功 approved",
    State.DECLINED: "拒绝 declined",
    State.FAILED: "失败 failed",
    State.REVERSING: "冲正中 reversal under way",
    State.REVERSED: "已冲正 reversed",
}
RESULTS = {
    Result.APPROVED: "成功 approved",
    Result.DECLINED: "拒绝 declined",
    Result.FAILED: "失败 failed",
}
_STYLE = """
body{font:16px/1.5 system-ui,"Noto Sans SC","Microsoft YaHei",sans-serif;margin:2em auto;
max-width:60em;padding:0 1em;color:#222}
h1{font-size:1.6em}h2{font-size:1.2em;border-bottom:2px solid #222;margin-top:2em}
table{border-collapse:collapse;width:100%}td,th{padding:.25em .6em;border-bottom:1px solid #ccc;
text-align:left;vertical-align:top}th{font-weight:600;white-space:nowrap}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
figure{display:inline-block;margin:0 1.5em 1.5em 0;vertical-align:top}
figcaption{font-size:.85em;color:#555}img{border:1px solid #999;image-rendering:pixelated}
.good{color:#076b2c}.bad{color:#b00020;font-weight:700}p.en{color:#555;margin-top:-.8em}
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
            "This page and the files with it were made from the terminal's journal. The vouchers"
            " are printed anew from it and marked as duplicates.",
        ),
        *_section("一、交易 The transactions", _transactions(case)),
        *_section("二、持卡人同意的画面 The frames that were agreed to", _frames(case)),
        *_section("三、经过 What happened", _story(case)),
        *_section("四、签购单 The vouchers", _slips(case)),
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
    yield "<table>"
    if head:
        yield "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
    for first, *rest in rows:
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        yield f"<tr><th>{escape(first)}</th>{cells}</tr>"
    yield "</table>"


def _transactions(case: Case) -> Iterator[str]:
    first = case.family[0]
    owner = f"{first.merchant_name} {first.merchant}"
    yield from _table(
        [
            ("商户 Merchant", escape(owner)),
            ("门店 终端 Store, terminal", escape(f"{first.store}, {first.terminal}")),
            ("卡 Card", escape(f"{first.card.scheme} {card_text(first.card, show_first6=True)}")),
        ]
    )
    head = ("凭证 Voucher", "类型 Type", "金额 Amount", "时间 Time", "状态 State", "参考号 Ref.")
    yield from _table((_row(one) for one in case.family), head)


def _row(one: Transaction) -> tuple[str, ...]:
    number = f"{one.batch:06d} / {one.stan:06d}" + (" 培训 TRAINING" if one.training else "")
    state = STATES[one.state]
    if one.response_code:
        state += f" [{one.response_code}] {' '.join(response_text(one.response_code))}"
    if one.voided_by:
        state += f" · 已撤销 voided by {one.voided_by:06d}"
    if one.refunded_minor:
        state += f" · 已退货 refunded {amount_text(one.refunded)}"
    return (
        number,
        escape(NAMES[one.kind] + (" 立即撤销 undo" if one.undo else "")),
        escape(amount_text(one.amount)),
        escape(date_text(one.date, one.time)),
        escape(state),
        escape(one.reference),
    )


def _frames(case: Case) -> Iterator[str]:
    yield from _both(
        "确认键只在此画面上有效。流水记录画面的摘要、按键及时间。",
        "ENTER counted on this very frame alone; the journal holds its hash, the key and the time.",
    )
    for sha256, image in case.frames.items():
        size = (image.width * GLASS_SCALE, image.height * GLASS_SCALE)
        yield _figure(image.resize(size), f"SHA-256 {sha256}")
    if not case.frames:
        yield from _both("无。", "None.")


def _story(case: Case) -> Iterator[str]:
    rows = [
        (f"{entry.seq}", escape(entry.at), escape(told), f"<code>{entry.hash.hex()[:16]}</code>")
        for entry in case.entries
        if (told := _told(entry.record))
    ]
    yield from _table(rows, ("记录 Record", "时间 Time", "事项 Event", "摘要 Hash"))


def _told(record: Record) -> str:
    """A record in words; "" for what says nothing to a bank."""
    match record:
        case AmountAgreed():
            ms = record.pressed_at_ms - record.shown_at_ms
            words = f"{record.key}, 画面显示 {ms} 毫秒后 {ms} ms after it was shown"
            return f"持卡人在画面上同意金额 the amount was agreed to on the frame: {words}"
        case GuardOverridden():
            return f"警告后继续 a warning was overridden: {record.guard} ({record.shown})"
        case IntentRecorded():
            return f"联机前先记录 {NAMES[record.kind]}, recorded before the host was asked"
        case OutcomeRecorded():
            code = record.response_code
            return f"结果 outcome: {RESULTS[record.result]} [{code}] {record.reason}".rstrip()
        case ReversalOpened():
            return f"冲正 reversal opened: {record.reason}"
        case ReversalAttempted():
            return f"冲正未获应答 reversal not answered, try {record.attempt}"
        case ReversalConfirmed():
            return f"主机已确认冲正 the host confirmed the reversal [{record.response_code}]"
        case UploadAnswered():
            return f"脱机交易已上送 offline sale told to the host [{record.response_code}]"
        case PrintQueued():
            again = " 重打印 duplicate" if record.duplicate else ""
            return f"打印 paper {record.copy.value}{again}"
        case PrintSent():
            return "已打印 printed"
        case SettingChanged():
            return f"设置变更 setting changed: {change_words(record)}"
    return ""


def _slips(case: Case) -> Iterator[str]:
    return (_figure(slip.image, slip.name) for slip in case.slips)


def _emv(case: Case) -> Iterator[str]:
    for one in case.family:
        rows = [
            (tag, escape(name), f"<code>{value}</code>", escape(words))
            for tag, name, value, words in emv_rows(one.emv)
        ]
        if rows:
            yield f"<h3>{one.stan:06d} {escape(NAMES[one.kind])}</h3>"
            yield from _table(rows, ("Tag", "名称 Name", "值 Value", "含义 Meaning"))


def _verification(case: Case) -> Iterator[str]:
    report = case.report
    if case.sound:
        yield '<p class="good">✓ 流水与凭证核验无误。Journal and vouchers verify.</p>'
    else:
        yield '<p class="bad">✗ 核验未通过。They do NOT verify.</p>'
        faults = "".join(f"<li>{escape(fault)}</li>" for fault in (*report.faults, *case.faults))
        yield f"<ul>{faults}</ul>"
    yield from _table(
        [
            ("流水记录 Records", str(report.records)),
            ("链首摘要 Head", f"<code>{report.head_hash}</code>"),
            ("公钥 Public key", f"<code>{'<br>'.join(report.keys)}</code>"),
            *(
                (f"二维码 QR {number}", f"<code>{escape(text)}</code>")
                for number, text in case.essences.items()
            ),
        ]
    )
    yield from _both(
        "每条记录含前一条的摘要，并由终端签名；可用 records.json 与 terminal-key.pem 自行核验。",
        "Each record carries the hash of the one before it and the terminal's signature: check them"
        " with records.json and terminal-key.pem.",
    )


def _figure(image: Image.Image, caption: str) -> str:
    file = io.BytesIO()
    image.save(file, format="PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption><code>{escape(caption)}</code></figcaption></figure>"
    )
