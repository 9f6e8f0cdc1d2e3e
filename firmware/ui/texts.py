"""Every text of the screens, in zh_CN and en. `{name}` marks a value that the flow fills in.

Response texts stand in `firmware.host.responses`; vouchers have their own bilingual texts.
"""

from __future__ import annotations

import enum


class Language(enum.Enum):
    """A language of the catalogue."""

    ZH = "zh_CN"
    EN = "en"


@enum.unique
class Text(enum.Enum):
    """One entry of the catalogue: (zh_CN, en)."""

    # idle
    ENTER_AMOUNT = ("请输入金额", "Enter amount")
    TRAINING = ("培训 TRAINING", "TRAINING")
    SLIPS_PENDING = ("{count}张签购单待打印", "{count} slip pending")
    REVERSALS_PENDING = ("{count}笔冲正待发送", "{count} reversal due")
    SETTLE_SOON = ("批次将满 请结算", "Batch nearly full")
    CARD_BEFORE_AMOUNT = ("请先输入金额", "Amount first")
    # transaction names
    SALE = ("消费", "Sale")
    VOID = ("消费撤销", "Void")
    REFUND = ("退货", "Refund")
    UNDO = ("立即撤销", "Undo")
    # amount entry
    SALE_AMOUNT = ("消费 请输入金额", "Sale amount")
    SALE_AMOUNT_AGAIN = ("请再次输入金额", "Amount again")
    REFUND_AMOUNT = ("退货 请输入金额", "Refund amount")
    AMOUNT_ZERO = ("金额不能为零", "Amount is zero")
    AMOUNT_OVER_LIMIT = ("超过限额 {limit}", "Over limit {limit}")
    AMOUNTS_DIFFER = ("两次金额不一致", "Amounts differ")
    AMOUNT_OVER_LEFT = ("超过可退金额 {left}", "Only {left} left")
    # amount check
    CHECK_AMOUNT = ("请持卡人核对金额", "Check the amount")
    ENTER_TO_AGREE = ("确认键同意", "ENTER to agree")
    UNUSUAL_TITLE = ("金额异常", "Unusual amount")
    UNUSUAL_BODY = ("平常金额 {usual}", "Usual: {usual}")
    PRESS_ENTER_TO_GO_ON = ("确认继续 取消返回", "ENTER goes on")
    # card
    INSERT_CARD = ("请插卡", "Insert card")
    INSERT_SAME_CARD = ("请插入原交易卡", "Insert same card")
    REMOVE_CARD = ("请取卡", "Remove card")
    REINSERT_CARD = ("请取出并重新插卡", "Reinsert card")
    CARD_BACK_FOR_UNDO = ("请插回原卡", "Put card back")
    CARD_ERROR = ("读卡错误", "Card error")
    CARD_PULLED = ("卡已拔出", "Card removed")
    CARD_MUTE = ("卡无应答", "Card is mute")
    CARD_BLOCKED = ("卡已锁定", "Card blocked")
    APPLICATION_BLOCKED = ("应用已锁定", "App. blocked")
    CARD_NOT_SUPPORTED = ("不支持此卡", "Card unsupported")
    CARD_EXPIRED = ("卡已过期", "Card expired")
    CHOOSE_APPLICATION = ("请选择应用", "Choose app.")
    ANOTHER_CARD = ("不是原交易的卡", "Not the same card")
    DUPLICATE_TITLE = ("疑似重复交易", "Paid already?")
    DUPLICATE_BODY = ("同卡同额 凭证{voucher}", "Voucher {voucher}")
    DUPLICATE_WHEN = ("已于{time}交易成功", "approved {time}")
    # PIN
    ENTER_PIN = ("请输入密码", "Enter PIN")
    ENTER_PIN_NO_PIN = ("无密码按确认", "none: ENTER")
    PIN_WRONG = ("密码错 请重输", "Wrong PIN, retry")
    PIN_LAST_TRY = ("最后一次机会", "Last try")
    PIN_TRIES_LEFT = ("密码错 还剩{tries}次", "{tries} tries left")
    # progress
    READING_CARD = ("正在读卡", "Reading card")
    PROCESSING = ("正在处理", "Processing")
    CONNECTING = ("正在联机", "Authorising")
    DO_NOT_REMOVE = ("请勿拔卡", "Do not remove")
    REVERSING = ("正在冲正", "Reversing")
    PRINTING = ("正在打印", "Printing")
    STARTING = ("正在启动", "Starting")
    RECOVERING = ("正在处理未完交易", "Recovering")
    SETTLING = ("正在结算", "Settling")
    # outcome
    APPROVED = ("交易成功", "Approved")
    DECLINED = ("交易拒绝", "Declined")
    APPROVED_SLIP_PENDING = ("已批准 待打印", "Approved, slip pending")
    FAILED_REVERSED = ("交易失败 已冲正", "Failed, reversed")
    FAILED_REVERSAL_DUE = ("交易失败 冲正待发", "Reversal due")
    NO_ANSWER = ("交易超时", "Timed out")
    NOT_CHARGED = ("未扣款", "Not charged")
    CANCELLED = ("交易已取消", "Cancelled")
    TIMED_OUT_IDLE = ("操作超时", "Timed out waiting")
    ENTER_NEXT_COPY = ("确认打印持卡人联", "ENTER: next copy")
    ENTER_DONE = ("确认结束", "ENTER: done")
    CANCEL_UNDO = ("取消键立即撤销 {seconds}", "CANCEL undo {seconds}")
    UNDONE = ("已撤销", "Undone")
    SIGN_SLIP = ("请持卡人签名", "Please sign slip")
    # void and refund
    SUPERVISOR_PASSWORD = ("请输入主管密码", "Supervisor pwd")
    OPERATOR_PASSWORD = ("请输入操作员密码", "Operator pwd")
    PASSWORD_WRONG = ("密码错误", "Wrong password")
    PASSWORD_LOCKED = ("已锁定 {seconds}秒后重试", "Locked {seconds} s")
    ORIGINAL_VOUCHER = ("请输入原凭证号", "Original voucher")
    ORIGINAL_VOUCHER_OR_REFERENCE = ("原凭证号或参考号", "Voucher or ref.")
    ORIGINAL_DATE = ("原交易日期", "Original date")
    DATE_HINT = ("年月日 8位", "YYYYMMDD")
    DATE_WRONG = ("日期错误", "Not a date")
    SIX_DIGITS = ("凭证号 6位", "6 digits")
    SIX_OR_TWELVE = ("6位或12位", "6 or 12 digits")
    ORIGINAL_SALE = ("原交易", "Original")
    LEFT_TO_REFUND = ("可退 {left}", "Left {left}")
    ORIGINAL_OF = ("原凭证 {voucher}", "Orig. {voucher}")
    CARD_TAIL = ("卡号 {tail}", "Card {tail}")
    # refusals, each its own
    REFUSED = ("不能办理", "Refused")
    NO_SUCH_VOUCHER = ("无此凭证号", "No such voucher")
    ALREADY_VOIDED = ("该交易已撤销", "Already voided")
    ALREADY_REFUNDED = ("该交易已退货", "Already refunded")
    FULLY_REFUNDED = ("该交易已全额退货", "Fully refunded")
    NOT_A_SALE = ("该凭证不是消费", "Not a sale")
    BATCH_SETTLED = ("批次已结算 请用退货", "Settled: refund")
    ORIGINAL_DECLINED = ("原交易未成功", "Was declined")
    ORIGINAL_REVERSED = ("原交易已冲正", "Was reversed")
    ORIGINAL_IN_DOUBT = ("原交易冲正处理中", "Reversal under way")
    OTHER_TERMINAL = (
        "属于终端{terminal} 门店{store}",
        "Belongs to terminal {terminal} of store {store}",
    )
    OUT_OF_WINDOW = ("超过退货期限{days}天", "Over {days} days")
    REFUND_LIMIT = ("超过单笔退货限额 {limit}", "Over refund limit {limit}")
    REFUND_DAY_LIMIT = ("超过当日退货限额 {limit}", "Over day limit {limit}")
    SALE_DAY_LIMIT = ("超过当日限额 {limit}", "Over day limit of {limit}")
    CARD_DAY_LIMIT = ("超过此卡当日限额 {limit}", "Card over day limit {limit}")
    VOID_INSTEAD = ("本批交易 可撤销", "Same batch: void?")
    CHOOSE_VOID = ("撤销 全额", "Void, whole")
    CHOOSE_REFUND = ("退货 部分", "Refund, part")
    NOT_PERMITTED = ("无此权限", "Not permitted")
    BATCH_FULL = ("批次已满 请结算", "Batch full: settle")
    OFF_IN_KIOSK = ("自助终端不支持", "Off in kiosk")
    REVERSAL_FIRST = ("冲正未完成 不能交易", "Reversal due first")
    ASK_STAFF = ("请联系店员", "Ask the staff")
    # menu
    MENU = ("菜单", "Menu")
    MENU_QUERY = ("查询", "Query")
    MENU_REPRINT = ("打印", "Reprint")
    MENU_SETTLE = ("结算", "Settle")
    MENU_MANAGE = ("管理", "Manage")
    MENU_OTHER = ("其它", "Other")
    REPRINT_LAST = ("打印最后一笔", "Last voucher")
    REPRINT_ANY = ("打印任意一笔", "Any voucher")
    REPRINT_SETTLEMENT = ("打印上次结算", "Last settlement")
    NOTHING_TO_PRINT = ("没有可打印的凭证", "Nothing to print")
    PRINT_QUEUED = ("已送打印", "Sent to printer")
    QUERY_BY_VOUCHER = ("按凭证号查询", "By voucher")
    QUERY_LAST = ("最后一笔", "Last one")
    QUERY_LIST = ("交易列表", "List")
    QUERY_TOTALS = ("交易汇总", "Totals")
    NOTHING_FOUND = ("没有交易", "No transactions")
    VOUCHER_NUMBER = ("凭证号", "Voucher no.")
    # people
    SIGN_ON = ("签到", "Sign on")
    SIGN_OFF = ("签退", "Sign off")
    OPERATOR_NUMBER = ("操作员号", "Operator no.")
    UNKNOWN_OPERATOR = ("无此操作员", "Unknown operator")
    NEW_PASSWORD = ("请输入新密码", "New password")
    NEW_PASSWORD_AGAIN = ("请再次输入新密码", "New pwd again")
    PASSWORD_WEAK = ("密码太简单", "Too simple")
    PASSWORDS_DIFFER = ("两次密码不一致", "Pwds differ")
    PASSWORD_CHANGED = ("密码已修改", "Password changed")
    CHANGE_DEFAULT = ("首次使用请改密码", "Change default")
    WELCOME = ("签到成功 操作员{operator}", "Operator {operator} on")
    SIGNED_OFF = ("已签退", "Signed off")
    OPERATOR_ADD = ("增加操作员", "Add operator")
    OPERATOR_DELETE = ("删除操作员", "Delete operator")
    OPERATOR_RESET = ("重置操作员密码", "Reset password")
    OPERATOR_CHANGE = ("修改密码", "Change password")
    OPERATOR_EXISTS = ("操作员已存在", "Already there")
    OPERATOR_DONE = ("操作成功", "Done")
    TRAINING_MODE = ("培训模式", "Training mode")
    TRAINING_ON = ("培训模式已开", "Training is on")
    TRAINING_OFF = ("培训模式已关", "Training is off")
    LANGUAGE = ("语言 Language", "Language 语言")
    PENDING_SLIPS = ("待打印凭证", "Pending slips")
    PENDING_REVERSALS = ("未完冲正", "Open reversals")
    VERSION = ("版本 {version}", "Version {version}")
    # settlement
    SETTLE_TOTALS = ("结算 核对总额", "Settle: totals")
    TOTAL_SALES = ("消费 {count}笔 {sum}", "Sale {count} {sum}")
    TOTAL_VOIDS = ("撤销 {count}笔 {sum}", "Void {count} {sum}")
    TOTAL_REFUNDS = ("退货 {count}笔 {sum}", "Refund {count} {sum}")
    BALANCED = ("对账平", "Balanced")
    UNBALANCED = ("对账不平", "Not balanced")
    SETTLED = ("结算完成", "Settled")
    SETTLE_FAILED = ("结算未完成 请重试", "Not settled")
    BATCH_EMPTY = ("批次无交易", "Batch is empty")
    # faults
    OUT_OF_SERVICE = ("暂停服务", "Out of service")
    DEVICE_DISPLAY = ("显示屏故障", "Display fault")
    DEVICE_KEYPAD = ("键盘故障", "Keypad fault")
    DEVICE_READER = ("读卡器故障", "Reader fault")
    DEVICE_PRINTER = ("打印机故障", "Printer fault")
    PAPER_OUT = ("打印机缺纸", "Printer no paper")
    COVER_OPEN = ("打印机盖未关", "Printer cover open")
    PRINTER_OFFLINE = ("打印机未连接", "Printer offline")
    DISK_FAULT = ("存储故障", "Storage fault")
    JOURNAL_FAULT = ("流水损坏", "Journal damaged")
    CLOCK_FAULT = ("时钟异常", "Clock is wrong")
    ADVICE_RECONNECT = ("请检查连接", "Check the cable")
    ADVICE_RELEASE_KEY = ("请松开按键 {key}", "Release key {key}")
    ADVICE_SERVICE = ("请联系维护人员", "Call service")
    ADVICE_FREE_DISK = ("请清理存储空间", "Free the disk")

    def in_language(self, language: Language) -> str:
        """The entry in `language`, placeholders unfilled."""
        return self.value[0] if language is Language.ZH else self.value[1]
