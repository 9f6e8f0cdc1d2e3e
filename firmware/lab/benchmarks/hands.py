"""Cashier and cardholder at a modelled bench: they make sales in virtual time, for benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.lab.scenario.language import keys_of
from firmware.lab.scenario.player import DOWN_MS, UP_AGAIN_MS, UP_MS
from firmware.lab.scenario.stage import Stage
from firmware.ui.texts import Language, Text
from hw.events import Key
from hw.sim.time import Driven

LOOK_MS = 1_000
ENDED_MS = 60_000
CARD, PIN = "unionpay-debit", "123456"  # its PIN goes to the host, as in most of China's sales
STEPS_MAX = 20


class Hands:
    """A cashier and a cardholder. `driven` stands for the runner where its steps are measured."""

    def __init__(
        self, stage: Stage, driven: Callable[[Any], Driven] = lambda runner: runner
    ) -> None:
        self.stage = stage
        terminal = stage.terminal or stage.power_on()
        self._runner = driven(terminal.runner)
        self.said = ""  # the display at the end of the last sale
        self.wait(LOOK_MS)

    def wait(self, duration_ms: int) -> None:
        """Let the terminal come to rest, then let time pass."""
        time = self.stage.bench.time
        time.settle(self._runner)
        self._run(duration_ms)
        time.settle(self._runner)

    def press(self, word: str) -> None:
        """Press keys as a hand does: `12850`, `ENTER`."""
        before: Key | None = None
        for key in keys_of(word):
            if key is before:
                self._run(UP_AGAIN_MS - UP_MS)
            before = key
            self.stage.bench.keys.press(key)
            self._run(DOWN_MS)
            self.stage.bench.keys.release(key)
            self._run(UP_MS)

    def shows(self, text: Text) -> bool:
        """Whether a text of the catalogue stands on the display, in whichever language.

        A card may have the screens speak its holder's.
        """
        panel = self.stage.display_text
        return any(text.in_language(language) in panel for language in Language)

    def begin(self, amount_minor: int) -> None:
        """Key an amount and agree to it, until a card is asked for."""
        self.press(str(amount_minor))
        self.press("ENTER")
        self.wait(LOOK_MS)
        self.press("ENTER")
        self.wait(LOOK_MS)

    def insert(self, card: str) -> None:
        """Put a card of the tray in."""
        self.stage.bench.slot.insert(self.stage.bench.tray[card])
        self.wait(LOOK_MS)

    def sell(self, amount_minor: int, card: str = CARD, pin: str = PIN) -> bool:
        """One whole sale, from the first digit to idle with both copies printed.

        False when it was not approved.
        """
        self.begin(amount_minor)
        self.insert(card)
        for _ in range(STEPS_MAX):
            if self.shows(Text.CHOOSE_APPLICATION):
                self.press("1")
            elif self.shows(Text.ENTER_PIN):
                self.press(pin)
                self.press("ENTER")
            else:
                break
            self.wait(LOOK_MS)
        approved = self.shows(Text.APPROVED)
        self.said = " ".join(self.stage.display_text.split())
        if approved:
            self.press("ENTER")  # the cardholder's copy
            self._printed()
        self.stage.bench.slot.remove()
        self.wait(LOOK_MS)
        self.press("ENTER" if approved else "CANCEL")
        self.wait(ENDED_MS)
        return approved

    def _printed(self) -> None:
        terminal = self.stage.terminal
        assert terminal is not None
        while terminal.spool.busy:
            self._run(LOOK_MS)
        self.stage.bench.paper_printer.paper.tear()

    def _run(self, duration_ms: int) -> None:
        bench = self.stage.bench
        bench.time.run_until(self._runner, bench.clock.monotonic_ms() + duration_ms)
