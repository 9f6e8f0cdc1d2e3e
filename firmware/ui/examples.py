"""More specimens: kiosk, orders, balances, pre-authorisations, training; and whose they all are."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core.kinds import Kind
from firmware.core.money import CURRENCIES, Money
from firmware.iso8583.responses import response_text
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    Attract,
    CardPrompt,
    Idle,
    Menu,
    Notice,
    Original,
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

TOTALS = tuple(
    Phrase.of(text, count=count, sum=total)
    for text, count, total in (
        (Text.TOTAL_SALES, 112, "45210.50"),
        (Text.TOTAL_VOIDS, 2, "257.00"),
        (Text.TOTAL_REFUNDS, 1, "88.50"),
    )
)

GO_ON = Phrase.of(Text.PRESS_ENTER_TO_GO_ON)


def yuan(minor: int) -> Money:
    """An amount in CNY."""
    return Money(minor, CURRENCIES["CNY"])


def owner(language: Language) -> Owner:
    """The shop of the examples."""
    name = "幸福小店" if language is Language.ZH else "HAPPY STORE"
    return Owner(name, "S01", "10000001")


def long_named(whose: Owner) -> Owner:
    """The same with a name that takes two rows."""
    return replace(whose, merchant=f"{whose.merchant} {whose.merchant} {whose.merchant}"[:30])


def original(whose: Owner, kind: Kind, amount: Money, left: Money | None = None) -> Original:
    """What is to be undone or completed, as `kind` does it."""
    card, day, time = "6228 48** **** 0012", "2026-11-22", "19:32"
    return Original(kind, card, amount, left, day, time, "01", "000124", whose)


def not_approved(kind: Kind, amount: Money, why: Phrase, stands: Text, code: str = "") -> Outcome:
    """How a payment ended that was declined or reversed, and what stands."""
    prompt = Phrase.of(stands)
    return Outcome(kind, amount, approved=False, text=why, code=code, prompt=prompt)


def menu(title: Text, *items: Text, selected: int = 0) -> Menu:
    """A menu of texts of the catalogue."""
    return Menu(Phrase.of(title), tuple(map(Phrase.of, items)), selected)


def refused(why: Text, **values: object) -> Notice:
    """Why something cannot be done."""
    return Notice(Phrase.of(Text.REFUSED), (Phrase.of(why, **values),), warning=True)


def orders(whose: Owner) -> dict[str, Screen]:
    """What a till asked for, as its customer checks it."""
    reference, line = "order 4711", "拿铁 Latte ×2 56.00"
    check = AmountCheck(whose, Kind.SALE, yuan(12850), (Phrase.of((reference, reference)),))
    most = replace(check, amount=yuan(999_999_999), detail=(Phrase.of((line, line)),))
    return {"order": check, "order-keys": replace(check, phase=1), "order-line": most}


def kiosk(whose: Owner) -> dict[str, Screen]:
    """A kiosk, as its customers see it."""
    items = (
        ("1", "豆浆 Soy milk", yuan(300)),
        ("2", "油条 Youtiao", yuan(250)),
        ("3", "小笼包 Baozi", yuan(1800)),
        ("4", "茶叶蛋 Tea egg", yuan(200)),
    )
    name = Phrase.of((items[2][1], items[2][1]))
    price, no_paper = yuan(1800), Phrase.of(Text.NO_RECEIPT)
    check = AmountCheck(whose, Kind.SALE, price, (name,), customer=True)
    return {
        "attract": Attract(whose, items),
        "attract-2": Attract(whose, items, page=1),
        "attract-shop": Attract(whose),
        "attract-shop-no-paper": Attract(whose, notice=no_paper),
        "attract-no-paper": Attract(whose, items, notice=no_paper),
        "kiosk-check": check,
        "kiosk-check-keys": replace(check, phase=1),
        "kiosk-check-no-paper": replace(check, phase=2, notice=no_paper),
        "kiosk-check-capitals": replace(check, phase=2),
        "kiosk-insert": CardPrompt(Kind.SALE, price, Phrase.of(Text.KIOSK_INSERT)),
        "kiosk-insert-hint": CardPrompt(Kind.SALE, price, Phrase.of(Text.KIOSK_INSERT_HINT)),
        "kiosk-wait": Processing(
            Kind.SALE, price, Phrase.of(Text.CONNECTING), keep_card=True, customer=True
        ),
        "kiosk-approved": Outcome(
            Kind.SALE,
            price,
            approved=True,
            text=Phrase.of(Text.APPROVED),
            voucher="000124",
            prompt=Phrase.of(Text.KIOSK_TAKE),
            undo_s=28,
            customer=True,
        ),
        "kiosk-out-of-service": OutOfService(
            whose,
            Phrase.of(Text.DEVICE_READER),
            Phrase.of(Text.ADVICE_RECONNECT),
            customer=True,
        ),
        "kiosk-refused": refused(Text.OFF_IN_KIOSK),
    }


def balances() -> dict[str, Screen]:
    """A balance enquiry, from the card to what may be spent."""
    title, name = Phrase.of(Text.BALANCE), Text.BALANCE
    take, told = Phrase.of(Text.REMOVE_CARD), Phrase.of(Text.AVAILABLE)
    connecting = Phrase.of(Text.CONNECTING)
    below = Phrase.of(("RMB -1234.50", "RMB -1234.50"))
    silent = (Phrase.of(Text.NO_ANSWER), Phrase.of(Text.BALANCE_LATER))
    again = (Phrase.of(Text.REINSERT_CARD), Phrase.of(Text.CARD_ERROR))
    return {
        "balance-card": CardPrompt(name, None, Phrase.of(Text.INSERT_CARD)),
        "balance-card-again": CardPrompt(name, None, *again),
        "balance-pin": PinEntry(name, None, 4),
        "balance-connecting": Processing(name, None, connecting, keep_card=True, spinner=3),
        "balance": Notice(title, (told,), take, yuan(487_150)),
        "balance-overdrawn": Notice(title, (told, below), take),
        "balance-unknown": Notice(title, silent, warning=True),
        "balance-refused": Notice(title, (Phrase.of(response_text("55")),), warning=True),
        "balance-training": Notice(title, (told,), take, yuan(100_000), training=True),
    }


def preauths(whose: Owner) -> dict[str, Screen]:
    """Pre-authorisations: the hold, its completion, the voids of both, and what is refused."""
    held, paid = yuan(100_000), yuan(80_000)
    preauth, completion = Kind.PREAUTH, Kind.COMPLETION
    approved, done = Phrase.of(Text.APPROVED), Phrase.of(Text.ENTER_DONE)
    detail = (Phrase.of(Text.ORIGINAL_OF, voucher="000124"), Phrase.of(Text.CARD_TAIL, tail="0012"))
    items = (Text.PREAUTH, Text.MENU_COMPLETION, Text.MENU_PREAUTH_VOID, Text.MENU_COMPLETION_VOID)
    most = Phrase.of(Text.AMOUNT_OVER_HOLD, limit="1150.00")
    silent = Phrase.of(Text.NO_ANSWER)
    completed = original(whose, completion, held)
    voided = original(whose, Kind.PREAUTH_VOID, held)
    sides = (
        Phrase.of(Text.TOTAL_DEBIT, count=113, sum="46010.50"),
        Phrase.of(Text.TOTAL_CREDIT, count=3, sum="345.50"),
    )
    return {
        "menu-preauth": menu(Text.PREAUTH, *items),
        "preauth-amount": AmountEntry(whose, preauth, held, Phrase.of(Text.PREAUTH_AMOUNT)),
        "preauth-check": AmountCheck(whose, preauth, held),
        "preauth-approved": Outcome(
            preauth, held, approved=True, text=approved, voucher="000124", prompt=done
        ),
        "preauth-reversed": not_approved(preauth, held, silent, Text.PREAUTH_REVERSED),
        "preauth-code": TextEntry(
            Phrase.of(Text.AUTHORISATION_OR_REFERENCE), "022", 12, Phrase.of(Text.SIX_OR_TWELVE)
        ),
        "preauth-original": completed,
        "preauth-original-keys": replace(completed, phase=1),
        "completion-amount": AmountEntry(
            whose, completion, held, Phrase.of(Text.COMPLETION_AMOUNT)
        ),
        "completion-over": AmountEntry(
            whose, completion, yuan(115_001), Phrase.of(Text.COMPLETION_AMOUNT), most
        ),
        "completion-check": AmountCheck(whose, completion, paid, detail),
        "completion-approved": Outcome(
            completion, paid, approved=True, text=approved, voucher="000125", prompt=done
        ),
        "preauth-void": voided,
        "preauth-void-keys": replace(voided, phase=1),
        "preauth-void-reversed": not_approved(
            Kind.PREAUTH_VOID, held, silent, Text.RELEASE_REVERSED
        ),
        "completion-void": original(whose, Kind.COMPLETION_VOID, paid),
        "completion-void-failed": not_approved(
            Kind.COMPLETION_VOID, paid, silent, Text.NOT_GIVEN_BACK
        ),
        "preauth-old": refused(Text.HOLD_IS_OLD, days=30),
        "preauth-used": refused(Text.ALREADY_COMPLETED),
        "totals-completions": Notice(Phrase.of(Text.SETTLE_TOTALS), sides, GO_ON),
        "training-preauth": AmountCheck(whose, preauth, held, training=True),
    }


def training(whose: Owner) -> dict[str, Screen]:
    """What marks itself as training."""
    amount, sale, detail = yuan(12850), Kind.SALE, (Phrase.of(Text.CARD_TAIL, tail="0012"),)
    return {
        "training-idle": Idle(whose, "2026-11-22", "19:32", "01", training=True),
        "training-amount": AmountEntry(
            whose, sale, amount, Phrase.of(Text.SALE_AMOUNT), training=True
        ),
        "training-check": AmountCheck(whose, sale, amount, training=True),
        "training-check-keys": AmountCheck(whose, sale, amount, phase=1, training=True),
        "training-totals": Notice(Phrase.of(Text.SETTLE_TRAINING), TOTALS, GO_ON, training=True),
        "training-refund": AmountCheck(whose, Kind.REFUND, amount, detail, training=True),
        "training-pin": PinEntry(sale, amount, 2, training=True),
        "training-outcome": Outcome(
            sale,
            amount,
            approved=True,
            text=Phrase.of(Text.APPROVED),
            voucher="000003",
            prompt=Phrase.of(Text.ENTER_NEXT_COPY),
            undo_s=28,
            training=True,
        ),
        "training-original": replace(
            original(whose, Kind.VOID, amount), voucher="000003", training=True
        ),
        "training-menu": replace(
            menu(Text.MENU, Text.SALE, Text.VOID, Text.REFUND, Text.MENU_QUERY), training=True
        ),
        "training-notice": replace(refused(Text.ALREADY_VOIDED), training=True),
    }


def test_keys(whose: Owner) -> dict[str, Screen]:
    """What says that test keys are trusted."""
    notice = Phrase.of(Text.RECEIPTS_PENDING, count=2)
    items = (("1", "豆浆", yuan(300)), ("2", "油条", yuan(250)))
    return {
        "test-keys-idle": Idle(whose, "2026-11-22", "19:32", "01", test_keys=True),
        "test-keys-notice": Idle(whose, "2026-11-22", "19:32", "01", notice, test_keys=True),
        "test-keys-amount": AmountEntry(
            whose, Kind.SALE, yuan(12850), Phrase.of(Text.SALE_AMOUNT), test_keys=True
        ),
        "test-keys-kiosk": Attract(whose, items, test_keys=True),
    }
