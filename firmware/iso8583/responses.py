"""Response codes (ISO 8583 field 39) and what they say in zh_CN and en."""

from __future__ import annotations

RESPONSES: dict[str, tuple[str, str]] = {
    "00": ("交易成功", "Approved"),
    "01": ("请联系发卡行", "Call issuer"),
    "03": ("无效商户", "Invalid merchant"),
    "04": ("没收卡", "Keep card"),
    "05": ("不予承兑", "Declined"),
    "12": ("无效交易", "Invalid transaction"),
    "13": ("无效金额", "Invalid amount"),
    "14": ("无效卡号", "Invalid card"),
    "25": ("无原始交易", "Original not found"),
    "30": ("格式错误", "Format error"),
    "38": ("密码超次", "PIN tries exceeded"),
    "41": ("挂失卡", "Lost card"),
    "43": ("被窃卡", "Stolen card"),
    "51": ("余额不足", "Insufficient funds"),
    "54": ("卡已过期", "Expired"),
    "55": ("密码错", "Wrong PIN"),
    "57": ("不允许此卡交易", "Not permitted to card"),
    "58": ("不允许此终端", "Not permitted to terminal"),
    "61": ("金额超限", "Over amount limit"),
    "62": ("受限卡", "Restricted"),
    "64": ("与原金额不符", "Amount differs from original"),
    "65": ("次数超限", "Over count limit"),
    "68": ("交易超时", "Timed out"),
    "75": ("密码次数超限", "PIN tries exceeded"),
    "91": ("发卡方不可用", "Issuer unavailable"),
    "94": ("重复交易", "Duplicate"),
    "95": ("对账不平", "Totals differ"),
    "96": ("系统故障", "System error"),
    "97": ("终端未登记", "Unknown terminal"),
    "A0": ("校验错", "MAC error"),
}


def response_text(code: str) -> tuple[str, str]:
    """What `code` says, as (zh_CN, en); an unlisted code is a failure that names itself."""
    return RESPONSES.get(code, (f"交易失败[{code}]", f"Failed [{code}]"))
