"""The words of the scripts: what a flow asks for and is answered, said as the manual would.

What recurs in scripts has a word of its own here: a pair of effect and answer, or a row of pairs.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from firmware.core.kinds import CardFacts, Kind
from firmware.core.masked import Password
from firmware.flows.effects import (
    AskCardPresent,
    AskPaperStuck,
    Beep,
    CheckPassword,
    MaskedEntry,
    PowerOff,
    PowerOn,
    ReleasePaper,
    Show,
    Shown,
    TimedOut,
    UseUpCard,
    Wait,
)
from firmware.journal.lookups import Lookups
from firmware.journal.numbers import Numbers
from firmware.journal.operators import Verified
from firmware.journal.records import AmountAgreed, EntryAbandoned
from firmware.journal.transactions import Transaction
from firmware.lab.issuers import tray_accounts
from firmware.payments.effects import Append, CheckClock, CheckSpace, Look, Moment, ReadClock
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    CardPrompt,
    Notice,
    Outcome,
    Phrase,
    PinEntry,
    Processing,
    Screen,
    TextEntry,
)
from firmware.ui.texts import Language, Text
from hw.events import CardInserted, Key, KeyPressed
from hw.sim.cards import Card, tray
from tests.flows.script import ANYTHING, CARD_KEY, Pair, TheChip, desk
from tests.journal.story import FRAME, FRAME_SHA256
from tests.payment import yuan

NOW = Moment(0, datetime(2026, 11, 22, 9, 0, tzinfo=timezone(timedelta(hours=8))))
SCREEN_MS, CHECK_MS, NOTICE_MS, REFUSAL_MS, TICK_MS = 60_000, 2_000, 10_000, 15_000, 1_000
LATER_MS = 1_000  # a key on a frame that has stood on the display from 0 on, for long enough
DIGITS = {key.digit: key for key in Key if key.digit}
BATCH, STAN, MERCHANT_JOB, CARDHOLDER_JOB = 1, 1, 1, 2


def say(text: Text, **values: object) -> Phrase:
    return Phrase.of(text, **values)


def card_of_tray(name: str) -> Card:
    """A fresh card; cards remember."""
    return tray()[name]


def facts_of(name: str) -> CardFacts:
    """What the journal keeps of a card of the tray."""
    (found,) = (one for one in tray_accounts() if one.account.name == name)
    pan = found.account.pan
    return CardFacts(
        hash=pan.keyed_hash(CARD_KEY),
        first6=pan.first6,
        last4=pan.last4,
        pan_length=len(pan),
        psn=found.account.psn,
        scheme=ANYTHING,
        label=ANYTHING,
        aid=found.aid,
    )


# --- display and keys
# -------------------------------------------------------------------------------


def shows(screen: Screen, at_ms: int = 0) -> Pair:
    """A screen comes on the display at `at_ms`."""
    return Show(screen, Language.ZH), Shown(at_ms, FRAME_SHA256, FRAME)


def presses(
    key: Key,
    at_ms: int = LATER_MS,
    timeout_ms: int = SCREEN_MS,
    *,
    card: bool = False,
    masked: MaskedEntry | None = None,
) -> Pair:
    """Somebody presses a key within the time that the screen waits."""
    return Wait(timeout_ms, card=card, masked=masked), KeyPressed(key, at_ms)


def nobody_comes(
    timeout_ms: int = SCREEN_MS, *, card: bool = False, masked: MaskedEntry | None = None
) -> Pair:
    return Wait(timeout_ms, card=card, masked=masked), TimedOut(timeout_ms)


def beeps(*, long: bool = False) -> Pair:
    return Beep(long), None


def keys_digits(
    title: Phrase, digits: str, *, masked: bool = False, width: int = 0, hint: Phrase | None = None
) -> list[Pair]:
    """Digits are keyed one after another, and ENTER."""
    row = []
    for length in range(len(digits) + 1):
        shown = "*" * length if masked else digits[:length]
        row.append(shows(TextEntry(title, shown, width or len(digits), hint)))
        key = DIGITS[digits[length]] if length < len(digits) else Key.ENTER
        row.append(presses(key, masked=MaskedEntry.PASSWORD if masked else None))
    return row


def tells(title: Text, *body: Phrase | Text, warning: bool = True) -> list[Pair]:
    """Something is said, and dismissed with ENTER."""
    lines = tuple(line if isinstance(line, Phrase) else say(line) for line in body)
    row = [shows(Notice(say(title), lines, warning=warning))]
    row += [beeps(long=True)] if warning else []
    return [*row, presses(Key.ENTER, timeout_ms=NOTICE_MS)]


# --- what every sale, void and refund goes through ------------------------------------------------


def nothing_is_owed(*, uploads: bool = True) -> list[Pair]:
    """No reversal, no advice of an offline sale, room on the disk, no settlement under way."""
    row: list[Pair] = [(Look.of(Lookups.reversals), [])]
    row += [(Look.of(Lookups.advices), [])] if uploads else []
    row += [(CheckSpace(), None), (CheckClock(), None)]
    return [
        *row,
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.pending_settlement), None),
    ]


def a_sale_may_begin() -> list[Pair]:
    """There is room on the disk and in the batch, and the host knows all it must."""
    return [*nothing_is_owed(uploads=False), (Look.of(Lookups.numbers_used), 0)]


def amount_entry(
    minor: int,
    notice: Phrase | None = None,
    *,
    kind: Kind = Kind.SALE,
    title: Text = Text.SALE_AMOUNT,
) -> AmountEntry:
    """The amount as it is keyed."""
    return AmountEntry(desk().owner, kind, yuan(minor), say(title), notice)


def eight_yuan_is_keyed() -> list[Pair]:
    """`8` opened the sale; `*` is 00, ENTER ends it. Too few sales yet for anything unusual."""
    return [
        (ReadClock(), NOW),
        shows(amount_entry(8)),
        presses(Key.STAR),
        shows(amount_entry(800)),
        presses(Key.ENTER),
        (Look.of(Lookups.recent_sale_amounts, 50, "CNY"), []),
    ]


def amount_check(kind: Kind, minor: int, *detail: Phrase, phase: int = 0) -> AmountCheck:
    """The frame that the cardholder agrees to."""
    return AmountCheck(desk().owner, kind, yuan(minor), detail, phase)


def agrees(
    kind: Kind, minor: int, *, shown_at_ms: int = 0, at_ms: int = LATER_MS, key: str = "ENTER"
) -> Pair:
    """Frame, key and times go to the journal."""
    agreed = AmountAgreed(
        kind=kind,
        amount_minor=minor,
        currency="CNY",
        frame_sha256=FRAME_SHA256,
        shown_at_ms=shown_at_ms,
        pressed_at_ms=at_ms,
        key=key,
    )
    return Append.with_next(agreed, blobs={FRAME_SHA256: FRAME}), None


def card_is_asked_for(
    kind: Kind, minor: int, prompt: Text = Text.INSERT_CARD, notice: Phrase | None = None
) -> list[Pair]:
    """An empty slot."""
    screen = CardPrompt(kind, yuan(minor), say(prompt), notice)
    return [(AskCardPresent(), False), (AskCardPresent(used=True), False), shows(screen)]


def card_is_put_in(
    card: Card, kind: Kind, minor: int, prompt: Text = Text.INSERT_CARD
) -> list[Pair | TheChip]:
    """An empty slot, a card, and the kernel's reading of it."""
    return [
        *card_is_asked_for(kind, minor, prompt),
        (Wait(SCREEN_MS, card=True), CardInserted(0)),
        (AskCardPresent(), True),
        *card_is_read(card, kind, minor),
    ]


def card_is_read(card: Card, kind: Kind, minor: int) -> list[Pair | TheChip]:
    """The card in the slot tells who it is."""
    return [
        is_reading(kind, minor),
        (PowerOn(), card.power_on()),
        (ReadClock(), NOW),
        (Look.of(Lookups.next_numbers, training=False), Numbers(BATCH, STAN)),
        TheChip(card),
    ]


def is_reading(kind: Kind, minor: int) -> Pair:
    return shows(Processing(kind, yuan(minor), say(Text.READING_CARD), keep_card=True))


def was_not_charged_a_moment_ago(card: CardFacts, minor: int) -> list[Pair]:
    """No sale of this amount on this card within five minutes, and none at all today."""
    since = NOW.wall - timedelta(seconds=300)
    return [
        (ReadClock(), NOW),
        (Look.of(Lookups.card_today, card.hash, NOW.date, "CNY"), 0),
        (ReadClock(), NOW),
        (
            Look.of(
                Lookups.duplicate_of, card.hash, yuan(minor), since, training=False, psn=card.psn
            ),
            None,
        ),
    ]


def pin_is_keyed(kind: Kind, minor: int, pin: str) -> list[Pair]:
    """A star a digit, the amount in sight; in a sale the card has to stay in meanwhile."""
    stays = kind is Kind.SALE
    row = []
    for length in range(len(pin) + 1):
        row.append(shows(PinEntry(kind, yuan(minor), length)))
        key = DIGITS[pin[length]] if length < len(pin) else Key.ENTER
        row.append(presses(key, card=stays, masked=MaskedEntry.PIN))
    return row


def supervisor_gives_password(purpose: str) -> list[Pair]:
    """Six stars and ENTER."""
    return [
        *keys_digits(say(Text.SUPERVISOR_PASSWORD), "246810", masked=True),
        (CheckPassword("00", Password("246810"), purpose), Verified()),
    ]


def takes_its_number(kind: Kind, minor: int, stan: int = STAN) -> list[Pair]:
    """The next voucher number; the display says not to remove the card."""
    return [
        (ReadClock(), NOW),
        (Look.of(Lookups.next_numbers, training=False), Numbers(BATCH, stan)),
        shows(Processing(kind, yuan(minor), say(Text.CONNECTING), keep_card=True)),
    ]


def stands_in_the_journal(transaction: Transaction) -> Pair:
    """The transaction as the journal tells it once its outcome is recorded."""
    place = transaction.batch, transaction.stan
    return Look.of(Lookups.transaction, *place, training=False), transaction


def next_job() -> Pair:
    return Look.of(Lookups.next_job), MERCHANT_JOB


def card_is_released() -> list[Pair]:
    """No power, and it has to be put in again before it serves another transaction."""
    return [(PowerOff(), None), (UseUpCard(), None)]


def it_is(now_ms: int) -> Pair:
    return ReadClock(), Moment(now_ms, NOW.wall + timedelta(milliseconds=now_ms))


def approved_screen(
    kind: Kind, minor: int, prompt: Text, undo_s: int | None = None, voucher: str = "000001"
) -> Outcome:
    """Approved, what ENTER does next, and for how long CANCEL undoes it."""
    return Outcome(
        kind,
        yuan(minor),
        approved=True,
        text=say(Text.APPROVED),
        voucher=voucher,
        prompt=say(prompt),
        undo_s=undo_s,
    )


def is_on_display(screen: Outcome, now_ms: int = 0) -> list[Pair]:
    """A second of an approved outcome, its paper out."""
    paper = AskPaperStuck(MERCHANT_JOB), False
    return [it_is(now_ms), paper, shows(screen)]


def approval_is_shown(kind: Kind, minor: int, voucher: str, undo_s: int | None) -> list[Pair]:
    """Merchant's copy, ENTER, cardholder's copy, ENTER; the slot is empty."""

    def outcome(prompt: Text) -> list[Pair]:
        screen = approved_screen(kind, minor, prompt, undo_s, voucher)
        enter = presses(Key.ENTER, timeout_ms=TICK_MS, card=True)
        return [it_is(0), *is_on_display(screen), enter]

    row = [*outcome(Text.ENTER_NEXT_COPY), (ReleasePaper(CARDHOLDER_JOB), None)]
    row += [it_is(0), (AskCardPresent(used=True), False)]
    return row + (outcome(Text.ENTER_DONE) if undo_s else [])


def refusal_is_shown(
    kind: Kind, minor: int, text: Phrase, code: str = "", prompt: Text = Text.NOT_CHARGED
) -> list[Pair]:
    """What went wrong, until a key is pressed."""
    screen = Outcome(kind, yuan(minor), approved=False, text=text, code=code, prompt=say(prompt))
    return [beeps(long=True), shows(screen), presses(Key.ENTER, timeout_ms=REFUSAL_MS)]


def gives_up(kind: Kind, step: str, reason: str, minor: int = 0) -> Pair:
    """Journaled: nothing was sent, nothing moved."""
    given_up = EntryAbandoned(kind=kind, step=step, reason=reason, amount_minor=minor)
    return Append.of(given_up), None
