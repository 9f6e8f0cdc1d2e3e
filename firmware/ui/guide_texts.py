"""What the cashier's page says, in both languages; see `firmware.ui.guide` for `[NAME]`."""

from __future__ import annotations

from msgspec import Struct

from firmware.ui.texts import Language


class Page(Struct, frozen=True):
    """One printed page: keys, a caption for each screen, sections, and what to do about what."""

    title: str
    keys: str
    captions: tuple[str, ...]
    sections: tuple[tuple[str, str | tuple[str, ...]], ...]  # heading, and a paragraph or steps
    table_head: tuple[str, str]
    table: tuple[tuple[str, str], ...]  # what the display says, and what to do


_ZH = Page(
    "收银员速查",
    "键：确认 ENTER、取消 CANCEL、退格 BACK、菜单 MENU；* 输入 00，菜单里 * 上、# 下；待机按 # "
    "换语言。"
    "签到：输操作员号、密码，各按确认。签退：菜单 7、1。",
    ("待机", "核对金额", "哪个键", "密码", "交易成功", "撤销前核对", "结算", "再扣一次？"),
    (
        (
            "消费",
            (
                "输金额（128.50 元输 12850），按确认。",
                "请顾客看屏幕：商户、金额。[CHECK_KEYS]。",
                "顾客插卡、输密码、按确认。[DO_NOT_REMOVE]时不要拔。",
                "[APPROVED]后先出商户存根（有签名栏的请顾客签名）；[ENTER_NEXT_COPY]。取卡。",
            ),
        ),
        (
            "金额输错",
            (
                "没按确认：退格改。核对画面：按取消回到金额。等插卡或输密码时："
                "按取消，[NOT_CHARGED]。"
            ),
        ),
        (
            "立即撤销",
            "[APPROVED]后 {undo_s} 秒内按取消；卡已取出就插回原卡（[CARD_BACK_FOR_UNDO]）。",
        ),
        (
            "消费撤销（未结算、全额）",
            "菜单 2，主管密码，原凭证号，核对，[ORIGINAL_KEYS_VOID]，插原卡。",
        ),
        (
            "退货（已结算或部分，{refund_days} 天内）",
            (
                "菜单 3，主管密码，原凭证号或 12 位参考号，原交易日期，核对，退货金额，"
                "核对，插原卡。"
            ),
        ),
        (
            "重打印和结算",
            (
                "重打印：菜单 5，1 最后一笔，2 任意一笔，3 结算单；再选商户存根或持卡人存根。"
                "结算：每天打烊菜单 6，[SETTLE_TOTALS]按确认，留好结算单。"
            ),
        ),
        (
            "预授权（先冻结、后扣款）：菜单 9，再按",
            (
                "[PREAUTH]：同消费，只冻结不扣款；签购单要留好。",
                (
                    "[MENU_COMPLETION]：授权码或参考号，原交易日期，核对，实收金额，核对，插原卡；"
                    "{hold_days} 天内，最多为冻结金额的 {percent}%。"
                ),
                "[MENU_PREAUTH_VOID]：解冻。主管密码，授权码或参考号，原交易日期，核对，插原卡。",
                "[MENU_COMPLETION_VOID]：未结算的完成。主管密码，完成的凭证号，核对，插原卡。",
            ),
        ),
        ("[BALANCE]", "菜单 4、5，插卡、输密码。余额只显示、不打印。"),
    ),
    ("屏幕显示", "怎么办"),
    (
        ("[51]、[55]、[DECLINED]", "[NOT_CHARGED]，请换卡或换方式"),
        ("[CARD_ERROR]、[CARD_MUTE]", "擦净芯片，重插；再不行换卡"),
        ("[ANOTHER_CARD]", "取出，插付款的那张卡"),
        ("[NO_ANSWER]，[FAILED_REVERSED]", "可重新收款"),
        ("[FAILED_REVERSAL_DUE]", "别关机、查网络；自动重发；出故障单就留好"),
        ("[DUPLICATE_TITLE]", "先查凭证。再收一次才按确认"),
        ("[PRINTER_PAPER_OUT]、[PRINTER_COVER_OPEN]", "欠的签购单自动补打"),
        ("[SETTLE_SOON]、[BATCH_FULL]", "结算"),
        ("[UNBALANCED]", "[UNBALANCED_TODO]"),
        ("[PASSWORD_LOCKED]", "等到时间，再问主管"),
        ("[DEVICE_READER]、[DEVICE_KEYPAD]", "检查连线；修好自动恢复"),
        ("[CLOCK_FAULT]", "叫主管；时间对，主管按确认输密码"),
        ("[DISK_FAULT]、[JOURNAL_FAULT]、[KEYS_FAULT]", "不要断电重试，联系维护人员"),
        ("停电", "来电后自动处理未完交易；看屏幕上的凭证号再决定是否重收"),
    ),
)
_EN = Page(
    "Cashier's quick guide",
    "Keys: ENTER yes, CANCEL no, BACK deletes, MENU. * types 00; in lists * is up, # down. At idle "
    "# changes language. Sign on: operator number, ENTER, password, ENTER. Sign off: MENU 7, 1.",
    (
        "idle",
        "check the amount",
        "which key",
        "PIN",
        "approved",
        "before a void",
        "settlement",
        "a second charge",
    ),
    (
        (
            "Sale",
            (
                "Key the amount (12850 for 128.50), ENTER.",
                "Show the customer shop and amount: [CHECK_AMOUNT] [CHECK_KEYS].",
                (
                    "Customer inserts card, keys PIN, presses ENTER. Leave the card in while it "
                    "says [DO_NOT_REMOVE]."
                ),
                (
                    "[APPROVED]: the merchant copy prints; have it signed if it has a line. "
                    "[ENTER_NEXT_COPY]. Remove card."
                ),
            ),
        ),
        (
            "Wrong amount",
            (
                "Still keying: BACK. On the check: CANCEL returns to the amount. Waiting for "
                "card or PIN: CANCEL, nothing is charged."
            ),
        ),
        (
            "Undo",
            (
                "Within {undo_s} seconds of [APPROVED] press CANCEL; if the card is out: "
                "[CARD_BACK_FOR_UNDO]."
            ),
        ),
        (
            "Void (not settled, whole amount)",
            "MENU 2, supervisor password, voucher number, [ORIGINAL_KEYS_VOID], same card.",
        ),
        (
            "Refund (settled, or a part, within {refund_days} days)",
            (
                "MENU 3, supervisor password, voucher or 12-digit reference number, date of "
                "sale, check, amount, check, same card."
            ),
        ),
        (
            "Reprint and settle",
            (
                "Reprint: MENU 5, 1 last, 2 by number, 3 settlement; then which copy. Settle "
                "every evening: MENU 6, [SETTLE_TOTALS] ENTER, keep the slip."
            ),
        ),
        (
            "Pre-authorisation (hold now, charge later): MENU 9, and then",
            (
                "[PREAUTH]: as a sale, but the amount is only held. Keep the receipt.",
                (
                    "[MENU_COMPLETION]: authorisation code or reference number, date, check, "
                    "amount, check, same card; within {hold_days} days, up to {percent}% of the "
                    "amount held."
                ),
                (
                    "[MENU_PREAUTH_VOID]: releases it. Supervisor password, code or reference "
                    "number, date, check, same card."
                ),
                (
                    "[MENU_COMPLETION_VOID] (not settled): supervisor password, voucher number of "
                    "the completion, check, same card."
                ),
            ),
        ),
        ("[BALANCE]", "MENU 4, 5, card, PIN. It is shown, and not printed."),
    ),
    ("Display", "What to do"),
    (
        ("[51], [55], [DECLINED]", "[NOT_CHARGED]; another card or way to pay"),
        ("[CARD_ERROR], [CARD_MUTE]", "Wipe the chip, insert again, else another card"),
        ("[ANOTHER_CARD]", "Take it out, insert the one that paid"),
        ("[NO_ANSWER], [FAILED_REVERSED]", "Take payment again"),
        (
            "[FAILED_REVERSAL_DUE]",
            "Stay on, check network; it resends itself; keep a fault slip",
        ),
        ("[DUPLICATE_TITLE]", "Look at the earlier receipt; ENTER charges twice"),
        ("[PRINTER_PAPER_OUT], [PRINTER_COVER_OPEN]", "Owed receipts follow"),
        ("[SETTLE_SOON], [BATCH_FULL]", "Settle"),
        ("[UNBALANCED]", "[UNBALANCED_TODO]"),
        ("[PASSWORD_LOCKED]", "Wait, then ask the supervisor"),
        ("[DEVICE_READER], [DEVICE_KEYPAD]", "Check the cable; it recovers by itself"),
        ("[CLOCK_FAULT]", "Supervisor: if right, ENTER and password"),
        ("[DISK_FAULT], [JOURNAL_FAULT], [KEYS_FAULT]", "Do not keep restarting; call service"),
        ("Power cut", "It finishes by itself; read the voucher number before charging again"),
    ),
)
PAGES = {Language.ZH: _ZH, Language.EN: _EN}
