"""What an evidence file says in words, in Chinese and English, as a clerk of a bank uses them."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.audit.evidence_case import Case
from firmware.audit.export import moved_minor
from firmware.audit.spans import clock_text, dashed
from firmware.core.kinds import Verification
from firmware.core.money import currency_of
from firmware.emv.codes import CVM_NOT_PERFORMED, CvmCode, CvmOutcome
from firmware.iso8583.responses import response_text
from firmware.journal.advice_records import AdviceAnswered
from firmware.journal.paper_records import PrintQueued, PrintSent
from firmware.journal.records import (
    AmountAgreed,
    ChipUploaded,
    GuardOverridden,
    IntentRecorded,
    OutcomeRecorded,
    Record,
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
    SettingChanged,
)
from firmware.journal.settings import change_words
from firmware.journal.transactions import State, Transaction
from firmware.receipts.sheet import amount_text, card_text, sum_text
from firmware.receipts.texts import NAMES

STATES = {
    State.OPEN: "未决 open",
    State.PENDING: "待确认 sent until confirmed",
    State.APPROVED: "成功 approved",
    State.DECLINED: "拒绝 declined",
    State.FAILED: "失败 failed",
    State.REVERSING: "冲正中 reversal under way",
    State.REVERSED: "已冲正 reversed",
}
# What the cardholder did, by the method that the chip asked for. See EMV 4.4 Book 3, Annex C3.
CVM_METHODS = {
    CvmCode.FAIL: "未能验证持卡人 the cardholder could not be verified",
    CvmCode.PLAINTEXT_PIN: "脱机密码，由卡片核验 PIN, checked by the card",
    CvmCode.ONLINE_PIN: "联机密码，由发卡行核验 PIN, checked by the issuer",
    CvmCode.PLAINTEXT_PIN_AND_SIGNATURE: "脱机密码及签名 PIN, checked by the card, and signature",
    CvmCode.ENCIPHERED_PIN: "脱机密码（加密），由卡片核验 PIN, enciphered, checked by the card",
    CvmCode.ENCIPHERED_PIN_AND_SIGNATURE: (
        "脱机密码（加密）及签名 PIN, enciphered, checked by the card, and signature"
    ),
    CvmCode.SIGNATURE: "签名 signature on the receipt",
    CvmCode.NO_CVM: "无需验证 none was asked for",
}
CVM_OUTCOMES = {
    CvmOutcome.UNKNOWN: "终端不知核验结果 the terminal does not learn the result",
    CvmOutcome.FAILED: "未通过 failed",
    CvmOutcome.SUCCESSFUL: "通过 successful",
}
VERIFICATIONS = {
    Verification.NONE: "无 none",
    Verification.SIGNATURE: "签名 signature",
    Verification.PIN: "密码 PIN",
    Verification.PIN_AND_SIGNATURE: "密码及签名 PIN and signature",
}
STORY_HEAD = ("记录 Record", "时间 Time", "事项 Event", "摘要 Hash")
CHIP_HEAD = ("Tag", "名称 Name", "值 Value", "含义 Meaning")
LIMITS = (
    (
        "此包不能证明公钥属于该终端：请另行向商户核对公钥指纹。",
        "It does not prove whose key this is: compare its fingerprint with the merchant's own.",
    ),
    (
        "签名密钥是终端上的一个文件：谁得到它，谁就能签名。",
        "The signing key is a file on the terminal: whoever has that file can sign.",
    ),
    (
        "此包只含本案的记录：不能证明之前、之间或之后没有其他记录。",
        "It does not prove that there are no other records before, between or after its own.",
    ),
    (
        "时间是终端时钟所示，未经第三方证明；持卡人是谁，此包也不能证明。",
        "Times are those of the terminal's own clock; who the cardholder was it does not prove.",
    ),
)


def moment_text(one: Transaction) -> str:
    """When a transaction was, as `2026-11-22 19:32:05`."""
    return f"{dashed(one.date)} {clock_text(one.time)}"


def cvm_text(one: Transaction) -> str:
    """How the cardholder was verified: by the chip's results, or by the receipt's where it is old.

    See EMV 4.4 Book 4, Annex A4.
    """
    value = bytes.fromhex(one.emv.cvm_results)
    if len(value) < 3:
        return VERIFICATIONS[one.verification]
    method = value[0] & 0x3F
    if method == CVM_NOT_PERFORMED:
        return "未进行 not performed"
    if method not in CVM_METHODS:
        return f"方法 method {method:02X}"
    words = CVM_METHODS[CvmCode(method)]
    asked_of_issuer = method == CvmCode.ONLINE_PIN and one.state is State.APPROVED
    if asked_of_issuer:
        return f"{words}；已批准 and approved"
    outcome = CVM_OUTCOMES.get(value[2], "")  # type: ignore[call-overload]  # an IntEnum's value
    return words if method == CvmCode.NO_CVM else f"{words}：{outcome}"


def state_text(one: Transaction) -> str:
    """How a transaction ended, with the issuer's answer."""
    state = STATES[one.state]
    if one.response_code:
        state += f" [{one.response_code}] {' '.join(response_text(one.response_code))}"
    if one.offline:
        state += " · 脱机批准 approved by the card, offline"
    return state


def undone_text(one: Transaction) -> str:
    """What was taken back of a sale, or ""."""
    if one.voided_by:
        return f"已撤销 voided by {one.voided_by:06d}"
    if one.completed_by:
        return f"已完成 completed by {one.completed_by:06d}"
    if one.refunded_minor:
        refunded = amount_text(one.refunded)
        return f"已退货 refunded {refunded}"
    return ""


def name_text(one: Transaction) -> str:
    """What kind of transaction it is."""
    return NAMES[one.kind] + " 立即撤销 undo" * one.undo + " 培训 TRAINING" * one.training


def left_text(case: Case) -> str:
    """What the cardholder pays in the end: the sum of the case's payments."""
    if any(one.state in (State.OPEN, State.PENDING, State.REVERSING) for one in case.family):
        return "未定 not decided yet"
    minor = sum(moved_minor(one) for one in case.family)
    return sum_text(minor, currency_of(case.family[0].currency))


def summary(case: Case) -> Iterator[tuple[str, str]]:
    """A case at a glance: who, when, how much, authorisation, outcome."""
    sale = case.family[0]
    yield "商户 Merchant", f"{sale.merchant_name} ({sale.merchant})"
    yield "门店、终端 Store, terminal", f"{sale.store}, {sale.terminal}"
    yield "卡 Card", f"{sale.card.scheme} {card_text(sale.card, show_first6=True)}".strip()
    if sale.issuer:
        yield "发卡行 Issuer", sale.issuer
    yield "交易 Transaction", name_text(sale)
    yield "时间 When", moment_text(sale)
    yield "批次、凭证号 Batch, voucher", f"{sale.batch:06d} / {sale.stan:06d}"
    if sale.order_reference:
        yield "订单号 Order", sale.order_reference
    yield "金额 Amount", amount_text(sale.amount)
    yield "持卡人验证 Cardholder verification", cvm_text(sale)
    yield "授权码 Authorisation code", sale.authorisation_code or "无 none"
    yield "参考号 Reference (RRN)", sale.reference or "无 none"
    yield "结果 Outcome", state_text(sale)
    for one in case.family[1:]:
        sign = -1 if one.kind.gives_back else 1
        amount = sum_text(sign * one.amount_minor, currency_of(one.currency))
        label = "之后 Then"
        yield label, f"{moment_text(one)}  {name_text(one)}  {amount}  {state_text(one)}"
    yield "最终扣款 Charged in the end", left_text(case)


def story(case: Case) -> Iterator[tuple[str, str, str, str]]:
    """What happened, a row for each record that a bank may want: see STORY_HEAD."""
    for entry in case.entries:
        if words := told(entry.record):
            at = entry.moment.strftime("%Y-%m-%d %H:%M:%S")
            yield str(entry.seq), at, words, entry.hash.hex()[:16]


def _uploaded(record: AdviceAnswered | ChipUploaded) -> str:
    if isinstance(record, AdviceAnswered):
        return f"脱机交易已上送 offline sale told to the host [{record.response_code}]"
    words = f"芯片数据已上送 chip data told to the acquirer [{record.response_code}]"
    return words if record.taken else f"{words}: 未收 not taken"


def told(record: Record) -> str:
    """A record in words; "" for one that is of no interest to a bank."""
    match record:
        case AmountAgreed():
            ms = record.pressed_at_ms - record.shown_at_ms
            words = f"{record.key}, 画面显示 {ms} 毫秒后 {ms} ms after it was shown"
            return f"持卡人在画面上同意金额 the amount was agreed to on the frame: {words}"
        case GuardOverridden():
            return f"警告后继续 a warning was overridden: {record.guard.value} ({record.shown})"
        case IntentRecorded():
            words = f"联机前先记录 {NAMES[record.kind]}, recorded before the host was asked"
            till = f" (订单 order {record.order_id})" if record.order_id else ""
            return words + till
        case OutcomeRecorded():
            code = f" [{record.response_code}]" if record.response_code else ""
            return (
                f"结果 outcome: {STATES[State(record.result.value)]}{code} {record.reason}".rstrip()
            )
        case ReversalOpened():
            return f"冲正 reversal opened: {record.reason}"
        case ReversalAttempted():
            return f"冲正未获应答 reversal not answered, try {record.attempt}"
        case ReversalConfirmed():
            return f"主机已确认冲正 the host confirmed the reversal [{record.response_code}]"
        case AdviceAnswered() | ChipUploaded():
            return _uploaded(record)
        case PrintQueued():
            again = " 重打印 duplicate" if record.duplicate else ""
            return f"打印 paper {record.copy.value}{again}"
        case PrintSent(unheard=unheard):
            taken = "已送打印机，未获应答 taken by a printer that did not answer"
            return taken if unheard else "已打印 printed"
        case SettingChanged():
            return f"设置变更 setting changed: {change_words(record)}"
    return ""
