"""One of every screen, as a shop sees it: what contact sheet and tests are made of."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core.kinds import Kind
from firmware.iso8583.responses import response_text
from firmware.ui.examples import (
    GO_ON,
    TOTALS,
    balances,
    kiosk,
    long_named,
    menu,
    not_approved,
    orders,
    original,
    owner,
    preauths,
    refused,
    test_keys,
    training,
    yuan,
)
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    CardPrompt,
    Idle,
    Listing,
    Menu,
    Notice,
    Outcome,
    OutOfService,
    Owner,
    Phrase,
    PinEntry,
    Processing,
    Screen,
    TextEntry,
)
from firmware.ui.texts import Language, Text


def specimens(language: Language) -> dict[str, Screen]:
    """A name and a screen for each moment worth looking at, in the order of a day."""
    whose = owner(language)
    return {
        **_day(whose),
        **_people(),
        **_sale(whose),
        **_outcomes(),
        **_corrections(whose),
        **_lists(language),
        **balances(),
        **preauths(whose),
        **_messages(whose),
        **_line(),
        **kiosk(whose),
        **orders(whose),
        **training(whose),
        **test_keys(whose),
    }


def _day(whose: Owner) -> dict[str, Screen]:
    def idle(operator: str, notice: Phrase | None = None) -> Idle:
        return Idle(whose, "2026-11-22", "19:32", operator, notice)

    return {
        "idle": idle("01"),
        "idle-long-name": replace(idle("01"), owner=long_named(whose)),
        "idle-notice": idle("01", Phrase.of(Text.RECEIPTS_PENDING, count=2)),
        "idle-no-paper": idle("01", Phrase.of(Text.PRINTER_PAPER_OUT)),
        "idle-cover-open": idle("01", Phrase.of(Text.PRINTER_COVER_OPEN)),
        "idle-no-printer": idle("01", Phrase.of(Text.PRINTER_OFFLINE)),
        "idle-printer-unproven": idle("01", Phrase.of(Text.PRINTER_UNPROVEN)),
        "idle-offline-due": idle("01", Phrase.of(Text.OFFLINE_PENDING, count=3)),
        "idle-reversal-due": idle("01", Phrase.of(Text.REVERSALS_PENDING, count=1)),
        "idle-clock-moved": idle("01", Phrase.of(Text.CLOCK_MOVED, by="+24:00")),
        "idle-entry-left-open": idle("01", Phrase.of(Text.ENTRY_LEFT_OPEN)),
        "idle-settle": idle("01", Phrase.of(Text.SETTLE_SOON)),
        "idle-supervisor": replace(idle("00", Phrase.of(Text.SUPERVISOR_AT_IDLE)), sells=False),
    }


def _people() -> dict[str, Screen]:
    password, new = Phrase.of(Text.OPERATOR_PASSWORD), Phrase.of(Text.NEW_PASSWORD)
    sign_on = Phrase.of(Text.SIGN_ON)
    return {
        "sign-on": TextEntry(Phrase.of(Text.OPERATOR_NUMBER), "0", 2, sign_on),
        "password": TextEntry(password, "***", 4, notice=None),
        "password-wrong": TextEntry(password, "", 4, notice=Phrase.of(Text.PASSWORD_WRONG)),
        "password-locked": refused(Text.PASSWORD_LOCKED, seconds=120),
        "password-change": refused(Text.CHANGE_DEFAULT),
        "password-new": TextEntry(new, "****", 4, notice=Phrase.of(Text.PASSWORD_WEAK)),
        "sign-off": Notice(Phrase.of(Text.SIGN_OFF_ASK, operator="01"), (), GO_ON),
        "welcome": Notice(sign_on, (Phrase.of(Text.WELCOME, operator="01"),)),
    }


def _sale(whose: Owner) -> dict[str, Screen]:
    title, sale = Phrase.of(Text.SALE_AMOUNT), Kind.SALE
    over = Phrase.of(Text.AMOUNT_OVER_LIMIT, limit="50000.00")
    amount, big = yuan(12850), yuan(999_999_999)
    connecting = Phrase.of(Text.CONNECTING)
    wrong = Phrase.of(Text.PIN_TRIES_LEFT, tries=2)
    return {
        "amount-zero": AmountEntry(whose, sale, yuan(0), title),
        "amount": AmountEntry(whose, sale, amount, title),
        "amount-long-name": AmountEntry(long_named(whose), sale, amount, title),
        "amount-refused": AmountEntry(whose, sale, big, title, over),
        "amount-again": AmountEntry(whose, sale, yuan(5), Phrase.of(Text.SALE_AMOUNT_AGAIN)),
        "check": AmountCheck(whose, sale, amount),
        "check-keys": AmountCheck(whose, sale, amount, phase=1),
        "check-capitals": AmountCheck(whose, sale, amount, phase=2),
        "check-large": AmountCheck(whose, sale, big),
        "check-large-capitals": AmountCheck(whose, sale, big, phase=2),
        "card": CardPrompt(sale, amount, Phrase.of(Text.INSERT_CARD)),
        "card-again": CardPrompt(
            sale, amount, Phrase.of(Text.REINSERT_CARD), Phrase.of(Text.CARD_ERROR)
        ),
        "card-not-accepted": CardPrompt(
            sale, amount, Phrase.of(Text.TAKE_CARD_OUT), Phrase.of(Text.CARD_NOT_SUPPORTED)
        ),
        "pin": PinEntry(sale, amount, 0),
        "pin-digits": PinEntry(sale, amount, 4),
        "pin-wrong": PinEntry(sale, amount, 0, wrong),
        "reading": Processing(sale, amount, Phrase.of(Text.READING_CARD), keep_card=True),
        "connecting": Processing(sale, amount, connecting, keep_card=True, spinner=3),
    }


def _outcomes() -> dict[str, Screen]:
    amount, sale = yuan(12850), Kind.SALE
    approved, copy = Phrase.of(Text.APPROVED), Phrase.of(Text.ENTER_NEXT_COPY)
    sold = Outcome(
        sale, amount, approved=True, text=approved, voucher="000124", prompt=copy, undo_s=28
    )
    pending = Phrase.of(Text.APPROVED_SLIP_PENDING)
    unconfirmed = Phrase.of(Text.REFUND_UNCONFIRMED)

    def declined(kind: Kind, code: str, stands: Text) -> Outcome:
        return not_approved(kind, amount, Phrase.of(response_text(code)), stands, code)

    return {
        "approved-undo": sold,
        "approved": replace(sold, prompt=Phrase.of(Text.ENTER_DONE), undo_s=None),
        "approved-slip-pending": replace(sold, prompt=pending),
        "approved-cover-open": replace(sold, prompt=Phrase.of(Text.PRINTER_COVER_OPEN), undo_s=27),
        "declined": declined(sale, "51", Text.NOT_CHARGED),
        "failed": not_approved(sale, amount, Phrase.of(Text.NO_ANSWER), Text.FAILED_REVERSED),
        "void-declined": declined(Kind.VOID, "91", Text.NOT_VOIDED),
        "refund-declined": declined(Kind.REFUND, "05", Text.NOT_REFUNDED),
        "refund-unconfirmed": replace(
            not_approved(Kind.REFUND, amount, unconfirmed, Text.REFUND_REPEATED), undecided=True
        ),
        "void-approved": Outcome(
            Kind.VOID,
            amount,
            approved=True,
            text=approved,
            voucher="000125",
            prompt=Phrase.of(Text.ENTER_DONE),
        ),
    }


def _corrections(whose: Owner) -> dict[str, Screen]:
    amount, left = yuan(12850), yuan(8850)
    detail = (
        Phrase.of(Text.ORIGINAL_OF, voucher="000124"),
        Phrase.of(Text.CARD_TAIL, tail="0012"),
    )
    void = original(whose, Kind.VOID, amount)
    refund = original(whose, Kind.REFUND, amount, left)
    return {
        "voucher": TextEntry(
            Phrase.of(Text.ORIGINAL_VOUCHER), "0001", 6, Phrase.of(Text.SIX_DIGITS)
        ),
        "voucher-or-reference": TextEntry(
            Phrase.of(Text.ORIGINAL_VOUCHER_OR_REFERENCE),
            "261122000",
            12,
            Phrase.of(Text.SIX_OR_TWELVE),
        ),
        "original-void": void,
        "original-void-keys": replace(void, phase=1),
        "original-refund": refund,
        "original-refund-keys": replace(refund, phase=1),
        "void-instead": menu(Text.VOID_INSTEAD, Text.CHOOSE_VOID, Text.CHOOSE_REFUND),
        "check-refund": AmountCheck(whose, Kind.REFUND, left, detail),
        "check-refund-keys": AmountCheck(whose, Kind.REFUND, left, detail, phase=1),
        "check-refund-capitals": AmountCheck(whose, Kind.REFUND, left, detail, phase=2),
        "card-original": CardPrompt(Kind.VOID, amount, Phrase.of(Text.INSERT_SAME_CARD)),
        "card-of-another": CardPrompt(
            Kind.VOID, amount, Phrase.of(Text.TAKE_CARD_OUT), Phrase.of(Text.ANOTHER_CARD)
        ),
    }


def _lists(language: Language) -> dict[str, Screen]:
    functions = (
        Text.SALE,
        Text.VOID,
        Text.REFUND,
        Text.MENU_QUERY,
        Text.MENU_REPRINT,
        Text.MENU_SETTLE,
        Text.MENU_MANAGE,
        Text.MENU_OTHER,
        Text.PREAUTH,
    )
    manage = (
        Text.SIGN_OFF,
        Text.OPERATOR_CHANGE,
        Text.OPERATOR_ADD,
        Text.OPERATOR_DELETE,
        Text.OPERATOR_RESET,
        Text.TRAINING_MODE,
    )
    keys = (Text.MASTER_KEY, Text.LINE_SIGN_ON, Text.LINE_ECHO)
    sale = Text.SALE.in_language(language)
    rows = (f"000124 {sale}", "RMB 128.50", "6228 48** **** 0012")
    voided = Text.UNDONE.in_language(language)
    listed = (
        f"000124 {sale} *0012",
        f"19:32 {voided} 128.50",
        f"000125 {Text.VOID.in_language(language)} *0012",
        "11-22 19:34 -128.50",
    )
    applications = ("UnionPay Debit", "UnionPay Credit")
    labels = tuple(Phrase.of((name, name)) for name in applications)
    return {
        "menu": menu(Text.MENU, *functions, selected=1),
        "menu-manage": menu(Text.MENU_MANAGE, *manage),
        "menu-manage-line": menu(Text.MENU_MANAGE, *manage, Text.MENU_KEYS, selected=6),
        "menu-keys": menu(Text.MENU_KEYS, *keys),
        "key-component": TextEntry(
            Phrase.of(Text.KEY_COMPONENT, number=1, group=3), "**", 4, Phrase.of(Text.KEY_HINT)
        ),
        "menu-manage-2": menu(Text.MENU_MANAGE, *manage, selected=5),
        "applications": Menu(Phrase.of(Text.CHOOSE_APPLICATION), labels),
        "reprint-copies": menu(Text.MENU_REPRINT, Text.REPRINT_MERCHANT, Text.REPRINT_CARDHOLDER),
        "listing": Listing(Phrase.of(Text.MENU_QUERY), rows, 1, 2),
        "transactions": Listing(Phrase.of(Text.QUERY_LIST), listed, 1, 2),
    }


def _line() -> dict[str, Screen]:
    silent = (
        Phrase.of(Text.LINE_SILENT),
        Phrase.of(Text.LINE_TPDU, tpdu="6000030000"),
        Phrase.of(Text.LINE_HEADER, header="603100311003"),
    )
    checked = (Phrase.of(Text.KEY_CHECK, check="82E13665"), Phrase.of(Text.KEY_COMPARE))
    elsewhere = ("632618765432", "2026-11-20")
    sold = (*(Phrase.of((each, each)) for each in elsewhere), Phrase.of(Text.ACQUIRER_DECIDES))
    held = (*(Phrase.of((each, each)) for each in ("022568", "2026-11-20")), sold[-1])
    return {
        "preauth-elsewhere": Notice(Phrase.of(Text.HELD_ELSEWHERE), held, GO_ON),
        "refund-elsewhere": Notice(Phrase.of(Text.SOLD_ELSEWHERE), sold, GO_ON),
        "key-check": Notice(Phrase.of(Text.MASTER_KEY), checked, GO_ON),
        "line-silent": Notice(Phrase.of(Text.LINE_ECHO), silent, warning=True),
    }


def _messages(whose: Owner) -> dict[str, Screen]:
    unusual = (Phrase.of(Text.UNUSUAL_BODY, usual="35.00"),)
    earlier = (
        Phrase.of(Text.DUPLICATE_BODY, voucher="000124"),
        Phrase.of(Text.DUPLICATE_WHEN, time="19:32"),
    )
    amount = yuan(12850)

    def out(reason: Text, advice: Text, detail: str = "") -> OutOfService:
        return OutOfService(whose, Phrase.of(reason), Phrase.of(advice), detail)

    return {
        "unusual": Notice(
            Phrase.of(Text.UNUSUAL_TITLE),
            unusual,
            Phrase.of(Text.UNUSUAL_KEYS),
            yuan(1_285_000),
            warning=True,
        ),
        "duplicate": Notice(
            Phrase.of(Text.DUPLICATE_TITLE),
            earlier,
            Phrase.of(Text.DUPLICATE_KEYS),
            amount,
            warning=True,
        ),
        "other-terminal": refused(Text.OTHER_TERMINAL, terminal="10000009", store="S02"),
        "other-merchant": refused(Text.OTHER_MERCHANT, merchant="104110054110009"),
        "other-currency": refused(Text.OTHER_CURRENCY, currency="KWD"),
        "already-voided": refused(Text.ALREADY_VOIDED),
        "totals": Notice(Phrase.of(Text.SETTLE_TOTALS), TOTALS, GO_ON),
        "balanced": Notice(Phrase.of(Text.SETTLED), (Phrase.of(Text.BALANCED), *TOTALS)),
        "unbalanced": Notice(
            Phrase.of(Text.UNBALANCED),
            TOTALS,
            Phrase.of(Text.UNBALANCED_TODO),
            warning=True,
        ),
        "reversal-first": refused(Text.REVERSAL_FIRST),
        "recovering": Notice(Phrase.of(Text.RECOVERING), ()),
        "recovered": Notice(
            Phrase.of(Text.RECOVERED),
            (Phrase.of(Text.RECOVERED_REVERSED), Phrase.of(("000124", "000124"))),
            warning=True,
        ),
        "no-reader": out(Text.DEVICE_READER, Text.ADVICE_RECONNECT),
        "no-disk": out(Text.DISK_FULL, Text.ADVICE_FREE_DISK),
        "data-gone": out(Text.DATA_GONE, Text.ADVICE_DATA_BACK),
        "data-swapped": out(Text.DATA_OTHERS, Text.ADVICE_OWN_DATA),
        "records-missing": out(Text.JOURNAL_TRUNCATED, Text.ADVICE_RESTORE),
        "books-lost": out(Text.BOOKS_FAULT, Text.ADVICE_RESTORE_BOOKS),
        "disk-read-only": out(Text.DISK_READ_ONLY, Text.ADVICE_CHECK_DISK),
        "software-too-old": out(Text.JOURNAL_NEWER, Text.ADVICE_UPDATE),
        "keys-unfit": out(Text.KEYS_FAULT, Text.ADVICE_RESTORE_KEYS),
        "database-unfit": out(Text.DATABASE_FAULT, Text.ADVICE_UPDATE_SYSTEM),
        "clock-behind": out(Text.CLOCK_FAULT, Text.ADVICE_TRUST_CLOCK, "2026-11-19 09:00"),
        "settings-wrong": out(Text.SETTINGS_FAULT, Text.ADVICE_SERVICE, "merchant.terminal"),
    }
