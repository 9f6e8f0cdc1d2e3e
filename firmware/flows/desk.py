"""What a conversation at the keypad is given: settings, operator, language, training mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from firmware.core.config import Config
from firmware.core.kinds import CHARGES, GIVEN_BACK, Kind, Totals
from firmware.core.masked import SecretKey
from firmware.core.money import Money, major_text
from firmware.flows.effects import Show, Shown
from firmware.payments.context import Progress, Stage
from firmware.payments.roles import Role, role_of
from firmware.ui.screen_parts import one_line
from firmware.ui.screens import (
    Attract,
    Notice,
    OutOfService,
    Owner,
    Phrase,
    Processing,
    Screen,
)
from firmware.ui.texts import Language, Text

if TYPE_CHECKING:
    from firmware.emv.setup import EmvSetup

_SPOKEN = {"zh": Language.ZH, "en": Language.EN}


def owner_of(config: Config, language: Language) -> Owner:
    """Whose terminal this is, in `language`."""
    merchant = config.merchant
    name = merchant.name if language is Language.ZH else merchant.name_en
    return Owner(name, merchant.store, merchant.terminal)


@dataclass(slots=True)
class Desk:
    """The settings, and the state of the desk: language, operator (none signed on: ""), mode."""

    config: Config
    emv: Callable[[], EmvSetup]  # what the kernel needs; called only when there is a card
    card_key: SecretKey  # for the keyed hash by which a card is recognised
    language: Language
    operator: str = ""
    training: bool = False
    started: bool = False  # whether this start is in the journal
    settings: dict[str, str] = field(default_factory=dict)  # as the journal keeps them
    clock_moved_s: int = 0  # since a key was last pressed at idle, where it is shown
    shift_px: int = 0  # how far to the right the idle screen is drawn, against burn-in
    shop_language: Language = field(init=False)  # `language` may be a cardholder's for a while

    def __post_init__(self) -> None:
        self.shop_language = self.language

    def speak_shop(self) -> None:
        """Return to the shop's language after a customer chose another."""
        self.language = self.shop_language

    def speak_to_cardholder(self, preferred: Sequence[str]) -> None:
        """Change to the first language the card prefers that the terminal speaks.

        `preferred` are ISO 639 codes in the card's order. See EMV 4.4 Book 1, 12.2.2 and Book 4,
        11.1.
        """
        for code in preferred:
            language = _SPOKEN.get(code.lower())
            if language is not None:
                self.language = language
                return

    def turn_language(self) -> None:
        """Change the shop's language."""
        zh, en = Language.ZH, Language.EN
        self.shop_language = self.language = en if self.shop_language is zh else zh

    @property
    def owner(self) -> Owner:
        """Whose terminal this is, in the language of the screen."""
        return owner_of(self.config, self.language)

    @property
    def idle_timeout_ms(self) -> int:
        """How long a screen waits before it goes back to idle."""
        config = self.config
        kiosk = config.general.profile == "kiosk"
        return 1000 * (config.kiosk.timeout_s if kiosk else config.general.idle_timeout_s)

    @property
    def customer(self) -> bool:
        """Whether a kiosk's customer uses it, alone, and reads its screens."""
        return role_of(self) is Role.CUSTOMER

    @property
    def test_keys(self) -> bool:
        """Whether test CA keys are trusted; the idle screen and every receipt say so."""
        return self.config.emv.test_keys

    @property
    def min_view_ms(self) -> int:
        """How long a confirmation must have been on the display before ENTER counts."""
        return self.config.check.min_view_ms

    def money(self, minor: int) -> Money:
        """`minor` units of the terminal's currency."""
        return Money(minor, self.config.currency)

    async def progress(self, step: Progress) -> None:
        """Show how far a payment or a settlement has come. See `payments.context.Context`."""
        if step.totals is None:
            await self.show(self._under_way(step))
            return
        real = Notice(Phrase.of(Text.SETTLING), total_lines(self, step.totals))
        await Show(real, self.language)  # not marked: in training mode, too, the batch is real

    async def show(self, screen: Screen) -> Shown:
        """Put a screen on the display in the desk's language; in training mode it says so."""
        if self.training and not isinstance(screen, Attract | OutOfService):
            screen = replace(screen, training=True)
        return await Show(screen, self.language)

    def _under_way(self, step: Progress) -> Screen:
        if step.stage is Stage.ENQUIRING:
            words, customer = Phrase.of(Text.CONNECTING), self.customer
            return Processing(Text.BALANCE, None, words, keep_card=True, customer=customer)
        assert step.kind is not None, "a payment has a kind"
        assert step.amount is not None, "a payment has an amount"
        connecting = step.stage is Stage.CONNECTING
        reversing = Text.CANCELLING if self.customer else Text.REVERSING
        words = Phrase.of(Text.CONNECTING if connecting else reversing)
        return Processing(
            step.kind,
            step.amount,
            words,
            keep_card=connecting,
            customer=self.customer,
        )


def total_lines(desk: Desk, totals: Totals) -> tuple[Phrase, ...]:
    """The totals as lines for the display: sales, voids and refunds.

    With completions of pre-authorisations they are what was charged and what was given back.
    """
    rows: tuple[tuple[Text, tuple[Kind, ...]], ...] = (
        (Text.TOTAL_SALES, (Kind.SALE,)),
        (Text.TOTAL_VOIDS, (Kind.VOID,)),
        (Text.TOTAL_REFUNDS, (Kind.REFUND,)),
    )
    if totals.has_completions:
        rows = (Text.TOTAL_DEBIT, CHARGES), (Text.TOTAL_CREDIT, GIVEN_BACK)
    lines = []
    for text, kinds in rows:
        counts, sums_minor = zip(*(totals.of(kind) for kind in kinds), strict=True)
        total = major_text(sum(sums_minor), desk.config.currency)
        lines.append(total_line(text, sum(counts), total, desk.language))
    return tuple(lines)


def total_line(text: Text, count: int, total: str, language: Language) -> Phrase:
    """Count and sum of a type, on one line of the display."""
    said = Phrase.of(text, count=count, sum=total)
    if text is Text.TOTAL_REFUNDS and not one_line(said.in_language(language)):
        return Phrase.of(Text.TOTAL_REFUNDS_LONG, count=count, sum=total)
    return said
