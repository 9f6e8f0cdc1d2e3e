"""A merchant and the people at the counter: what they do next, by what stands on the display.

Everything is drawn from one random source and said in lines of the scenario language, so that a
day can be written down, played again and shortened. Most of what they do makes sense; some does
not: keys at random, the wrong card, the wrong PIN, a card pulled, a plug pulled.

A line that begins with `+350ms` comes so long after the one before, settled or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from firmware.core.kinds import Kind
from firmware.journal.transactions import State, Transaction
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.language import FAULTS
from firmware.lab.scenario.stage import SUPERVISOR
from firmware.ui import screens
from firmware.ui.texts import Text
from tests.crash.rig import Rig
from tests.simulator.shop import Staff

PINS = {
    one.name.removesuffix("-1").removesuffix("-2"): one.pin.reveal() if one.pin else ""
    for one in tray_books()
}
USUAL = ("unionpay-debit", "unionpay-credit", "visa-credit", "visa-debit", "mastercard-cda")
OFFLINE_CARD, OFFLINE_MAX = "offline-ok", 10_000
KEYS = (*"0123456789", "00", "CANCEL", "BACK", "MENU", "ENTER", "UP", "DOWN")
# errand → how often, and the keys that lead to it from the menu
ERRANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "sale": (24, ("1",)),
    "void": (6, ("2",)),
    "refund": (8, ("3",)),
    "query": (2, ("4",)),
    "reprint": (2, ("5",)),
    "settle": (3, ("6",)),
    "sign off": (1, ("7", "1")),
    "own password": (1, ("7", "2")),
    "operator added": (1, ("7", "3")),
    "operator deleted": (1, ("7", "4")),
    "operator reset": (1, ("7", "5")),
    "training": (1, ("7", "6")),
    "other": (2, ("8",)),
}
SETTLED_P = 0.7  # of a day, at its end: only then can its sales be refunded
REACTIONS_MAX = 14
BACK_OFFS_MAX = 5  # by then every reversal has been tried again
LOCKED_MAX = 3  # times that the supervisor tries once more after mistakes of the day
HASTE_MS = (50, 300, 700, 1_500, 4_000, 20_000)  # within a card's, a host's, a printer's time
AT_REST = "expect books balanced"
AFTER_APPROVAL = ("press CANCEL", "remove", "wait 40s")
AFTER_REFUSAL = ("remove", "wait 20s")
# what is done at a screen: mostly the first
USUALLY: dict[type[object], tuple[str, ...]] = {
    screens.AmountCheck: ("press ENTER", "press CANCEL", "press ENTER ENTER"),
    screens.Original: ("press ENTER", "press CANCEL"),
    screens.Notice: ("press ENTER", "press CANCEL", "wait 11s"),
    screens.Listing: ("press ENTER", "press CANCEL"),
}


@dataclass
class Merchant:
    """Yields the lines of days; reads the display of `rig` and numbers off its slips."""

    rig: Rig
    chance: Random
    faults_p: float = 0.03
    screen: object = None
    staff: Staff = field(default_factory=Staff)
    _faulty: set[str] = field(default_factory=set)
    _errand: str = ""
    _card: str = ""
    _slip: Transaction | None = None  # in their hands
    _dark: bool = False

    def __post_init__(self) -> None:
        self.rig.on_screen = self._see

    def day(self, errands: int) -> Iterator[str]:
        """A day's lines, the last of which set everything right and let the night pass."""
        often = [number for number, _ in ERRANDS.values()]
        day = self.chance.choices(list(ERRANDS), often, k=errands)
        if self.chance.random() < SETTLED_P:
            day.append("settle")
        for errand in day:
            yield f"wait {self.chance.choice((1, 1, 2, 6, 15))}m"
            yield from self._errand_lines(errand)
        yield from self._close_up()

    def _see(self, screen: object) -> None:
        self.screen = screen
        self.staff.see(screen)

    # --- what they are up to ---

    def _errand_lines(self, errand: str) -> Iterator[str]:
        self._errand = errand
        self._card = self._any_card()
        for _ in range(REACTIONS_MAX):
            yield from self._mishaps()
            if self._dark:
                self._dark = False
                if self.rig.disk.is_gone:  # nothing starts without it
                    yield "clear disk"
                yield "power on"
            self._settle()
            yield self._react()
            if isinstance(self.screen, screens.Idle) and self.chance.random() < 0.8:
                break
        for device in ("key", "keypad"):  # they are scanned a hundred times a second
            if device in self._faulty:
                self._faulty.discard(device)
                yield f"clear {device}"
        if self.chance.random() < 0.9:
            yield "remove"

    def _settle(self) -> None:
        """Look up when the terminal waits; a line that is played then begins no later for it."""
        if self.rig.terminal is not None:
            self.rig.bench.time.settle(self.rig.terminal.runner)

    def _close_up(self) -> Iterator[str]:
        """Everything is put right, and the terminal is left alone until nothing is owed."""
        for device in sorted(self._faulty):
            yield f"clear {device}"
        self._faulty.clear()
        yield "remove"
        yield "press CANCEL"
        yield "wait 3m"
        for _ in range(LOCKED_MAX):  # the clock was ahead, and is right
            if isinstance(self.screen, screens.OutOfService):
                yield "press ENTER"
                yield f"press {self.staff.password(SUPERVISOR)} ENTER"
                yield "wait 3m"
        for _ in range(BACK_OFFS_MAX):
            if self._owes():
                yield "wait 30m"
        yield AT_REST
        yield "power cut"
        yield "wait 12h"
        yield "power on"

    def _owes(self) -> bool:
        terminal = self.rig.terminal
        if terminal is None or not terminal.data.at_hand:
            return False
        journal = terminal.data.journal
        return bool(journal.reversals() or journal.advices())

    def _mishaps(self) -> Iterator[str]:
        mend_p = 0.7 if isinstance(self.screen, screens.OutOfService) else 0.25
        for device in sorted(self._faulty):
            if self.chance.random() < mend_p:
                self._faulty.discard(device)
                yield f"clear {device}"
        if self.chance.random() < self.faults_p:
            yield self._hastily(self._fault())
        if self.chance.random() < self.faults_p / 2:
            yield self._hastily("remove")
        if self.chance.random() < self.faults_p / 2:
            self._dark = True
            yield self._hastily("power cut")

    def _hastily(self, line: str) -> str:
        """Half of what goes wrong does so while the terminal is at work."""
        if self.chance.random() < 0.5:
            return line
        return f"+{self.chance.randrange(self.chance.choice(HASTE_MS))}ms {line}"

    def _fault(self) -> str:
        device = self.chance.choice(sorted(FAULTS))
        kind = self.chance.choice(sorted(FAULTS[device]))
        self._faulty.add(device)
        arguments = {
            "dies-after": str(self.chance.randrange(1, 1_500)),
            "pull-at": str(self.chance.randrange(1, 20)),
            "stuck": self.chance.choice(KEYS[:-2]),
            "jump": self.chance.choice(("+1d", "-1d", "+2h", "-40m", "+400d")),
        }
        return f"fault {device} {kind} {arguments.get(kind, '')}".rstrip()

    # --- what they do about what they see ---

    def _react(self) -> str:
        if self.chance.random() < 0.06:
            count = self.chance.randrange(1, 6)
            return "press " + " ".join(self.chance.choice(KEYS) for _ in range(count))
        match self.screen:
            case screens.Idle(operator=operator, training=training):
                return self._begin(operator, training=training)
            case screens.Menu(title=title, items=items):
                return f"press {self._item(title.text, len(items))}"
            case screens.TextEntry(title=title, hint=hint):
                signs_on = hint is not None and hint.text is Text.SIGN_ON
                return self._fill_in(title.text, signs_on=signs_on)
            case screens.AmountEntry(kind=kind):
                return self._amount(kind.value)
            case screens.CardPrompt():
                return self._mostly(f"insert {self._card}", "press CANCEL", "wait 2m")
            case screens.PinEntry():
                return self._pin()
            case screens.Outcome(approved=approved):
                return self._mostly("press ENTER", *(AFTER_APPROVAL if approved else AFTER_REFUSAL))
        return self._mostly(*USUALLY.get(type(self.screen), ("wait 3s", "press ENTER")))

    def _mostly(self, usual: str, *others: str) -> str:
        return usual if self.chance.random() < 0.8 else self.chance.choice(others)

    def _begin(self, operator: str, *, training: bool) -> str:
        """What is keyed at idle; a supervisor makes way soon, and a training transaction ends."""
        if operator == SUPERVISOR and self.chance.random() < 0.6:
            self._errand = "sign off"
        elif training and self.chance.random() < 0.3:
            self._errand = "training"
        if self._errand == "sale" and self.chance.random() < 0.9:
            quick = " ENTER" if self.chance.random() < 0.1 else ""
            return f"press {self._price()} ENTER{quick}"
        return "press MENU"

    def _item(self, title: object, count: int) -> str:
        keys = ERRANDS[self._errand][1]
        if title is Text.MENU:
            return keys[0]
        if title is Text.VOID_INSTEAD:
            return self._mostly("2", "1")
        if title is Text.MENU_MANAGE and len(keys) > 1:
            return keys[1]
        return str(self.chance.randrange(1, count + 1))

    def _fill_in(self, title: object, *, signs_on: bool) -> str:
        """Digits where digits are asked for, mostly the right ones."""
        staff = self.staff
        match title:
            case Text.OPERATOR_NUMBER:
                known = sorted(staff.passwords) if signs_on else ["01", "02", "03"]
                staff.who = self._mostly(known[-1] if signs_on else "02", *known, "07")
                return f"press {staff.who} ENTER"
            case Text.SUPERVISOR_PASSWORD:
                return f"press {self._mostly(staff.password(SUPERVISOR), '111111')} ENTER"
            case Text.OPERATOR_PASSWORD:
                return f"press {self._mostly(staff.password(), '0000', '9999')} ENTER"
            case Text.NEW_PASSWORD:
                return f"press {staff.choose(self.chance)} ENTER"
            case Text.NEW_PASSWORD_AGAIN:
                return f"press {self._mostly(staff.choose_again(), '1111')} ENTER"
            case Text.ORIGINAL_DATE:
                day = f"press {self._slip.date} ENTER" if self._slip else "press ENTER"
                return self._mostly(day, "press ENTER", "press BACK ENTER")
        return f"press {self._voucher()} ENTER"

    def _amount(self, kind: str) -> str:
        if kind == "refund":
            part = f"press {self.chance.randrange(1, 8_000)} ENTER"
            return self._mostly("press ENTER", part, part)
        return f"press {self._price()} ENTER"

    def _pin(self) -> str:
        pin = PINS.get(self._card, "")
        if not pin:
            return self._mostly("press ENTER", "press CANCEL")
        return self._mostly(
            f"press {pin} ENTER", "press 9999 ENTER", f"press {pin}", "press CANCEL"
        )

    def _price(self) -> int:
        chance = self.chance.random()
        if chance < 0.03:
            return 0
        if chance < 0.06:
            return self.chance.randrange(4_000_000, 99_999_999)
        if self._card == OFFLINE_CARD:
            return self.chance.randrange(1, OFFLINE_MAX)
        return self.chance.randrange(1, self.chance.choice((500, 5_000, 60_000)))

    def _any_card(self) -> str:
        chance = self.chance.random()
        if chance < 0.15:
            return OFFLINE_CARD
        return self.chance.choice(USUAL if chance < 0.7 else tuple(PINS))

    def _voucher(self) -> str:
        """A number from a slip, mostly of a sale that stands, whose card is fetched, mostly.

        Now and then it is a number that is on no slip.
        """
        self._slip = None
        terminal = self.rig.terminal
        found = (
            terminal.data.journal.list_transactions(None, 12)
            if terminal is not None and terminal.data.at_hand
            else []
        )
        if terminal is None or not found or self.chance.random() < 0.06:
            return str(self.chance.randrange(1, 999_999))
        standing = [one for one in found if self._stands(one)]
        self._slip = self.chance.choice(self.chance.choice((found, standing, standing)) or found)
        names = self.rig.keeps_books.names_by_hash(terminal.data.keys.card)
        name = names.get(self._slip.card.hash, "").removesuffix("-1").removesuffix("-2")
        if name in PINS and self.chance.random() < 0.9:
            self._card = name
        return f"{self._slip.stan:06d}"

    def _stands(self, one: Transaction) -> bool:
        """Whether something of it may still be taken back by the errand."""
        sold = one.kind is Kind.SALE and one.state is State.APPROVED and not one.voided_by
        return sold and not (self._errand == "void" and one.settled)
