"""What each screen shows, as data: the contract between flows and rendering.

A screen is a frozen structure; `firmware.ui.render` turns it into a frame. A screen holds
everything that its frame depends on, so equal screens give equal frames.
"""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import Kind
from firmware.core.money import Money
from firmware.ui.texts import Language, Text


class Owner(Struct, frozen=True):
    """Whose terminal this is: on the idle screen, the amount check and the receipt."""

    merchant: str  # short name in the screen's language
    store: str
    terminal: str


class Phrase(Struct, frozen=True):
    """A text with its values filled in when it is rendered in a language.

    `text` is an entry of the catalogue, or a (zh_CN, en) pair from elsewhere (response texts).
    """

    text: Text | tuple[str, str]
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, text: Text | tuple[str, str], **values: object) -> Phrase:
        """A phrase whose placeholders take `values`."""
        return cls(text, tuple((name, str(value)) for name, value in values.items()))

    def in_language(self, language: Language) -> str:
        """The text in `language`, its values in place. Raises KeyError for one that is missing."""
        if isinstance(self.text, Text):
            template = self.text.in_language(language)
        else:
            template = self.text[0] if language is Language.ZH else self.text[1]
        # a text from elsewhere may hold braces of its own: it is only filled when it has values
        return template.format(**dict(self.values)) if self.values else template


class Idle(Struct, frozen=True):
    """Waiting for an amount; `notice` tells what is pending (a slip, a reversal)."""

    owner: Owner
    date: str  # 2026-11-22
    time: str  # 19:32
    operator: str
    notice: Phrase | None = None
    training: bool = False
    shift_px: int = 0  # 0 to 2, against burn-in: the whole picture moves to the right
    test_keys: bool = False  # test CA keys are trusted: not for trade
    sells: bool = True  # False for the supervisor, whom no amount is asked for


class AmountEntry(Struct, frozen=True):
    """The amount shifts in from the right; `notice` tells why ENTER was refused.

    What it shares with `Idle` stands where it stood there, so that a first digit is there at once.
    """

    owner: Owner
    kind: Kind
    amount: Money
    title: Phrase
    notice: Phrase | None = None
    training: bool = False
    test_keys: bool = False
    shift_px: int = 0  # as idle stood


class AmountCheck(Struct, frozen=True):
    """The frame that the cardholder agrees to: everything that moves money stands on it.

    `detail` lines tell what a refund or void is bound to (card tail, original voucher).
    `phase` counts turns of two seconds; lines that do not fit together take turns by it. A
    kiosk's customer is told other keys, and in `notice` what to know before paying.
    """

    owner: Owner
    kind: Kind
    amount: Money
    detail: tuple[Phrase, ...] = ()
    phase: int = 0
    training: bool = False
    customer: bool = False
    notice: Phrase | None = None


class CardPrompt(Struct, frozen=True):
    """Insert, put back or remove the card."""

    kind: Kind | Text  # a balance enquiry has a name and no amount
    amount: Money | None
    prompt: Phrase
    notice: Phrase | None = None
    training: bool = False


class PinEntry(Struct, frozen=True):
    """The cardholder's PIN: a star a digit, the amount in sight."""

    kind: Kind | Text
    amount: Money | None
    digits: int
    notice: Phrase | None = None  # wrong PIN, last try
    training: bool = False


class Processing(Struct, frozen=True):
    """Something is under way; from the intent on it says not to remove the card."""

    kind: Kind | Text
    amount: Money | None
    text: Phrase
    keep_card: bool
    spinner: int = 0
    training: bool = False
    customer: bool = False  # one alone before a kiosk reads it


class Outcome(Struct, frozen=True):
    """How it ended. `prompt` says what ENTER does next, `undo_s` offers CANCEL 立即撤销."""

    kind: Kind
    amount: Money
    approved: bool
    text: Phrase
    code: str = ""  # response code, shown when not approved
    voucher: str = ""
    prompt: Phrase | None = None
    undo_s: int | None = None
    training: bool = False
    customer: bool = False  # one alone before a kiosk reads it
    undecided: bool = False  # neither approved nor ended: more will come of it


class Original(Struct, frozen=True):
    """The transaction that a void or refund is about, before ENTER.

    On its last row date, time and operator take turns (`phase`) with what the keys do.
    """

    kind: Kind  # what will be done to it
    card: str  # masked, in groups of four
    amount: Money
    left: Money | None  # what may still be refunded
    date: str
    time: str
    operator: str
    voucher: str
    owner: Owner  # stands on the frame: a confirmation names its terminal
    training: bool = False
    phase: int = 0


class TextEntry(Struct, frozen=True):
    """Digits keyed by an operator: password (masked), voucher number, date."""

    title: Phrase
    shown: str  # what was keyed, or stars
    width: int  # how many may be keyed
    hint: Phrase | None = None
    notice: Phrase | None = None
    training: bool = False


class Menu(Struct, frozen=True):
    """A titled list; an item is chosen by its digit or by `selected` and ENTER."""

    title: Phrase
    items: tuple[Phrase, ...]
    selected: int = 0
    training: bool = False


class Listing(Struct, frozen=True):
    """A page of rows that are already text (queries, totals), with position `page` of `pages`."""

    title: Phrase
    rows: tuple[str, ...]
    page: int
    pages: int
    training: bool = False


class Notice(Struct, frozen=True):
    """A refusal or message: title, what and why, what to press."""

    title: Phrase
    body: tuple[Phrase, ...]
    prompt: Phrase | None = None
    amount: Money | None = None
    warning: bool = False
    training: bool = False


class OutOfService(Struct, frozen=True):
    """Trade has stopped safely: which device, and what to do."""

    owner: Owner
    reason: Phrase
    advice: Phrase
    detail: str = ""  # what is wrong in particular: what the clock says, which setting
    customer: bool = False  # a kiosk's: whom to ask stands above what is wrong


class Attract(Struct, frozen=True):
    """The kiosk's idle screen: a price list of items on keys 1–9, three a page.

    Without items the shop is on a touch screen beside the terminal, and the screen says so.
    """

    owner: Owner
    items: tuple[tuple[str, str, Money], ...] = ()  # key, name, price
    shift_px: int = 0  # 0 to 2, against burn-in
    page: int = 0  # counts on without end; the pages take turns by it
    notice: Phrase | None = None  # what a customer should know before paying
    test_keys: bool = False  # as Idle has it


Screen = (
    Idle
    | AmountEntry
    | AmountCheck
    | CardPrompt
    | PinEntry
    | Processing
    | Outcome
    | Original
    | TextEntry
    | Menu
    | Listing
    | Notice
    | OutOfService
    | Attract
)
