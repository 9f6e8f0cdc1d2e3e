"""What people do to a stage and what goes wrong on it: the verbs of scenarios, taking no time.

The player of scenarios and the bench page act through these same hands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware.lab.host_line import LineFault
from firmware.lab.scenario.disk import DiskFault
from firmware.lab.scenario.language import KEY_NAMES, jump_of
from firmware.lab.scenario.stage import Stage
from hw.events import Key
from hw.sim.cards.card import Card
from hw.sim.cards.faults import Faults
from hw.sim.reader.pcsc import PcscModel


class Hands:
    """Hands at one stage. Remembers which keys stick and which fault waits for a card."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._stuck: set[Key] = set()
        self._next_card_fault: tuple[str, list[str]] | None = None

    @property
    def tray(self) -> Mapping[str, Card]:
        """The cards there are, by name; also the one in the slot."""
        return self._stage.bench.tray

    # --- keys, cards, paper ---

    def press(self, key: Key) -> None:
        """Close a key's contact."""
        self._stage.bench.keys.press(key)

    def release(self, key: Key) -> None:
        """Open a key's contact, unless it sticks."""
        if key not in self._stuck:
            self._stage.bench.keys.release(key)

    def insert(self, name: str) -> None:
        """Put a card of the tray in; one that was in comes out. Raises KeyError."""
        self._stage.bench.slot.insert(self._stage.bench.tray[name])
        if self._next_card_fault is not None:
            self._switch_card(*self._next_card_fault)

    def remove(self) -> None:
        """Take the card out; nothing happens to an empty slot."""
        if self._stage.bench.slot.card is not None:
            self._stage.bench.slot.remove()

    def tear(self) -> str:
        """Tear off what was printed; gives what is read on it."""
        return self._stage.bench.paper_printer.paper.tear().text

    # --- faults ---

    def fault(self, device: str, kind: str, arguments: list[str]) -> None:
        """Let a fault of the language's FAULTS come."""
        self._switch(device, kind, arguments, on=True)

    def clear(self, device: str) -> None:
        """Let whatever is wrong with a device go."""
        self._switch(device, "", [], on=False)

    def _switch(self, device: str, kind: str, arguments: list[str], *, on: bool) -> None:
        bench = self._stage.bench
        match device:
            case "printer":
                self._switch_printer(kind, arguments)
            case "reader":
                self._switch_reader(kind)
            case "card":
                self._switch_card(kind, arguments)
            case "display":
                self._switch_display(kind)
            case "keypad":
                bench.keys.fail(on)
            case "key":
                self._stick(KEY_NAMES[arguments[0]] if on else None)
            case "host":
                self._stage.line.fault = LineFault(kind) if on else None
            case "disk":
                self._stage.disk.fail(DiskFault(kind) if on else None)
            case "clock":
                bench.clock.jump(jump_of(arguments[0])) if on else bench.clock.jump_back()
            case _:
                raise KeyError(device)

    def _switch_printer(self, kind: str, arguments: list[str]) -> None:
        printer = self._stage.bench.paper_printer
        switches: Mapping[str, Callable[[], None]] = {
            "paper-out": printer.fail_paper_out,
            "cover-open": printer.fail_cover_open,
            "offline": printer.fail_offline,
            "babbles": printer.fail_babbling,
            "hangs": printer.fail_hanging,
            "late": printer.fail_late,
            "": printer.clear,
            "dies-after": lambda: printer.dies_after(int(arguments[0])),
        }
        switches[kind]()

    def _switch_reader(self, kind: str) -> None:
        """Over a real `pcscd` a reader can only be pulled out."""
        slot = self._stage.bench.slot
        if kind == "unplugged":
            slot.unplug()
        elif not isinstance(slot, PcscModel):
            if not kind:
                slot.plug()
        else:
            switches = {"": slot.clear, "flickers": slot.flicker, "times-out": slot.fail_timing_out}
            switches[kind]()

    def _switch_display(self, kind: str) -> None:
        chip = self._stage.bench.chip
        match kind:
            case "disturbed":
                chip.refuse()
            case "lost" | "":
                chip.refuse(0)
                chip.fail(bool(kind))
            case _:
                raise KeyError(kind)

    def _switch_card(self, kind: str, arguments: list[str]) -> None:
        """Spoil the card in the slot, or whichever is put in next."""
        self._next_card_fault = None
        card = self._stage.bench.slot.card
        if not kind:
            for each in self._stage.bench.tray.values():
                each.faults = Faults()
        elif card is None:
            self._next_card_fault = (kind, arguments)
        elif kind == "mute":
            card.faults.mute = True
        elif kind == "pull-at":
            card.pull_at(int(arguments[0]))
        else:
            raise KeyError(kind)

    def _stick(self, key: Key | None) -> None:
        keys = self._stage.bench.keys
        for stuck in self._stuck:
            keys.release(stuck)
        self._stuck = set() if key is None else {key}
        if key is not None:
            keys.press(key)

    # --- power ---

    def power_cut(self) -> None:
        """Take the power away; no key sticks any longer."""
        self._stage.power_cut()
        self._stuck.clear()
