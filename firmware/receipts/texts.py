"""Every text on paper, Chinese and English side by side: a receipt is read by two people.

Labels are short enough for their usual value to stand beside them on 58 mm paper.
"""

from __future__ import annotations

import enum

from firmware.core.kinds import Copy, Kind, ReversalCause


@enum.unique
class Label(enum.StrEnum):
    """What stands before a value, or above it where one line is too short."""

    MERCHANT_NAME = "商户名称 MERCHANT NAME:"
    MERCHANT_NUMBER = "商户编号 MID:"
    STORE = "门店号 STORE:"
    TERMINAL = "终端编号 TID:"
    OPERATOR = "操作员 OP:"
    ACQUIRER = "收单机构 ACQUIRER:"
    ISSUER = "发卡行 ISSUER:"
    SCHEME = "卡组织 SCHEME:"
    CARD_NUMBER = "卡号 CARD NO:"
    CARD_SEQUENCE = "CSN:"
    TYPE = "交易类型 TRANS TYPE:"
    APPLICATION = "APP:"
    BATCH = "批次号 BATCH NO:"
    VOUCHER = "凭证号 VOUCHER NO:"
    AUTHORISATION = "授权码 AUTH NO:"
    REFERENCE = "参考号 REF NO:"
    DATE = "日期 DATE:"
    ORDER = "订单号 ORDER:"
    AMOUNT = "金额 AMOUNT:"
    ORIGINAL_VOUCHER = "原凭证号 ORIG VOUCHER:"
    ORIGINAL_REFERENCE = "原参考号 ORIG REF:"
    ORIGINAL_DATE = "原交易日期 ORIG DATE:"
    ORIGINAL_AUTHORISATION = "原授权码 ORIG AUTH NO:"
    COMPLETED_BY = "完成凭证 COMPLETED BY:"
    LEFT = "可退余额 REFUNDABLE:"
    VOIDED_BY = "撤销凭证 VOIDED BY:"
    REFUNDED = "已退货 REFUNDED:"
    SIGNATURE = "持卡人签名 CARDHOLDER SIGNATURE:"
    PHONE = "电话 TEL:"
    # settlement
    PER_TERMINAL = "终端总额 TERMINAL TOTALS"
    PER_HOST = "主机总额 HOST TOTALS"
    DIFFERENCE = "差额(终端-主机) DIFFERENCE"
    TYPE_SHORT = "类型 TYPE"
    COUNT = "笔数/NO."
    SUM = "金额"
    NET = "净额 NET:"
    # faults
    REASON = "原因 REASON:"
    ATTEMPTS = "已试 TRIED:"
    DEVICE = "设备 DEVICE:"


@enum.unique
class Mark(enum.StrEnum):
    """A line without a value."""

    TITLE = "POS签购单"
    DUPLICATE = "***重打印 DUPLICATE***"
    TRAINING = "培训单据 TRAINING - NOT VALID"
    TEST_KEYS = "测试密钥 TEST KEYS-NOT FOR TRADE"
    PIN_VERIFIED = "已验密码 免签名 PIN VERIFIED"
    PIN_AND_SIGNED = "已验密码 PIN VERIFIED"
    UNDO = "立即撤销 IMMEDIATE UNDO"
    HELD = "未扣款 HELD, NOT CHARGED"
    NOT_VALID = "交易无效 NOT VALID"
    REVERSED = "已冲正 REVERSED"
    REVERSING = "冲正待确认 REVERSAL PENDING"
    DECLINED = "交易拒绝 DECLINED"
    FAILED = "交易失败 FAILED"
    ELSEWHERE = "非本机交易 SOLD ELSEWHERE"
    HELD_ELSEWHERE = "非本机预授权 HELD ELSEWHERE"
    UNCONFIRMED = "待银行确认 NOT YET CONFIRMED"
    UNKNOWN = "结果未明 OUTCOME UNKNOWN"
    OFFLINE = "脱机交易 OFFLINE"
    ASK_ISSUER = "请向发卡行确认 ASK ISSUER"
    SETTLEMENT = "结算单"
    SETTLEMENT_EN = "SETTLEMENT"
    BALANCED = "对账平 BALANCED"
    UNBALANCED = "对账不平 NOT BALANCED"
    FAULT = "故障单"
    NOT_A_RECEIPT = "***非凭证 NOT A RECEIPT***"
    REVERSAL_NOT_DONE = "冲正未完成 REVERSAL NOT DONE"
    QR = "签名记录 SCAN TO VERIFY"
    STOPPED = "本终端已暂停服务 OUT OF SERVICE"


STATEMENT = (
    "本人确认以上交易，同意将其记入本卡账户。",
    "I agree to the entry of the above on my card account.",
)
AGREED = ("终端与主机一致", "Terminal and host agree")
CALL_ACQUIRER = (
    "请保留本单，联系收单机构核对。",
    "Keep this slip and call your acquirer.",
)
# What to do with the customer at the till, then with the terminal, then with the bank.
REVERSAL_AT_THE_TILL = {
    Kind.SALE: (
        "1. 此笔按未收款处理，可换卡或换方式收款。",
        "Treat as not paid; take payment another way.",
    ),
    Kind.VOID: ("1. 撤销未成功，原消费仍有效。", "Void not done: the sale stands."),
    Kind.REFUND: ("1. 退货未成功，未退款。", "Not refunded."),
    Kind.PREAUTH: ("1. 预授权未成功，未冻结。", "Not authorised: nothing is held."),
    Kind.PREAUTH_VOID: ("1. 撤销未成功，原预授权仍有效。", "Not done: the hold stands."),
    Kind.COMPLETION: ("1. 预授权完成未成功，未扣款。", "Not completed: nothing was charged."),
    Kind.COMPLETION_VOID: (
        "1. 撤销未成功，原预授权完成仍有效。",
        "Void not done: the completion stands.",
    ),
}
REVERSAL_ADVICE = (
    (
        "2. 请保持开机联网，冲正自动重发；如已扣款会退回。",
        "Stay on and online: the reversal is resent, and gives back what was taken.",
    ),
    (
        "3. 次日仍提示冲正，请凭本单联系收单机构。",
        "Still there tomorrow? Call your acquirer with this slip.",
    ),
)
REPEATED = (
    "本机自动重发，直至银行受理。请勿再次退货。",
    "Sent again until the bank has taken it. Do not refund again.",
)
REFUND_REFUSED = (
    "此笔退货曾未获应答，现被银行拒绝，未退款。",
    "This refund had no answer; the bank has now refused it. Not refunded.",
)
REFUND_REFUSED_ADVICE = (
    (
        "1. 持卡人所持单据不再有效，请通知持卡人另行退款。",
        "The cardholder's paper is void: tell the cardholder, refund another way.",
    ),
)
REFUND_WAITS = (
    "此笔退货银行尚未确认。",
    "The bank has not confirmed this refund.",
)
REFUND_WAITS_ADVICE = (
    (
        "1. 请保持开机联网，退货自动重发，请勿再次退货。",
        "Stay on and online: it is sent again. Do not refund again.",
    ),
    (
        "2. 请凭本单联系收单机构，受理之前批次不能结算。",
        "Call your acquirer with this slip: the batch cannot be settled before it is taken.",
    ),
)
OFFLINE_REFUSED = (
    "此笔脱机批准，主机拒绝入账。",
    "Approved offline by the card; the host refused it.",
)
OFFLINE_REFUSED_ADVICE = (
    (
        "1. 请凭本单和商户存根联系收单机构请款。",
        "Claim it from your acquirer with this slip and the merchant copy.",
    ),
    (
        "2. 本单不能交给持卡人作为凭证。",
        "Do not hand this slip to the cardholder as a receipt.",
    ),
)
OFFLINE_WAITS = (
    "此笔脱机批准，尚未上送成功。",
    "Approved offline by the card; not yet taken by the host.",
)
OFFLINE_WAITS_ADVICE = (
    (
        "1. 请保持开机联网，交易自动重新上送。",
        "Stay on and online: it is sent again.",
    ),
    (
        "2. 请凭本单联系收单机构，受理之前批次不能结算。",
        "Call your acquirer with this slip: the batch cannot be settled before it is taken.",
    ),
    (
        "3. 本单不能交给持卡人作为凭证。",
        "Do not hand this slip to the cardholder as a receipt.",
    ),
)
NAMES = {
    Kind.SALE: "消费 SALE",
    Kind.VOID: "消费撤销 VOID",
    Kind.REFUND: "退货 REFUND",
    Kind.PREAUTH: "预授权 AUTH",
    Kind.PREAUTH_VOID: "预授权撤销 AUTH CANCEL",
    Kind.COMPLETION: "预授权完成 AUTH COMPLETE",
    Kind.COMPLETION_VOID: "预授权完成撤销 COMPLETE VOID",
}
COPIES = {
    Copy.MERCHANT: "商户存根 MERCHANT COPY",
    Copy.CARDHOLDER: "持卡人存根 CARDHOLDER COPY",
}
DISPLAY = "显示屏 DISPLAY"
DISPLAY_ADVICE = ("请检查显示屏连线", "Check the display cable")
VOUCHER_SHORT = "凭证号 VOUCHER"
# Why a reversal was opened, or why a refund had no answer.
REASONS: dict[ReversalCause, str] = {
    ReversalCause.TIMED_OUT: "应答超时 timed out",
    ReversalCause.NO_LINE: "线路不通 no line",
    ReversalCause.GARBLED: "应答有误 garbled",
    ReversalCause.PART: "部分批准 part approved",
    ReversalCause.HOST_FAULT: "主机结果存疑 host unsure",
    ReversalCause.CARD_GONE: "卡已拔出 card gone",
    ReversalCause.CARD_MUTE: "卡无响应 card mute",
    ReversalCause.CARD_DECLINED: "卡拒绝 card declined",
    ReversalCause.CARD_SIGNATURE: "卡签名有误 card signature",
    ReversalCause.CARD_ERROR: "卡片错误 card error",
    ReversalCause.READER_LOST: "读卡器断开 reader lost",
    ReversalCause.POWER_LOST: "断电 power lost",
    ReversalCause.OUT_OF_SERVICE: "暂停服务 out of service",
    ReversalCause.TAIL_LOST: "记录缺失 record lost",
}


def reason_text(reason: ReversalCause | str) -> str:
    """The words for a cause; an old journal's word is printed as it is."""
    return REASONS[reason] if isinstance(reason, ReversalCause) else reason
