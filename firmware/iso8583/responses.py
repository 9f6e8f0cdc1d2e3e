"""Response codes (ISO 8583 field 39): their names, and what they say in zh_CN and en."""

from __future__ import annotations

APPROVED = "00"
INVALID_MERCHANT = "03"
DECLINED = "05"
INVALID_TRANSACTION = "12"
INVALID_AMOUNT = "13"
INVALID_CARD = "14"
# suspected malfunction: by UnionPay's list of response codes what the completion of a voided
# pre-authorisation gets; here also that of one that is completed, or whose days are over
ORIGINAL_USED = "22"
ORIGINAL_NOT_FOUND = "25"
FORMAT_ERROR = "30"
LOST_CARD = "41"
STOLEN_CARD = "43"
INSUFFICIENT_FUNDS = "51"
EXPIRED_CARD = "54"
WRONG_PIN = "55"
# transaction not permitted to cardholder: ISO 8583:1987, which has no code for a currency
CARD_NOT_ALLOWED = "57"
OVER_LIMIT = "61"
RESTRICTED_CARD = "62"
AMOUNT_DIFFERS = "64"
USED_TOO_OFTEN = "65"
TIMED_OUT = "68"
TOO_MANY_WRONG_PINS = "75"
ANOTHER_BATCH = "77"  # the acquirer has another batch open than the request names
BANK_UNAVAILABLE = "91"
DUPLICATE = "94"
NOT_BALANCED = "95"
SYSTEM_ERROR = "96"
UNKNOWN_TERMINAL = "97"
BANK_TIMED_OUT = "98"
NEW_KEYS = "99"
WRONG_MAC = "A0"

RESPONSES: dict[str, tuple[str, str]] = {
    "00": ("交易成功", "Approved"),
    "01": ("请联系发卡行", "Call your bank"),
    "03": ("无效商户", "Invalid merchant"),
    "04": ("请联系发卡行", "Call your bank"),
    "05": ("不予承兑 请联系发卡行", "Declined by bank"),
    "02": ("请联系发卡行", "Call your bank"),
    "10": ("部分金额已批准", "Approved in part"),
    "12": ("无效交易", "Invalid transaction"),
    "13": ("无效金额", "Invalid amount"),
    "14": ("无效卡号", "Invalid card number"),
    "22": ("原交易已用或失效", "Original used or lapsed"),
    "25": ("未找到原交易", "Original not found"),
    "30": ("格式错误", "Format error"),
    "38": ("密码错误次数超限", "Too many wrong PINs"),
    "41": ("请联系发卡行", "Call your bank"),
    "43": ("请联系发卡行", "Call your bank"),
    "51": ("可用余额不足", "Insufficient funds"),
    "54": ("卡已过期", "Card expired"),
    "55": ("密码错误", "Wrong PIN"),
    "57": ("不允许此卡交易", "Card not allowed"),
    "58": ("此终端不允许该交易", "Not allowed here"),
    "61": ("交易金额超限", "Over card limit"),
    "62": ("受限制的卡", "Restricted card"),
    "64": ("与原金额不符", "Amount differs from original"),
    "65": ("交易次数超限", "Used too often"),
    "68": ("交易超时 请重试", "Timed out, try again"),
    "75": ("密码错误次数超限", "Too many wrong PINs"),
    "91": ("发卡行暂不可用 请稍后重试", "Bank unavailable, try again later"),
    "77": ("批次已更换 请重新交易", "New batch, try again"),
    "94": ("重复交易", "Duplicate payment"),
    "95": ("对账不平", "Not balanced"),
    "96": ("系统异常 请稍后重试", "System error, try again later"),
    "97": ("终端未登记", "Terminal not registered"),
    "98": ("发卡行超时 请稍后重试", "Bank timed out, try again later"),
    "99": ("密钥已更换 请重新交易", "New keys, try again"),
    "A0": ("MAC校验错", "MAC error"),
}


def response_text(code: str) -> tuple[str, str]:
    """What `code` says, as (zh_CN, en); an unlisted code is a failure that names itself."""
    return RESPONSES.get(code, (f"交易失败[{code}]", f"Failed [{code}]"))
