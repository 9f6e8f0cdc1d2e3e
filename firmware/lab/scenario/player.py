"""Plays the steps of a scenario on a stage, in virtual time, and checks its expectations."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from firmware.core.config import Config, ConfigError
from firmware.core.config_file import set_from_text
from firmware.core.kinds import Kind
from firmware.lab.scenario import till
from firmware.lab.scenario.audit import otherwise, unbalanced, uploaded_otherwise
from firmware.lab.scenario.hands import Hands
from firmware.lab.scenario.language import (
    FRESH,
    KEYPAD,
    NUM_LOCK,
    PRINTER,
    ScenarioError,
    Step,
    duration_ms,
    keys_of,
    totals_of,
)
from firmware.lab.scenario.masked_keys import plain
from firmware.lab.scenario.reading import REMEMBERED, save, stands
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from firmware.lab.switch_link import SwitchLink
from firmware.payments.tills import OrderStopped
from firmware.terminal.terminal import Terminal
from firmware.ui.drawing import half_blocks
from hw.events import Key
from hw.sim.bench import CardSlot
from hw.sim.printer.kinds import GOOD, kind_of

DOWN_MS, UP_MS = 40, 40
UP_AGAIN_MS = 80  # before the same key once more, as a fast hand has it
PAUSE_MS = 1_000
PATIENCE_MS = 5_000
PAPER_PATIENCE_MS = 60_000
LOOK_MS = 100
CARD_SWAP_MS = 500


class ScenarioFailed(AssertionError):  # noqa: N818 - what happened
    """An expectation did not hold: says where, what was expected and what was seen."""


class Player:
    """Plays one step after another. Pictures are saved below `folder` alone."""

    def __init__(
        self,
        directory: Path,
        folder: Path,
        config: Config = STAGE_CONFIG,
        *,
        slot: CardSlot | None = None,
        make_stage: Callable[[Config], Stage] | None = None,
        stage: Stage | None = None,
    ) -> None:
        """`make_stage` builds another stage than the usual one, from the settings at its start.

        `stage` is one that is set up and switched on already. `is_fresh` and `printer_kind` are
        what the steps so far ask for: a terminal as it comes from the factory, another printer.
        """
        self._folder = folder
        self._config = config
        self.is_fresh, self.printer_kind, self._num_lock_off = False, GOOD, False
        self._make_stage = make_stage or (
            lambda config: Stage(
                directory, config, slot=slot, fresh=self.is_fresh, printer_kind=self.printer_kind
            )
        )
        self._stage = stage
        if stage is not None:
            self._hands = Hands(stage)
        self._names: dict[str, str] = {}
        self._torn: list[str] = []
        self._held: dict[str, Key] = {}  # by the word of the line that has it down

    @property
    def stage(self) -> Stage:
        """The stage, set up and switched on when it is first asked for."""
        if self._stage is None:
            self._stage = self._make_stage(self._config)
            self._stage.bench.usb_keypad.num_lock_off = self._num_lock_off
            self._hands = Hands(self._stage)
            self._stage.power_on()
        return self._stage

    @property
    def hands(self) -> Hands:
        """The hands by which the steps are played."""
        assert self.stage is not None
        return self._hands

    @property
    def printed(self) -> str:
        """All papers: those that were torn off, and what hangs out."""
        return "\n".join((*self._torn, self._paper))

    def close(self) -> None:
        """Clear the stage."""
        if self._stage is not None:
            self._stage.close()

    def play(self, step: Step) -> None:
        """Play one step. Raises ScenarioFailed, or ScenarioError for what cannot be played."""
        if step.verb == "set":
            self._set(step)
            return
        self._settle(step)
        handler = getattr(self, "_" + step.verb.replace(" ", "_"))
        handler(step)

    # --- time ---

    def _settle(self, step: Step) -> None:
        """A line begins once the terminal waits and a virtual second has passed."""
        if step.at_ms is not None:
            self._run(max(0, step.at_ms - self._now_ms))
            return
        try:
            self._rest()
            self._run(PAUSE_MS)
            self._rest()
        except TimeoutError as error:
            raise ScenarioFailed(f"{step.place}: {error}") from None

    def _rest(self) -> None:
        """Let a terminal whose power is on come to rest. Raises TimeoutError."""
        terminal = self.stage.terminal
        if terminal is not None:
            self.stage.bench.time.settle(terminal.runner)

    @property
    def _now_ms(self) -> int:
        return self.stage.bench.clock.monotonic_ms()

    def _run(self, duration: int) -> None:
        terminal = self.stage.terminal
        if terminal is None:
            self.stage.bench.clock.advance_to(self._now_ms + duration)
        else:
            self.stage.bench.time.run_until(terminal.runner, self._now_ms + duration)

    def _until(self, holds: Callable[[], bool], patience_ms: int) -> bool:
        end_ms = self._now_ms + patience_ms
        while not holds():
            if self._now_ms >= end_ms:
                return False
            self._run(LOOK_MS)
        return True

    # --- before the first action ---

    def _set(self, step: Step) -> None:
        if self._stage is not None:
            raise ScenarioError(step.place, "set stands only before the first action")
        key, value = step.words[0], " ".join(step.words[1:])
        if key == FRESH:
            self.is_fresh = value == "true"
            return
        if key == KEYPAD:
            self._num_lock_off = NUM_LOCK[value]
            return
        if key == PRINTER:
            self.printer_kind = kind_of(step.words[1:])
            return
        try:
            self._config = set_from_text(self._config, key, value, source=step.place)
        except ConfigError as error:
            said = str(error.mistakes[0]).removeprefix(f"{step.place}: ")
            raise ScenarioError(step.place, said) from None
        for name, file in self._config.files_named().items():
            if file != STAGE_CONFIG.files_named()[name]:
                raise ScenarioError(step.place, f"{name} names a file: no scenario may")

    # --- what people do ---

    def _press(self, step: Step) -> None:
        before: Key | None = None
        for word in step.words:
            for key in self.keys(word, step):
                if key is before:
                    self._run(UP_AGAIN_MS - UP_MS)
                before = key
                self._hands.press(key)
                self._run(DOWN_MS)
                self._hands.release(key)
                if step.at_ms is None or len(step.words) > 1:  # else the next line names its moment
                    self._run(UP_MS)

    def _down(self, step: Step) -> None:
        (word,) = step.words
        (self._held[word],) = self.keys(word, step)
        self._hands.press(self._held[word])

    def _up(self, step: Step) -> None:
        (word,) = step.words  # the card whose PIN it is of may have gone since it went down
        key = self._held.pop(word, None) or self.keys(word, step)[0]
        self._hands.release(key)

    def _insert(self, step: Step) -> None:
        tray = self._hands.tray
        if step.words[0] not in tray:
            known = ", ".join(tray)
            raise ScenarioError(step.place, f"no card {step.words[0]}; the tray has {known}")
        if self.stage.bench.slot.card is not None:  # one comes out before the next goes in
            self._hands.remove()
            self._run(CARD_SWAP_MS)
        self._hands.insert(step.words[0])

    def _remove(self, _step: Step) -> None:
        self._hands.remove()

    def _wait(self, step: Step) -> None:
        self._run(duration_ms(step.words[0]))

    def _tear(self, _step: Step) -> None:
        self._await_papers()
        self._torn.append(self._hands.tear())

    # --- what is expected ---

    def _expect_text(self, step: Step) -> None:
        """`expect screen "…"`, `expect no paper "…"` and the like."""
        what = step.verb.removeprefix("expect ")
        on_paper, absent = what.endswith("paper"), what.startswith("no ")
        if on_paper and absent:
            self._await_papers()
        for word in step.words:
            text = self._said_in(word, step)
            patience_ms = PAPER_PATIENCE_MS if on_paper and self._printing else PATIENCE_MS

            def holds(text: str = text) -> bool:
                return stands(text, self._paper if on_paper else self._panel) is not absent

            if not self._until(holds, 0 if absent else patience_ms):
                seen = self._paper if on_paper else self._panel
                raise self._failed(step, f"{what} “{text}”", seen)

    _expect_screen = _expect_no_screen = _expect_paper = _expect_no_paper = _expect_text

    def _expect_totals(self, step: Step) -> None:
        journal = self._readable(step, " ".join(step.words)).data.journal
        if differs := otherwise(journal.totals(journal.batch()), totals_of(step.words)):
            raise self._failed(step, " ".join(step.words), differs)

    def _expect_books_balanced(self, step: Step) -> None:
        terminal = self._readable(step, "books balanced")
        if self.stage.acquirer.books is None:
            raise ScenarioError(step.place, "the acquirer's books are not here")
        differences = unbalanced(terminal.data, self.stage.acquirer.books)
        if differences:
            raise self._failed(step, "books balanced", "; ".join(differences))

    def _expect_uploaded(self, step: Step) -> None:
        if differs := uploaded_otherwise(self._switch(step), step.words):
            raise self._failed(step, " ".join(step.words), differs)

    # --- faults and power ---

    def _fault(self, step: Step) -> None:
        device, kind, *arguments = step.words
        self._hands.fault(device, kind, arguments)

    def _clear(self, step: Step) -> None:
        self._hands.clear(step.words[0])

    def _acquirer(self, step: Step) -> None:
        self._switch(step).say(step.words[0])

    def _switch(self, step: Step) -> SwitchLink:
        if self.stage.acquirer.switch is None:
            raise ScenarioError(step.place, "no acquirer's line: set host.kind acquirer (or tcp)")
        return self.stage.acquirer.switch

    def _elsewhere(self, step: Step) -> None:
        deed, card, amount, name = step.words
        code = self._said(name, step) if name.startswith("$") else ""
        try:
            given = self.stage.other_terminal.do(deed, card, int(amount), code)
        except LookupError as error:
            raise ScenarioError(step.place, str(error)) from None
        except ValueError as error:
            raise self._failed(step, f"{deed} at another terminal", str(error)) from None
        self._names[name.removeprefix("$") if code else name] = code or given

    def _power_cut(self, _step: Step) -> None:
        self._hands.power_cut()

    def _power_on(self, step: Step) -> None:
        if self.stage.terminal is not None:
            raise ScenarioError(step.place, "the power is on")
        if self.stage.disk.is_gone:
            raise ScenarioError(step.place, "nothing starts without its disk: clear disk first")
        self.stage.power_on()

    # --- a till beside the stage ---

    def _order(self, step: Step) -> None:
        terminal = self._powered(step)
        match step.words:
            case [name, ("void" | "refund") as kind, paid, *amount]:
                found = self._readable(step, f"order {paid}").data.journal.order(paid)
                if found is None:
                    raise ScenarioError(step.place, f"there is no order {paid}")
                minor = int(amount[0]) if amount else found.taken.amount_minor
                event = till.ask(terminal, name, minor, kind=Kind(kind), paid=paid)
            case [name, minor_words, *reference]:
                event = till.ask(terminal, name, int(minor_words), "".join(reference))
        terminal.runner.step(event)

    def _stop(self, step: Step) -> None:
        self._powered(step).runner.step(OrderStopped(step.words[0]))

    def _expect_order(self, step: Step) -> None:
        name, wanted = step.words
        seen = till.state(self._readable(step, f"order {name} {wanted}"), name)
        if seen != wanted:
            raise self._failed(step, f"order {name} {wanted}", seen)

    # --- names and files ---

    def _remember(self, step: Step) -> None:
        name, what = step.words
        if what not in REMEMBERED:
            raise ScenarioError(step.place, "expected: remember NAME voucher|authorisation")
        self._await_papers()
        numbers = REMEMBERED[what].findall(self.printed)
        if not numbers:
            raise self._failed(step, f"a number was printed: {what}", "none")
        self._names[name] = numbers[-1]

    def _save_screen(self, step: Step) -> None:
        save(self.stage.bench.seen(), self._folder, step)

    def _save_paper(self, step: Step) -> None:
        self._await_papers()
        save(self.stage.bench.paper_printer.paper.image(), self._folder, step)

    # --- small things ---

    def keys(self, word: str, step: Step) -> list[Key]:
        """The keys for which a word of `press`, `down` or `up` stands. Raises ScenarioError."""
        try:
            return keys_of(plain(self._said(word, step), self.stage.bench.slot.card))
        except LookupError as error:
            raise ScenarioError(step.place, str(error.args[0])) from None

    def _said(self, word: str, step: Step) -> str:
        if not word.startswith("$"):
            return word
        if word[1:] not in self._names:
            raise ScenarioError(step.place, f"nothing is remembered as {word[1:]}")
        return self._names[word[1:]]

    def _said_in(self, text: str, step: Step) -> str:
        return re.sub(r"\$[A-Za-z_]\w*", lambda match: self._said(match[0], step), text)

    @property
    def _panel(self) -> str:
        return self.stage.display_text

    @property
    def _paper(self) -> str:
        return self.stage.bench.paper_printer.paper.text

    @property
    def _printing(self) -> bool:
        terminal = self.stage.terminal
        return terminal is not None and terminal.spool.busy

    def _await_papers(self) -> None:
        self._until(lambda: not self._printing, PAPER_PATIENCE_MS)

    def _powered(self, step: Step) -> Terminal:
        if self.stage.terminal is None:
            raise ScenarioError(step.place, "the power is off")
        return self.stage.terminal

    def _readable(self, step: Step, expected: str) -> Terminal:
        terminal = self._powered(step)
        if not terminal.data.at_hand:
            raise self._failed(step, expected, "a journal that cannot be read now")
        return terminal

    def _failed(self, step: Step, expected: str, saw: str) -> ScenarioFailed:
        drawing = half_blocks(self.stage.bench.seen())
        seen = " ".join(saw.split()) or "nothing"
        return ScenarioFailed(f"{step.place}: expected {expected}, saw {seen}\n{drawing}")
