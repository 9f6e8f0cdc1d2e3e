"""Every text on paper, Chinese and English side by side: a slip is read by two people.

Labels are short enough for their usual value to stand beside them on 58 mm paper.
"""

from __future__ import annotations

import enum

from firmware.core.kinds import Copy, Kind


@enum.unique
class Label(enum.StrEnum):
    """What stands before a value, or above it where one line is too short."""

    MERCHANT_NAME = "商户名称 MERCHANT NAME:"
    MERCHANT_NUMBER = "商户号 MERCHANT:"
    STORE = "门店号 STORE:"
    TERMINAL = "终端号 TERMINAL:"
    OPERATOR = "操作员 OPERATOR:"
    ISSUER = "发卡行 ISSUER:"
    CARD_NUMBER = "卡号 CARD NO:"
    CARD_SEQUENCE = "卡序列号 CARD SEQ:"
    TYPE = "交易类型 TRANS TYPE:"
    APPLICATION = "应用标签 APP LABEL:"
    BATCH = "批次号 BATCH NO:"
    VOUCHER = "凭证号 VOUCHER NO:"
    AUTHORISATION = "授权码 AUTH NO:"
    REFERENCE = "参考号 REF NO:"
    DATE = "日期 DATE:"
    ORDER = "订单号 ORDER:"
    AMOUNT = "金额 AMOUNT:"
    REMARKS = "备注 REMARKS:"
    ORIGINAL_VOUCHER = "原凭证号 ORIG VOUCHER:"
    ORIGINAL_REFERENCE = "原参考号 ORIG REF:"
    ORIGINAL_DATE = "原交易日期 ORIG DATE:"
    LEFT = "可退余额 LEFT:"
    VOIDED_BY = "已撤销 VOIDED BY:"
    REFUNDED = "已退货 REFUNDED:"
    SIGNATURE = "持卡人签名 CARDHOLDER SIGNATURE:"
    PHONE = "电话 TEL:"
    # settlement
    PER_TERMINAL = "终端总额 TERMINAL TOTALS"
    PER_HOST = "主机总额 HOST TOTALS"
    DIFFERENCE = "差额 DIFFERENCE"
    TYPE_SHORT = "类型 TYPE"
    COUNT = "笔数"
    SUM = "金额"
    NET = "净额 NET:"
    # faults
    WHAT_HAPPENED = "发生情况 WHAT HAPPENED:"
    WHAT_TO_DO = "处理办法 WHAT TO DO:"
    REASON = "原因 REASON:"
    ATTEMPTS = "冲正次数 ATTEMPTS:"
    DEVICE = "设备 DEVICE:"


@enum.unique
class Mark(enum.StrEnum):
    """A line that stands for itself."""

    TITLE = "签购单"
    TITLE_EN = "POS RECEIPT"
    DUPLICATE = "***重打印 DUPLICATE***"
    TRAINING = "培训 TRAINING – NOT A SALE"
    TEST_KEYS = "测试密钥 TEST KEYS – NOT FOR TRADE"
    PIN_VERIFIED = "已验密码 PIN verified"
    UNDO = "立即撤销 IMMEDIATE UNDO"
    NOT_VALID = "交易无效 NOT VALID"
    REVERSED = "已冲正 REVERSED"
    REVERSING = "冲正待确认 REVERSAL PENDING"
    DECLINED = "交易拒绝 DECLINED"
    FAILED = "交易失败 FAILED"
    UNKNOWN = "结果未明 OUTCOME UNKNOWN"
    OFFLINE = "脱机交易 OFFLINE"
    SETTLEMENT = "结算单"
    SETTLEMENT_EN = "SETTLEMENT"
    BALANCED = "对账平 BALANCED"
    UNBALANCED = "对账不平 NOT BALANCED"
    FAULT = "故障报告单"
    FAULT_EN = "FAULT REPORT"
    NOT_A_RECEIPT = "非凭证 NOT A RECEIPT"
    STOPPED = "本终端已暂停服务 OUT OF SERVICE"


STATEMENT = (
    "本人确认以上交易，同意将其记入本卡账户。",
    "I confirm the above transaction and agree to its entry on my card account.",
)
CALL_ACQUIRER = (
    "请保留本单，联系收单机构核对。",
    "Keep this slip and ask your acquirer to check.",
)
REVERSAL_HAPPENED = (
    "此笔交易的结果未明，主机尚未确认冲正。",
    "The outcome of this transaction is unknown and the host has not confirmed its reversal.",
)
REVERSAL_ADVICE = (
    (
        "1. 请保持终端开机并联网，冲正会继续自动发送。",
        "Leave the terminal on and connected: it goes on sending the reversal.",
    ),
    (
        "2. 请凭本单向收单机构查询此笔交易。",
        "Ask your acquirer about this transaction with this slip.",
    ),
    (
        "3. 本单不能交给持卡人作为凭证。",
        "Do not hand this slip to the cardholder as a receipt.",
    ),
)
UPLOAD_HAPPENED = (
    "此笔交易由卡片脱机批准，货款未被主机接受。",
    "The card approved this transaction offline and the host has refused to take it.",
)
UPLOAD_ADVICE = (
    (
        "1. 请凭本单和商户存根向收单机构请款。",
        "Claim the amount from your acquirer with this slip and the merchant copy.",
    ),
    (
        "2. 本单不能交给持卡人作为凭证。",
        "Do not hand this slip to the cardholder as a receipt.",
    ),
)
UPLOAD_WAITS = (
    "此笔交易由卡片脱机批准，主机多次未能受理。",
    "The card approved this transaction offline and the host has not been able to take it.",
)
UPLOAD_WAITS_ADVICE = (
    (
        "1. 请保持终端开机并联网，交易会继续自动上送。",
        "Leave the terminal on and connected: it goes on telling the host.",
    ),
    (
        "2. 请凭本单联系收单机构，受理之前批次不能结算。",
        "Ask your acquirer with this slip: the batch cannot be settled before it is taken.",
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
}
COPIES = {
    Copy.MERCHANT: "商户存根 MERCHANT COPY",
    Copy.CARDHOLDER: "持卡人存根 CARDHOLDER COPY",
}
DISPLAY = "显示屏 DISPLAY"
DISPLAY_ADVICE = ("请检查连接", "Check the cable")
# Why a reversal was opened, by the journal's words.
REASONS = {
    "no answer: timed out": "应答超时 timed out",
    "no answer: no line": "线路不通 no line",
    "no answer: garbled": "应答有误 garbled",
    "card: card gone": "卡已拔出 card gone",
    "power lost": "断电 power lost",
    "out of service": "暂停服务 out of service",
}
